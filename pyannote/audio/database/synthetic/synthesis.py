"""Street sounds by synthesis: for each of six classes a sound of its own, never twice the same.

Each function takes a number of samples, the sampling rate in Hz and a generator of random numbers, and
returns the samples of one event as a float array of that length, at whatever level.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

Synthesis = Callable[[int, int, np.random.Generator], np.ndarray]

_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""Formants in Hz (Peterson and Barney, Control methods used in a study of the vowels, JASA 24, 1952)."""


def brakes_squeaking(size: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Make a high tone with harmonics that glides."""
    frequency = generator.uniform(2000, 3800) * _wander(size, rate, generator, per_second=4, depth=0.06)
    phase = _phase(frequency, rate)
    tones = np.sin(phase) + 0.4 * np.sin(2 * phase) + 0.2 * np.sin(3 * phase)
    return tones * _wander(size, rate, generator, per_second=25, depth=0.3) * _fade(size, rate, 0.03)


def car(size: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Make a band of noise that swells and fades like a passing car."""
    centre = generator.uniform(600, 1100)
    return _noise(size, rate, generator, centre / 3, centre * 2.5) * _swell(size, generator)


def children(size: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Make short, high cries with a fast and wide vibrato."""
    cries = np.zeros(size)
    start = 0
    while start < size:
        length = min(int(rate * generator.uniform(0.2, 0.5)), size - start)
        time = np.arange(length) / rate
        vibrato = generator.uniform(0.1, 0.25) * np.sin(2 * np.pi * generator.uniform(7, 11) * time)
        phase = _phase(generator.uniform(700, 1300) * (1 + vibrato), rate)
        tones = sum(np.sin(k * phase) / k for k in (1, 2, 3, 4))
        cries[start : start + length] = generator.uniform(0.5, 1) * tones * _fade(length, rate, 0.03)
        start += length + int(rate * generator.uniform(0.02, 0.15))
    return cries


def large_vehicle(size: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Make a deep rumble with the harmonics of a slow engine."""
    frequency = generator.uniform(28, 45) * _wander(size, rate, generator, per_second=1, depth=0.08)
    phase = _phase(frequency, rate)
    engine = sum(np.sin(k * phase + generator.uniform(0, 6)) / np.sqrt(k) for k in range(1, 11))
    rumble = _noise(size, rate, generator, 30, 180)
    return (engine + 2 * rumble / rumble.std()) * np.sqrt(_swell(size, generator))


def people_speaking(size: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Make glottal pulses that pass through the formants of a vowel, syllable by syllable."""
    return artificial_voice(size, rate, generator, pitch=generator.uniform(90, 230))


def artificial_voice(
    size: int, rate: int, generator: np.random.Generator, *, pitch: float, tract: float = 1.0
) -> np.ndarray:
    """Make the voice of one speaker: syllables of random vowels.

    Parameters
    ----------
    size, rate : int
        Number of samples, and how many there are in a second.
    generator : numpy.random.Generator
        Draws what is said; who says it is given.
    pitch : float
        Mean fundamental frequency, in Hz.
    tract : float, optional
        Factor of all formants: above 1 for a short vocal tract, below 1 for a long one.

    Returns
    -------
    speech : array of float, size
    """
    frequency = pitch * _wander(size, rate, generator, per_second=3, depth=0.12)
    phase = _phase(frequency, rate) / (2 * np.pi)
    pulses = np.diff(np.floor(phase), prepend=0.0)
    speech = np.zeros(size)
    start = 0
    while start < size:
        length = min(int(rate * generator.uniform(0.14, 0.26)), size - start)
        syllable = pulses[start : start + length]
        for formant in _VOWELS[generator.integers(len(_VOWELS))]:
            syllable = _resonate(syllable, tract * formant, rate)
        envelope = np.sin(np.pi * (np.arange(length) + 0.5) / length)
        speech[start : start + length] = syllable / (np.abs(syllable).max() + 1e-9) * envelope
        start += length + int(rate * generator.choice([0.01, 0.03, 0.12]))
    return speech


def people_walking(size: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Make steps: short clicks of noise at a steady pace."""
    steps = np.zeros(size)
    period, low = generator.uniform(0.42, 0.62), generator.uniform(800, 2500)
    for onset in np.arange(0, size / rate, period) + generator.uniform(0, 0.02):
        start = int(rate * onset)
        length = min(int(rate * 0.12), size - start)
        if length > 0:
            decay = np.exp(-np.arange(length) / (rate * generator.uniform(0.012, 0.03)))
            click = _noise(length, rate, generator, low, 3 * low) * decay
            steps[start : start + length] += generator.uniform(0.6, 1) * click
    return steps


SOUNDS: dict[str, Synthesis] = {
    "brakes squeaking": brakes_squeaking,
    "car": car,
    "children": children,
    "large vehicle": large_vehicle,
    "people speaking": people_speaking,
    "people walking": people_walking,
}
"""The synthesis of each class of TUT Sound Events 2017."""


def background(size: int, generator: np.random.Generator) -> np.ndarray:
    """Make stereo noise whose power falls with frequency as far as random will have it, with RMS 1.

    Returns
    -------
    noise : array of float, size x 2
    """
    tilt = generator.uniform(0.3, 0.7)
    spectrum = np.fft.rfft(generator.standard_normal((2, size), dtype=np.float32), axis=1)
    left, right = np.fft.irfft(spectrum * np.arange(1, spectrum.shape[1] + 1) ** -tilt, n=size, axis=1)
    noise = np.stack([left + 0.5 * right, right + 0.5 * left], axis=1)
    return noise / noise.std()


def _phase(frequency: np.ndarray, rate: int) -> np.ndarray:
    return 2 * np.pi * np.cumsum(frequency) / rate


def _wander(
    size: int, rate: int, generator: np.random.Generator, *, per_second: float, depth: float
) -> np.ndarray:
    """Make a curve that strays from 1 by up to `depth`, with `per_second` turns."""
    turns = 2 + int(np.ceil(per_second * size / rate))
    return np.interp(
        np.linspace(0, turns - 1, size), np.arange(turns), 1 + depth * generator.uniform(-1, 1, turns)
    )


def _swell(size: int, generator: np.random.Generator) -> np.ndarray:
    """Make a curve that rises to 1 and falls, higher than 0.2 all the time."""
    peak = generator.uniform(0.3, 0.7)
    rise = np.interp(np.linspace(0, 1, size), [0, peak, 1], [0, 1, 0])
    return 0.2 + 0.8 * np.sin(np.pi / 2 * rise) ** 2


def _fade(size: int, rate: int, seconds: float) -> np.ndarray:
    time = np.arange(size) / rate
    return np.clip(np.minimum(time, time[::-1]) / seconds, 0, 1)


def _noise(size: int, rate: int, generator: np.random.Generator, low: float, high: float) -> np.ndarray:
    band = butter(2, [low, high], btype="bandpass", fs=rate, output="sos")
    return sosfilt(band, generator.standard_normal(size))


def _resonate(samples: np.ndarray, frequency: float, rate: int, width: float = 90) -> np.ndarray:
    radius = np.exp(-np.pi * width / rate)
    return lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * frequency / rate), radius**2], samples)
