"""Impulse responses of random rooms, computed by pyroomacoustics."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.randomness import generator

SMALLEST, LARGEST = (3.0, 3.0, 2.4), (8.0, 6.0, 3.5)
"""Length, width and height of rooms, in metres."""

SOUND_SPEED = 343.0

LOSS = 30.0
"""Decibels that reflections have lost when they are no longer followed."""


def room_responses(
    count: int, rt60_min: float, rt60_max: float, sample_rate: int, seed: int
) -> list[NDArray[np.float32]]:
    """Impulse responses between random places of random rooms.

    Parameters
    ----------
    count : int
        How many.
    rt60_min, rt60_max : float
        Range of the reverberation time after Sabine's formula, in seconds.
    sample_rate : int
        In Hertz.
    seed : int
        Response i depends on it and on i alone.

    Raises
    ------
    ConfigError
        pyroomacoustics is not installed.

    References
    ----------
    Allen and Berkley, "Image method for efficiently simulating small-room acoustics", Journal of the
    Acoustical Society of America, 1979.
    Scheibler, Bezzam and Dokmanic, "Pyroomacoustics: A Python package for audio room simulation and array
    processing algorithms", ICASSP 2018.
    """
    try:
        import pyroomacoustics  # noqa: F401
    except ImportError:
        raise ConfigError(
            "Reverb computes rooms with pyroomacoustics, which is not installed.",
            fix="Run `pip install pyroomacoustics`, or give a `folder` of impulse responses.",
        ) from None
    return [_response(generator(seed, index), rt60_min, rt60_max, sample_rate) for index in range(count)]


def _response(
    random: np.random.Generator, rt60_min: float, rt60_max: float, sample_rate: int
) -> NDArray[np.float32]:
    from pyroomacoustics import Material, ShoeBox

    size = random.uniform(SMALLEST, LARGEST)
    absorption = sabine_absorption(size, random.uniform(rt60_min, rt60_max))
    order = math.ceil(LOSS / (-10 * math.log10(1 - absorption)))
    room = ShoeBox(size, fs=sample_rate, materials=Material(absorption), max_order=order)
    # half a metre away from walls
    source, microphone = random.uniform(0.5, size - 0.5, size=(2, 3))
    room.add_source(source)
    room.add_microphone(microphone)
    room.compute_rir()
    return np.asarray(room.rir[0][0], dtype=np.float32)


def sabine_absorption(size: Sequence[float] | NDArray[np.float64], rt60: float) -> float:
    """Share of the energy that walls absorb, for a reverberation time in seconds; at most 0.95.

    Examples
    --------
    >>> round(sabine_absorption((5.0, 4.0, 3.0), rt60=0.5), 3)
    0.206
    """
    length, width, height = size
    volume, surface = length * width * height, 2 * (length * width + length * height + width * height)
    return min(0.95, 24 * math.log(10) / SOUND_SPEED * volume / surface / rt60)
