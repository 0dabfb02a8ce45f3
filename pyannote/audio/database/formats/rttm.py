"""RTTM, of the Rich Transcription evaluations of NIST.

    SPEAKER uri channel start duration <NA> <NA> label <NA> <NA>

NOSCORE and NO_RT_METADATA regions are unscored; lines of other types are counted and left out. The last
column may be missing. Comments begin with `;;`.

References
----------
NIST, The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan, appendix A.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyannote.core import Annotation, Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.formats._lines import first_lines, lines_of, unreadable
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.io.lines import AnnotatedRegion, quoted
from pyannote.audio.io.rttm import event_of
from pyannote.audio.io.rttm_writer import format_rttm

UNSCORED = {"NOSCORE", "NO_RT_METADATA"}
"""Types of lines about regions that are not scored."""

OTHERS = {
    "A/P",
    "CB",
    "EDIT",
    "FILLER",
    "IP",
    "LEXEME",
    "NON-LEX",
    "NON-SPEECH",
    "SEGMENT",
    "SPKR-INFO",
    "SU",
}
"""Types of lines that are left out."""

TYPES = {"SPEAKER"} | UNSCORED | OTHERS


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read an RTTM file; starts and durations are in seconds."""
    reading = Reading()
    for line, text in lines_of(path, reading):
        columns = text.split()
        kind = columns[0]
        if kind.startswith(";;"):
            continue
        if kind in OTHERS:
            reading.left_out[f"{kind} lines"] += 1
            continue
        if kind not in TYPES:
            found = f"{quoted(kind)} is no type of line; there are {', '.join(sorted(TYPES))}."
            raise DataError(found, file=path, line=line, fix="Correct it.")
        if len(columns) == 9:
            columns.append("<NA>")
        if kind == "SPEAKER":
            reading.add(event_of(" ".join(columns), path, line, empty=True))
        else:
            reading.unscored.append(_region(columns, path, line))
            reading.name(columns[1], path, line)
    return reading


def _region(columns: list[str], path: Path, line: int) -> AnnotatedRegion:
    if len(columns) != 10:
        raise unreadable(path, line, f"{columns[0]} uri 1 start duration <NA> <NA> <NA> <NA> <NA>")
    times = " ".join(columns[1:5])
    event = event_of(f"SPEAKER {times} <NA> <NA> unscored <NA> <NA>", path, line)
    return AnnotatedRegion(event.recording, event.segment, path, line, event.channel)


def looks_right(path: Path) -> bool:
    """Whether each of the first lines begins with a type of RTTM."""
    kinds = [line.split()[0] for line in first_lines(path)]
    return all(kind in TYPES for kind in kinds if not kind.startswith(";;"))


def write(events: Mapping[str, Sequence[Event]], durations: Mapping[str, float]) -> dict[str, str]:
    """Format events as one RTTM file; times are in seconds, with six decimals."""
    annotations = {}
    for recording, its_events in events.items():
        annotation = annotations[recording] = Annotation(uri=recording)
        for track, (onset, offset, label) in enumerate(its_events):
            annotation[Segment(onset, offset), track] = label
    return {"events.rttm": format_rttm(annotations)}


FORMAT = Format("RTTM (NIST)", ("*.rttm",), read, looks_right, write=write)
