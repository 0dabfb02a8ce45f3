"""Audio of files that libsndfile does not read (M4A, MP4, 3GP, AAC, WebM), decoded by PyAV if installed.

PyAV brings the libraries of FFmpeg, and the samples are those that the program `ffmpeg` writes: samples that
the container marks as encoder delay (the edit list of MP4, the codec delay of WebM) are removed from the
start, so that times are those of the original recording. Plain AAC (`.aac`), AAC in Matroska and fragmented
MP4 have no such mark: they begin with the delay of their encoder, mostly 1024 or 2112 samples. At the end, up
to one frame of the codec is padding. Both are so with `ffmpeg`.

Such files cannot be read from any sample on with the same result. They are decoded from the start, and a part
that lies before the last one is reached by starting again. The number of samples is counted by decoding the
whole file, once in a process.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pyannote.audio.core.errors import AudioError

_DEMUXERS = {
    ".3g2": "mov",
    ".3gp": "mov",
    ".aac": "aac",
    ".m4a": "mov",
    ".m4b": "mov",
    ".mka": "matroska",
    ".mkv": "matroska",
    ".mov": "mov",
    ".mp4": "mov",
    ".webm": "matroska",
}
"""Reader of FFmpeg for each suffix. Those that open other files, such as playlists, are not used."""

MEDIA_SUFFIXES = frozenset(_DEMUXERS)
"""Suffixes of files that PyAV reads, in lower case."""

_KEPT = 1 << 20
"""Samples before the last part that was read that are kept: parts that follow each other overlap."""

_OPEN = 2
"""Files that a thread keeps open."""

_MISSING = 0.5
"""Seconds by which a file may be shorter than its container says: other tracks may end later."""

_Frames = npt.NDArray[np.float32]


class _State(NamedTuple):
    """State of a file: as long as it is equal, the file is unchanged."""

    path: Path
    inode: int
    size: int
    changed: int


class _Sound(NamedTuple):
    """Sample rate in Hertz, number of channels and of samples, and name of container and codec."""

    sample_rate: int
    channels: int
    samples: int
    format: str


class MediaFile:
    """Open audio of a media file, with those attributes and methods of `soundfile.SoundFile` that are used.

    Parameters
    ----------
    path : Path
        Its suffix is one of `MEDIA_SUFFIXES`.

    Raises
    ------
    AudioError
        PyAV is missing; or the file is damaged, cut short, or has no audio, or several tracks of it.
    """

    endian, extra_info = "FILE", ""

    def __init__(self, path: Path) -> None:
        self._state = _state(path)
        sound = _sound(self._state)
        self.samplerate, self.channels, self.frames = sound.sample_rate, sound.channels, sound.samples
        self.format, self.subtype = sound.format.split(" ")
        self._position = 0

    def __enter__(self) -> MediaFile:
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the decoder open: other parts of the file are likely to be read next."""

    def seek(self, sample: int) -> None:
        """Set the sample that is read next."""
        self._position = sample

    def read(self, count: int, dtype: str = "float32", always_2d: bool = True) -> _Frames:
        """Samples of all channels, shape (samples, channels), fewer than `count` at the end."""
        frames = _decoder(self._state).read(self._position, min(count, self.frames - self._position))
        self._position += len(frames)
        return frames


class _Decoder:
    """Decodes a file forwards, and starts again to go back further than the samples that are kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._restart()

    def _restart(self) -> None:
        self._blocks, self._kept, self._first = _blocks(self._path), deque[_Frames](), 0
        self._end = 0

    def read(self, start: int, count: int) -> _Frames:
        """Samples of all channels, shape (samples, channels)."""
        if start < self._first:
            self._restart()
        while self._end < start + count and (block := next(self._blocks, None)) is not None:
            self._kept.append(block)
            self._end += len(block)
            while self._kept and self._first + len(self._kept[0]) < start - _KEPT:
                self._first += len(self._kept.popleft())
        return self._part(start, start + count)

    def _part(self, start: int, stop: int) -> _Frames:
        parts, begin = [], self._first
        for block in self._kept:
            if begin < stop and begin + len(block) > start:
                parts.append(block[max(0, start - begin) : stop - begin])
            begin += len(block)
        return np.concatenate(parts) if parts else np.empty((0, 1), dtype=np.float32)


# a decoder is at one position: threads that read different parts would send each other back to the start
_local = threading.local()


def _decoder(state: _State) -> _Decoder:
    if not hasattr(_local, "decoder"):
        _local.decoder = lru_cache(maxsize=_OPEN)(lambda state: _Decoder(state.path))
    decoder: _Decoder = _local.decoder(state)
    return decoder


def _state(path: Path) -> _State:
    status = path.stat()
    return _State(path.absolute(), status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _sound(state: _State) -> _Sound:
    """Sample rate, channels and number of samples, for which the file is decoded completely."""
    with _opened(state.path) as (container, stream):
        kinds, samples, promised = set(), 0, _promised(container, stream)
        for frame in _decoded(container, stream, state.path):
            kinds.add((frame.sample_rate, len(frame.layout.channels)))
            samples += frame.samples
        name = f"{container.format.name.partition(',')[0].upper()} {stream.codec_context.name.upper()}"
    if samples == 0:
        raise AudioError("The audio file holds no samples.", file=state.path, fix="Copy or record it again.")
    if len(kinds) > 1:
        raise _undecodable(state.path, "its sample rate or number of channels changes")
    ((rate, channels),) = kinds
    if samples / rate < promised - _MISSING:
        raise AudioError(
            f"It is cut short: its header promises {promised:.1f} s, there are {samples / rate:.1f} s.",
            file=state.path,
            fix="Copy or download it again.",
        )
    return _Sound(rate, channels, samples, name)


def _promised(container: Any, stream: Any) -> float:
    """Duration in seconds that a container gives for its audio, 0 if it gives none."""
    if container.format.name == "aac":
        # FFmpeg guesses it from the bit rate
        return 0.0
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    # with other tracks, the end of the file need not be that of its audio
    return (container.duration or 0) / 1e6 if len(container.streams) == 1 else 0.0


def _blocks(path: Path) -> Iterator[_Frames]:
    """Samples of all channels as floats, in blocks of shape (samples, channels)."""
    with _opened(path) as (container, stream):
        import av

        converter = av.AudioResampler(format="fltp")
        for frame in _decoded(container, stream, path):
            for converted in converter.resample(frame):
                yield np.ascontiguousarray(converted.to_ndarray().T)


def _decoded(container: Any, stream: Any, path: Path) -> Iterator[Any]:
    for frame in container.decode(stream):
        if frame.is_corrupt:
            raise _undecodable(path, "a part of it is damaged")
        yield frame


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Container of a file, and its only track of audio."""
    try:
        import av
    except ImportError as error:
        raise AudioError(
            f"Files of the kind {path.suffix} are read by PyAV, which is not installed.",
            file=path,
            fix='Run `pip install --editable ".[media]"`, or convert it to WAV or FLAC.',
        ) from error
    try:
        # FFmpeg gets bytes, and neither a name nor a choice of readers: it opens nothing else
        with path.open("rb") as file, av.open(file, format=_DEMUXERS[path.suffix.lower()]) as container:
            yield container, _only_track(container, path)
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise _undecodable(path, getattr(error, "strerror", None) or str(error)) from error


def _only_track(container: Any, path: Path) -> Any:
    tracks = container.streams.audio
    if len(tracks) != 1:
        found = f"{len(tracks)} tracks of audio" if tracks else "no audio"
        raise AudioError(f"It holds {found}.", file=path, fix="Convert what is meant to WAV or FLAC.")
    return tracks[0]


def _undecodable(path: Path, reason: str) -> AudioError:
    return AudioError(
        f"It cannot be decoded as audio ({reason.strip().rstrip('.')}).",
        file=path,
        fix="Convert it again, to WAV or FLAC.",
    )
