"""Features of whole protocols: computed once, stored on disk, and verified when they are read."""

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
from pyannote.audio.store.augmentations import WaveformAugmentation
from pyannote.audio.store.augmented_packs import AugmentedPack
from pyannote.audio.store.catalog import Catalog
from pyannote.audio.store.gathering import concatenated, packed, summary
from pyannote.audio.store.location import cache_folder
from pyannote.audio.store.packs import Pack
from pyannote.audio.store.stored import LazyFeatures, StoredFeatures

if TYPE_CHECKING:
    import torch

MAPPED_FILES = 16
"""Largest number of recordings that are memory-mapped one by one, with one open file each."""


class FeatureStore:
    """Computes the features of a recording when they are first requested, and stores them on disk.

    Files are found by everything that the features depend on: the content of the recording and the parameters
    of the extraction. They need no name, cannot be stale, and serve several experiments. Files are written
    completely or not at all: after an interruption, all finished files remain. Features are float32 of shape
    (frames, dimension).

    Parameters
    ----------
    extraction : FeatureExtraction
        Extraction of the features. `Precomputed` features are returned unchanged, and not stored again.
    folder : Path, optional
        Cache folder. Default: that of the environment variable PYANNOTE_AUDIO_CACHE, or else
        ``~/.cache/pyannote.audio/features`` if it exists, or else the cache folder of the platform.
    parallel : int
        Number of recordings that are computed at the same time.
    device : torch.device, optional
        Device that computes; the CPU by default. Numbers of a GPU are equal up to the rounding of float32, so
        that both share stored features.
    scheduler : str, optional
        Address of a Dask cluster whose workers compute instead, on their CPU (see `Workers`). They must have
        access to the same folders.

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
        """Compute missing features.

        Parameters
        ----------
        files : sequence of path or mapping
            Paths, files of a protocol, or mappings with "waveform", of shape (samples,) or (channels,
            samples), and "sample_rate" in Hertz.
        progress : Progress, optional

        Raises
        ------
        DataError
            A recording is missing, empty or damaged, or changes while it is read. Features of all others have
            been stored.
        StorageError
            The folder cannot be written.
        """
        self._catalog.index(files, progress)

    def unreadable(self, files: Sequence[AudioFile], progress: Progress = silent) -> dict[int, DataError]:
        """Compute missing features, and find the recordings that cannot be read.

        Parameters
        ----------
        files, progress
            See `prepare`.

        Returns
        -------
        mapping of int to DataError
            Positions in `files`, in rising order, and the error of each.

        Examples
        --------
        >>> store = FeatureStore(RawAudio(), getfixture("tmp_path"))
        >>> files = [{"waveform": np.zeros(n), "sample_rate": 16000} for n in (16, 0)]
        >>> list(store.unreadable(files))
        [1]
        """
        return self._catalog.look_up(files, progress)[1]

    def contents(self, files: Sequence[AudioFile], progress: Progress = silent) -> list[str]:
        """Digest of the content of each recording, in order; no features are computed.

        Recordings whose file state is unchanged are not read again (see `state_of`). For `Precomputed`
        features, the content is that of the file with the frames.

        Parameters
        ----------
        files, progress
            See `prepare`.

        Returns
        -------
        list of str
            32 hexadecimal digits each, the first ones of SHA-256 of all bytes of the file.

        Raises
        ------
        DataError
            A recording is missing or cannot be read.

        Examples
        --------
        >>> folder = getfixture("tmp_path")
        >>> (folder / "a.wav").write_bytes(b"content")
        7
        >>> FeatureStore(RawAudio(), folder).contents([{"uri": "a", "audio": folder / "a.wav"}])
        ['ed7002b439e9ac845f22357d822bac14']
        """
        return self._catalog.contents(files, progress)

    def get(self, file: AudioFile) -> Features:
        """Features of a whole recording, memory-mapped, float32 of shape (frames, dimension).

        The array can be changed; the stored file is never changed.

        Examples
        --------
        >>> store = FeatureStore(RawAudio(), getfixture("tmp_path"))
        >>> file = {"waveform": np.arange(4), "sample_rate": 16000}
        >>> store.get(file).ravel()
        memmap([0., 1., 2., 3.], dtype=float32)
        """
        return self._stored.open(self._catalog.work(file))

    def read(self, file: AudioFile) -> Features:
        """Features of a whole recording, float32 of shape (frames, dimension), which must not be changed.

        Up to 8 MiB are read into memory, so that they take no open file; larger ones are memory-mapped.

        Examples
        --------
        >>> store = FeatureStore(RawAudio(), getfixture("tmp_path"))
        >>> file = {"waveform": np.arange(4), "sample_rate": 16000}
        >>> store.read(file).ravel()
        array([0., 1., 2., 3.], dtype=float32)
        """
        return self._stored.read(self._catalog.work(file))

    def lazy(self, files: Sequence[AudioFile]) -> LazyFeatures:
        """Features of several recordings, each of shape (frames, dimension), read on each access.

        Memory and open files do not grow with the number of recordings.

        Examples
        --------
        >>> store = FeatureStore(RawAudio(), getfixture("tmp_path"))
        >>> file = {"waveform": np.arange(4), "sample_rate": 16000}
        >>> [features.shape for features in store.lazy([file, file])]
        [(4, 1), (4, 1)]
        """
        index = self._catalog.index(files)
        return LazyFeatures(self._stored, list(self._catalog.all_work(files, index)), index.frames)

    def long_term(self, file: AudioFile) -> NDArray[np.float32]:
        """Average over time of the features of a recording, float32 of shape (dimension,)."""
        return self._stored.long_term(self._catalog.work(file))

    @cached_property
    def waveforms(self) -> FeatureStore:
        """Store of the waveforms of the features, each of shape (samples, 1), in the same cache folder."""
        extraction = RawAudio(self.extraction.sample_rate)
        return FeatureStore(
            extraction, self.folder.parent, self.workers.parallel, scheduler=self.workers.scheduler
        )

    def pack(self, files: Sequence[AudioFile], augmentations: Sequence[WaveformAugmentation] = ()) -> Pack:
        """Features of several recordings in one array, from which batches are gathered.

        Parameters
        ----------
        files : sequence of path or mapping
            See `prepare`.
        augmentations : sequence of callable
            Applied to the waveforms of chunks when they are gathered (see `AugmentedPack`).

        Returns
        -------
        Pack
            Its `data` has the shape (frames of all recordings, dimension).

        Raises
        ------
        ConfigError
            There are augmentations, and the features are not computed from waveforms.

        Examples
        --------
        >>> store = FeatureStore(RawAudio(), getfixture("tmp_path"))
        >>> file = {"waveform": np.arange(4), "sample_rate": 16000}
        >>> store.pack([file, file]).data.shape
        (8, 1)
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
        """Features of several recordings, one after the other in one array, and the first frame of each.

        Memory-mapping each recording would take one open file each. Up to 4 GiB of up to 1000 recordings are
        read into memory; more are written to a file in the folder of the features, which is memory-mapped.

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
        """Features of several recordings, each of shape (frames, dimension), memory-mapped.

        More than 16 recordings are mapped as parts of one file, which takes a single open file.
        """
        if len(files) <= MAPPED_FILES:
            return [self.get(file) for file in files]
        index = self._catalog.index(files)
        data = packed(self._stored, self._catalog.all_work(files, index), index)
        return [data[first:last] for first, last in pairwise(index.offsets)]
