"""Landmarks of a recording: pairs of spectral peaks, by which its sounds are found in other recordings.

A peak keeps its time and frequency when the level changes, when other sounds are added, and when the
recording is cut, resampled or compressed; the pair of two peaks is rare enough to be searched for (A. Wang,
"An industrial-strength audio search algorithm", ISMIR 2003).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.fft import rfft
from scipy.ndimage import maximum_filter

WINDOW = 0.064
"""Duration of the analysis window in seconds; its inverse is the distance of frequencies, 15.6 Hz."""

HOP = 0.02
"""Time between windows in seconds, whatever the sample rate."""

LOWEST, HIGHEST = 300.0, 4000.0
"""Frequencies in Hz that are analysed, at most half the sample rate."""

CHUNK = 60.0
"""Duration that is analysed at once, in seconds."""

_NEIGHBOURS = 17
"""Width in frames, and in frequencies, of the area of which a peak is the maximum."""

_RATIO = 2.0
"""Ratio of the magnitude of a peak to the median magnitude of its frequency, at least."""

_NEXT = 16
"""Following peaks with which a peak is paired."""

_TIMES, _FREQUENCIES = 64, 40
"""Limits of the distance of the peaks of a pair, in frames and in frequencies."""


class Landmarks(NamedTuple):
    """Landmarks of a recording.

    Parameters
    ----------
    codes : np.ndarray of int64, shape (landmarks,)
        Frequency of the first peak, and distance of the second one in frequency and time; codes of pairs
        that differ by one `HOP` differ by 1.
    times : np.ndarray of int64, shape (landmarks,)
        Time of the first peak, in units of `HOP`.
    """

    codes: np.ndarray
    times: np.ndarray


class LandmarkFinder:
    """Find the landmarks of samples that come block by block, in constant memory.

    Parameters
    ----------
    sample_rate : int
        In Hz.
    seconds : float
        Duration from the beginning that is analysed.

    Examples
    --------
    >>> finder = LandmarkFinder(16000)
    >>> finder.add(np.random.default_rng(0).normal(size=32000).astype(np.float32))
    >>> landmarks = finder.found()
    >>> len(landmarks.codes) == len(landmarks.times) > 20
    True
    """

    def __init__(self, sample_rate: int, seconds: float = np.inf) -> None:
        self._rate, self._left = sample_rate, seconds * sample_rate
        self._window = np.hanning(round(WINDOW * sample_rate)).astype(np.float32)
        self._blocks: list[np.ndarray] = []
        self._size, self._analysed = 0, 0
        self._found: list[Landmarks] = []

    def add(self, mono: np.ndarray) -> None:
        """Take the next samples, float32 of shape (samples,)."""
        if self._left <= 0:
            return
        self._blocks.append(mono)
        self._size += len(mono)
        self._left -= len(mono)
        if self._size >= CHUNK * self._rate:
            self._analyse()

    def found(self) -> Landmarks:
        """Landmarks of all samples, in the order of chunks."""
        self._analyse()
        return Landmarks(*(np.concatenate(parts) for parts in zip(*self._found, strict=True)))

    def _analyse(self) -> None:
        """Landmarks of the samples that have been taken; pairs do not pass the end of a chunk."""
        samples = np.concatenate([*self._blocks, np.zeros(0, np.float32)])
        times, frequencies = _peaks(_magnitudes(samples, self._rate, self._window))
        codes, anchors = _pairs(times, frequencies)
        self._found.append(Landmarks(codes, anchors + round(self._analysed / self._rate / HOP)))
        self._analysed += len(samples)
        self._blocks, self._size = [], 0


def _magnitudes(samples: np.ndarray, rate: int, window: np.ndarray) -> np.ndarray:
    """Logarithm of spectral magnitudes, shape (frames, frequencies)."""
    starts = np.arange(0, max(0, len(samples) - len(window)), HOP * rate).round().astype(int)
    low, high = round(LOWEST * WINDOW), round(HIGHEST * WINDOW)
    inside, high = np.arange(len(window)), max(low, min(high, len(window) // 2))
    parts = [np.zeros((0, high - low), np.float32)]
    for first in range(0, len(starts), 256):
        frames = samples[starts[first : first + 256, None] + inside] * window
        parts.append(np.abs(rfft(frames, axis=1)[:, low:high]))
    return np.log(np.concatenate(parts) + 1e-6)


def _peaks(magnitudes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frames and frequencies of peaks, shapes (peaks,), in the order of time."""
    if not magnitudes.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    above = magnitudes - np.median(magnitudes, axis=0)
    highest = maximum_filter(above, _NEIGHBOURS) == above
    times, frequencies = np.nonzero(highest & (above > np.log(_RATIO)))
    return times, frequencies


def _pairs(times: np.ndarray, frequencies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and times of pairs of peaks, shapes (pairs,)."""
    codes, anchors = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for following in range(1, min(_NEXT + 1, len(times))):
        later = times[following:] - times[:-following]
        higher = frequencies[following:] - frequencies[:-following]
        near = (later > 1) & (later < _TIMES) & (np.abs(higher) < _FREQUENCIES)
        code = (frequencies[:-following] * (2 * _FREQUENCIES) + higher + _FREQUENCIES) * 2 * _TIMES + later
        codes.append(code[near])
        anchors.append(times[:-following][near])
    return np.concatenate(codes), np.concatenate(anchors)
