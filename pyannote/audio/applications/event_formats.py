"""Formats of the events that `apply` writes: its own, and those of `pyannote.audio.database.formats`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyannote.audio.applications.arguments import one_of
from pyannote.audio.core.labels import Event
from pyannote.audio.database.formats.base import Writer, formats
from pyannote.audio.io.apply_folders import ApplyFolder
from pyannote.audio.io.paths import inside

TSV, RTTM = "tsv", "rttm"
"""Own formats: the event list of sed_eval, and RTTM of all classes and of each."""


def writers() -> dict[str, Writer]:
    """Writers of further formats, by their names.

    Examples
    --------
    >>> "audacity" in writers(), "rttm" in writers()
    (True, False)
    """
    return {
        name: one.write
        for name, one in formats().items()
        if one.write is not None and name not in (TSV, RTTM)
    }


def check_formats(names: Sequence[str]) -> None:
    """Refuse names of formats that cannot be written.

    Raises
    ------
    UsageError
        With the names of all formats, and the nearest.

    Examples
    --------
    >>> check_formats(["tsv", "audacity"])
    >>> check_formats(["audacty"])
    Traceback (most recent call last):
    pyannote.audio.core.errors.UsageError: There is no format 'audacty'; there are tsv, rttm, ...
    """
    for name in names:
        one_of("format", name, (TSV, RTTM, *writers()))


def check_labels(names: Sequence[str], labels: Sequence[str], durations: Mapping[str, float]) -> None:
    """Refuse classes and recordings whose names a format cannot express: before the work.

    Parameters
    ----------
    names : sequence of str
        Formats.
    labels : sequence of str
    durations : mapping of str to float
        Duration of each recording, in seconds.

    Raises
    ------
    DataError
        If one of them cannot be written.
    """
    count = len(labels)
    events = {
        uri: [(i * length / count, (i + 1) * length / count, label) for i, label in enumerate(labels)]
        for uri, length in durations.items()
    }
    for name, write in writers().items():
        if name in names:
            write(events, durations)


def formatted(
    folder: ApplyFolder,
    run: str,
    names: Sequence[str],
    events: Mapping[str, Sequence[Event]],
    durations: Mapping[str, float],
) -> dict[Path, str]:
    """Text of each file of the further formats that were chosen.

    Parameters
    ----------
    folder : ApplyFolder
    run : str
        Name of the run, `<Protocol>.<subset>`.
    names : sequence of str
        Formats.
    events : mapping of str to sequence of (onset, offset, label)
        Events of each recording, in seconds.
    durations : mapping of str to float
        Duration of each recording, in seconds.
    """
    return {
        inside(format_folder(folder, run, name), path): text
        for name, write in writers().items()
        if name in names
        for path, text in write(events, durations).items()
    }


def format_folder(folder: ApplyFolder, run: str, name: str) -> Path:
    """Folder of the files of a format.

    Examples
    --------
    >>> format_folder(ApplyFolder(Path("/0003")), "Street.Events.All.test", "audacity").as_posix()
    '/0003/Street.Events.All.test.audacity'
    """
    return inside(folder.path, f"{run}.{name}")


def earlier_files(folder: ApplyFolder, run: str) -> list[Path]:
    """Files of further formats that an earlier run of the same name has written."""
    places = (format_folder(folder, run, name) for name in writers())
    return sorted(path for place in places if place.is_dir() for path in place.rglob("*") if path.is_file())
