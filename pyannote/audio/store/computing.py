"""Computes the features of recordings and writes them to a folder, in threads or by workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pyannote.audio.core.collected_errors import result_or_error
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress
from pyannote.audio.features._threads import threads_per_recording
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.frames import Features
from pyannote.audio.io.arrays import load_features, save_pieces
from pyannote.audio.io.error_context import error_context
from pyannote.audio.io.locks import shared_lock
from pyannote.audio.io.temporary import remove_temporaries, temporary_folder
from pyannote.audio.io.waveform import AudioFile, audio_path
from pyannote.audio.io.workers import Workers
from pyannote.audio.store.content_key import changed_error, check_unchanged, state_of
from pyannote.audio.store.location import cache_folder_hint

if TYPE_CHECKING:
    import torch


class Work(NamedTuple):
    """Recording whose features are stored or computed.

    Parameters
    ----------
    file : path or mapping
        Recording; its features have the shape (frames, dimension).
    path : Path
        File of its features: ``<key>.npy`` (see `content_key`). Frames of `Precomputed` stay where they are.
    state : bytes
        State of the recording, or of the file of its `Precomputed` frames, when its key was determined (see
        `state_of`).

    Examples
    --------
    >>> Work({"uri": "a", "audio": "a.wav"}, Path("cache/0a.npy"), b"state").path.stem
    '0a'
    """

    file: AudioFile
    path: Path
    state: bytes


def compute_all(
    folder: Path,
    work: Sequence[Work],
    extraction: FeatureExtraction,
    workers: Workers,
    device: torch.device | None,
    progress: Progress,
) -> dict[Path, DataError]:
    """Compute and store features of recordings, each of shape (frames, dimension).

    Parameters
    ----------
    folder : Path
        Folder of the features, under a shared lock meanwhile.
    work : sequence of Work
    extraction : FeatureExtraction
    workers : Workers
        Processes or workers of a cluster, which get one recording after the other.
    device : torch.device or None
        Device that computes; workers of a cluster use their CPU.
    progress : Progress

    Returns
    -------
    mapping of Path to DataError
        Errors of the recordings that cannot be read.
    """
    threads = threads_per_recording(workers.parallel)
    if workers.scheduler is not None:
        work = [one._replace(file=portable(one.file)) for one in work]
        # a cluster has one worker for each core
        threads, device = 1, None
    # files of killed workers are removed with the temporary folder
    with ExitStack() as stack:
        with cache_folder_hint():
            stack.enter_context(shared_lock(folder, remove_temporaries))
            scratch = stack.enter_context(temporary_folder(folder))
        one = partial(compute, extraction=extraction, threads=threads, device=device, scratch=scratch)
        done = workers.map(partial(_computed, one), work, file=itemgetter(0))
        results = progress(done, total=len(work), description="Computing features")
        return {path: error for path, error in results if error is not None}


def compute(
    work: Work,
    extraction: FeatureExtraction,
    threads: int,
    device: torch.device | None,
    scratch: Path | None = None,
) -> None:
    """Compute and store the features of a recording, unless another process has done so in the meantime.

    Raises
    ------
    AudioError
        The recording cannot be read, or has changed since its key was determined. Nothing is stored.

    Examples
    --------
    >>> import numpy as np
    >>> from pyannote.audio.features.raw_audio import RawAudio
    >>> from pyannote.audio.store.content_key import content_key
    >>> file, folder = {"waveform": np.zeros(5), "sample_rate": 16000}, getfixture("tmp_path")
    >>> work = Work(file, folder / f"{content_key(file)}.npy", state_of(file))
    >>> compute(work, RawAudio(), threads=1, device=None)
    >>> np.load(work.path).shape
    (5, 1)
    """
    file, path, state = work
    if load_features(path, extraction.dimension) is not None:
        return
    with error_context(file):
        state = check_unchanged(file, state, path.stem)
        if device is None or device.type == "cpu":
            reader = extraction.open(file)
        else:
            reader = extraction.open_on(file, device)
        shape = (reader.frames, extraction.dimension)
        pieces = _unchanged_pieces(reader.pieces(extraction.piece, threads), file, state)
        with cache_folder_hint():
            save_pieces(path, pieces, shape, scratch)


def _unchanged_pieces(pieces: Iterable[Features], file: AudioFile, state: bytes) -> Iterator[Features]:
    """Raise an error if the recording has changed while it was read."""
    yield from pieces
    if state_of(file) != state:
        raise changed_error(file)


def _computed(compute: Callable[[Work], None], work: Work) -> tuple[Path, DataError | None]:
    """Path of the features of a recording, and the error if it cannot be read."""
    return work.path, result_or_error(compute, work)


def portable(file: AudioFile) -> AudioFile:
    """Recording for another process: the entries that features depend on, with absolute paths.

    Examples
    --------
    >>> file = {"uri": "a", "audio": "a.wav", "annotation": None}
    >>> sorted(portable(file)), portable(file)["audio"].is_absolute()
    (['audio', 'uri'], True)
    """
    if not isinstance(file, Mapping):
        return Path(file).absolute()
    if "waveform" in file:
        return file
    rest = {name: file[name] for name in ("uri", "database", "speed") if name in file}
    return {**rest, "audio": Path(audio_path(file)).absolute()}
