"""Stored features of single recordings, which are computed if they are missing or damaged."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast, overload

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError, StorageError
from pyannote.audio.core.progress import Progress
from pyannote.audio.features._threads import threads_per_recording
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.frames import Features
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.arrays import is_intact, load_features, read_into, read_only, save_pieces
from pyannote.audio.io.locks import shared_lock
from pyannote.audio.io.storage import remove, write_text
from pyannote.audio.io.temporary import remove_temporaries
from pyannote.audio.io.workers import Workers
from pyannote.audio.store.computing import Work, compute, compute_all
from pyannote.audio.store.content_key import check_unchanged
from pyannote.audio.store.location import write_shared
from pyannote.audio.store.statistics import long_term_average

if TYPE_CHECKING:
    import torch

READ_LIMIT = 8 << 20
"""Largest size in bytes of features that are read into memory; mapping larger ones takes an open file."""


class StoredFeatures:
    """Features of recordings in a folder, one file for each, float32 of shape (frames, dimension).

    A checksum of the numbers is verified when a file is opened for the first time. If it does not match, the
    features are computed again. Frames of `Precomputed` have no checksum, and are returned unchanged; those
    that have changed since their key was determined are refused.

    Parameters
    ----------
    extraction : FeatureExtraction
    folder : Path
    workers : Workers
        Processes or workers of a cluster that compute features of many recordings.
    device : torch.device or None
        Device that computes; None is the CPU.

    Examples
    --------
    >>> from pyannote.audio.features.raw_audio import RawAudio
    >>> from pyannote.audio.store.content_key import content_key, state_of
    >>> folder, file = getfixture("tmp_path"), {"waveform": np.arange(4), "sample_rate": 16000}
    >>> stored = StoredFeatures(RawAudio(), folder, Workers(1, None), device=None)
    >>> work = Work(file, folder / f"{content_key(file)}.npy", state_of(file))
    >>> stored.open(work).shape, stored.long_term(work).tolist(), stored.frames(work.path)
    ((4, 1), [1.5], 4)
    """

    def __init__(
        self, extraction: FeatureExtraction, folder: Path, workers: Workers, device: torch.device | None
    ) -> None:
        self.extraction, self.folder, self.workers, self.device = extraction, folder, workers, device
        self._intact: set[Path] = set()
        self._averages: dict[Path, NDArray[np.float32]] = {}

    def open(self, work: Work) -> Features:
        """Features of a recording, memory-mapped, shape (frames, dimension).

        The array can be changed; the stored file is never changed.

        Raises
        ------
        DataError
            The features are missing, and the recording cannot be read; or frames of `Precomputed` have
            changed since their key was determined.
        StorageError
            The folder cannot be written.
        """
        if isinstance(self.extraction, Precomputed):
            frames = cast(Features, self.extraction(work.file).data)
            check_unchanged(self.extraction.path(work.file), work.state, work.path.stem)
            return frames
        features = self._load(work.path)
        if features is None or not self._is_intact(work.path):
            del features
            self._compute(work)
            features = self._load(work.path)
        if features is None:
            raise StorageError(
                "The stored features were removed or damaged right after they had been written.",
                file=work.path,
                fix="Check the disk, and start again.",
            )
        return features

    def read(self, work: Work) -> Features:
        """Features of a recording, shape (frames, dimension), read-only: in memory if small, else mapped."""
        features = self.open(work)
        return np.array(features) if features.nbytes <= READ_LIMIT else read_only(features)

    def read_into(self, work: Work, array: Features) -> None:
        """Copy the verified features of a recording to an array of shape (frames, dimension)."""
        if isinstance(self.extraction, Precomputed) or not read_into(work.path, array):
            self._intact.discard(work.path)
            array[:] = self.open(work)

    def long_term(self, work: Work) -> NDArray[np.float32]:
        """Average over time of the features of a recording, float32 of shape (dimension,)."""
        if work.path not in self._averages:
            self._averages[work.path] = self._long_term(work)
        return self._averages[work.path]

    def _long_term(self, work: Work) -> NDArray[np.float32]:
        path, average = work.path.with_suffix(".mean.npy"), np.empty(self.extraction.dimension, np.float32)
        stored = not isinstance(self.extraction, Precomputed)
        if not (stored and read_into(path, average)):
            average = long_term_average(read_only(self.open(work)))
            if stored:
                write_shared(self.folder, partial(save_pieces, path, [average], average.shape))
        return average

    def frames(self, path: Path) -> int | None:
        """Number of frames of stored features; None if the file is missing or damaged."""
        features = self._load(path)
        return None if features is None else len(features)

    def compute_all(self, work: Sequence[Work], progress: Progress) -> dict[Path, DataError]:
        """Compute the features of some recordings, and return the errors of unreadable ones by path."""
        self._describe()
        return compute_all(self.folder, work, self.extraction, self.workers, self.device, progress)

    def _compute(self, work: Work) -> None:
        """Compute the features of a recording again, in place of a missing or damaged file."""
        self._describe()
        remove([work.path])
        threads = threads_per_recording(self.workers.parallel)
        with shared_lock(self.folder, remove_temporaries):
            compute(work, self.extraction, threads, self.device)

    def _describe(self) -> None:
        description = self.folder / "parameters.json"
        if not description.exists():
            text = json.dumps(self.extraction.parameters, sort_keys=True)
            write_shared(self.folder, partial(write_text, description, text))

    def _load(self, path: Path) -> Features | None:
        return load_features(path, self.extraction.dimension)

    def _is_intact(self, path: Path) -> bool:
        if path not in self._intact and is_intact(path):
            self._intact.add(path)
        return path in self._intact


class LazyFeatures(Sequence[Features]):
    """Features of several recordings, each read on access, and not kept in memory.

    They belong to the content that the recordings had when this object was made.

    Parameters
    ----------
    stored : StoredFeatures
    work : sequence of Work
        Recordings.
    frames : int64, shape (recordings,)
        Number of frames of each.

    Examples
    --------
    >>> from pyannote.audio.features.raw_audio import RawAudio
    >>> from pyannote.audio.store.feature_store import FeatureStore
    >>> files = [{"waveform": np.arange(n), "sample_rate": 16000} for n in (4, 2)]
    >>> features = FeatureStore(RawAudio(), getfixture("tmp_path")).lazy(files)
    >>> len(features), features[1].ravel().tolist(), features.long_term(0).tolist()
    (2, [0.0, 1.0], [1.5])
    """

    def __init__(self, stored: StoredFeatures, work: Sequence[Work], frames: NDArray[np.int64]) -> None:
        self.stored, self.work, self.frames = stored, work, frames

    def __len__(self) -> int:
        return len(self.work)

    @overload
    def __getitem__(self, place: int) -> Features: ...
    @overload
    def __getitem__(self, place: slice) -> LazyFeatures: ...
    def __getitem__(self, place: int | slice) -> Features | LazyFeatures:
        """Features of a recording, shape (frames, dimension); of a slice, those of several recordings."""
        if isinstance(place, slice):
            return LazyFeatures(self.stored, self.work[place], self.frames[place])
        return self.stored.read(self.work[place])

    def long_term(self, place: int) -> NDArray[np.float32]:
        """Average over time of the features of a recording, shape (dimension,)."""
        return self.stored.long_term(self.work[place])
