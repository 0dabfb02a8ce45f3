"""Features of whole protocols, computed once, and mapped into memory ever after."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from pyannote.audio.core.errors import StorageError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.core.threads import in_order
from pyannote.audio.features._content_key import content_key
from pyannote.audio.features._threads import threads_of_one
from pyannote.audio.features.augmented_packs import AugmentedPack, ChangesWaveforms
from pyannote.audio.features.base import FeatureExtraction, Features
from pyannote.audio.features.long_term import long_term_average
from pyannote.audio.features.packs import Pack
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.io.mapped import read_only
from pyannote.audio.io.refusals import storage_error
from pyannote.audio.io.storage import write_array, write_text, write_with
from pyannote.audio.io.waveform import AudioFile

if TYPE_CHECKING:
    import torch

VARIABLE = "PYANNOTE_AUDIO_CACHE"
"""Environment variable that names the folder of stored features."""

PACK_LIMIT = 4 << 30
"""Bytes up to which a pack lies in memory."""


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
    ) -> None:
        default = os.environ.get(VARIABLE) or "~/.cache/pyannote.audio/features"
        self.extraction = extraction
        self.parallel = parallel
        self.device = device
        self._parameters = json.dumps(extraction.parameters, sort_keys=True)
        key = blake2b(self._parameters.encode(), digest_size=8).hexdigest()
        self.folder = Path(folder or default).expanduser() / f"{type(extraction).__name__}-{key}"

    def prepare(self, files: Sequence[AudioFile], progress: Progress = silent) -> None:
        """Compute what is not yet there.

        Parameters
        ----------
        files : sequence of path or mapping
            Paths, files of a protocol, or mappings with "waveform" and "sample_rate".
        progress : Progress, optional

        Raises
        ------
        AudioError
            A recording is missing, empty or damaged. What was finished before stays.
        StorageError
            The folder cannot be written.
        """
        if isinstance(self.extraction, Precomputed):
            return
        missing = {
            path: file for path, file in ((self._path(file), file) for file in files) if not self._has(path)
        }
        # NumPy, SciPy and libsndfile leave Python's lock alone while they work, so that threads suffice.
        done = in_order(lambda path: self._compute(missing[path], path), list(missing), self.parallel)
        for _ in progress(done, total=len(missing), description="Computing features"):
            pass

    def get(self, file: AudioFile) -> Features:
        """Features of a whole recording, mapped into memory, float32 of shape (frames, dimension).

        Changes to the array stay in memory: the stored file is never changed.
        """
        if isinstance(self.extraction, Precomputed):
            return cast(Features, self.extraction(file).data)
        path = self._path(file)
        if not self._has(path):
            self._compute(file, path)
        return cast(Features, _load(path))

    def long_term(self, file: AudioFile) -> npt.NDArray[np.float32]:
        """Average over time of the features of a recording, float32 of shape (dimension,)."""
        if isinstance(self.extraction, Precomputed):
            return long_term_average(self.get(file))
        path = self._path(file).with_suffix(".mean.npy")
        if (stored := _load(path)) is not None and stored.shape == (self.extraction.dimension,):
            return np.array(stored)
        average = long_term_average(read_only(self.get(file)))
        _explained(lambda: write_array(path, average))
        return average

    @property
    def waveforms(self) -> FeatureStore:
        """Store of the waveforms that the features are computed from, in the same folder."""
        return FeatureStore(RawAudio(self.extraction.sample_rate), self.folder.parent, self.parallel)

    def pack(self, files: Sequence[AudioFile], augmentations: Sequence[ChangesWaveforms] = ()) -> Pack:
        """Features of several recordings in one array, from which batches are gathered.

        Up to 4 GiB lie in memory; more is written to a file beside the features, and mapped into memory.

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
        data, offsets = self.concatenate(files)
        average = [self.long_term(file) for file in files]
        long_term = np.array(average, dtype=np.float32).reshape(-1, data.shape[1])
        if not augmentations:
            return Pack(data, offsets, long_term)
        self.waveforms.prepare(files)
        samples, bounds = self.waveforms.concatenate(files)
        waveforms = [samples[first:last, 0] for first, last in pairwise(bounds)]
        return AugmentedPack(data, offsets, long_term, self.extraction, waveforms, tuple(augmentations))

    def concatenate(self, files: Sequence[AudioFile]) -> tuple[Features, npt.NDArray[np.int64]]:
        """Features of several recordings, one after the other in one array, and where each begins.

        One array, because each one that is mapped into memory by itself counts among the files that a process
        may have open. Up to 4 GiB lie in memory; more is written to a file, and mapped into memory.

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
        offsets = np.cumsum([0, *(len(self.get(file)) for file in files)], dtype=np.int64)
        shape = (int(offsets[-1]), self.extraction.dimension)
        if 4 * shape[0] * shape[1] > PACK_LIMIT:
            return self._packed_file(files, shape), offsets
        data = np.empty(shape, dtype=np.float32)
        for file, (first, last) in zip(files, pairwise(offsets), strict=True):
            data[first:last] = self.get(file)
        return data, offsets

    def _packed_file(self, files: Sequence[AudioFile], shape: tuple[int, int]) -> Features:
        names = "".join(content_key(file) for file in files)
        path = self.folder / f"pack-{blake2b(names.encode(), digest_size=16).hexdigest()}.npy"
        if not self._has(path):
            parts = (self.get(file) for file in files)
            _explained(lambda: write_with(path, lambda stream: _write(stream, parts, shape)))
        return cast(Features, _load(path))

    def _path(self, file: AudioFile) -> Path:
        return self.folder / f"{content_key(file)}.npy"

    def _has(self, path: Path) -> bool:
        features = _load(path)
        return features is not None and features.ndim == 2 and features.shape[1] == self.extraction.dimension

    def _compute(self, file: AudioFile, path: Path) -> None:
        if self.device is None or self.device.type == "cpu":
            reader = self.extraction.open(file)
        else:
            reader = self.extraction.open_on(file, self.device)
        shape = (reader.frames, self.extraction.dimension)
        pieces = reader.pieces(self.extraction.piece, threads_of_one(self.parallel))
        description = path.with_name("parameters.json")
        if not description.exists():
            _explained(lambda: write_text(description, self._parameters))
        _explained(lambda: write_with(path, lambda stream: _write(stream, pieces, shape)))


def _explained(write: Callable[[], None]) -> None:
    try:
        write()
    except StorageError as error:
        fix = f"Name a folder with enough space, which can be written, in {VARIABLE}."
        raise StorageError(error.found, file=error.file, fix=fix) from error


def _write(stream: BinaryIO, pieces: Iterable[Features], shape: tuple[int, int]) -> None:
    """Write an npy file piece by piece, so that it never lies in memory as a whole."""
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    for piece in pieces:
        stream.write(np.ascontiguousarray(piece, dtype="<f4").data)


def _load(path: Path) -> npt.NDArray[np.float32] | None:
    """Map an array into memory; None if there is none, or it is damaged and must be computed again."""
    try:
        return cast(npt.NDArray[np.float32], np.load(path, mmap_mode="c", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            # the array is there, and computing it again would not help
            raise storage_error(cast(OSError, error), path, action="read") from error
        return None
