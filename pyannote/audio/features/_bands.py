"""Sums of power over bands of frequencies."""

from __future__ import annotations

import numpy as np

from pyannote.audio.features.base import Features

_TOGETHER = 4
"""Neighbouring bands that are summed by one matrix product."""


class Bands:
    """Sums the power of frequencies to that of bands.

    Most weights are 0, since a band looks at a few frequencies only. Some neighbouring bands at a time are
    summed over those frequencies that one of them looks at.

    Parameters
    ----------
    filters : float32, shape (frequencies, bands)
        Weights; none of the bands is without any.

    Examples
    --------
    >>> Bands(np.eye(3, dtype=np.float32))(np.array([[1, 2, 3]], dtype=np.float32))
    array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, filters: Features) -> None:
        self.count = filters.shape[1]
        starts = range(0, self.count, _TOGETHER)
        self._groups = [_group(filters, slice(start, start + _TOGETHER)) for start in starts]

    def __call__(self, power: Features) -> Features:
        """Power in each band, (frames, frequencies) to (frames, bands)."""
        sums = np.empty((len(power), self.count), dtype=np.float32)
        for bands, heard, weights in self._groups:
            np.matmul(power[:, heard], weights, out=sums[:, bands])
        return sums


def _group(filters: Features, bands: slice) -> tuple[slice, slice, Features]:
    frequencies = np.flatnonzero(filters[:, bands].any(axis=1))
    heard = slice(int(frequencies[0]), int(frequencies[-1]) + 1)
    return bands, heard, np.ascontiguousarray(filters[heard, bands])
