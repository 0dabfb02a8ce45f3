"""Paths of files below a folder, for names that come from data."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from pyannote.audio.core.errors import DataError

LONGEST_NAME, LONGEST_PATH = 255, 3800
"""Highest number of bytes of a part of a path, and of all parts below the folder."""


def inside(folder: Path, name: str, suffix: str = "") -> Path:
    """Path of a file below a folder, for a name that comes from data.

    Parts of the name that are too long for file systems are shortened, and end with their digest.

    Parameters
    ----------
    folder : Path
        The folder, outside of which no path may lead.
    name : str
        Name of a file, possibly with folders, such as a uri.
    suffix : str, optional
        Suffix of the file name.

    Raises
    ------
    DataError
        The name is empty or absolute, has ``..`` or empty parts, contains a NUL or half of a surrogate pair,
        is too long for file systems, or leads out of the folder by a symbolic link.

    Examples
    --------
    >>> inside(Path("scores"), "speaker1/a001", ".npy").as_posix()
    'scores/speaker1/a001.npy'
    >>> inside(Path("scores"), "../a001.npy")
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: The name '../a001.npy' climbs out of its folder. Rename the file.
    >>> len(inside(Path("scores"), 255 * "x", ".npy").name)
    255
    """
    problem = _problem(name)
    if problem is None:
        *parents, last = name.split("/")
        path = Path(folder, *map(_short, parents), f"{_short(last, suffix)}{suffix}")
        if path.parent.resolve().is_relative_to(Path(folder).resolve()):
            return path
        problem = "leads out of its folder by a symbolic link"
    shown = name if len(name) <= 60 else f"{name[:57]}..."
    raise DataError(f"The name {shown!r} {problem}.", fix="Rename the file.")


def is_file(path: Path) -> bool:
    """Whether there is a file; a name that is longer than file systems allow is none.

    Examples
    --------
    >>> is_file(Path("/nowhere")), is_file(Path("x" * 1000))
    (False, False)
    """
    with contextlib.suppress(OSError):
        return path.is_file()
    return False


def flat_name(name: str) -> str:
    """Name without slashes, for a file in the same folder; different names stay different.

    Examples
    --------
    >>> flat_name("car"), flat_name("car/bus")
    ('car', 'car_bus~439207d68918a546')
    """
    return f"{name.replace('/', '_')}~{_short_digest(name)}" if "/" in name else name


def _problem(name: str) -> str | None:
    """Rest of the sentence `The name ...` for a name that is not allowed."""
    parts = name.split("/")
    if not name:
        return "is empty"
    if "\0" in name:
        return "holds a NUL character"
    if not parts[0]:
        return "is an absolute path"
    if ".." in parts:
        return "climbs out of its folder"
    if "" in parts or "." in parts:
        # another name would be the same file
        return "has an empty part"
    try:
        size = len(os.fsencode(name))
    except UnicodeEncodeError:
        return "holds half of a character"
    return f"is longer than the {LONGEST_PATH} bytes that file systems allow" if size > LONGEST_PATH else None


def _short(part: str, suffix: str = "") -> str:
    """Part of a path, short enough to be followed by a suffix."""
    limit = LONGEST_NAME - len(os.fsencode(suffix))
    encoded = os.fsencode(part)
    if len(encoded) <= limit:
        return part
    digest = _short_digest(part)
    return f"{encoded[: limit - len(digest) - 1].decode(errors='ignore')}~{digest}"


def _short_digest(name: str) -> str:
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
