"""Names of single channels of audio files: `a.wav#2` is channel 2 of `a.wav`, counted from 1.

A file whose own name ends in this way is that file: what exists has precedence. Audio that is named without a
channel is the mean of all its channels.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from pyannote.audio.core.errors import AudioError

_CHANNEL = re.compile(r"(.+)#([0-9]{1,4})")


def split_name(name: str) -> tuple[str, int | None]:
    """Name without its channel, and the channel, None if there is none.

    Examples
    --------
    >>> split_name("call#2"), split_name("call"), split_name("#2")
    (('call', 2), ('call', None), ('#2', None))
    """
    match = _CHANNEL.fullmatch(name)
    return (name, None) if match is None else (match[1], int(match[2]))


def split_channel(path: str | os.PathLike[str]) -> tuple[Path, int | None]:
    """Audio file that a path names, and the channel, None if it names none.

    Parameters
    ----------
    path : path
        Such as `a.wav` or `a.wav#2`.

    Returns
    -------
    file : Path
    channel : int, optional
        Counted from 1; it need not exist.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> file, channel = split_channel(folder / "a.wav#2")
    >>> file.name, channel
    ('a.wav', 2)
    >>> (folder / "a.wav#2").touch()
    >>> file, channel = split_channel(folder / "a.wav#2")
    >>> file.name, channel
    ('a.wav#2', None)
    """
    path = Path(path)
    name, channel = split_name(path.name)
    # nearly all names end here, without a look at the disk
    return (path, None) if channel is None or os.path.lexists(path) else (path.with_name(name), channel)


def with_channel(path: Path, channel: int) -> Path:
    """Name of a channel of an audio file.

    Parameters
    ----------
    path : Path
    channel : int
        Counted from 1.

    Raises
    ------
    AudioError
        The name is that of another file, or the path names another channel.

    Examples
    --------
    >>> with_channel(Path("a.wav"), 2), with_channel(Path("a.wav#2"), 2)
    (PosixPath('a.wav#2'), PosixPath('a.wav#2'))
    """
    file, named = split_channel(path)
    if named not in (None, channel):
        raise AudioError(
            f"The channel is {named} by its name, and {channel} by `channel:`.",
            file=path,
            fix="Remove one of the two.",
        )
    result = file.with_name(f"{file.name}#{channel}")
    if os.path.lexists(result):
        raise AudioError(
            f"A file of this name exists, so that channel {channel} of {file.name} cannot be named.",
            file=result,
            fix="Rename one of the two files.",
        )
    return result
