"""Files that a preparing command has read, and those that it has left out, with reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.applications.terminal import say
from pyannote.audio.database.corpora.annotated_file import audio_duration
from pyannote.audio.database.corpora.unread_audio import UNREAD
from pyannote.audio.io.lines import quoted
from pyannote.audio.io.rttm import read_events, read_uem
from pyannote.audio.io.yaml_files import read_plain

SHOWN = 3
"""Files of a kind that are named."""

Reason = Callable[[Path], str | None]
"""Says why a file below a folder was left out; None if it was read."""


class LeftOver(NamedTuple):
    """Files of one kind that were found and left out.

    Parameters
    ----------
    kind : str
        Such as "*.selections.txt".
    files : list of str
        Their paths below the folder.
    reason : str

    Examples
    --------
    >>> print(LeftOver("*.m4a", ["a.m4a", "b.m4a"], "not read"))
    2 files *.m4a (a.m4a, b.m4a): not read
    """

    kind: str
    files: list[str]
    reason: str

    def __str__(self) -> str:
        more = len(self.files) - SHOWN
        named = ", ".join(self.files[:SHOWN]) + (f" and {more} more" if more > 0 else "")
        return f"{len(self.files)} file{'s' * (len(self.files) != 1)} {self.kind} ({named}): {self.reason}"


def say_prepared(database: Path, name: str, folders: Iterable[Path], reason: Reason) -> None:
    """Say how many files, events and hours a database has, and what else its folders contain.

    Parameters
    ----------
    database : Path
        The `database.yml`.
    name : str
        Name of the database.
    folders : iterable of Path
        Folders that were searched.
    reason : callable
        See `Reason`.
    """
    say(f"Read {amount(database, name)}.")
    for folder in folders:
        for one in left_over(folder, database.parent, reason):
            say(f"Left out below {folder}: {one}")


def recordings_of(database: Path) -> set[Path]:
    """Audio files of a database that a preparing command has written."""
    return {Path(path) for path in read_plain(database.parent / "recordings.yml").values()}


def amount(database: Path, name: str) -> str:
    """Number of files, events and hours of a database that a preparing command has written."""
    rttm, uem = (database.parent / f"{name}{suffix}" for suffix in (".rttm", ".uem"))
    if uem.is_file():
        durations = [regions.duration() for regions in read_uem(uem).values()]
    else:
        durations = [*map(audio_duration, recordings_of(database))]
    count, hours = len(durations), sum(durations) / 3600
    events = f", {len(read_events(rttm))} events" if rttm.is_file() else ""
    return f"{count} file{'s' * (count != 1)}{events}, {hours:.3g} hours"


def left_over(folder: Path, output: Path, reason: Reason) -> list[LeftOver]:
    """Files below a folder that were not read, by kind and reason; hidden files are not counted.

    Parameters
    ----------
    folder : Path
    output : Path
        Folder of the database, which is not searched.
    reason : callable
        See `Reason`.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> for name in ("a.wav", "a.WMA", "notes.txt"):
    ...     (folder / name).touch()
    >>> reason = lambda path: None if path.suffix == ".wav" else "not read"
    >>> for one in left_over(folder, folder / "out", reason):
    ...     print(one)
    1 file *.WMA (a.WMA): sound in this format is not read; convert it to wav or flac
    1 file *.txt (notes.txt): not read
    """
    kinds: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for path in _files(folder, output):
        if (why := _reason(path, reason)) is not None:
            kinds[_kind(path), why].append(quoted_path(path.relative_to(folder)))
    return [LeftOver(kind, files, why) for (kind, why), files in sorted(kinds.items())]


def quoted_path(path: Path) -> str:
    """Path for a line of output, in quotes only where it has blanks or control characters."""
    text = path.as_posix()
    return text if text.isprintable() and " " not in text else quoted(text)


def _files(folder: Path, output: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        # macOS writes a hidden companion beside each file that it copies to other disks
        if path.is_file() and not path.name.startswith(".") and output not in path.parents:
            yield path


def _reason(path: Path, reason: Reason) -> str | None:
    if path.suffix.lower() in UNREAD:
        return "sound in this format is not read; convert it to wav or flac"
    return reason(path)


def _kind(path: Path) -> str:
    """Kind of a file by its suffix, or by two of them such as ".segments.xml"."""
    last = path.suffixes[-2:]
    words = last[:1] and last[0][1:].replace("-", "").isalpha()
    return f"*{''.join(last if words else last[-1:])}" if last else "without a suffix"
