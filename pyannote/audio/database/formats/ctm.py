"""CTM, words with times, of the speech recognition evaluations of NIST.

    recording channel start duration word [confidence [type speaker]]

Words are no classes of sound. Each is read as an event of its speaker, or `speech` where there is none; words
that touch are one event, and pauses between words are pauses. Comments begin with `;;`.

References
----------
NIST, The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan, section on CTM.
"""

from __future__ import annotations

from pathlib import Path

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats._lines import first_lines, lines_of, unreadable
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion, parse_seconds, quoted

SPEECH = {"lex", "frag", "fp", "un-lex", "for-lex"}
"""Types of words that are spoken."""
OTHERS = {"non-lex", "misc"}
"""Types of other sounds."""
SILENCE = {"<eps>", "<sil>", "sil"}
"""Words, in small letters, by which decoders write silence."""
TOUCHING = 1e-3
"""Longest gap between words that touch, in seconds: times are rounded to 10 ms or 1 ms."""

REMARK = "Words are read as events of their speaker, or `speech`; words that touch are one event."


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read words as events of speech; their starts and durations are in seconds."""
    reading = Reading(remarks=[REMARK])
    words: dict[tuple[str, str, str], list[AnnotatedEvent]] = {}
    for line, text in lines_of(path, reading):
        columns = text.split()
        if columns[0].startswith(";;"):
            continue
        if not 5 <= len(columns) <= 8:
            raise unreadable(path, line, "recording channel start duration word [confidence [type speaker]]")
        if columns[4].upper() in ("<ALT_BEGIN>", "<ALT>", "<ALT_END>"):
            reading.left_out["marks of alternative words"] += 1
            continue
        uri, channel, start, duration, word, _, kind, speaker = columns + ["", "lex", ""][len(columns) - 5 :]
        reading.name(uri, path, line)
        onset = parse_seconds(start, file=path, line=line)
        segment = Segment(onset, onset + parse_seconds(duration, file=path, line=line))
        if reason := _not_spoken(word, kind, segment, path, line):
            reading.left_out[reason] += 1
        elif kind == "noscore":
            reading.unscored.append(AnnotatedRegion(uri, segment, path, line, channel))
        else:
            label = speaker if speaker not in ("", "<NA>", "unknown") else "speech"
            words.setdefault((uri, channel, label), []).append(
                AnnotatedEvent(uri, segment, label, path, line, channel)
            )
    events = [event for same in words.values() for event in _joined(same)]
    reading.events = sorted(events, key=lambda event: event.line)
    return reading


def _not_spoken(word: str, kind: str, segment: Segment, path: Path, line: int) -> str:
    """Reason to leave a word out, or nothing."""
    if kind not in SPEECH | OTHERS | {"noscore", "<NA>"}:
        found = f"{quoted(kind)} is no type of word; there are {', '.join(sorted(SPEECH | OTHERS))}, noscore."
        raise DataError(found, file=path, line=line, fix="Correct column 7.")
    if kind in OTHERS:
        return f"words of type {kind}"
    if kind != "noscore" and word.lower() in SILENCE:
        return "words that stand for silence"
    return "" if segment else "words without duration"


def _joined(words: list[AnnotatedEvent]) -> list[AnnotatedEvent]:
    """Join words of one speaker that touch or overlap."""
    events: list[AnnotatedEvent] = []
    for word in sorted(words, key=lambda one: one.segment):
        if events and word.segment.start <= events[-1].segment.end + TOUCHING:
            events[-1] = events[-1]._replace(segment=events[-1].segment | word.segment)
        else:
            events.append(word)
    return events


def looks_right(path: Path) -> bool:
    """Whether the first lines have five to eight columns, of which the fourth (the duration) is a number."""
    lines = [line.split() for line in first_lines(path) if not line.lstrip().startswith(";;")]
    return all(5 <= len(columns) <= 8 and _is_number(columns[3]) for columns in lines if "*" not in columns)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


FORMAT = Format("words with times (CTM, NIST)", ("*.ctm",), read, looks_right)
