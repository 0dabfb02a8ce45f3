"""Synthesis of street sounds: random sounds of six classes, artificial voices, and background noise.

Each function of a class takes a number of samples, the sample rate in Hertz and a generator of random
numbers, and returns the samples of one event as float64 of shape (samples,), at an arbitrary level.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

Synthesis = Callable[[int, int, np.random.Generator], np.ndarray]
"""Function of number of samples, sample rate and random numbers that returns one event."""

_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))
"""Formants in Hz (Peterson and Barney, Control methods used in a study of the vowels, JASA 24, 1952)."""


def brakes_squeaking(size: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Gliding high tone with harmonics, shape (size,).

    Examples
    --------
    >>> brakes_squeaking(4000, 8000, np.random.default_rng(0)).shape
    (4000,)
    """
    frequency = generator.uniform(2000, 3800) * _wander(size, rate, generator, per_second=4, depth=0.06)
    phase = _phase(frequency, rate)
    tones = np.sin(phase) + 0.4 * np.sin(2 * phase) + 0.2 * np.sin(3 * phase)
    return tones * _wander(size, rate, generator, per_second=25, depth=0.3) * _fade(size, rate, 0.03)


def car(size: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Band of noise that swells and fades like a passing car, shape (size,).

    Examples
    --------
    >>> car(4000, 8000, np.random.default_rng(0)).shape
    (4000,)
    """
    centre = generator.uniform(600, 1100)
    return _noise(size, rate, generator, centre / 3, centre * 2.5) * _swell(size, generator)


def children(size: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Short, high cries with a fast and wide vibrato, shape (size,).

    Examples
    --------
    >>> children(4000, 8000, np.random.default_rng(0)).shape
    (4000,)
    """
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
    """Deep rumble with the harmonics of a slow engine, shape (size,).

    Examples
    --------
    >>> large_vehicle(4000, 8000, np.random.default_rng(0)).shape
    (4000,)
    """
    frequency = generator.uniform(28, 45) * _wander(size, rate, generator, per_second=1, depth=0.08)
    phase = _phase(frequency, rate)
    engine = sum(np.sin(k * phase + generator.uniform(0, 6)) / np.sqrt(k) for k in range(1, 11))
    rumble = _noise(size, rate, generator, 30, 180)
    return (engine + 2 * rumble / rumble.std()) * np.sqrt(_swell(size, generator))


def people_speaking(size: int, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Syllables of glottal pulses, filtered by the formants of vowels, shape (size,).

    Examples
    --------
    >>> people_speaking(4000, 8000, np.random.default_rng(0)).shape
    (4000,)
    """
    return artificial_voice(size, rate, generator, pitch=generator.uniform(90, 230))


def artificial_voice(
    size: int, rate: int, generator: np.random.Generator, *, pitch: float, tract: float = 1.0
) -> np.ndarray:
    """Voice of one speaker: syllables of random vowels, after the source-filter model.

    Pulses at the fundamental frequency pass through one resonator for each formant of a vowel.

    Parameters
    ----------
    size, rate : int
        Number of samples, and sample rate in Hertz.
    generator : numpy.random.Generator
        Draws the vowels and their durations; pitch and vocal tract belong to the speaker.
    pitch : float
        Mean fundamental frequency, in Hz.
    tract : float, optional
        Factor of all formants: above 1 for a short vocal tract, below 1 for a long one.

    Returns
    -------
    speech : float64, shape (size,)
        In [-1, 1].

    References
    ----------
    Fant, Acoustic Theory of Speech Production, Mouton, 1960.

    Examples
    --------
    >>> artificial_voice(8000, 16000, np.random.default_rng(0), pitch=120.0).shape
    (8000,)
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
    """Steps: short clicks of noise at a steady pace, shape (size,).

    Examples
    --------
    >>> people_walking(4000, 8000, np.random.default_rng(0)).shape
    (4000,)
    """
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
"""Synthesis of each class of TUT Sound Events 2017."""


def background(size: int, generator: np.random.Generator) -> np.ndarray:
    """Stereo noise with amplitude spectrum k^-t of a random tilt t in [0.3, 0.7], and root mean square 1.

    Parameters
    ----------
    size : int
        Number of samples.
    generator : numpy.random.Generator

    Returns
    -------
    noise : float64, shape (size, 2)

    Examples
    --------
    >>> noise = background(4000, np.random.default_rng(0))
    >>> noise.shape, round(float(noise.std()), 6)
    ((4000, 2), 1.0)
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
    """Random curve within `depth` of 1, with `per_second` turning points, shape (size,)."""
    turns = 2 + int(np.ceil(per_second * size / rate))
    return np.interp(
        np.linspace(0, turns - 1, size), np.arange(turns), 1 + depth * generator.uniform(-1, 1, turns)
    )


def _swell(size: int, generator: np.random.Generator) -> np.ndarray:
    """Curve that rises from 0.2 to 1 and falls again, shape (size,)."""
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
