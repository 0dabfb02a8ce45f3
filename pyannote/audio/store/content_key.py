"""Digests of the content of recordings, and file states, which show whether a recording is unchanged."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Mapping
from hashlib import blake2b, sha256
from typing import BinaryIO

import numpy as np

from pyannote.audio.core.errors import AudioError
from pyannote.audio.io.channel_names import split_channel
from pyannote.audio.io.error_context import name_of
from pyannote.audio.io.storage import digest_of
from pyannote.audio.io.waveform import AudioFile, audio_path, percent

_TICK = 0.02
"""Resolution in seconds of the clock of file systems: two changes within this time may have the same time."""

_DIGITS = 32
"""Hexadecimal digits of a digest: 128 bits of SHA-256."""


def content_of(file: AudioFile) -> str:
    """Digest of all bytes of an audio file and of its channel, or of samples and rate of a waveform.

    Parameters
    ----------
    file : path or mapping
        Path, file of a protocol, or mapping with "waveform", of shape (samples,) or (channels, samples), and
        "sample_rate". The digest does not depend on name and speed. That of `a.wav#2` (see `channel_names`)
        is another one than those of `a.wav`, and of its other channels.

    Returns
    -------
    str
        First 32 hexadecimal digits of SHA-256; of a channel, of the digest of the file and its number.

    Raises
    ------
    AudioError
        The file does not exist, cannot be read, or changes while it is read.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> path.write_bytes(b"content")
    7
    >>> content_of(path)
    'ed7002b439e9ac845f22357d822bac14'
    """
    if isinstance(file, Mapping) and "waveform" in file:
        return _waveform_digest(file)
    path = audio_path(file) if isinstance(file, Mapping) else file
    before = state_of(path)
    audio, channel = split_channel(path)
    try:
        with open(audio, "rb", opener=_without_blocking) as stream:
            _check_and_wait(stream, path)
            digest = digest_of(stream)[:_DIGITS]
    except OSError as error:
        raise _unreadable(error, path) from error
    if state_of(path) != before:
        raise changed_error(path)
    return digest if channel is None else sha256(f"{digest}#{channel}".encode()).hexdigest()[:_DIGITS]


def content_key(file: AudioFile, content: str | None = None) -> str:
    """Key of the features of a recording, which depend on its content and on the speed of its playback.

    Parameters
    ----------
    file : path or mapping
        See `content_of`, also for the shape of waveforms; "speed" is a factor from 0.5 to 2.
    content : str, optional
        Its digest, if known.

    Returns
    -------
    str
        32 hexadecimal digits, equal to those of `content_of` at a speed of 1.

    Raises
    ------
    AudioError
        See `content_of`; or the speed is out of its range.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> path.write_bytes(b"content")
    7
    >>> content_key({"audio": path}) == content_of(path), content_key({"audio": path, "speed": 0.9})
    (True, '38357039f560d1d47eff0ea153c63e0d')
    """
    speed = _speed(file)
    key = content_of(file) if content is None else content
    return key if speed == 100 else blake2b(f"{key} {speed}".encode(), digest_size=16).hexdigest()


def state_of(file: AudioFile) -> bytes:
    """State of a recording, 17 bytes: as long as they are equal, its content and speed are equal.

    The first 16 bytes are a digest of path (with its channel), inode, size, and the times of the last change
    of content and inode, in nanoseconds; no file is opened. Those of a waveform, of shape (samples,) or
    (channels, samples), are a digest of its samples. The last byte is the speed in percent. The content may
    be equal even if states differ.

    Raises
    ------
    AudioError
        The file does not exist, or the speed is out of its range.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> path.write_bytes(b"content")
    7
    >>> before = state_of(path)
    >>> path.write_bytes(b"another")
    7
    >>> os.utime(path, ns=(0, 0))
    >>> state_of(path) == before
    False
    """
    if not isinstance(file, Mapping):
        return _file_state(file, 100)
    if "waveform" in file:
        return bytes.fromhex(_waveform_digest(file)) + bytes([_speed(file)])
    return _file_state(audio_path(file), _speed(file))


def check_unchanged(file: AudioFile, state: bytes, key: str) -> bytes:
    """Check that the content of a recording is unchanged; it is read only if its state differs.

    Parameters
    ----------
    file : path or mapping
    state : bytes
        Earlier state, possibly of another machine.
    key : str
        Key of the earlier content (see `content_key`).

    Returns
    -------
    bytes
        Current state.

    Raises
    ------
    AudioError
        The content has changed.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> path.write_bytes(b"content")
    7
    >>> state, key = state_of(path), content_key(path)
    >>> os.utime(path, ns=(0, 0))
    >>> check_unchanged(path, state, key) == state_of(path)
    True
    """
    now = state_of(file)
    if now != state and content_key(file) != key:
        raise changed_error(file)
    return now


def changed_error(file: AudioFile) -> AudioError:
    """Error of a recording that has changed while it was read.

    Examples
    --------
    >>> changed_error("a.wav").message
    'The recording has changed while it was being read.'
    """
    return AudioError(
        "The recording has changed while it was being read.",
        file=name_of(file),
        fix="Wait until no program writes to it, and start again.",
    )


def _speed(file: AudioFile) -> int:
    return percent(file["speed"]) if isinstance(file, Mapping) and "speed" in file else 100


def _file_state(path: str | os.PathLike[str], speed: int) -> bytes:
    audio = path if "#" not in os.fspath(path) else split_channel(path)[0]
    try:
        status = os.stat(audio)  # noqa: PTH116  several times faster than by way of Path, for many files
    except OSError as error:
        raise _unreadable(error, path) from error
    name = os.fspath(path)
    if not os.path.isabs(name):  # noqa: PTH117
        name = os.path.abspath(name)  # noqa: PTH100
    # a program can reset the time of change of the content (mtime), but not that of the inode (ctime)
    state = f"{name}\0{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    return blake2b(state.encode(errors="surrogateescape"), digest_size=16).digest() + bytes([speed])


def _check_and_wait(stream: BinaryIO, path: str | os.PathLike[str]) -> None:
    """Check that this is a regular file, and wait until a further change would get another time."""
    status = os.fstat(stream.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(
            "This is a pipe or a device, not an audio file.", file=path, fix="Check the path in database.yml."
        )
    age = time.time() - status.st_ctime
    if 0 <= age < _TICK:
        time.sleep(_TICK - age)


def _unreadable(error: OSError, path: str | os.PathLike[str]) -> AudioError:
    return AudioError(
        f"The audio file cannot be read ({error.strerror}).",
        file=path,
        fix="Check the path, or its template in database.yml.",
    )


def _without_blocking(path: str, flags: int) -> int:
    # opening a pipe blocks until another program writes to it; Windows has no such pipes
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _waveform_digest(file: Mapping[str, object]) -> str:
    waveform = np.ascontiguousarray(file["waveform"], dtype=np.float32)
    state = sha256(f"{file.get('sample_rate')} {waveform.shape}".encode())
    state.update(waveform.data)
    return state.hexdigest()[:_DIGITS]
