"""Check that annotation ends with its recording: a small excess is cut, a larger one is refused."""

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
"""Seconds by which annotation may pass the end of the audio, where it is cut (rounding, manual work)."""


def exceeds_end(start: float, end: float, duration: float) -> bool:
    """Whether a part of a recording passes its end by more than `TOLERANCE`, or begins after it.

    Parameters
    ----------
    start, end : float
        Part of the recording, in seconds.
    duration : float
        Duration of the recording, in seconds.

    Examples
    --------
    >>> [exceeds_end(start, end, duration=4.0) for start, end in [(1.0, 4.1), (1.0, 4.2), (4.0, 4.1)]]
    [False, True, True]
    """
    return round(end - duration, 6) > TOLERANCE or start >= duration


def check_events(uri: str, annotation: Annotation, duration: float, source: Path | None) -> None:
    """Refuse events that pass the end of a recording.

    Parameters
    ----------
    uri : str
        Name of the recording.
    annotation : Annotation
        Its events, with times of shape (events, 2), in seconds.
    duration : float
        Its duration, in seconds.
    source : Path, optional
        File that the events were read from, where their tracks do not tell.

    Raises
    ------
    DataError
        With the line, if the annotation was read by `io.rttm`.

    Examples
    --------
    >>> from pyannote.core import Annotation, Segment
    >>> annotation = Annotation()
    >>> annotation[Segment(1, 5)] = "car"
    >>> check_events("a", annotation, duration=4.0, source=Path("a.rttm"))
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: a.rttm: a is annotated until 5.000 s, but its audio ends at ...
    """
    for (start, end), track in annotation.itertracks():
        if exceeds_end(start, end, duration):
            file, line = track if isinstance(track, Place) else (source, None)
            raise too_long_error(uri, end, duration, file, line)


def check_regions(
    uri: str, regions: Iterable[tuple[float, float]], duration: float, source: Path | None
) -> None:
    """Refuse annotated regions that pass the end of a recording.

    Parameters
    ----------
    uri : str
        Name of the recording.
    regions : iterable of (start, end), shape (regions, 2)
        In seconds.
    duration : float
        Duration of the recording, in seconds.
    source : Path, optional
        UEM file that the regions were read from.

    Raises
    ------
    DataError
        With the line of the UEM file.

    Examples
    --------
    >>> check_regions("a", [(0.0, 4.05)], duration=4.0, source=None)
    """
    for start, end in regions:
        if exceeds_end(start, end, duration):
            raise too_long_error(uri, end, duration, source, region_line(source, uri, end))


def too_long_error(uri: str, end: float, duration: float, file: Path | None, line: int | None) -> DataError:
    """Error about annotation that passes the end of its recording; `end` and `duration` are in seconds.

    Examples
    --------
    >>> too_long_error("a", 5.0, 4.0, None, None).message
    'a is annotated until 5.000 s, but its audio ends at 4.000 s.'
    """
    return DataError(
        f"{uri} is annotated until {end:.3f} s, but its audio ends at {duration:.3f} s.",
        file=file,
        line=line,
        fix="Shorten the annotation, or check that the audio file is complete.",
    )
