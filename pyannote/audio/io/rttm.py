"""Strict reading and writing of RTTM, UEM and LST files.

The three annotation formats of pyannote.database: events (RTTM), annotated parts of recordings (UEM), and
lists of recordings (LST).

    SPEAKER uri 1 start duration <NA> <NA> label <NA> <NA>      RTTM
    uri 1 start end                                             UEM
    uri                                                         LST

Times are in seconds. Files are UTF-8, with or without a byte order mark, with any line ends. Blank lines and
comments (lines that start with `;;`) are skipped; a `DataError` names any other line that is not valid.

References
----------
NIST, The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan, appendix A.
"""

from __future__ import annotations

from pathlib import Path

from pyannote.core import Annotation, Segment, Timeline

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError
from pyannote.audio.io.lines import (
    AnnotatedEvent,
    AnnotatedRegion,
    Place,
    parse_seconds,
    parse_segment,
    quoted,
    read_lines,
    safe_name,
    safe_names,
)

__all__ = [
    "event_of",
    "read_events",
    "read_lst",
    "read_regions",
    "read_rttm",
    "read_uem",
    "region_of",
    "safe_name",
    "safe_names",
    "uri_of",
    "uri_of_event",
]


def read_events(path: str | Path, faults: dict[str, DataError] | None = None) -> list[AnnotatedEvent]:
    """Read the events of an RTTM file in the order of its lines.

    Parameters
    ----------
    path : path
        File of lines `SPEAKER uri 1 start duration <NA> <NA> label <NA> <NA>`, with start and
        duration in seconds.
    faults : dict of str to DataError, optional
        Gets the first error of each uri of whose events a line is wrong, which is not raised then. A line
        that names no uri is always refused.

    Returns
    -------
    events : list of AnnotatedEvent, shape (events,)
        Times in seconds.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.rttm"
    >>> _ = path.write_text("SPEAKER a 1 1.5 2.0 <NA> <NA> car <NA> <NA>")
    >>> [event.label for event in read_events(path)]
    ['car']
    """
    path = Path(path)
    events = []
    for line, text in read_lines(path):
        try:
            events.append(event_of(text, path, line))
        except DataError as error:
            uri = uri_of_event(text)
            if faults is None or uri is None:
                raise
            faults.setdefault(uri, error)
    return events


def event_of(text: str, path: Path, line: int, *, empty: bool = False) -> AnnotatedEvent:
    """Parse a line of an RTTM file, with times in seconds; `empty` accepts an event without duration.

    Examples
    --------
    >>> event_of("SPEAKER a 1 1.5 2.0 <NA> <NA> car <NA> <NA>", Path("a.rttm"), line=1).segment
    <Segment(1.5, 3.5)>
    """
    columns = _columns(text, "SPEAKER uri 1 start duration <NA> <NA> label <NA> <NA>", path, line)
    kind, uri, channel, start, duration, _, _, label, _, _ = columns
    if kind != "SPEAKER":
        message = f"{quoted(kind)} is not SPEAKER."
        raise DataError(message, file=path, line=line, fix="Keep SPEAKER lines only.")
    if label == "<NA>":
        raise DataError("The label is missing.", file=path, line=line, fix="Write it in column 8.")
    onset = parse_seconds(start, file=path, line=line)
    segment = Segment(onset, onset + parse_seconds(duration, file=path, line=line))
    if not (segment or empty):
        raise DataError(
            f"The duration {quoted(duration)} is shorter than a microsecond.",
            file=path,
            line=line,
            fix="Column 5 is the duration in seconds, not the end: make it longer than 0.",
        )
    return AnnotatedEvent(uri, segment, label, path, line, channel)


def uri_of_event(text: str) -> str | None:
    """Uri that a line of an RTTM file names, even if the rest of the line is wrong; None if it names none.

    Examples
    --------
    >>> uri_of_event("SPEAKER a 1 soon"), uri_of_event("Once upon a time")
    ('a', None)
    """
    columns = text.split(maxsplit=2)
    return columns[1] if len(columns) == 3 and columns[0] == "SPEAKER" else None


def read_rttm(path: str | Path) -> dict[str, Annotation]:
    """Read an RTTM file.

    Parameters
    ----------
    path : path
        File of lines `SPEAKER uri 1 start duration <NA> <NA> label <NA> <NA>`, with start and
        duration in seconds.

    Returns
    -------
    annotations : dict of str to Annotation
        Annotation of each uri, in the order in which the uris appear. The track of an event is its `Place`.

    Raises
    ------
    DataError
        For the first line that is not valid.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.rttm"
    >>> _ = path.write_text("SPEAKER a 1 1.5 2.0 <NA> <NA> car <NA> <NA>")
    >>> print(read_rttm(path)["a"])
    [ 00:00:01.500 -->  00:00:03.500] 1 car
    """
    annotations: dict[str, Annotation] = {}
    for event in read_events(path):
        annotation = annotations.setdefault(event.recording, Annotation(uri=event.recording))
        annotation[event.segment, Place(event.file, event.line)] = event.label
    return annotations


def read_regions(path: str | Path) -> list[AnnotatedRegion]:
    """Read the annotated parts of a UEM file, in seconds, in the order of its lines."""
    path = Path(path)
    return [region_of(text, path, line) for line, text in read_lines(path)]


def region_of(text: str, path: Path, line: int) -> AnnotatedRegion:
    """Parse a line of a UEM file, with start and end in seconds.

    Examples
    --------
    >>> region_of("a 1 0.0 60.0", Path("a.uem"), line=1).segment
    <Segment(0, 60)>
    """
    uri, channel, start, end = _columns(text, "uri 1 start end", path, line)
    return AnnotatedRegion(uri, parse_segment(start, end, file=path, line=line), path, line, channel)


def read_uem(path: str | Path) -> dict[str, Timeline]:
    """Read a UEM file (lines `uri 1 start end`, in seconds) as the annotated part of each uri.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.uem"
    >>> _ = path.write_text("a 1 0.0 60.0")
    >>> read_uem(path)["a"].duration()
    60.0
    """
    timelines: dict[str, Timeline] = {}
    for region in read_regions(path):
        timelines.setdefault(region.recording, Timeline(uri=region.recording)).add(region.segment)
    return timelines


def read_lst(path: str | Path) -> list[str]:
    r"""Read an LST file (one uri per line, without repetitions).

    Returns
    -------
    uris : list of str, shape (uris,)

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.lst"
    >>> _ = path.write_text("a\nb\n")
    >>> read_lst(path)
    ['a', 'b']
    """
    path = Path(path)
    uris: dict[str, int] = {}
    for line, text in read_lines(path):
        uri = uri_of(text, path, line)
        if uri in uris:
            raise DataError(
                f"{quoted(uri)} stands in line {uris[uri]} already.", file=path, line=line, fix="Remove it."
            )
        uris[uri] = line
    return list(uris)


def uri_of(text: str, path: Path, line: int) -> str:
    """Parse a line of an LST file.

    Examples
    --------
    >>> uri_of("a ", Path("a.lst"), line=1)
    'a'
    """
    (uri,) = _columns(text, "uri", path, line)
    return uri


def _columns(text: str, expected: str, file: Path, line: int) -> list[str]:
    columns = text.split()
    if len(columns) != len(expected.split()):
        raise DataError(
            f"Found {counted(len(columns), 'column')} where {len(expected.split())} are expected.",
            file=file,
            line=line,
            fix=f"Write it as `{expected}`, without blanks inside a name.",
        )
    return columns
