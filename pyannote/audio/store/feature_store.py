"""Features of whole protocols: computed once, stored on disk, and verified when they are read.

A cache folder holds

    contents/<digest>.npz       quick looks at recordings, and digests of their content
    <Extraction>-<digest>/      features that were computed with the same parameters, of all recordings:
        <content key>.npy       those of a recording, followed by a checksum
        <content key>.mean.npy  their average over time, where it was asked for
        index-<states>.npz      content keys and frames of a list of recordings
        pack-<content>.npz      averages, and mean and deviation, of a list of training files
        pack-<content>.npy      their features one after the other, where they are many or large
        parameters.json         what was computed
        .work-<random>          temporary folder of a process that computes

Features are found by the content of a recording, all of it. Whether a recording is unchanged is decided by a
quick look (path, inode, size, times of change). The second start of a training therefore opens no recording,
and no more than a few files. Where the quick look differs, that recording is read again, and no other one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.frames import Features
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.io.waveform import AudioFile
from pyannote.audio.io.workers import Workers
from pyannote.audio.store.augmented_packs import AugmentedPack, ChangesWaveforms
from pyannote.audio.store.catalog import Catalog
from pyannote.audio.store.gathering import concatenated, packed, summary
from pyannote.audio.store.location import cache_folder
from pyannote.audio.store.packs import Pack
from pyannote.audio.store.stored import LazyFeatures, StoredFeatures

if TYPE_CHECKING:
    import torch

MAPPED_FILES = 16
"""Recordings up to which each is mapped by itself, which takes one of the open files of a process."""


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
        Where to keep them. Defaults to the environment variable PYANNOTE_AUDIO_CACHE, or else to
        ``~/.cache/pyannote.audio/features`` if it exists, or else to the cache folder of the platform.
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
        self.extraction, self.workers = extraction, Workers(parallel, scheduler)
        parameters = json.dumps(extraction.parameters, sort_keys=True)
        key = blake2b(parameters.encode(), digest_size=8).hexdigest()
        cache = cache_folder() if folder is None else Path(folder).expanduser()
        self.folder = cache.absolute() / f"{type(extraction).__name__}-{key}"
        self._stored = StoredFeatures(extraction, self.folder, self.workers, device)
        self._catalog = Catalog(self._stored)

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
            A recording is missing, empty or damaged, or changes while it is read. Features of the others are
            there then.
        StorageError
            The folder cannot be written.
        """
        self._catalog.index(files, progress)

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
        return self._catalog.look_up(files, progress)[1]

    def contents(self, files: Sequence[AudioFile], progress: Progress = silent) -> list[str]:
        """Digest of the content of each recording, in order; no features are computed.

        Recordings that are unchanged at a quick look since they were last read are not read again. Of
        `Precomputed` features, the content is that of the file with the frames.

        Parameters
        ----------
        files, progress
            See `prepare`.

        Returns
        -------
        list of str
            32 hexadecimal digits each: those of SHA-256 of all bytes of the file.

        Raises
        ------
        DataError
            A recording is missing or cannot be read.

        Examples
        --------
        >>> from pyannote.audio.features.raw_audio import RawAudio
        >>> folder = getfixture("tmp_path")
        >>> (folder / "a.wav").write_bytes(b"content")
        7
        >>> FeatureStore(RawAudio(), folder).contents([{"uri": "a", "audio": folder / "a.wav"}])
        ['ed7002b439e9ac845f22357d822bac14']
        """
        return self._catalog.contents(files, progress)

    def get(self, file: AudioFile) -> Features:
        """Features of a whole recording, mapped into memory, float32 of shape (frames, dimension).

        Changes to the array stay in memory: the stored file is never changed.
        """
        return self._stored.open(self._catalog.work(file))

    def read(self, file: AudioFile) -> Features:
        """Features of a whole recording, float32 of shape (frames, dimension), not to be changed.

        Those of a few minutes lie in memory, so that they take no open file; longer ones are mapped.
        """
        return self._stored.read(self._catalog.work(file))

    def lazily(self, files: Sequence[AudioFile]) -> LazyFeatures:
        """Features of several recordings, each of which is read when it is asked for, and not kept.

        Neither memory nor open files grow with the number of recordings.
        """
        index = self._catalog.index(files)
        return LazyFeatures(self._stored, list(self._catalog.all_work(files, index)), index.frames)

    def long_term(self, file: AudioFile) -> NDArray[np.float32]:
        """Average over time of the features of a recording, float32 of shape (dimension,)."""
        return self._stored.long_term(self._catalog.work(file))

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
        index = self._catalog.index(files)
        data = concatenated(self._stored, self._catalog.all_work(files, index), index)
        long_term, moments = summary(self._stored, data, index)
        if not augmentations:
            return Pack(data, index.offsets, long_term, moments=moments)
        samples, bounds = self.waveforms.concatenate(files)
        waveforms = [samples[first:last, 0] for first, last in pairwise(bounds)]
        changes = tuple(augmentations)
        return AugmentedPack(
            data, index.offsets, long_term, self.extraction, waveforms, changes, moments=moments
        )

    def concatenate(self, files: Sequence[AudioFile]) -> tuple[Features, NDArray[np.int64]]:
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
        index = self._catalog.index(files)
        return concatenated(self._stored, self._catalog.all_work(files, index), index), index.offsets

    def each(self, files: Sequence[AudioFile]) -> list[Features]:
        """Features of each of several recordings, mapped into memory.

        Many of them are mapped as parts of one file, since each file that is mapped counts among those that a
        process may have open.
        """
        if len(files) <= MAPPED_FILES:
            return [self.get(file) for file in files]
        index = self._catalog.index(files)
        data = packed(self._stored, self._catalog.all_work(files, index), index)
        return [data[first:last] for first, last in pairwise(index.offsets)]
