"""Annotation of one's own recordings, in the form in which it happens to be.

* An RTTM file, whose uris are the names of the audio files without suffix.
* A csv file with the columns filename, onset, offset and label, in any order and among others, separated by
  commas, semicolons or tabs. A row with a filename alone says that nothing is heard in that file.
* A folder of label tracks as Audacity exports them: for `a.wav` a file `a.txt` of onset, offset and label,
  separated by tabs. An empty one says that nothing is heard.

A file is called by its name, or by its path below the audio folder, with or without suffix. Each audio file
must have annotation, because silence taken for an answer teaches a model not to hear what is there.
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
    """Read the annotation of `files`, which are below `folder`, in whatever form it is."""
    files = list(files)
    if path.is_dir():
        annotated = read_audacity(path, folder, files)
    elif path.suffix.lower() == ".rttm":
        annotated = by_file(read_events(path), folder, files)
    elif path.suffix.lower() in {".csv", ".tsv"}:
        annotated = read_csv(path, folder, files)
    else:
        raise DataError(
            "This is neither an RTTM file, nor a csv file, nor a folder of label files.",
            file=path,
            fix="Check the path; the names of such files end with .rttm or .csv.",
        )
    silent = [file for file in files if file not in annotated]
    if silent and not allow_empty:
        raise DataError(
            f"{len(silent)} of {len(files)} audio files have no annotation, the first is {silent[0]}.",
            file=path,
            fix="Annotate them or move them elsewhere. If nothing is heard in them, use --allow-empty.",
        )
    return annotated | {file: [] for file in silent}


def read_audacity(labels: Path, folder: Path, files: Iterable[Path]) -> Annotated:
    """Read the label file of each audio file that has one."""
    files = list(files)
    annotated: Annotated = {}
    for file in files:
        same_place = labels / file.relative_to(folder).with_suffix(".txt")
        namesakes = [other for other in files if other.stem == file.stem]
        path = same_place if same_place.is_file() or len(namesakes) > 1 else labels / f"{file.stem}.txt"
        if path.is_file():
            annotated[file] = _read_label_file(path, file.stem)
    return annotated


def _read_label_file(path: Path, recording: str) -> list[AnnotatedEvent]:
    events = []
    for line, text in read_lines(path):
        # the frequencies of a spectral selection follow its label in a line of their own
        if text.startswith("\\"):
            continue
        columns = text.split("\t")
        if len(columns) != 3 or not columns[2].strip():
            raise DataError(
                "This line is not onset, offset and label.",
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
    """Read a csv file with the columns filename, onset, offset and label."""
    # a row may begin with two empty columns
    lines = read_lines(path, comments=False)
    number, header = next(lines, (1, ""))
    delimiter, names = _read_header(header, path, number)
    calls = calls_of(folder, files)
    annotated: Annotated = {}
    for line, text in lines:
        row = [column.strip() for column in next(csv.reader([text], delimiter=delimiter))]
        if len(row) != len(names):
            found = f"Found {len(row)} columns where the first line has {len(names)}."
            raise DataError(found, file=path, line=line, fix="Put names with a separator in double quotes.")
        cells = dict(zip(names, row, strict=True))
        filename, onset, offset, label = (cells[name] for name in COLUMNS)
        events = annotated.setdefault(called(filename, calls, path, line), [])
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
    """Return the events of each audio file that they name."""
    calls = calls_of(folder, files)
    annotated: Annotated = {}
    for event in events:
        annotated.setdefault(called(event.recording, calls, event.file, event.line), []).append(event)
    return annotated


def calls_of(folder: Path, files: Iterable[Path]) -> Mapping[str, set[Path]]:
    """Return everything that a file may be called by, and the files so called."""
    calls: defaultdict[str, set[Path]] = defaultdict(set)
    for file in files:
        below = file.relative_to(folder)
        for call in (below.as_posix(), below.with_suffix("").as_posix(), file.name, file.stem):
            calls[call].add(file)
            calls[safe_name(call)].add(file)
    for call in [call for call in calls if _composed(call) not in calls]:
        calls[_composed(call)] |= calls[call]
    return calls


def _composed(name: str) -> str:
    """Name with each accented letter as one character, as people type it; some disks take it apart."""
    return unicodedata.normalize("NFC", name)


def called(name: str, calls: Mapping[str, set[Path]], path: Path, line: int | None = None) -> Path:
    """Return the audio file that is named in a line of the annotation."""
    files = sorted(calls.get(name) or calls.get(_composed(name)) or ())
    if len(files) == 1:
        return files[0]
    if files:
        found = f"{quoted(name)} may be {files[0]} or {files[1]}."
        raise DataError(found, file=path, line=line, fix="Write its path below the audio folder.")
    close = get_close_matches(name[:LONGEST_NAME], calls, n=1)
    fix = f"Did you mean '{close[0]}'?" if close else "Add the file, or remove the line."
    raise DataError(f"There is no audio file {quoted(name)}.", file=path, line=line, fix=fix)
