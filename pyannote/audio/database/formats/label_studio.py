"""Exports of Label Studio: JSON, with all answers of each task, or JSON-MIN, an object an annotation.

Regions of the type `labels` give an event for each of their labels. Of a task, the annotation of its only
annotator counts, or the one that is marked as ground truth. Recordings of tasks without annotation are not
annotated, and counted; those whose annotation is empty have no events.

Label Studio puts eight digits before the names of files that were uploaded; they are removed.

References
----------
https://labelstud.io/guide/export
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats._events import add_event
from pyannote.audio.database.formats._json import a_list, an_object, loaded, number
from pyannote.audio.database.formats._lines import text_of
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.io.json_files import JsonObject, parse_json
from pyannote.audio.io.lines import Place, quoted

UPLOAD = re.compile(r"(?:^|/)upload/(?:.*/)?[0-9a-f]{8}-(?P<name>[^/]+)$")
"""Path of a file that was uploaded."""

FIX = "Correct it, or export the tasks again."


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read an export; starts and ends of regions are in seconds."""
    reading = Reading()
    tasks = parse_json(text_of(path, reading), path)
    if not isinstance(tasks, list):
        message = "A list of tasks is expected here."
        raise DataError(message, file=path, line=1, fix="Export them from Label Studio as JSON or JSON-MIN.")
    for value in tasks:
        task = an_object(value, path, 1)
        if "annotations" in task:
            _add_task(reading, task, path)
        else:
            _add_annotation(reading, task, path)
    return reading


def _add_task(reading: Reading, task: JsonObject, path: Path) -> None:
    """Add the events of a task of JSON."""
    for key in ("predictions", "drafts"):
        if task.get(key):
            reading.left_out[key] += len(a_list(task, key, path))
    annotations = [an_object(one, path, task.line) for one in a_list(task, "annotations", path)]
    valid = [one for one in annotations if not one.get("was_cancelled")]
    if len(valid) < len(annotations):
        reading.left_out["annotations that were cancelled"] += len(annotations) - len(valid)
    truth = [one for one in valid if one.get("ground_truth")]
    if len(truth) == 1 and len(valid) > 1:
        reading.left_out["annotations beside the ground truth"] += len(valid) - 1
        valid = truth
    if not valid:
        reading.left_out["tasks without annotation"] += 1
        return
    name = _recording(an_object(task.get("data"), path, task.line), path)
    if len(valid) > 1:
        raise _two_annotators(name, valid[0], valid[1], path)
    _name(reading, name, task, path)
    for value in a_list(valid[0], "result", path):
        result = an_object(value, path, valid[0].line)
        if result.get("type") == "labels":
            _add_region(reading, name, an_object(result.get("value"), path, result.line), path)
        else:
            reading.left_out[f"answers of the type {quoted(str(result.get('type')))}"] += 1


def _add_annotation(reading: Reading, annotation: JsonObject, path: Path) -> None:
    """Add the events of an object of JSON-MIN."""
    name = _recording(annotation, path)
    _name(reading, name, annotation, path)
    for value in annotation.values():
        regions = value if isinstance(value, list) else []
        for one in regions:
            if isinstance(one, JsonObject):
                _add_region(reading, name, one, path)


def _add_region(reading: Reading, recording: str, region: JsonObject, path: Path) -> None:
    # of a text, start and end are numbers of characters
    if "text" in region:
        reading.left_out["labels of text"] += 1
        return
    onset, offset = number(region, "start", path), number(region, "end", path)
    labels = a_list(region, "labels", path)
    if not labels or not all(isinstance(label, str) for label in labels):
        raise DataError("This region has no labels.", file=path, line=region.line, fix=FIX)
    for label in labels:
        add_event(reading, recording, onset, offset, label, path, region.line)


def _name(reading: Reading, recording: str, task: JsonObject, path: Path) -> None:
    """Name the recording of a task, which no other task may name."""
    before = reading.named.get(recording)
    if before:
        raise DataError(
            f"{quoted(recording)} is annotated twice: here{_annotator(task)}, and in line {before.line}.",
            file=path,
            line=task.line,
            fix="Keep one of them; or give the audio files different names.",
        )
    reading.named[recording] = Place(path, task.line)


def _two_annotators(recording: str, one: JsonObject, other: JsonObject, path: Path) -> DataError:
    return DataError(
        f"{quoted(recording)} has two annotations{_annotator(one)} and{_annotator(other)}.",
        file=path,
        line=other.line,
        fix="Mark one of them as ground truth in Label Studio, or cancel the other, and export again.",
    )


def _annotator(annotation: JsonObject) -> str:
    by = annotation.get("completed_by", annotation.get("annotator"))
    by = by.get("email", by.get("id")) if isinstance(by, dict) else by
    return "" if by is None else f" by the annotator {quoted(str(by))}"


def _recording(data: JsonObject, path: Path) -> str:
    """Name of the audio file of a task."""
    audio = data.get("audio")
    if not isinstance(audio, str) or not audio.strip():
        raise DataError(
            f"The task has no audio; its keys are {', '.join(map(quoted, data))}.",
            file=path,
            line=data.line,
            fix="Call the key of the audio file 'audio' in the data of the tasks.",
        )
    # local storage: /data/local-files/?d=folder/a.wav
    location = unquote(audio.partition("?d=")[2] or audio.partition("?")[0])
    upload = UPLOAD.search(location)
    return upload["name"] if upload else location.rpartition("/")[2]


def looks_right(path: Path) -> bool:
    """Whether it is a list of tasks or of annotations."""
    content: Any = loaded(path)
    return isinstance(content, list) and bool(content) and all(map(_is_task, content))


def _is_task(task: object) -> bool:
    if not isinstance(task, dict):
        return False
    whole = isinstance(task.get("annotations"), list) and isinstance(task.get("data"), dict)
    return whole or ("audio" in task and "annotation_id" in task)


FORMAT = Format("exports of Label Studio (JSON, JSON-MIN)", ("*.json",), read, looks_right)
