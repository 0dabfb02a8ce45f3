"""Stored features of single recordings: mapped or read, and computed where they are missing or damaged."""

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
from pyannote.audio.store.location import write_beside
from pyannote.audio.store.statistics import long_term_average

if TYPE_CHECKING:
    import torch

SMALL = 8 << 20
"""Bytes up to which the features of a recording are read; more are mapped, which takes an open file."""


class StoredFeatures:
    """Features of recordings in a folder, one file for each.

    A checksum of the numbers is verified when a file is opened for the first time. Where it does not fit, the
    features are computed again. Frames of `Precomputed` have no checksum, and are given as they are.

    Parameters
    ----------
    extraction : FeatureExtraction
    folder : Path
    workers : Workers
        What computes features of many recordings.
    device : torch.device, optional
        Where they are computed; the CPU by default.
    """

    def __init__(
        self, extraction: FeatureExtraction, folder: Path, workers: Workers, device: torch.device | None
    ) -> None:
        self.extraction, self.folder, self.workers, self.device = extraction, folder, workers, device
        self._intact: set[Path] = set()
        self._averages: dict[Path, NDArray[np.float32]] = {}

    def open(self, work: Work) -> Features:
        """Features of a recording, mapped into memory, shape (frames, dimension).

        Changes to the array stay in memory: the stored file is never changed.
        """
        if isinstance(self.extraction, Precomputed):
            return cast(Features, self.extraction(work.file).data)
        features = self._load(work.path)
        if features is None or not self._is_intact(work.path):
            del features
            self._compute(work)
            features = self._load(work.path)
        if features is None:
            raise StorageError(
                "The features that have just been stored are no longer there, or damaged.",
                file=work.path,
                fix="Check the disk, and start again.",
            )
        return features

    def read(self, work: Work) -> Features:
        """Features of a recording: in memory if they are small, else mapped, and not to be changed."""
        features = self.open(work)
        return np.array(features) if features.nbytes <= SMALL else read_only(features)

    def read_into(self, work: Work, array: Features) -> None:
        """Read the features of a recording, whose checksum is verified, into part of a larger array."""
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
                write_beside(self.folder, partial(save_pieces, path, [average], average.shape))
        return average

    def frames(self, path: Path) -> int | None:
        """Frames of what is stored; None if nothing is."""
        features = self._load(path)
        return None if features is None else len(features)

    def compute_all(self, work: Sequence[Work], progress: Progress) -> dict[Path, DataError]:
        """Compute the features of some recordings, and give the error of each that cannot be read."""
        self._describe()
        return compute_all(self.folder, work, self.extraction, self.workers, self.device, progress)

    def _compute(self, work: Work) -> None:
        """Compute the features of a recording; what is there is damaged."""
        self._describe()
        remove([work.path])
        threads = threads_per_recording(self.workers.parallel)
        with shared_lock(self.folder, remove_temporaries):
            compute(work, self.extraction, threads, self.device)

    def _describe(self) -> None:
        description = self.folder / "parameters.json"
        if not description.exists():
            text = json.dumps(self.extraction.parameters, sort_keys=True)
            write_beside(self.folder, partial(write_text, description, text))

    def _load(self, path: Path) -> Features | None:
        return load_features(path, self.extraction.dimension)

    def _is_intact(self, path: Path) -> bool:
        if path not in self._intact and is_intact(path):
            self._intact.add(path)
        return path in self._intact


class LazyFeatures(Sequence[Features]):
    """Features of several recordings, each of which is read when it is asked for, and not kept.

    They are those of the content that the recordings had when this was made.

    Parameters
    ----------
    stored : StoredFeatures
    work : sequence of Work
        The recordings.
    frames : int64, shape (recordings,)
        Frames of each.
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
