"""STM, transcribed segments of speakers, of the speech recognition evaluations of NIST.

    recording channel speaker start end [<label,...>] transcript

Each line is a turn of its speaker, from beginning to end. A line whose transcript is
`ignore_time_segment_in_scoring` is an unscored region; a line without words is no turn. Comments begin with
`;;`.

References
----------
NIST, SCTK Scoring Toolkit, documentation of the STM format.
"""

from __future__ import annotations

from pathlib import Path

from pyannote.audio.database.formats._lines import first_lines, lines_of, unreadable
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion, parse_segment

IGNORED = "ignore_time_segment_in_scoring"


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read transcribed segments as turns of speakers; starts and ends are in seconds."""
    reading = Reading()
    for line, text in lines_of(path, reading):
        if text.lstrip().startswith(";;"):
            continue
        columns = text.split(maxsplit=5)
        if len(columns) < 5:
            raise unreadable(path, line, "recording channel speaker start end <label> transcript")
        uri, channel, speaker, start, end = columns[:5]
        words = _words(columns[5] if len(columns) > 5 else "")
        reading.name(uri, path, line)
        segment = parse_segment(start, end, file=path, line=line, empty=True)
        if words.lower() == IGNORED:
            reading.unscored.append(AnnotatedRegion(uri, segment, path, line, channel))
        elif not words:
            reading.left_out["segments without words"] += 1
        else:
            reading.add(AnnotatedEvent(uri, segment, speaker, path, line, channel))
    return reading


def _words(transcript: str) -> str:
    """Transcript without the label in angle brackets that may precede it, such as `<o,f0,male>`."""
    words = transcript.split()
    if words and words[0].startswith("<") and words[0].endswith(">"):
        # `<unk>` alone is a word
        return " ".join(words[1:]) or ("" if "," in words[0] or words[0] == "<NA>" else words[0])
    return " ".join(words)


def looks_right(path: Path) -> bool:
    """Whether the first lines have five columns or more."""
    lines = [line for line in first_lines(path) if not line.lstrip().startswith(";;")]
    return all(len(line.split()) >= 5 for line in lines)


FORMAT = Format("transcribed segments (STM, NIST)", ("*.stm",), read, looks_right)
