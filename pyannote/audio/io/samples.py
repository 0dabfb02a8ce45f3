"""Mono samples of an audio file, by the fastest way for how the file holds them.

libsndfile turns samples into floats one by one. Most recordings hold whole numbers of 16 bits, or of 24 bits
in WAV, which NumPy turns into the same floats several times faster: both divide by a power of two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

Waveform = npt.NDArray[np.float32]

Reader = Callable[[int, int], Waveform]
"""``read(start, count)`` gives so many mono samples from sample `start` on; fewer where the file ends."""

_WAV = ("WAV", "WAVEX", "RF64")
"""Formats whose 24-bit samples lie one after the other, the lowest byte first."""

_BIT_RESERVOIR = 32 * 1152
"""An MP3 frame may need bits of frames before it: so many samples before each block are decoded and dropped.

Before each block, not only the first, since soundfile ends every read with a seek.
"""

_MANY = 64
"""Channels from which on it is faster to sum those of each sample than to add channel to channel."""

_DECODED = 1 << 17
"""Values that are decoded at once: few enough to stay in the cache while they are mixed down."""


def block_length(stream: soundfile.SoundFile) -> int:
    """Samples that are best read at once."""
    block = max(1, _DECODED // stream.channels)
    return max(block, 8 * _BIT_RESERVOIR) if "MPEG" in stream.subtype else block


@contextmanager
def mono_reader(stream: soundfile.SoundFile, path: Path) -> Iterator[Reader]:
    """Choose how to read the mono samples of a file that libsndfile has opened."""
    if "MPEG" in stream.subtype:
        yield partial(_read_mpeg, stream)
    elif stream.subtype == "PCM_16":
        yield partial(_read_16_bits, stream)
    elif stream.subtype == "PCM_24" and stream.format in _WAV and stream.endian != "BIG":
        # libsndfile has checked the header; through this second opening it tells where samples lie
        with path.open("rb", buffering=0) as file, soundfile.SoundFile(file) as located:
            yield partial(_read_24_bits, located, file)
    else:
        yield partial(_read_floats, stream)


def _read_floats(stream: soundfile.SoundFile, start: int, count: int) -> Waveform:
    stream.seek(start)
    return mixed(stream.read(count, dtype="float32", always_2d=True))


def _read_mpeg(stream: soundfile.SoundFile, start: int, count: int) -> Waveform:
    dropped = min(start, _BIT_RESERVOIR)
    return _read_floats(stream, start - dropped, count + dropped)[dropped:]


def _read_16_bits(stream: soundfile.SoundFile, start: int, count: int) -> Waveform:
    stream.seek(start)
    mono = mixed(stream.read(count, dtype="int16", always_2d=True).astype(np.float32))
    mono *= np.float32(2**-15)
    return mono


def _read_24_bits(located: soundfile.SoundFile, file: FileIO, start: int, count: int) -> Waveform:
    located.seek(start)
    width = 3 * located.channels
    content = bytearray(count * width + 1)
    found = file.readinto(memoryview(content)[:-1]) // width
    # Four bytes at every third one: a shift to the left drops the first byte of the next sample.
    numbers = np.ndarray((found, located.channels), "<i4", content, strides=(width, 3)) << 8
    mono = mixed(numbers.astype(np.float32))
    mono *= np.float32(2**-31)
    return mono


def mixed(frames: Waveform) -> Waveform:
    """Mean over channels, shape (samples, channels), several times faster than ``frames.mean(axis=1)``.

    Of a single channel, the channel itself.

    Examples
    --------
    >>> mixed(np.array([[1, 3], [2, 2]], dtype=np.float32))
    array([2., 2.], dtype=float32)
    """
    if frames.shape[1] == 1:
        return frames[:, 0]
    # infinities of two channels come to NaN, which is refused later
    with np.errstate(invalid="ignore", over="ignore"):
        mono = frames.sum(axis=1) if frames.shape[1] >= _MANY else _added(frames)
    mono *= np.float32(1 / frames.shape[1])
    return mono


def _added(frames: Waveform) -> Waveform:
    mono = frames[:, 0] + frames[:, 1]
    for channel in range(2, frames.shape[1]):
        mono += frames[:, channel]
    return mono
