"""RTTM, of the Rich Transcription evaluations of NIST.

    SPEAKER uri channel start duration <NA> <NA> label <NA> <NA>

Lines of other types are counted and left out, and NOSCORE and NO_RT_METADATA regions are unscored. The last
column may be missing.

References
----------
NIST, The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan, appendix A.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyannote.core import Annotation, Segment

from pyannote.audio.core.labels import Event
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions, first_lines, lines_of
from pyannote.audio.io.rttm import event_of, format_rttm

TYPES = {
    "A/P",
    "CB",
    "EDIT",
    "FILLER",
    "IP",
    "LEXEME",
    "NO_RT_METADATA",
    "NON-LEX",
    "NON-SPEECH",
    "NOSCORE",
    "SEGMENT",
    "SPEAKER",
    "SPKR-INFO",
    "SU",
}
"""Types of lines."""


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read an RTTM file."""
    reading = Reading()
    for line, text in lines_of(path, reading):
        kind = text.split(maxsplit=1)[0]
        if text.startswith(";;"):
            continue
        if kind in TYPES - {"SPEAKER"}:
            reading.left_out[f"{kind} lines"] += 1
        else:
            reading.add(event_of(text, path, line))
    return reading


def looks_right(path: Path) -> bool:
    """Whether each of the first lines begins with a type of RTTM."""
    lines = [line for line in first_lines(path) if not line.startswith(";;")]
    return all(line.split()[0] in TYPES for line in lines)


def write(events: Mapping[str, Sequence[Event]], durations: Mapping[str, float]) -> dict[str, str]:
    """Format events as one RTTM file."""
    annotations = {}
    for recording, its_events in events.items():
        annotation = annotations[recording] = Annotation(uri=recording)
        for track, (onset, offset, label) in enumerate(its_events):
            annotation[Segment(onset, offset), track] = label
    return {"events.rttm": format_rttm(annotations)}


FORMAT = Format("RTTM (NIST)", ("*.rttm",), read, looks_right, write=write)
