"""What tells one recording from another, without reading all of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from pyannote.audio.core.errors import AudioError
from pyannote.audio.io.waveform import AudioFile, audio_path, percent

_SAMPLED = 1 << 16
"""Bytes that are read at the start, in the middle and at the end of a file."""


def content_key(file: AudioFile) -> str:
    """Key of the content of a recording, as 32 hexadecimal digits.

    For a file, that of its size, the time when it was last changed, and 64 KiB of content at the start, in
    the middle and at the end, not of its name; for a waveform, that of its samples and rate. One that is
    heard at another speed has another key.

    Raises
    ------
    AudioError
        There is no such file, or no such speed.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> path.write_bytes(b"content")
    7
    >>> len(content_key(path)), content_key(path) == content_key({"audio": path})
    (32, True)
    """
    if isinstance(file, Mapping):
        key = _waveform_key(file) if "waveform" in file else content_key(audio_path(file))
        speed = _speed(file)
        return key if speed == 100 else blake2b(f"{key} {speed}".encode(), digest_size=16).hexdigest()
    try:
        return _file_key(Path(file))
    except OSError as error:
        raise _unreadable(error, file) from error


def state_of(file: AudioFile) -> bytes:
    """What its folder tells of a recording, as 16 bytes: as long as it is the same, so is the content key.

    For a file, that of its path, its size, and the times when its content and its place were last changed. No
    file is opened. For a waveform, its content key.

    Raises
    ------
    AudioError
        There is no such file, or no such speed.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> path.write_bytes(b"content")
    7
    >>> before = state_of(path)
    >>> path.write_bytes(b"other content")
    13
    >>> state_of(path) == before
    False
    """
    if not isinstance(file, Mapping):
        return _file_state(file, 100)
    if "waveform" in file:
        return bytes.fromhex(content_key(file))
    return _file_state(audio_path(file), _speed(file))


def _speed(file: Mapping[str, Any]) -> int:
    return percent(file["speed"]) if "speed" in file else 100


def _file_state(path: str | os.PathLike[str], speed: int) -> bytes:
    try:
        status = os.stat(path)  # noqa: PTH116  several times faster than by way of Path, for many files
    except OSError as error:
        raise _unreadable(error, path) from error
    # A program can set the time of change of the content back, but not that of the entry (ctime).
    times = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    return blake2b(
        f"{os.fspath(path)}\0{times} {speed}".encode(errors="surrogateescape"), digest_size=16
    ).digest()


def _unreadable(error: OSError, path: str | os.PathLike[str]) -> AudioError:
    return AudioError(
        f"The audio file cannot be read ({error.strerror}).",
        file=path,
        fix="Check the path, or its template in database.yml.",
    )


def _file_key(path: Path) -> str:
    status = path.stat()
    state = blake2b(f"{status.st_size} {status.st_mtime_ns}".encode(), digest_size=16)
    with open(path, "rb", opener=_without_waiting) as stream:
        for start in (0, (status.st_size - _SAMPLED) // 2, status.st_size - _SAMPLED):
            stream.seek(max(0, start))
            state.update(stream.read(_SAMPLED))
    return state.hexdigest()


def _without_waiting(path: str, flags: int) -> int:
    # to open a pipe would wait until somebody writes to it
    return os.open(path, flags | os.O_NONBLOCK)


def _waveform_key(file: Mapping[str, object]) -> str:
    waveform = np.ascontiguousarray(file["waveform"], dtype=np.float32)
    state = blake2b(f"{file.get('sample_rate')} {waveform.shape}".encode(), digest_size=16)
    state.update(waveform.data)
    return state.hexdigest()
