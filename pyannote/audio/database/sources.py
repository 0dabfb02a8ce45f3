"""The files that a `database.yml` names, read strictly: pyannote.database passes over much that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.known_protocols import known_protocols

if TYPE_CHECKING:
    from pyannote.audio.io.lines import AnnotatedEvent


def sources_of(name: str, subset: str | None) -> dict[str, Path]:
    """Return the files that a `database.yml` names, where they are single files.

    They are those of a subset of a protocol, or of a collection, which has none.
    """
    database, task, protocol = name.split(".")
    found: dict[str, Path] = {}
    for config, content in known_protocols().configs.items():
        entries = content.get("Protocols", {}).get(database, {}).get(task, {}).get(protocol, {})
        if subset is not None:
            entries = entries.get(subset, {})
        if entries:
            # of several files that define a protocol, the last one counts
            found = {}
        for key, value in entries.items():
            if isinstance(value, str) and "{" not in value:
                found[key] = next(
                    (path for path in (Path(value).expanduser(), config.parent / value) if path.is_file()),
                    config.parent / value,
                )
    return found


def check_sources(sources: Mapping[str, Path]) -> dict[str, AnnotatedEvent]:
    """Read lists and annotations strictly, so that what is wrong with them is said with its line.

    Returns the event that ends last in each file; pyannote.database cuts it where no region is annotated.
    """
    from pyannote.audio.io.rttm import read_events, read_lst, read_uem

    readers: dict[str, Callable[[Path], Any]] = {".lst": read_lst, ".rttm": read_events, ".uem": read_uem}
    read = {}
    for key, path in sources.items():
        if not path.is_file():
            raise DataError(
                "This file is named in database.yml, and is not there.", file=path, fix="Check the path."
            )
        if path.suffix in readers and key != "trial":
            read[key] = readers[path.suffix](path)
    annotation = sources.get("annotation")
    if annotation is None or annotation.suffix != ".rttm":
        return {}
    return {event.recording: event for event in sorted(read["annotation"], key=lambda one: one.segment.end)}


def region_line(source: Path | None, uri: str, end: float) -> int | None:
    """Return the line of a UEM file that names the end of a region."""
    if source is None or source.suffix != ".uem":
        return None
    for number, line in enumerate(source.read_text(encoding="utf-8-sig").splitlines(), start=1):
        words = line.split()
        if words and words[0] == uri and abs(float(words[3]) - end) < 1e-3:
            return number
    return None
