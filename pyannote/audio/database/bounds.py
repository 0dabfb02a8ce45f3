"""Annotation that passes the end of its recording: a little is cut, more is refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.sources import region_line
from pyannote.audio.io.lines import Place

if TYPE_CHECKING:
    from pyannote.core import Annotation

TOLERANCE = 0.1
"""Seconds by which annotation may pass the end, as much of what is made by hand does: it is cut there."""


def passes(start: float, end: float, duration: float) -> bool:
    """Whether a part of a recording passes its end by more than a little, or begins there.

    Examples
    --------
    >>> passes(1.0, 4.1, duration=4.0), passes(1.0, 4.2, duration=4.0), passes(4.0, 4.1, duration=4.0)
    (False, True, True)
    """
    return round(end - duration, 6) > TOLERANCE or start >= duration


def check_events(uri: str, annotation: Annotation, duration: float, source: Path | None) -> None:
    """Refuse events that pass the end; `source` is where they are from, if they do not know better.

    Raises
    ------
    DataError
        With the line, if the annotation was read by `io.rttm`.
    """
    for (start, end), track in annotation.itertracks():
        if passes(start, end, duration):
            file, line = track if isinstance(track, Place) else (source, None)
            raise too_long(uri, end, duration, file, line)


def check_regions(
    uri: str, regions: Iterable[tuple[float, float]], duration: float, source: Path | None
) -> None:
    """Refuse annotated parts that pass the end; `source` is the UEM file that they are from, if any.

    Raises
    ------
    DataError
        With the line, if there is one.
    """
    for start, end in regions:
        if passes(start, end, duration):
            raise too_long(uri, end, duration, source, region_line(source, uri, end))


def too_long(uri: str, end: float, duration: float, file: Path | None, line: int | None) -> DataError:
    """Say that the annotation of a recording passes its end."""
    return DataError(
        f"{uri} is annotated until {end:.3f} s, and its audio ends at {duration:.3f} s.",
        file=file,
        line=line,
        fix="Shorten the annotation, or check that the audio is whole.",
    )
