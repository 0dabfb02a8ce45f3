"""Fast reading of mono samples: integer samples are converted by NumPy instead of libsndfile.

Most recordings have samples of 16 bits, or of 24 bits in WAV. NumPy converts these to the same floats several
times faster than libsndfile: both divide by a power of two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from pyannote.audio.io.unsized_wav import UnsizedWav, open_bytes

Waveform = npt.NDArray[np.float32]

Reader = Callable[[int, int], Waveform]
"""``read(start, count)`` returns `count` mono samples from sample `start` on, fewer at the end."""

Pick = Callable[[Waveform], Waveform]
"""Function from all channels, shape (samples, channels), to the samples that are used, shape (samples,)."""

WAV = ("WAV", "WAVEX", "RF64")
"""Formats of files that begin with RIFF, whose 24-bit samples are contiguous and little-endian."""

_BIT_RESERVOIR = 32 * 1152
"""Samples before each block that are decoded and dropped: an MP3 frame may need bits of earlier frames.

This holds for each block, not only for the first, since soundfile ends every read with a seek.
"""

_MANY = 64
"""Number of channels from which on `sum` is faster than adding one channel after the other."""

_DECODED = 1 << 17
"""Values of a block, which fit into the cache of the processor while they are mixed down."""


def block_length(stream: soundfile.SoundFile) -> int:
    """Samples per channel of the blocks in which a file is read.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.zeros((8, 2)), 16000)
    >>> with soundfile.SoundFile(path) as stream:
    ...     block_length(stream)
    65536
    """
    block = max(1, _DECODED // stream.channels)
    return max(block, 8 * _BIT_RESERVOIR) if "MPEG" in stream.subtype else block


@contextmanager
def mono_reader(stream: Any, path: Path, pick: Pick | None = None) -> Iterator[Reader]:
    """Context that gives the fastest reader of mono samples for the format of an open file.

    Parameters
    ----------
    stream : soundfile.SoundFile, or an object with the same methods
    path : Path
        Its file.
    pick : callable, optional
        Gives the samples that are used, of shape (samples,), of all channels, of shape (samples, channels).
        Defaults to `mix_down`.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.array([[0.5, 0.0], [0.5, 0.5]]), 16000)
    >>> with soundfile.SoundFile(path) as stream, mono_reader(stream, path) as read:
    ...     read(0, 2)
    array([0.25, 0.5 ], dtype=float32)
    """
    pick = pick or mix_down
    if "MPEG" in stream.subtype:
        yield partial(_read_mpeg, stream, pick)
    elif stream.subtype == "PCM_16":
        yield partial(_read_16_bits, stream, pick)
    elif stream.subtype == "PCM_24" and stream.format in WAV and stream.endian != "BIG":
        # libsndfile has checked the header; its seeks position the second, unbuffered stream at samples
        with open_bytes(path) as file, soundfile.SoundFile(file) as located:
            yield partial(_read_24_bits, located, file, pick)
    else:
        yield partial(_read_floats, stream, pick)


def _read_floats(stream: Any, pick: Pick, start: int, count: int) -> Waveform:
    stream.seek(start)
    return pick(stream.read(count, dtype="float32", always_2d=True))


def _read_mpeg(stream: soundfile.SoundFile, pick: Pick, start: int, count: int) -> Waveform:
    dropped = min(start, _BIT_RESERVOIR)
    return _read_floats(stream, pick, start - dropped, count + dropped)[dropped:]


def _read_16_bits(stream: soundfile.SoundFile, pick: Pick, start: int, count: int) -> Waveform:
    stream.seek(start)
    mono = pick(stream.read(count, dtype="int16", always_2d=True).astype(np.float32))
    mono *= np.float32(2**-15)
    return mono


def _read_24_bits(
    located: soundfile.SoundFile, file: FileIO | UnsizedWav, pick: Pick, start: int, count: int
) -> Waveform:
    located.seek(start)
    width = 3 * located.channels
    content = bytearray(count * width + 1)
    count = (file.readinto(memoryview(content)[:-1]) or 0) // width
    # integers of 4 bytes every 3 bytes: the shift to the left drops the first byte of the next sample
    numbers = np.ndarray((count, located.channels), "<i4", content, strides=(width, 3)) << 8
    mono = pick(numbers.astype(np.float32))
    mono *= np.float32(2**-31)
    return mono


def one_channel(channel: int, frames: Waveform) -> Waveform:
    """Samples of one channel.

    Parameters
    ----------
    channel : int
        Counted from 1.
    frames : ndarray of float32, shape (samples, channels)

    Returns
    -------
    ndarray of float32, shape (samples,)
        A view.

    Examples
    --------
    >>> one_channel(2, np.array([[1, 3], [2, 2]], dtype=np.float32))
    array([3., 2.], dtype=float32)
    """
    return frames[:, channel - 1]


def mix_down(frames: Waveform) -> Waveform:
    """Mean over channels, several times faster than ``frames.mean(axis=1)``.

    Parameters
    ----------
    frames : ndarray of float32, shape (samples, channels)

    Returns
    -------
    ndarray of float32, shape (samples,)
        A view if there is one channel.

    Examples
    --------
    >>> mix_down(np.array([[1, 3], [2, 2]], dtype=np.float32))
    array([2., 2.], dtype=float32)
    """
    if frames.shape[1] == 1:
        return frames[:, 0]
    # infinities of opposite signs add up to NaN, which is refused later
    with np.errstate(invalid="ignore", over="ignore"):
        mono = frames.sum(axis=1) if frames.shape[1] >= _MANY else _added(frames)
    mono *= np.float32(1 / frames.shape[1])
    return mono


def _added(frames: Waveform) -> Waveform:
    mono = frames[:, 0] + frames[:, 1]
    for channel in range(2, frames.shape[1]):
        mono += frames[:, channel]
    return mono
