"""An audio file, decoded by libsndfile, and checked for the damage that libsndfile hides."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from pyannote.audio.core.errors import AudioError
from pyannote.audio.io.samples import Waveform, block_length, mixed, mono_reader

SAMPLE_RATES = (1_000, 1_000_000)
"""Lowest and highest sample rate in Hertz that is believed."""

LARGEST_SAMPLE = 1e6
"""Samples beyond this are damage: full scale is 1, and 32768 in files that hold integers as floats."""

_BELIEVED = 1 << 21
"""Samples that a header may promise without proof: of more, the last one is looked at."""

_MPEG_SAMPLES = 24
"""Samples that MP3 can code in a byte: 24 kHz at 8 kbit/s."""

# Programs that write to a pipe cannot go back and fill in the length: they leave about 2 or 4 GB there.
_UNKNOWN_LENGTH = 0x7FFF_F000
_SHORTER_THAN_PROMISED = re.compile(r"(?:data|SSND|Data Size|riff|Riff size)\s*: (\d+) \(should be (\d+)\)")


@dataclass(frozen=True)
class AudioInfo:
    """What the header of an audio file says.

    Parameters
    ----------
    path : Path
    sample_rate : int
        In Hertz.
    channels : int
    samples : int
        Samples of each channel.
    format : str
        How samples are written, such as "WAV PCM_24".
    """

    path: Path
    sample_rate: int
    channels: int
    samples: int
    format: str

    @property
    def duration(self) -> float:
        """Duration in seconds."""
        return self.samples / self.sample_rate


def info(path: str | os.PathLike[str]) -> AudioInfo:
    """Sample rate, channels and length of an audio file, from its header.

    Raises
    ------
    AudioError
        The file is missing, empty, not audio, or shorter than its header promises.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.zeros((8000, 2)), 16000)
    >>> info(path).channels, info(path).duration
    (2, 0.5)
    """
    with _opened(Path(path)) as stream:
        _check_end(stream, Path(path))
        written = f"{stream.format} {stream.subtype}"
        return AudioInfo(Path(path), stream.samplerate, stream.channels, stream.frames, written)


@contextmanager
def _opened(path: Path) -> Iterator[soundfile.SoundFile]:
    _check_file(path)
    try:
        with soundfile.SoundFile(path) as stream:
            _check_header(stream, path)
            yield stream
    # soundfile raises TypeError for a file without header, which it knows by a name that ends in ".raw".
    except (soundfile.SoundFileError, TypeError, OSError) as error:
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        raise AudioError(
            f"It cannot be decoded as audio ({reason}).", file=path, fix="Convert it again, to WAV or FLAC."
        ) from error


def _check_file(path: Path) -> None:
    """Refuse what is no file: to open a pipe is to wait for whoever writes to it, and a device has no end."""
    fix = "Check the path, or its template in database.yml."
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise AudioError("There is no such audio file.", file=path, fix=fix) from error
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
        raise AudioError(f"This is {what}, not an audio file.", file=path, fix=fix)
    if status.st_size == 0:
        raise AudioError("The audio file is empty (0 bytes).", file=path, fix="Copy or record it again.")


def _check_header(stream: soundfile.SoundFile, path: Path) -> None:
    if stream.channels < 1 or stream.frames < 1:
        raise AudioError("The audio file holds no samples.", file=path, fix="Copy or record it again.")
    check_rate(stream.samplerate, "The sample rate in its header", path)
    for promised, found in _SHORTER_THAN_PROMISED.findall(stream.extra_info):
        if int(found) < int(promised) < _UNKNOWN_LENGTH:
            raise _cut_short(path, f"{promised} bytes", found)


def _check_end(stream: soundfile.SoundFile, path: Path) -> None:
    """Refuse a length that a damaged header of a compressed file makes up, such as a year."""
    if stream.frames <= _BELIEVED:
        return
    if "MPEG" in stream.subtype:
        # to look at the last sample is to read the file to its end
        found = stream.frames <= _MPEG_SAMPLES * path.stat().st_size
    else:
        stream.seek(stream.frames - 1)
        found = len(stream.read(1, dtype="float32")) > 0
    if not found:
        raise _cut_short(path, f"{stream.frames} samples", "fewer")


def _cut_short(path: Path, promised: str, found: object) -> AudioError:
    return AudioError(
        f"It is cut short: its header promises {promised}, there are {found}.",
        file=path,
        fix="Copy or download it again.",
    )


def check_rate(sample_rate: int, what: str, path: Path | None = None) -> None:
    """Refuse sample rates that no recorder has, saying `what` it is the rate of."""
    lowest, highest = SAMPLE_RATES
    if not lowest <= sample_rate <= highest or int(sample_rate) != sample_rate:
        raise AudioError(f"{what} is {sample_rate} Hz; allowed are {lowest} to {highest} Hz.", file=path)


def decode(header: AudioInfo, start: int, stop: int) -> Waveform:
    """Decode a part of a file at its own rate, in blocks, mixed down."""
    waveform = np.empty(stop - start, dtype=np.float32)
    with _opened(header.path) as stream, mono_reader(stream, header.path) as read:
        block = block_length(stream)
        for begin in range(start, stop, block):
            end = min(stop, begin + block)
            decoded = read(begin, end - begin)
            if len(decoded) < end - begin:
                raise _cut_short(header.path, f"{header.samples} samples", begin + len(decoded))
            waveform[begin - start : end - start] = decoded
    check_samples(waveform, header.path)
    return waveform


def channels(header: AudioInfo) -> Iterator[Waveform]:
    """All samples of a file, in blocks of shape (samples, channels), checked as `decode` checks them."""
    read = 0
    with _opened(header.path) as stream:
        for block in stream.blocks(block_length(stream), dtype="float32", always_2d=True):
            check_samples(mixed(block), header.path)
            read += len(block)
            yield block
    if read < header.samples:
        raise _cut_short(header.path, f"{header.samples} samples", read)


def check_samples(waveform: Waveform, name: str | os.PathLike[str]) -> None:
    """Refuse NaN, infinity and values far beyond full scale."""
    # A comparison with NaN is false, so that NaN and infinity end here too.
    if len(waveform) and not max(waveform.max(), -waveform.min()) <= LARGEST_SAMPLE:
        index = int(np.argmin(np.abs(waveform) <= LARGEST_SAMPLE))
        raise AudioError(
            f"Sample {index} of the part that was read is {waveform[index]}; full scale is 1.",
            file=name,
            fix="Convert it again from its source.",
        )
