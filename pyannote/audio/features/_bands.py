"""Power in bands of frequencies."""

from __future__ import annotations

import numpy as np

from pyannote.audio.features.frames import Features

_GROUP = 4
"""Number of neighbouring bands that are computed by one matrix product."""


class Bands:
    """Power in bands: the product of power spectra and filters.

    Most weights are 0, since a band covers few frequencies. A few neighbouring bands at a time are therefore
    computed from those frequencies that at least one of them covers.

    Parameters
    ----------
    filters : float32, shape (frequencies, bands)
        Weights; each band has at least one that is not 0.

    Examples
    --------
    >>> Bands(np.eye(3, dtype=np.float32))(np.array([[1, 2, 3]], dtype=np.float32))
    array([[1., 2., 3.]], dtype=float32)
    """

    def __init__(self, filters: Features) -> None:
        self.count = filters.shape[1]
        starts = range(0, self.count, _GROUP)
        self._groups = [_group(filters, slice(start, start + _GROUP)) for start in starts]

    def __call__(self, power: Features) -> Features:
        """Power in each band, (frames, frequencies) to (frames, bands)."""
        sums = np.empty((len(power), self.count), dtype=np.float32)
        for bands, frequencies, weights in self._groups:
            np.matmul(power[:, frequencies], weights, out=sums[:, bands])
        return sums


def _group(filters: Features, bands: slice) -> tuple[slice, slice, Features]:
    """Bands of a group, the frequencies that they cover, and their weights."""
    covered = np.flatnonzero(filters[:, bands].any(axis=1))
    frequencies = slice(int(covered[0]), int(covered[-1]) + 1)
    return bands, frequencies, np.ascontiguousarray(filters[frequencies, bands])
