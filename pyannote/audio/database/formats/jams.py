"""JAMS, a form of JSON, one file a recording, as Scaper and URBAN-SED have it.

Annotations of the namespaces `scaper` and `sound_event` give events (those of the role "foreground"; others
are counted), those of `segment_...` give events, and those of `tag_...` weak labels of the whole recording,
unless there are events: tags are counted then.
The observations of an annotation are a list of objects, or an object of lists, as in older versions. Parts of
the recording outside the time of an annotation of events are unscored.

References
----------
E. J. Humphrey et al., "JAMS: a JSON annotated music specification for reproducible MIR research", ISMIR,
2014.
J. Salamon et al., "Scaper: a library for soundscape synthesis and augmentation", WASPAA, 2017.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats._events import add_event
from pyannote.audio.database.formats._json import a_list, an_object, loaded, number, text_value
from pyannote.audio.database.formats._lines import text_of
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions, Tag
from pyannote.audio.io.json_files import JsonObject, parse_json
from pyannote.audio.io.lines import AnnotatedRegion, quoted

SOUNDS = ("scaper", "sound_event")
"""Namespaces whose values are objects with a label and a role."""

TOLERANCE = 0.1
"""By how much a tag may be shorter than the recording, in seconds."""


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read the annotation of a recording; times and durations are in seconds."""
    reading = Reading()
    content = an_object(parse_json(text_of(path, reading), path), path, 1)
    duration = _duration(content, path)
    read_before: dict[str, JsonObject] = {}
    for one in a_list(content, "annotations", path):
        annotation = an_object(one, path, content.line)
        namespace = text_value(annotation, "namespace", path)
        if not namespace.startswith((*SOUNDS, "segment_", "tag_")):
            reading.left_out[f"annotations of the namespace {quoted(namespace)}"] += 1
            continue
        kind = "tags" if namespace.startswith("tag_") else "events"
        if kind in read_before:
            raise _doubled(kind, annotation, read_before[kind], path)
        read_before[kind] = annotation
        if kind == "tags":
            _add_tags(reading, annotation, recording, duration, path)
        else:
            _add_events(reading, annotation, recording, duration, path)
    if reading.tags and "events" in read_before:
        # of the same sounds, without their times
        reading.left_out["tags of recordings with events"] += len(reading.tags)
        reading.tags.clear()
    if not read_before:
        message = "There is no annotation of sound events, segments or tags."
        raise DataError(message, file=path, line=content.line, fix="Add one, or remove the file.")
    return reading


def _duration(content: JsonObject, path: Path) -> float | None:
    metadata = content.get("file_metadata")
    if not isinstance(metadata, JsonObject) or metadata.get("duration") is None:
        return None
    return number(metadata, "duration", path)


def _add_events(
    reading: Reading, annotation: JsonObject, recording: str, duration: float | None, path: Path
) -> None:
    reading.name(recording, path, annotation.line)
    sounds = annotation["namespace"] in SOUNDS
    for item in _observations(annotation, path):
        described = an_object(item["value"], path, item.line) if sounds else item
        if sounds and text_value(described, "role", path) != "foreground":
            reading.left_out[f"sounds of the role {quoted(described['role'])}"] += 1
            continue
        label = text_value(described, "label" if sounds else "value", path)
        onset = number(item, "time", path)
        add_event(reading, recording, onset, onset + number(item, "duration", path), label, path, item.line)
    if duration is not None and annotation.get("duration") is not None:
        begin = number(annotation, "time", path) if annotation.get("time") is not None else 0.0
        end = begin + number(annotation, "duration", path)
        for part in (Segment(0, begin), Segment(end, duration)):
            if part:
                reading.unscored.append(AnnotatedRegion(recording, part, path, annotation.line))


def _add_tags(
    reading: Reading, annotation: JsonObject, recording: str, duration: float | None, path: Path
) -> None:
    for item in _observations(annotation, path):
        onset = number(item, "time", path) if item["time"] is not None else 0.0
        offset = onset + number(item, "duration", path) if item["duration"] is not None else duration
        end = (duration or 0.0) if offset is None else offset
        if onset > TOLERANCE or end < (duration or 0.0) - TOLERANCE:
            raise DataError(
                f"The tag lasts from {onset:.10g} s to {end:.10g} s, and not for the whole recording.",
                file=path,
                line=item.line,
                fix="Write labels of parts of a recording in the namespace segment_open.",
            )
        reading.name(recording, path, item.line)
        reading.tags.append(Tag(recording, text_value(item, "value", path), path, item.line))


def _observations(annotation: JsonObject, path: Path) -> Iterator[JsonObject]:
    """Observations, each with time, duration and value."""
    keys = ("time", "duration", "value")
    data = annotation.get("data")
    if isinstance(data, JsonObject):
        columns = [a_list(data, key, path) for key in keys]
        if len(set(map(len, columns))) > 1:
            message = "The lists of times, durations and values have different lengths."
            raise DataError(message, file=path, line=data.line, fix="Export the file again.")
        yield from (
            JsonObject(dict(zip(keys, row, strict=True)), data.line) for row in zip(*columns, strict=True)
        )
        return
    for one in a_list(annotation, "data", path):
        item = an_object(one, path, annotation.line)
        missing = [key for key in keys if key not in item]
        if missing:
            message = f"This observation has no {missing[0]!r}."
            raise DataError(message, file=path, line=item.line, fix="Export the file again.")
        yield item


def _doubled(kind: str, annotation: JsonObject, before: JsonObject, path: Path) -> DataError:
    return DataError(
        f"There are two annotations of {kind}: {quoted(before['namespace'])} in line {before.line}, and "
        f"{quoted(annotation['namespace'])}.",
        file=path,
        line=annotation.line,
        fix="Keep the one that is right.",
    )


def looks_right(path: Path) -> bool:
    """Whether it is an object with a list of annotations that have namespaces."""
    content: Any = loaded(path)
    annotations = content.get("annotations") if isinstance(content, dict) else None
    return isinstance(annotations, list) and all(
        isinstance(one, dict) and "namespace" in one for one in annotations
    )


FORMAT = Format("JAMS", ("*.jams",), read, looks_right, per_recording=True)
