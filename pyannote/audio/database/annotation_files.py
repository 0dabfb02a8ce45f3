"""Annotation in any format: which one it is in, which files it consists of, and what they contain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.annotated_channels import name_channels
from pyannote.audio.database.formats._lines import first_lines
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions, formats
from pyannote.audio.io.lines import quoted

SHOWN = 3
"""Files that are named where some are not read."""

Names = Mapping[str, object]
"""Names by which annotation may name recordings."""


def read_annotation_files(
    path: Path,
    recordings: Names,
    options: ReadOptions | None = None,
    name: str | None = None,
    faults: dict[str, DataError] | None = None,
) -> tuple[str, Reading]:
    r"""Read annotation in any format.

    Parameters
    ----------
    path : Path
        A file, or a folder of files, in folders of their own or not.
    recordings : mapping of str to object
        Names of recordings. In formats of one file a recording, files that are named after none of them are
        counted, and not read.
    options : ReadOptions, optional
    name : str, optional
        Name of the format, which is otherwise found by the names of files and by their first lines.
    faults : dict of str to DataError, optional
        Gets the first fault of each recording whose file cannot be read, which is not raised then. Faults of
        files about several recordings are always raised.

    Returns
    -------
    name : str
        Name of the format.
    reading : Reading
        Content of all files; times in seconds.

    Raises
    ------
    DataError
        If the format cannot be told, or a line cannot be read.
    UsageError
        If there is no format of this name.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> _ = (folder / "a.txt").write_text("0.5\t1.0\tcar\n")
    >>> name, reading = read_annotation_files(folder, {"a": "a.wav"})
    >>> name, reading.events[0].label
    ('audacity', 'car')
    """
    options = options or ReadOptions()
    name = checked_format(name) if name else found_format(path)
    chosen = formats()[name]
    if chosen.of_folders:
        reading = chosen.read(path, "", options)
    else:
        reading = _read_files(path, recordings, options, name, faults)
    name_channels(reading)
    _check_points(reading, options)
    return name, reading


def _read_files(
    path: Path, recordings: Names, options: ReadOptions, name: str, faults: dict[str, DataError] | None
) -> Reading:
    chosen = formats()[name]
    files = _files(path, chosen) if path.is_dir() else [path]
    if not files:
        raise DataError(
            f"There are no files of the format {name} ({', '.join(chosen.names)}) in this folder.",
            file=path,
            fix="Check the path, or name another format with --format.",
        )
    reading, unknown = Reading(), list[str]()
    _check_one_file_each(files, path, chosen, recordings)
    for file in files:
        recording = _recording(file, path, chosen, recordings)
        if recording is None and file == path:
            raise _without_recording(file, name)
        if recording is None:
            unknown.append(file.name)
            continue
        try:
            reading.merge(chosen.read(file, recording, options))
        except DataError as error:
            if faults is None or not chosen.per_recording:
                raise
            faults[recording] = error
    if unknown:
        some = ", ".join(unknown[:SHOWN])
        what = f"files {' or '.join(chosen.names)} without a recording of their name, such as {some}"
        reading.left_out[what] = len(unknown)
    return reading


def checked_format(name: str) -> str:
    """Name of a format, if there is one of this name.

    Raises
    ------
    UsageError
        If there is none.

    Examples
    --------
    >>> checked_format("rtm")
    Traceback (most recent call last):
    pyannote.audio.core.errors.UsageError: There is no format 'rtm'; ... Did you mean 'rttm'?
    """
    known = formats()
    if name not in known:
        close = get_close_matches(name, known, n=1)
        fix = f"Did you mean {close[0]!r}?" if close else "Use one of these."
        raise UsageError(f"There is no format {quoted(name)}; there are {', '.join(known)}.", fix=fix)
    return name


def _check_points(reading: Reading, options: ReadOptions) -> None:
    if options.strict and reading.points:
        file, line = reading.points[0]
        raise DataError(
            "This event has no duration.",
            file=file,
            line=line,
            fix="Correct its times; or leave out --strict, to drop and count such events.",
        )


def found_format(path: Path) -> str:
    """Name of the format of a file or folder.

    Raises
    ------
    DataError
        If it looks like none, or like several.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.rttm"
    >>> _ = path.write_text("SPEAKER a 1 1.5 2.0 <NA> <NA> car <NA> <NA>")
    >>> found_format(path)
    'rttm'
    """
    if not path.exists():
        raise DataError("There is no such file or folder.", file=path, fix="Check the path.")
    known = formats()
    if path.is_dir():
        of_folders = [name for name, one in known.items() if one.of_folders and one.looks_right(path)]
        if of_folders:
            return _only(of_folders, path)
    named = {
        file: [name for name, one in known.items() if not one.of_folders and one.recording(file) is not None]
        for file in (_visible(path) if path.is_dir() else [path])
    }
    named = {file: names for file, names in named.items() if names}
    # an empty file may be in any format
    named = {file: names for file, names in named.items() if first_lines(file)} or named
    if not named:
        raise _unknown(path, known)
    looks = {file: [name for name in names if known[name].looks_right(file)] for file, names in named.items()}
    counts = Counter(name for names in looks.values() for name in names)
    if not counts:
        return _by_name(named)
    best = [name for name, count in counts.items() if count == max(counts.values())]
    others = {name for names in looks.values() if names and not set(names) & set(best) for name in names}
    return _only([*best, *sorted(others)], path)


def _by_name(named: Mapping[Path, list[str]]) -> str:
    """Format of files whose names leave one format: its reader names the line that is wrong."""
    names = {name for names in named.values() for name in names}
    file = next(iter(named))
    if len(names) > 1:
        first = "".join(first_lines(file, 1))
        found = f"Its first line is {quoted(first)}" if first else "It is empty"
        raise DataError(
            f"{found}: that tells none of the formats of such files ({', '.join(sorted(names))}).",
            file=file,
            line=1,
            fix="Correct it; or say which format it is, with --format, to be told what is wrong.",
        )
    return names.pop()


def _only(names: list[str], path: Path) -> str:
    if len(names) > 1:
        raise DataError(
            f"The annotation may be in several formats: {', '.join(names)}.",
            file=path,
            fix=f"Say which: --format={names[0]}, for example.",
        )
    return names[0]


def _unknown(path: Path, known: Mapping[str, Format]) -> DataError:
    patterns = sorted({pattern for one in known.values() for pattern in one.names})
    return DataError(
        "This annotation is in no known format.",
        file=path,
        fix=f"Known are files called {', '.join(patterns)}: convert it, or name its format with --format.",
    )


def _without_recording(file: Path, name: str) -> DataError:
    return DataError(
        f"In the format {name}, a file is named after its recording, but none is called like this file.",
        file=file,
        fix="Rename it; or name the recordings in it; or say its format with --format.",
    )


def _visible(folder: Path) -> list[Path]:
    """Files below a folder."""
    # macOS writes a hidden companion beside each file that it copies to other disks
    return sorted(file for file in folder.rglob("*") if not file.name.startswith(".") and file.is_file())


def _files(folder: Path, chosen: Format) -> list[Path]:
    return [file for file in _visible(folder) if chosen.recording(file) is not None]


def _recording(file: Path, path: Path, chosen: Format, recordings: Names) -> str | None:
    """Name of the recording of a file: its path below the folder, or its name; None if there is none."""
    if not chosen.per_recording or chosen.names_recordings(file):
        return ""
    own = chosen.recording(file) or file.stem
    below = file.parent.relative_to(path) if path.is_dir() else Path()
    names = [(below / own).as_posix(), own]
    return next((name for name in names if name in recordings), None)


def _check_one_file_each(files: list[Path], path: Path, chosen: Format, recordings: Names) -> None:
    """Refuse two files about one recording: they may be those of two annotators, or copies."""
    first: dict[str, Path] = {}
    for file in files:
        recording = _recording(file, path, chosen, recordings)
        if recording and first.setdefault(recording, file) is not file:
            raise DataError(
                f"There are two files of annotation of {quoted(recording)}; the other is {first[recording]}.",
                file=file,
                line=1,
                fix="Remove one of them, or join them in one file.",
            )
