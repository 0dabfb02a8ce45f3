"""Annotation of ELAN, one file `.eaf` a recording.

Annotations of tiers refer to slots of time, in milliseconds. Annotations that refer to others instead have no
times of their own; they are counted and not read. Which tiers are read is explained in `_tiers.py`.

References
----------
H. Brugman and A. Russel, "Annotating multi-media / multi-modal resources with ELAN", LREC, 2004.
https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats._lines import first_lines
from pyannote.audio.database.formats._tiers import Interval, Tier, add_tiers
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.io.lines import parse_seconds, quoted
from pyannote.audio.io.xml_files import Element, read_xml

ROOT = "ANNOTATION_DOCUMENT"

Slots = dict[str, float | None]
"""Time in seconds of each slot that has one."""


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read the tiers of a recording; times are in milliseconds in the file, and in seconds when read."""
    reading = Reading()
    root = read_xml(path)
    if root.name != ROOT:
        raise DataError(
            f"This is a document {quoted(root.name)}, and not {ROOT}.",
            file=path,
            line=root.line,
            fix="Save the annotation in ELAN.",
        )
    reading.remarks += _checked_header(root, path, recording)
    slots = _slots(root, path)
    tiers = [_tier(element, slots, path) for element in root.all("TIER")]
    add_tiers(reading, tiers, recording, path, options, "annotations that refer to others")
    return reading


def _checked_header(root: Element, path: Path, recording: str) -> list[str]:
    """Remark about the media, if none has the name of the recording."""
    for header in root.all("HEADER"):
        if header.attributes.get("TIME_UNITS", "milliseconds") != "milliseconds":
            message = "Times are not in milliseconds."
            raise DataError(message, file=path, line=header.line, fix="Save the file with a newer ELAN.")
    media = list(root.all("MEDIA_DESCRIPTOR"))
    for one in media:
        if one.attributes.get("TIME_ORIGIN", "0") != "0":
            raise DataError(
                "The annotation does not begin with its media (TIME_ORIGIN).",
                file=path,
                line=one.line,
                fix="In ELAN, shift all annotations instead, and set the offset of the media to 0.",
            )
    urls = [url for one in media for key, url in one.attributes.items() if key.endswith("MEDIA_URL") and url]
    names = [PurePosixPath(unquote(url).replace("\\", "/")) for url in urls]
    if not names or PurePosixPath(recording).name in {
        part for name in names for part in (name.stem, name.name)
    }:
        return []
    return [f"{path} was made for {quoted(names[0].name)}, and is read as annotation of {quoted(recording)}."]


def _slots(root: Element, path: Path) -> Slots:
    slots: Slots = {}
    for slot in root.all("TIME_SLOT"):
        value = slot.attributes.get("TIME_VALUE")
        time = None if value is None else parse_seconds(value, file=path, line=slot.line) / 1000
        name = _attribute(slot, "TIME_SLOT_ID", path)
        if name in slots:
            message = f"The slot of time {quoted(name)} occurs twice."
            raise DataError(message, file=path, line=slot.line, fix="Save the file in ELAN again.")
        slots[name] = time
    return slots


def _tier(element: Element, slots: Slots, path: Path) -> Tier:
    tier = Tier(_attribute(element, "TIER_ID", path), element.line)
    tier.others = sum(1 for _ in element.all("REF_ANNOTATION"))
    tier.of_intervals = not tier.others
    for annotation in element.all("ALIGNABLE_ANNOTATION"):
        onset, offset = (_time(annotation, f"TIME_SLOT_REF{number}", slots, path) for number in (1, 2))
        text = "".join(value.text for value in annotation.all("ANNOTATION_VALUE"))
        tier.intervals.append(Interval(onset, offset, text, annotation.line))
    return tier


def _time(annotation: Element, name: str, slots: Slots, path: Path) -> float | None:
    slot = _attribute(annotation, name, path)
    if slot not in slots:
        message = f"There is no slot of time {quoted(slot)}."
        raise DataError(message, file=path, line=annotation.line, fix="Save the file in ELAN again.")
    return slots[slot]


def _attribute(element: Element, name: str, path: Path) -> str:
    if name not in element.attributes:
        message = f"{element.name} has no {name}."
        raise DataError(message, file=path, line=element.line, fix="Save the file in ELAN again.")
    return element.attributes[name]


def looks_right(path: Path) -> bool:
    """Whether the root of the document is that of ELAN."""
    return any(f"<{ROOT}" in line for line in first_lines(path))


FORMAT = Format("annotation of ELAN (eaf)", ("*.eaf",), read, looks_right, per_recording=True)
