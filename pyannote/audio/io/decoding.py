"""Decoding of audio files by libsndfile or PyAV, with checks for damage that libsndfile does not report."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from pyannote.audio.core.errors import AudioError
from pyannote.audio.io.accepted_audio import check_rate, check_samples
from pyannote.audio.io.channel_names import split_channel
from pyannote.audio.io.media import MEDIA_SUFFIXES, MediaFile
from pyannote.audio.io.samples import WAV, Pick, Waveform, block_length, mix_down, mono_reader, one_channel
from pyannote.audio.io.unsized_wav import open_bytes

_UNCHECKED_LENGTH = 1 << 21
"""Highest number of samples in a header for which the last sample is not read as a check."""

_MPEG_SAMPLES = 24
"""Highest number of samples per byte of MP3: 24 kHz at 8 kbit/s."""

# Programs that write to a pipe cannot fill in the length afterwards: headers say about 2 or 4 GB.
_UNKNOWN_LENGTH = 0x7FFF_F000
_SHORTER_THAN_PROMISED = re.compile(r"(?:data|SSND|Data Size|riff|Riff size)\s*: (\d+) \(should be (\d+)\)")


@dataclass(frozen=True)
class AudioInfo:
    """Header of an audio file.

    Parameters
    ----------
    path : Path
        Path of the file, or of one of its channels (see `channel_names`).
    sample_rate : int
        In Hertz.
    channels : int
        Number of channels that are read: 1 where the path names one.
    samples : int
        Samples of each channel.
    format : str
        Container and encoding, such as "WAV PCM_24".

    Examples
    --------
    >>> AudioInfo(Path("a.wav"), 16000, channels=2, samples=8000, format="WAV PCM_16").duration
    0.5
    """

    path: Path
    sample_rate: int
    channels: int
    samples: int
    format: str

    @property
    def duration(self) -> float:
        """Duration in seconds.

        Examples
        --------
        >>> AudioInfo(Path("a.wav"), 44100, 1, 441, "WAV PCM_16").duration
        0.01
        """
        return self.samples / self.sample_rate


def info(path: str | os.PathLike[str]) -> AudioInfo:
    """Sample rate, channels and length of an audio file, from its header.

    Files that PyAV reads are decoded completely, once in a process, since their headers do not give the
    number of samples.

    Raises
    ------
    AudioError
        The file is missing, empty, not audio, or shorter than its header says; it lacks the channel that the
        path names; or it takes PyAV, which is not installed.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.zeros((8000, 2)), 16000)
    >>> info(path).channels, info(path).duration
    (2, 0.5)
    >>> info(f"{path}#2").channels
    1
    """
    with _opened(Path(path)) as (stream, pick):
        _check_end(stream, Path(path))
        written = f"{stream.format} {stream.subtype}"
        channels = stream.channels if pick is mix_down else 1
        return AudioInfo(Path(path), stream.samplerate, channels, stream.frames, written)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Pick]]:
    """Open audio, as `soundfile.SoundFile` or with the same methods, and what becomes of its channels."""
    file, channel = split_channel(path)
    _check_file(file, path)
    try:
        with _stream(file) as stream:
            _check_header(stream, path)
            yield stream, _pick(stream, channel, path)
    # soundfile raises TypeError for names that end in ".raw": files without a header.
    except (soundfile.SoundFileError, TypeError, OSError) as error:
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        raise AudioError(
            f"It cannot be decoded as audio ({reason}).", file=path, fix="Convert it again, to WAV or FLAC."
        ) from error


def _stream(file: Path) -> Any:
    if file.suffix.lower() in MEDIA_SUFFIXES:
        return MediaFile(file)
    # as bytes, because soundfile encodes names that are not valid Unicode differently
    stream = soundfile.SoundFile(os.fsencode(file))
    if stream.frames or stream.format not in WAV:
        return stream
    # libsndfile finds no samples where a stream has no size in its header
    stream.close()
    return soundfile.SoundFile(open_bytes(file))


def _pick(stream: Any, channel: int | None, path: Path) -> Pick:
    if channel is None:
        return mix_down
    if not 1 <= channel <= stream.channels:
        count = "1 channel" if stream.channels == 1 else f"{stream.channels} channels"
        raise AudioError(
            f"There is no channel {channel}: {path.name.rpartition('#')[0]} has {count}, counted from 1.",
            file=path,
            fix="Name another channel, or none for the mean of all.",
        )
    return partial(one_channel, channel)


def _check_file(file: Path, path: Path) -> None:
    """Refuse all but regular files: opening a pipe blocks, and reading a device never ends."""
    fix = "Check the path, or its template in database.yml."
    try:
        status = file.stat()
    except (OSError, ValueError) as error:
        raise AudioError("There is no such audio file.", file=path, fix=fix) from error
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
        raise AudioError(f"This is {what}, not an audio file.", file=path, fix=fix)
    if status.st_size == 0:
        raise AudioError("The audio file is empty (0 bytes).", file=path, fix="Copy or record it again.")


def _check_header(stream: Any, path: Path) -> None:
    if stream.channels < 1 or stream.frames < 1:
        raise AudioError("The audio file holds no samples.", file=path, fix="Copy or record it again.")
    check_rate(stream.samplerate, "The sample rate in its header", path)
    for promised, actual in _SHORTER_THAN_PROMISED.findall(stream.extra_info):
        if int(actual) < int(promised) < _UNKNOWN_LENGTH:
            raise _cut_short(path, f"{promised} bytes", actual)


def _check_end(stream: Any, path: Path) -> None:
    """Refuse a wrong length in the damaged header of a compressed file, such as a year."""
    if stream.frames <= _UNCHECKED_LENGTH or isinstance(stream, MediaFile):
        return
    if "MPEG" in stream.subtype:
        # reading the last sample would decode the whole file
        is_plausible = stream.frames <= _MPEG_SAMPLES * split_channel(path)[0].stat().st_size
    else:
        stream.seek(stream.frames - 1)
        is_plausible = len(stream.read(1, dtype="float32")) > 0
    if not is_plausible:
        raise _cut_short(path, f"{stream.frames} samples", "fewer")


def _cut_short(path: Path, promised: str, actual: object) -> AudioError:
    return AudioError(
        f"It is cut short: its header promises {promised}, there are {actual}.",
        file=path,
        fix="Copy or download it again.",
    )


def decode(header: AudioInfo, start: int, stop: int) -> Waveform:
    """Decode a part of a file at its own sample rate: the mean of its channels, or one of them.

    Parameters
    ----------
    header : AudioInfo
        Header of the file, from `info`.
    start, stop : int
        First sample (included) and last sample (excluded).

    Returns
    -------
    ndarray of float32, shape (stop - start,)

    Raises
    ------
    AudioError
        The file is damaged or has fewer samples than its header says.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.array([[0.5, 0.0], [0.5, 0.5]]), 16000)
    >>> decode(info(path), 0, 2)
    array([0.25, 0.5 ], dtype=float32)
    """
    waveform = np.empty(stop - start, dtype=np.float32)
    file, _ = split_channel(header.path)
    with _opened(header.path) as (stream, pick), mono_reader(stream, file, pick) as read:
        block = block_length(stream)
        for begin in range(start, stop, block):
            end = min(stop, begin + block)
            decoded = read(begin, end - begin)
            if len(decoded) < end - begin:
                raise _cut_short(header.path, f"{header.samples} samples", begin + len(decoded))
            waveform[begin - start : end - start] = decoded
    check_samples(waveform, header.path)
    return waveform


def channels(header: AudioInfo, start: int = 0, stop: int | None = None) -> Iterator[Waveform]:
    """Yield samples of all channels that are read, in blocks, with the checks of `decode`.

    Parameters
    ----------
    header : AudioInfo
        Header of the file, from `info`.
    start, stop : int, optional
        First sample (included) and last sample (excluded). Default to the whole file.

    Yields
    ------
    ndarray of float32, shape (samples, channels)

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.zeros((8000, 2)), 16000)
    >>> [block.shape for block in channels(info(path))], [len(block) for block in channels(info(path), 7999)]
    ([(8000, 2)], [1])
    """
    yield from channels_of_parts(header, [(start, header.samples if stop is None else stop)])


def channels_of_parts(header: AudioInfo, parts: Iterable[tuple[int, int]]) -> Iterator[Waveform]:
    """As `channels`, of several parts of a file, which is opened once.

    Parameters
    ----------
    header : AudioInfo
        Header of the file, from `info`.
    parts : iterable of tuple of int
        First sample (included) and last sample (excluded) of each.

    Yields
    ------
    ndarray of float32, shape (samples, channels)
        Of a long part, several blocks.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.zeros(8000), 16000)
    >>> [block.shape for block in channels_of_parts(info(path), [(0, 10), (7000, 8000)])]
    [(10, 1), (1000, 1)]
    """
    with _opened(header.path) as (stream, pick):
        for start, stop in parts:
            stream.seek(start)
            for begin in range(start, stop, block_length(stream)):
                count = min(block_length(stream), stop - begin)
                block = stream.read(count, dtype="float32", always_2d=True)
                if len(block) < count:
                    raise _cut_short(header.path, f"{header.samples} samples", begin + len(block))
                used = pick(block)
                check_samples(used, header.path)
                yield block if pick is mix_down else used[:, None]
