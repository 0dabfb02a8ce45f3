"""Annotation of the user's recordings, in any format, matched with their audio files.

A file is identified by its name, or by its path below the audio folder, with or without suffix. Each audio
file must have annotation: a model would be trained on wrong targets if missing annotation were taken for
absence of events.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import read_annotation_files
from pyannote.audio.database.formats.base import Reading, ReadOptions
from pyannote.audio.io.lines import AnnotatedEvent, quoted, safe_name
from pyannote.audio.io.paths import LONGEST_NAME

Annotated = dict[Path, list[AnnotatedEvent]]
"""Events of each audio file that the annotation names."""


@dataclass(frozen=True)
class OwnAnnotation:
    """Annotation of audio files.

    Parameters
    ----------
    format : str
        Name of the format that it was read in.
    reading : Reading
        All that it contains.
    events : dict of Path to list of AnnotatedEvent
        Events of each audio file, also of those without any.
    """

    format: str
    reading: Reading
    events: Annotated


def read_annotation(
    path: Path,
    folder: Path,
    files: Iterable[Path],
    allow_empty: bool,
    options: ReadOptions | None = None,
    name: str | None = None,
) -> OwnAnnotation:
    r"""Read annotation in any format.

    Parameters
    ----------
    path : Path
        File or folder of annotation.
    folder : Path
        Audio folder.
    files : iterable of Path, shape (files,)
        Audio files below it.
    allow_empty : bool
        Whether files without annotation are files without events.
    options : ReadOptions, optional
    name : str, optional
        Name of the format, if it cannot be told from the files.

    Raises
    ------
    DataError
        If a line is wrong, names an unknown file, or a file has no annotation.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "events.csv"
    >>> _ = path.write_text("filename,onset,offset,label\na.wav,0.5,1,car\n")
    >>> annotated = read_annotation(path, Path("/audio"), [Path("/audio/a.wav")], allow_empty=False)
    >>> annotated.format, [event.label for event in annotated.events[Path("/audio/a.wav")]]
    ('csv', ['car'])
    """
    files = list(files)
    by_name = files_by_name(folder, files)
    name, reading = read_annotation_files(path, by_name, options, name)
    annotated: Annotated = {}
    for recording, place in reading.named.items():
        annotated.setdefault(file_named(recording, by_name, place.file, place.line), [])
    for event in reading.events:
        annotated[file_named(event.recording, by_name, event.file, event.line)].append(event)
    missing = [file for file in files if file not in annotated]
    if missing and not allow_empty:
        raise DataError(
            f"{len(missing)} of {len(files)} audio files have no annotation, the first is {missing[0]}.",
            file=path,
            fix="Annotate or remove them. If they contain no events, use --allow-empty.",
        )
    return OwnAnnotation(name, reading, annotated | {file: [] for file in missing})


def by_file(events: Iterable[AnnotatedEvent], folder: Path, files: Iterable[Path]) -> Annotated:
    """Events of each audio file that they name.

    Parameters
    ----------
    events : iterable of AnnotatedEvent, shape (events,)
    folder : Path
        Audio folder.
    files : iterable of Path, shape (files,)
        Audio files below it.

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> event = AnnotatedEvent("a", Segment(0, 1), "car", Path("a.rttm"), 1)
    >>> list(by_file([event], Path("/audio"), [Path("/audio/a.wav")]))
    [PosixPath('/audio/a.wav')]
    """
    by_name = files_by_name(folder, files)
    annotated: Annotated = {}
    for event in events:
        annotated.setdefault(file_named(event.recording, by_name, event.file, event.line), []).append(event)
    return annotated


def files_by_name(folder: Path, files: Iterable[Path]) -> Mapping[str, set[Path]]:
    """Audio files of each name that annotation may use: file name or path, with or without suffix.

    A path begins below the audio folder, or with its name, unless this is a path below it.

    Parameters
    ----------
    folder : Path
        Audio folder.
    files : iterable of Path, shape (files,)
        Audio files below it.

    Examples
    --------
    >>> sorted(files_by_name(Path("/audio"), [Path("/audio/x/a.wav")]))
    ['a', 'a.wav', 'audio/x/a', 'audio/x/a.wav', 'x/a', 'x/a.wav']
    """
    by_name: defaultdict[str, set[Path]] = defaultdict(set)
    paths = {file: file.relative_to(folder) for file in files}
    for file, below in paths.items():
        for name in (below.as_posix(), below.with_suffix("").as_posix(), file.name, file.stem):
            by_name[name].add(file)
            by_name[safe_name(name)].add(file)
    below_folder = set(by_name)
    for file, below in paths.items():
        path = folder.name / below
        for name in {path.as_posix(), path.with_suffix("").as_posix()} - below_folder:
            by_name[name].add(file)
    for name in [name for name in by_name if _composed(name) not in by_name]:
        by_name[_composed(name)] |= by_name[name]
    return by_name


def _composed(name: str) -> str:
    """Name in Unicode normal form C, as it is typed; some file systems decompose accented letters."""
    return unicodedata.normalize("NFC", name)


def file_named(name: str, by_name: Mapping[str, set[Path]], path: Path, line: int | None = None) -> Path:
    """Audio file that a line of the annotation names.

    Parameters
    ----------
    name : str
        Name in the annotation.
    by_name : mapping of str to set of Path
        See `files_by_name`.
    path, line : Path, int
        Position in the annotation, for the error message.

    Raises
    ------
    DataError
        If no file, or more than one, has that name.

    Examples
    --------
    >>> print(file_named("a", {"a": {Path("/audio/a.wav")}}, Path("events.csv"), 2))
    /audio/a.wav
    """
    files = sorted(by_name.get(name) or by_name.get(_composed(name)) or ())
    if len(files) == 1:
        return files[0]
    if files:
        found = f"{quoted(name)} is ambiguous: it may be {files[0]} or {files[1]}."
        raise DataError(found, file=path, line=line, fix="Write its path below the audio folder.")
    close = get_close_matches(name[:LONGEST_NAME], by_name, n=1)
    fix = f"Did you mean '{close[0]}'?" if close else "Add the file, or remove the line."
    raise DataError(f"There is no audio file {quoted(name)}.", file=path, line=line, fix=fix)
