"""Features of whole protocols, computed once, and mapped into memory ever after.

A folder holds the features of all recordings that were computed with the same parameters:

    <content key>.npy           features of a recording
    <content key>.mean.npy      their average over time, where it was asked for
    index-<state>.npz           content keys and frames of a list of recordings
    pack-<content>.npz          averages, and mean and deviation, of a list of training files
    pack-<content>.npy          their features one after the other, where they are many or large
    parameters.json             what was computed
    .work-<random>              what is being computed

An index is found by what folders tell of the recordings (path, size, times of change), so that the second
start of a training opens no recording, and no more than a few files. Where a time of change differs, content
keys are looked at again; they read some of each recording.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from hashlib import blake2b
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from pyannote.audio.core.attempts import attempted, failed, together
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.features._threads import threads_of_one
from pyannote.audio.features.base import FeatureExtraction, Features
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.io.arrays import (
    load_array,
    load_arrays,
    load_features,
    read_only,
    save_arrays,
    save_pieces,
)
from pyannote.audio.io.locks import beside_others
from pyannote.audio.io.scratch import remove_temporaries
from pyannote.audio.io.storage import write_array, write_text
from pyannote.audio.io.waveform import AudioFile
from pyannote.audio.io.workers import Workers
from pyannote.audio.store.augmented_packs import AugmentedPack, ChangesWaveforms
from pyannote.audio.store.computing import VARIABLE, compute, compute_all, explained
from pyannote.audio.store.content_key import content_key, state_of
from pyannote.audio.store.index import Index
from pyannote.audio.store.long_term import long_term_average
from pyannote.audio.store.packs import Pack

if TYPE_CHECKING:
    import torch

PACK_LIMIT = 4 << 30
"""Bytes up to which a pack lies in memory."""

PACK_FILES = 1000
"""Recordings up to which a pack lies in memory: to open more, each time, takes longer than to read them."""


MAPPED_FILES = 100
"""Recordings up to which each is mapped into memory by itself, where each is asked for."""


class FeatureStore:
    """Computes the features of a recording when they are first asked for, and keeps them on disk.

    Files are found by what the features depend on, the content of the recording and the parameters of the
    extraction, so that they need no name, cannot be stale, and serve several experiments. A file appears
    complete or not at all: whatever interrupts the computation, what was finished stays.

    Parameters
    ----------
    extraction : FeatureExtraction
        What to compute. `Precomputed` features are given as they are.
    folder : Path, optional
        Where to keep them. Defaults to the environment variable PYANNOTE_AUDIO_CACHE, or
        ``~/.cache/pyannote.audio/features``.
    parallel : int
        Recordings that are computed at once.
    device : torch.device, optional
        What computes: a GPU, if it is one, and the CPU by default. The numbers are equal up to the
        rounding of float32, so that what one has computed serves the other.
    scheduler : str, optional
        A Dask cluster whose workers compute instead, on their CPU (see `Workers`). They must see the same
        folders.

    Examples
    --------
    >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
    >>> store = FeatureStore(LibrosaMelSpectrogram(n_mels=40), folder=getfixture("tmp_path"))
    >>> files = [{"waveform": np.zeros(16000 * n), "sample_rate": 16000} for n in (1, 2)]
    >>> store.prepare(files)
    >>> store.get(files[0]).shape, store.long_term(files[0]).shape
    ((101, 40), (40,))
    >>> store.pack(files).offsets
    array([  0, 101, 302])
    """

    def __init__(
        self,
        extraction: FeatureExtraction,
        folder: Path | None = None,
        parallel: int = 1,
        device: torch.device | None = None,
        scheduler: str | None = None,
    ) -> None:
        default = os.environ.get(VARIABLE) or "~/.cache/pyannote.audio/features"
        self.extraction = extraction
        self.device = device
        self.workers = Workers(parallel, scheduler)
        self._parameters = json.dumps(extraction.parameters, sort_keys=True)
        key = blake2b(self._parameters.encode(), digest_size=8).hexdigest()
        self.folder = Path(folder or default).expanduser().absolute() / f"{type(extraction).__name__}-{key}"
        self._keys: dict[bytes, str] = {}

    def prepare(self, files: Sequence[AudioFile], progress: Progress = silent) -> None:
        """Compute what is not yet there.

        Parameters
        ----------
        files : sequence of path or mapping
            Paths, files of a protocol, or mappings with "waveform" and "sample_rate".
        progress : Progress, optional

        Raises
        ------
        DataError
            A recording is missing, empty or damaged. Features of the others are there then.
        StorageError
            The folder cannot be written.
        """
        self._index(files, progress)

    def unreadable(self, files: Sequence[AudioFile], progress: Progress = silent) -> dict[int, DataError]:
        """Compute what is not yet there, and tell which recordings cannot be read.

        Parameters
        ----------
        files, progress
            See `prepare`.

        Returns
        -------
        mapping of int to DataError
            Positions among `files`, in rising order, and what is wrong with each.
        """
        return self._looked_up(files, progress)[1]

    def contents(self, files: Sequence[AudioFile]) -> list[str]:
        """Digest of the content of each recording, in hexadecimal digits; no features are computed."""
        if isinstance(self.extraction, Precomputed):
            return [content_key(self.extraction.path(file)) for file in files]
        states = [state_of(file) for file in files]
        for state, file in zip(states, files, strict=True):
            if state not in self._keys:
                self._keys[state] = content_key(file)
        return [self._keys[state] for state in states]

    def get(self, file: AudioFile) -> Features:
        """Features of a whole recording, mapped into memory, float32 of shape (frames, dimension).

        Changes to the array stay in memory: the stored file is never changed.
        """
        if isinstance(self.extraction, Precomputed):
            return cast(Features, self.extraction(file).data)
        path = self._path(file)
        features = load_features(path, self.extraction.dimension)
        if features is None:
            self._describe()
            threads = threads_of_one(self.workers.parallel)
            with beside_others(self.folder, remove_temporaries):
                compute((file, path), self.extraction, threads, self.device)
            features = load_features(path, self.extraction.dimension)
        return cast(Features, features)

    def long_term(self, file: AudioFile) -> npt.NDArray[np.float32]:
        """Average over time of the features of a recording, float32 of shape (dimension,)."""
        if isinstance(self.extraction, Precomputed):
            return long_term_average(self.get(file))
        path = self._path(file).with_suffix(".mean.npy")
        if (stored := load_array(path)) is not None and stored.shape == (self.extraction.dimension,):
            return np.array(stored)
        average = long_term_average(read_only(self.get(file)))
        self._save(lambda: write_array(path, average))
        return average

    @cached_property
    def waveforms(self) -> FeatureStore:
        """Store of the waveforms that the features are computed from, in the same folder."""
        extraction = RawAudio(self.extraction.sample_rate)
        return FeatureStore(
            extraction, self.folder.parent, self.workers.parallel, scheduler=self.workers.scheduler
        )

    def pack(self, files: Sequence[AudioFile], augmentations: Sequence[ChangesWaveforms] = ()) -> Pack:
        """Features of several recordings in one array, from which batches are gathered (see `concatenate`).

        Parameters
        ----------
        files : sequence of path or mapping
            See `prepare`.
        augmentations : sequence of callable
            What changes the waveforms of chunks when they are gathered (see `AugmentedPack`).

        Raises
        ------
        ConfigError
            There are augmentations, and the features are not computed from waveforms.
        """
        if augmentations:
            self.extraction.framing  # noqa: B018  raises where there is none, before anything is computed
        index = self._index(files)
        data = self._data(files, index)
        long_term, moments = self._summary(data, index)
        if not augmentations:
            return Pack(data, index.offsets, long_term, moments=moments)
        samples, bounds = self.waveforms.concatenate(files)
        waveforms = [samples[first:last, 0] for first, last in pairwise(bounds)]
        changes = tuple(augmentations)
        return AugmentedPack(
            data, index.offsets, long_term, self.extraction, waveforms, changes, moments=moments
        )

    def concatenate(self, files: Sequence[AudioFile]) -> tuple[Features, npt.NDArray[np.int64]]:
        """Features of several recordings, one after the other in one array, and where each begins.

        One array, because each one that is mapped into memory by itself counts among the files that a process
        may have open. Up to 4 GiB of 1000 recordings lie in memory; more is written to a file beside the
        features, and mapped into memory.

        Parameters
        ----------
        files : sequence of path or mapping
            See `prepare`.

        Returns
        -------
        data : float32, shape (frames of all recordings, dimension)
        offsets : int64, shape (recordings + 1,)
            Frames of recording i are ``data[offsets[i] : offsets[i + 1]]``.
        """
        index = self._index(files)
        return self._data(files, index), index.offsets

    def each(self, files: Sequence[AudioFile]) -> list[Features]:
        """Features of each of several recordings, mapped into memory.

        Many of them are mapped as parts of one file, since each file that is mapped counts among those that a
        process may have open.
        """
        if len(files) <= MAPPED_FILES:
            return [self.get(file) for file in files]
        index = self._index(files)
        data = self._packed_file(files, index, (int(index.offsets[-1]), self.extraction.dimension))
        return [data[first:last] for first, last in pairwise(index.offsets)]

    def _index(self, files: Sequence[AudioFile], progress: Progress = silent) -> Index:
        """What is known of some recordings, all of which are in the store from then on."""
        index, unreadable = self._looked_up(files, progress)
        if unreadable:
            raise together(list(unreadable.values()))
        return index

    def _looked_up(
        self, files: Sequence[AudioFile], progress: Progress
    ) -> tuple[Index, dict[int, DataError]]:
        """What is known of some recordings, and which of them cannot be read: those have no frames."""
        if isinstance(self.extraction, Precomputed):
            return _opened(self.extraction, files)
        states = [state_of(file) for file in files]
        path = self.folder / f"index-{blake2b(b''.join(states), digest_size=16).hexdigest()}.npz"
        index = Index.load(path)
        unreadable: dict[int, DataError] = {}
        if index is None or not index.is_complete(self.folder):
            index, unreadable = self._computed(files, states, progress)
            if not unreadable:
                self._save(partial(index.save, path))
        self._keys.update(zip(states, index.keys, strict=True))
        return index, unreadable

    def _computed(
        self, files: Sequence[AudioFile], states: Sequence[bytes], progress: Progress
    ) -> tuple[Index, dict[int, DataError]]:
        """Look at recordings, and compute what is missing."""
        unknown = [
            (state, file) for state, file in zip(states, files, strict=True) if state not in self._keys
        ]
        self._keys.update(Workers(self.workers.parallel).map(_named, unknown, file=itemgetter(1)))
        keys = [self._keys[state] for state in states]
        found: dict[str, Any] = {key: self._frames(key) for key in keys}
        missing = {key: file for key, file in zip(keys, files, strict=True) if found[key] is None}
        if missing:
            self._describe()
            work = [(file, self._file(key)) for key, file in missing.items()]
            errors = compute_all(self.folder, work, self.extraction, self.workers, self.device, progress)
            found.update({key: errors.get(self._file(key)) or self._frames(key) for key in missing})
        return _described(keys, [found[key] for key in keys])

    def _data(self, files: Sequence[AudioFile], index: Index) -> Features:
        shape = (int(index.offsets[-1]), self.extraction.dimension)
        if len(files) > PACK_FILES or 4 * shape[0] * shape[1] > PACK_LIMIT:
            return self._packed_file(files, index, shape)
        data = np.empty(shape, dtype=np.float32)
        for file, (first, last) in zip(files, pairwise(index.offsets), strict=True):
            data[first:last] = self.get(file)
        return data

    def _packed_file(self, files: Sequence[AudioFile], index: Index, shape: tuple[int, int]) -> Features:
        path = self.folder / f"pack-{index.digest}.npy"
        data = load_array(path)
        if data is None or data.shape != shape:
            parts = (self.get(file) for file in files)
            self._save(lambda: save_pieces(path, parts, shape))
            data = load_array(path)
        return cast(Features, data)

    def _summary(
        self, data: Features, index: Index
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32] | None]:
        """Average of each recording, and mean and deviation of all, which take as long as to read them."""
        if not len(data):
            return np.empty((0, data.shape[1]), dtype=np.float32), None
        path = self.folder / f"pack-{index.digest}.npz"
        arrays = load_arrays(path, "long_term", "moments")
        if arrays is None:
            arrays = [_averages(data, index.offsets), _moments(data)]
            if not isinstance(self.extraction, Precomputed):
                named = dict(zip(("long_term", "moments"), arrays, strict=True))
                self._save(lambda: save_arrays(path, named))
        return arrays[0], arrays[1]

    def _path(self, file: AudioFile) -> Path:
        state = state_of(file)
        if state not in self._keys:
            self._keys[state] = content_key(file)
        return self._file(self._keys[state])

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.npy"

    def _frames(self, key: str) -> int | None:
        """Frames of what is stored; None if nothing is."""
        features = load_features(self._file(key), self.extraction.dimension)
        return None if features is None else len(features)

    def _describe(self) -> None:
        description = self.folder / "parameters.json"
        if not description.exists():
            self._save(lambda: write_text(description, self._parameters))

    def _save(self, write: Callable[[], None]) -> None:
        """Write into the folder; whoever is alone there removes what others have left that were killed."""
        with explained(), beside_others(self.folder, remove_temporaries):
            write()


def _named(one: tuple[bytes, AudioFile]) -> tuple[bytes, str]:
    """State and content key of a recording."""
    state, file = one
    return state, content_key(file)


def _opened(extraction: Precomputed, files: Sequence[AudioFile]) -> tuple[Index, dict[int, DataError]]:
    """What is known of recordings whose features somebody else has computed."""
    counts = [attempted(lambda file: len(extraction(file).data), file) for file in files]
    keys = [
        "" if isinstance(count, DataError) else content_key(extraction.path(file))
        for file, count in zip(files, counts, strict=True)
    ]
    return _described(keys, counts)


def _described(keys: Sequence[str], found: Sequence[int | DataError]) -> tuple[Index, dict[int, DataError]]:
    """Index of recordings with so many frames, and which of them have an error instead."""
    frames = [0 if isinstance(count, DataError) else count for count in found]
    return Index(keys, np.array(frames, dtype=np.int64)), failed(found)


def _averages(data: Features, offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    return np.stack([long_term_average(data[first:last]) for first, last in pairwise(offsets)])


def _moments(data: Features) -> npt.NDArray[np.float32]:
    from pyannote.audio.store.statistics import mean_and_deviation

    return np.stack([one.numpy() for one in mean_and_deviation(data)])
