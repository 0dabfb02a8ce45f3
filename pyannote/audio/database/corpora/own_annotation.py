"""Reader of annotation of the user's recordings, in one of three formats.

* An RTTM file, whose uris are the names of the audio files without suffix.
* A csv file with the columns filename, onset, offset and label, in any order and among others, separated by
  commas, semicolons or tabs. A row with a filename alone stands for a file without events.
* A folder of label tracks as Audacity exports them: for `a.wav` a file `a.txt` of onset, offset and label,
  separated by tabs. An empty one stands for a file without events.

Times are in seconds. A file is identified by its name, or by its path below the audio folder, with or without
suffix. Each audio file must have annotation: a model would be trained on wrong targets if missing annotation
were taken for absence of events.
"""

from __future__ import annotations

import csv
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.lines import AnnotatedEvent, parse_segment, quoted, read_lines, safe_name
from pyannote.audio.io.paths import LONGEST_NAME
from pyannote.audio.io.rttm import read_events

COLUMNS = ("filename", "onset", "offset", "label")

Annotated = dict[Path, list[AnnotatedEvent]]
"""Events of each audio file that the annotation names."""


def read_annotation(path: Path, folder: Path, files: Iterable[Path], allow_empty: bool) -> Annotated:
    r"""Read annotation in any of the three formats.

    Parameters
    ----------
    path : Path
        RTTM file, csv file, or folder of label files.
    folder : Path
        Audio folder.
    files : iterable of Path, shape (files,)
        Audio files below it.
    allow_empty : bool
        Whether files without annotation are files without events.

    Returns
    -------
    annotated : dict of Path to list of AnnotatedEvent
        Events of each audio file.

    Raises
    ------
    DataError
        If a line is wrong, names an unknown file, or a file has no annotation.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "events.csv"
    >>> _ = path.write_text("filename,onset,offset,label\na.wav,0.5,1,car\n")
    >>> annotated = read_annotation(path, Path("/audio"), [Path("/audio/a.wav")], allow_empty=False)
    >>> [(event.label, event.segment.end) for event in annotated[Path("/audio/a.wav")]]
    [('car', 1.0)]
    """
    files = list(files)
    if path.is_dir():
        annotated = read_audacity(path, folder, files)
    elif path.suffix.lower() == ".rttm":
        annotated = by_file(read_events(path), folder, files)
    elif path.suffix.lower() in {".csv", ".tsv"}:
        annotated = read_csv(path, folder, files)
    else:
        raise DataError(
            "This is neither an RTTM file nor a csv file nor a folder of label files.",
            file=path,
            fix="Check the path; names of such files end in .rttm, .csv or .tsv.",
        )
    missing = [file for file in files if file not in annotated]
    if missing and not allow_empty:
        raise DataError(
            f"{len(missing)} of {len(files)} audio files have no annotation, the first is {missing[0]}.",
            file=path,
            fix="Annotate or remove them. If they contain no events, use --allow-empty.",
        )
    return annotated | {file: [] for file in missing}


def read_audacity(labels: Path, folder: Path, files: Iterable[Path]) -> Annotated:
    r"""Read the label file of each audio file that has one.

    Parameters
    ----------
    labels, folder : Path
        Folders of the label files and of the audio.
    files : iterable of Path, shape (files,)
        Audio files below `folder`.

    Examples
    --------
    >>> labels = getfixture("tmp_path")
    >>> _ = (labels / "a.txt").write_text("0.5\t1.0\tcar\n")
    >>> len(read_audacity(labels, Path("/audio"), [Path("/audio/a.wav"), Path("/audio/b.wav")]))
    1
    """
    files = list(files)
    annotated: Annotated = {}
    for file in files:
        same_place = labels / file.relative_to(folder).with_suffix(".txt")
        same_name = [other for other in files if other.stem == file.stem]
        path = same_place if same_place.is_file() or len(same_name) > 1 else labels / f"{file.stem}.txt"
        if path.is_file():
            annotated[file] = _read_label_file(path, file.stem)
    return annotated


def _read_label_file(path: Path, recording: str) -> list[AnnotatedEvent]:
    events = []
    for line, text in read_lines(path):
        # the frequencies of a spectral selection follow its label in a separate line
        if text.startswith("\\"):
            continue
        columns = text.split("\t")
        if len(columns) != 3 or not columns[2].strip():
            raise DataError(
                "The line is not onset, offset and label.",
                file=path,
                line=line,
                fix="Separate them by tabs, as Audacity does when it exports labels, and name each label.",
            )
        onset, offset, label = (column.strip() for column in columns)
        events.append(
            AnnotatedEvent(recording, parse_segment(onset, offset, file=path, line=line), label, path, line)
        )
    return events


def read_csv(path: Path, folder: Path, files: Iterable[Path]) -> Annotated:
    r"""Read a csv file with the columns filename, onset, offset and label.

    Parameters
    ----------
    path, folder : Path
        The file, and the audio folder.
    files : iterable of Path, shape (files,)
        Audio files below `folder`.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "events.csv"
    >>> _ = path.write_text("label;onset;offset;filename\ncar;0.5;1;a\n;;;b\n")
    >>> [len(events) for events in read_csv(path, Path("/x"), [Path("/x/a.wav"), Path("/x/b.wav")]).values()]
    [1, 0]
    """
    # a row may begin with two empty columns
    lines = read_lines(path, comments=False)
    number, header = next(lines, (1, ""))
    delimiter, names = _read_header(header, path, number)
    by_name = files_by_name(folder, files)
    annotated: Annotated = {}
    for line, text in lines:
        row = [column.strip() for column in next(csv.reader([text], delimiter=delimiter))]
        if len(row) != len(names):
            found = f"Found {len(row)} columns where the first line has {len(names)}."
            raise DataError(found, file=path, line=line, fix="Put names with a separator in double quotes.")
        cells = dict(zip(names, row, strict=True))
        filename, onset, offset, label = (cells[name] for name in COLUMNS)
        events = annotated.setdefault(file_named(filename, by_name, path, line), [])
        if not (onset or offset or label):
            continue
        if not label:
            raise DataError("The label is missing.", file=path, line=line, fix="Write it.")
        events.append(
            AnnotatedEvent(filename, parse_segment(onset, offset, file=path, line=line), label, path, line)
        )
    return annotated


def _read_header(header: str, path: Path, line: int) -> tuple[str, list[str]]:
    for delimiter in ",;\t":
        names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
        if set(COLUMNS) <= set(names):
            return delimiter, names
    found = f"The first line does not name the columns {', '.join(COLUMNS)}."
    raise DataError(found, file=path, line=line, fix="Add or correct it.")


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

    Parameters
    ----------
    folder : Path
        Audio folder.
    files : iterable of Path, shape (files,)
        Audio files below it.

    Examples
    --------
    >>> sorted(files_by_name(Path("/audio"), [Path("/audio/x/a.wav")]))
    ['a', 'a.wav', 'x/a', 'x/a.wav']
    """
    by_name: defaultdict[str, set[Path]] = defaultdict(set)
    for file in files:
        below = file.relative_to(folder)
        for name in (below.as_posix(), below.with_suffix("").as_posix(), file.name, file.stem):
            by_name[name].add(file)
            by_name[safe_name(name)].add(file)
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
