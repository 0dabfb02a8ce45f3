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
"""In metres per second."""

LOSS = 30.0
"""Attenuation in decibels beyond which reflections are not computed."""


def room_responses(
    count: int, rt60_min: float, rt60_max: float, sample_rate: int, seed: int
) -> list[NDArray[np.float32]]:
    """Impulse responses between random positions in random rectangular rooms.

    Parameters
    ----------
    count : int
        Number of responses.
    rt60_min, rt60_max : float
        Range of the reverberation time by Sabine's formula, in seconds.
    sample_rate : int
        In Hertz.
    seed : int
        Response i depends only on the seed and on i.

    Returns
    -------
    responses : list of float32, each of shape (samples,)

    Raises
    ------
    ConfigError
        If pyroomacoustics is not installed.

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
    """Absorption coefficient of the walls of a room, by Sabine's formula; at most 0.95.

    a = 24 ln(10) V / (c S T), with the volume V, the surface S, the speed of sound c and the time T.

    Parameters
    ----------
    size : float, shape (3,)
        Length, width and height, in metres.
    rt60 : float
        Time in which sound decays by 60 decibels, in seconds.

    References
    ----------
    Sabine, Collected Papers on Acoustics, Harvard University Press, 1922.

    Examples
    --------
    >>> round(sabine_absorption((5.0, 4.0, 3.0), rt60=0.5), 3)
    0.206
    """
    length, width, height = size
    volume, surface = length * width * height, 2 * (length * width + length * height + width * height)
    return min(0.95, 24 * math.log(10) / SOUND_SPEED * volume / surface / rt60)
