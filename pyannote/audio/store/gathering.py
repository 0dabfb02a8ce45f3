"""Concatenates the features of a list of recordings, in memory or in one file, and averages them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import StorageError
from pyannote.audio.features.frames import Features
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.arrays import (
    is_intact,
    load_array,
    load_arrays,
    save_arrays,
    save_pieces,
)
from pyannote.audio.store.computing import Work
from pyannote.audio.store.index import Index
from pyannote.audio.store.location import write_shared
from pyannote.audio.store.statistics import long_term_average, mean_and_deviation
from pyannote.audio.store.stored import StoredFeatures

PACK_LIMIT = 4 << 30
"""Largest size in bytes of a pack in memory."""

PACK_FILES = 1000
"""Largest number of recordings of a pack in memory: opening more takes longer than reading a single file."""

VERIFY_LIMIT = 16 << 30
"""Largest size in bytes of a pack file whose checksum is verified at each start: about 0.4 s per GB."""


def concatenated(stored: StoredFeatures, work: Iterable[Work], index: Index) -> Features:
    """Features of all recordings, shape (frames of all, dimension): in memory, or mapped if they are many.

    Parameters
    ----------
    stored : StoredFeatures
    work : iterable of Work
        Recordings.
    index : Index
        Their index, in the same order.

    Examples
    --------
    >>> from pyannote.audio.features.raw_audio import RawAudio
    >>> from pyannote.audio.io.workers import Workers
    >>> from pyannote.audio.store.catalog import Catalog
    >>> stored = StoredFeatures(RawAudio(), getfixture("tmp_path"), Workers(1, None), device=None)
    >>> files = [{"waveform": np.arange(n), "sample_rate": 16000} for n in (2, 1)]
    >>> catalog = Catalog(stored)
    >>> index = catalog.index(files)
    >>> concatenated(stored, catalog.all_work(files, index), index).ravel()
    array([0., 1., 0.], dtype=float32)
    """
    shape = _shape(stored, index)
    if len(index.keys) > PACK_FILES or 4 * shape[0] * shape[1] > PACK_LIMIT:
        return packed(stored, work, index)
    data = np.empty(shape, dtype=np.float32)
    for one, (first, last) in zip(work, pairwise(index.offsets), strict=True):
        stored.read_into(one, data[first:last])
    return data


def packed(stored: StoredFeatures, work: Iterable[Work], index: Index) -> Features:
    """Features of all recordings, shape (frames of all, dimension), mapped from one file."""
    path, shape = stored.folder / f"pack-{index.digest}.npy", _shape(stored, index)
    data = load_array(path)
    if data is None or data.shape != shape or not (data.nbytes > VERIFY_LIMIT or is_intact(path)):
        parts = (stored.open(one) for one in work)
        write_shared(stored.folder, partial(save_pieces, path, parts, shape))
        data = load_array(path)
    if data is None or data.shape != shape:
        raise StorageError(
            "The packed features were removed or damaged right after they had been written.",
            file=path,
            fix="Check the disk, and start again.",
        )
    return data


def summary(
    stored: StoredFeatures, data: Features, index: Index
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Average of each recording, and mean and deviation of all, which are stored.

    Returns
    -------
    long_term : float32, shape (recordings, dimension)
    moments : float32, shape (2, dimension), or None without frames

    Examples
    --------
    >>> from pyannote.audio.features.raw_audio import RawAudio
    >>> from pyannote.audio.io.workers import Workers
    >>> stored = StoredFeatures(RawAudio(), getfixture("tmp_path"), Workers(1, None), device=None)
    >>> data, index = np.array([[1.0], [3.0]], dtype=np.float32), Index(["0a"], np.array([2]), [b""])
    >>> long_term, moments = summary(stored, data, index)
    >>> long_term.tolist(), moments.tolist()
    ([[2.0]], [[2.0], [1.0]])
    """
    if not len(data):
        return np.empty((0, data.shape[1]), dtype=np.float32), None
    path, computed = (
        stored.folder / f"pack-{index.digest}.npz",
        not isinstance(stored.extraction, Precomputed),
    )
    arrays = load_arrays(path, "long_term", "moments") if computed else None
    if arrays is None:
        arrays = [_averages(data, index.offsets), _moments(data)]
        if computed:
            named = dict(zip(("long_term", "moments"), arrays, strict=True))
            write_shared(stored.folder, partial(save_arrays, path, named))
    return arrays[0], arrays[1]


def _shape(stored: StoredFeatures, index: Index) -> tuple[int, int]:
    return int(index.offsets[-1]), stored.extraction.dimension


def _averages(data: Features, offsets: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.stack([long_term_average(data[first:last]) for first, last in pairwise(offsets)])


def _moments(data: Features) -> NDArray[np.float32]:
    return np.stack([one.numpy() for one in mean_and_deviation(data)])
