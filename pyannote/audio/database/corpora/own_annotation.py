"""Annotation of the user's recordings, in any format, matched with their audio files.

A file is identified by its name, or by its path below the audio folder, with or without suffix. Each audio
file must have annotation: a model would be trained on wrong targets if missing annotation were taken for
absence of events.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import read_annotation_files
from pyannote.audio.database.corpora.annotated_file import absolute
from pyannote.audio.database.formats.base import Reading, ReadOptions, Tag
from pyannote.audio.io.channel_names import split_name, with_channel
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion, Place, quoted, safe_name
from pyannote.audio.io.paths import LONGEST_NAME

T = TypeVar("T", AnnotatedEvent, AnnotatedRegion, Tag)

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
    events : dict of Path to list of AnnotatedEvent, shape (events,)
        Events of each audio file that is annotated; times in seconds.
    tags : dict of Path to list of Tag, shape (tags,)
        Labels without times of each audio file that has any.
    unscored : dict of Path to list of AnnotatedRegion, shape (regions,)
        Parts of each audio file whose annotation is unknown.
    faults : dict of Path to DataError
        Audio files whose annotation cannot be read.
    groups : dict of Path to str
        Group of each audio file, where a column tells it (see `ReadOptions`).
    """

    format: str
    reading: Reading
    events: Annotated
    tags: dict[Path, list[Tag]]
    unscored: dict[Path, list[AnnotatedRegion]]
    faults: dict[Path, DataError]
    groups: dict[Path, str] = field(default_factory=dict)


def read_annotation(
    path: Path,
    folder: Path,
    files: Iterable[Path],
    options: ReadOptions | None = None,
    name: str | None = None,
    skip: bool = False,
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
    options : ReadOptions, optional
    name : str, optional
        Name of the format, if it cannot be told from the files.
    skip : bool, optional
        Whether faults that concern one audio file are returned, and lines about unknown ones counted.

    Raises
    ------
    DataError
        If a line is wrong, or names an unknown file.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "events.csv"
    >>> _ = path.write_text("filename,onset,offset,label\na.wav,0.5,1,car\n")
    >>> annotated = read_annotation(path, Path("/audio"), [Path("/audio/a.wav")])
    >>> annotated.format, [event.label for event in annotated.events[Path("/audio/a.wav")]]
    ('csv', ['car'])
    """
    by_name = files_by_name(folder, files)
    faults: dict[str, DataError] = {}
    name, reading = read_annotation_files(path, by_name, options, name, faults if skip else None)
    file_of = _files_of(reading, by_name, skip)
    events: Annotated = {file: [] for file in file_of.values()}
    for event in _known(reading.events, file_of):
        events[file_of[event.recording]].append(event)
    tags: dict[Path, list[Tag]] = defaultdict(list)
    for tag in _known(reading.tags, file_of):
        tags[file_of[tag.recording]].append(tag)
    unscored: dict[Path, list[AnnotatedRegion]] = defaultdict(list)
    for region in _known(reading.unscored, file_of):
        unscored[file_of[region.recording]].append(region)
    faulty = {file_named(recording, by_name, path): error for recording, error in faults.items()}
    groups = {file_of[one]: group for one, group in reading.groups.items() if one in file_of}
    return OwnAnnotation(name, reading, events, tags, unscored, faulty, groups)


def _files_of(reading: Reading, by_name: Mapping[str, set[Path]], skip: bool) -> dict[str, Path]:
    """Audio file of each recording that annotation names; with `skip`, those without one are counted."""
    paths = {absolute(file): file for files in by_name.values() for file in files}
    file_of: dict[str, Path] = {}
    unknown = 0
    for recording, place in reading.named.items():
        try:
            given = reading.audio.get(recording)
            file_of[recording] = (
                file_named(recording, by_name, place.file, place.line)
                if given is None
                else _at(given, paths, place)
            )
        except DataError:
            if not skip or recording in by_name:
                raise
            unknown += 1
    if unknown:
        reading.left_out["annotated recordings without audio"] += unknown
    return file_of


def _at(path: Path, paths: Mapping[Path, Path], place: Place) -> Path:
    """Audio file that the annotation itself names."""
    if absolute(path) not in paths:
        raise DataError(
            f"The audio file {path} of this recording is not below the audio folder.",
            file=place.file,
            line=place.line,
            fix="Name the folder that contains all audio.",
        )
    return paths[absolute(path)]


def _known(items: Iterable[T], file_of: Mapping[str, Path]) -> Iterator[T]:
    """Items about recordings that have audio."""
    return (item for item in items if item.recording in file_of)


def by_file(events: Iterable[T], folder: Path, files: Iterable[Path]) -> dict[Path, list[T]]:
    """Events, or regions, of each audio file that they name.

    Parameters
    ----------
    events : iterable of AnnotatedEvent or AnnotatedRegion, shape (events,)
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
    annotated: dict[Path, list[T]] = {}
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
    """Audio file, or channel of one (`a.wav#2`), that a line of the annotation names.

    Parameters
    ----------
    name : str
        Name in the annotation, such as `a` or `a#2`.
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
    file, channel = split_name(name)
    if channel is not None:
        return with_channel(file_named(file, by_name, path, line), channel)
    close = get_close_matches(name[:LONGEST_NAME], by_name, n=1)
    fix = f"Did you mean '{close[0]}'?" if close else "Add the file, or remove the line."
    raise DataError(f"There is no audio file {quoted(name)}.", file=path, line=line, fix=fix)
