"""Features of one recording after the other, written into a folder by threads, or by workers of a cluster."""

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
from pyannote.audio.store.content_key import changed, check_unchanged, state_of
from pyannote.audio.store.location import explained

if TYPE_CHECKING:
    import torch


class Work(NamedTuple):
    """A recording whose features are to be computed.

    Parameters
    ----------
    file : path or mapping
    path : Path
        Where its features go: ``<key>.npy`` (see `content_key`).
    state : bytes
        Quick look at the recording, as it was when its key was determined (see `state_of`).
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
    """Store features of recordings below a folder, and give the error of each that cannot be read."""
    threads = threads_per_recording(workers.parallel)
    if workers.scheduler is not None:
        work = [one._replace(file=portable(one.file)) for one in work]
        # workers of a cluster are as many as there are cores
        threads, device = 1, None
    # what workers leave that are killed goes with the folder
    with ExitStack() as stack:
        with explained():
            stack.enter_context(shared_lock(folder, remove_temporaries))
            scratch = stack.enter_context(temporary_folder(folder))
        one = partial(compute, extraction=extraction, threads=threads, device=device, scratch=scratch)
        done = workers.map(partial(_attempted, one), work, file=itemgetter(0))
        results = progress(done, total=len(work), description="Computing features")
        return {path: error for path, error in results if error is not None}


def compute(
    work: Work,
    extraction: FeatureExtraction,
    threads: int,
    device: torch.device | None,
    scratch: Path | None = None,
) -> None:
    """Store the features of a recording, unless another process has done so in the meantime.

    Raises
    ------
    AudioError
        The recording cannot be read, or has changed since its key was determined. Nothing is stored then.
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
        pieces = _guarded(reader.pieces(extraction.piece, threads), file, state)
        with explained():
            save_pieces(path, pieces, shape, scratch)


def _guarded(pieces: Iterable[Features], file: AudioFile, state: bytes) -> Iterator[Features]:
    """Refuse a recording that has changed by the time when all of it has been read."""
    yield from pieces
    if state_of(file) != state:
        raise changed(file)


def _attempted(compute: Callable[[Work], None], work: Work) -> tuple[Path, DataError | None]:
    """Compute, and tell for what, and what is wrong with it if it cannot be read."""
    return work.path, result_or_error(compute, work)


def portable(file: AudioFile) -> AudioFile:
    """What the features of a recording depend on, for another process with another working folder."""
    if not isinstance(file, Mapping):
        return Path(file).absolute()
    if "waveform" in file:
        return file
    rest = {name: file[name] for name in ("uri", "database", "speed") if name in file}
    return {**rest, "audio": Path(audio_path(file)).absolute()}
