"""TextGrids of Praat, one file a recording, in the long or the short form of text.

Both are a sequence of numbers, texts in double quotes and flags; all other words, and comments from `!` to
the end of a line, are there for the reader. Intervals without text are pauses. Points are counted and not
read.

Which tiers are read is explained in `_tiers.py`. The writer puts events that overlap into several tiers of
one name.

References
----------
P. Boersma and D. Weenink, Praat manual, "TextGrid file formats" and "Formant: file format".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.formats._lines import first_lines, text_of
from pyannote.audio.database.formats._tiers import Interval, Tier, add_tiers
from pyannote.audio.database.formats.base import Format, Reading, ReadOptions
from pyannote.audio.io.lines import checked_lines, parse_seconds, quoted

TOKEN = re.compile(
    r'"(?P<text>(?:[^"]|"")*)"|(?P<open>")|(?P<comment>!.*)|(?P<flag><\w*>(?!\S))|(?P<word>[^\s"]+)'
)
"""What a TextGrid is made of; `!` begins a comment where a word might begin."""

NAME = "events"
"""Name of the tiers that are written."""

Row = list[Event]


def read(path: Path, recording: str, options: ReadOptions) -> Reading:
    """Read a TextGrid, whose times are in seconds."""
    reading = Reading()
    tokens = _Tokens(text_of(path, reading), path)
    if (tokens.text(), tokens.text()) != ("ooTextFile", "TextGrid"):
        raise tokens.unexpected('The file does not begin with "ooTextFile" and "TextGrid".')
    tokens.span()
    tiers = [_tier(tokens) for _ in range(tokens.count() if tokens.flag() == "<exists>" else 0)]
    tokens.end()
    add_tiers(reading, tiers, recording, path, options, "points of time")
    return reading


def _tier(tokens: _Tokens) -> Tier:
    kind = tokens.text()
    if kind not in ("IntervalTier", "TextTier"):
        raise tokens.unexpected(f"A tier cannot be of the class {quoted(kind)}.")
    tier = Tier(tokens.text(), tokens.line, of_intervals=kind == "IntervalTier")
    tokens.span()
    for _ in range(tokens.count()):
        if tier.of_intervals:
            interval = Interval(*tokens.span(), tokens.text(), tokens.line)
            tier.intervals += [interval] if interval.text.strip() else []
        else:
            tokens.seconds(), tokens.text()
            tier.others += 1
    return tier


class _Tokens:
    """Numbers, texts and flags of a text, one after the other; `line` is that of the latest."""

    def __init__(self, text: str, path: Path) -> None:
        self.path = path
        self.line = 1
        self._tokens = self._read(text.replace("\r\n", "\n").replace("\r", "\n"))

    def _read(self, text: str) -> Iterator[tuple[str, str]]:
        breaks = [0, *(place.end() for place in re.finditer("\n", text))]
        for _ in checked_lines(text, self.path):
            pass
        for token in TOKEN.finditer(text):
            self.line = bisect_right(breaks, token.start())
            kind, value = str(token.lastgroup), token[str(token.lastgroup)]
            if kind == "open":
                raise self.unexpected("A double quote is not closed.")
            if kind == "word":
                # all others are names of what follows
                if value[0] in "+-.0123456789":
                    yield "number", value
            elif kind != "comment":
                yield kind, value.replace('""', '"')

    def _next(self, kind: str) -> str:
        found, value = next(self._tokens, ("", ""))
        if found != kind:
            here = f"the {found} {quoted(value)}" if found else "the end of the file"
            raise self.unexpected(f"Here stands {here} where a {kind} is expected.")
        return value

    def text(self) -> str:
        """Text in double quotes."""
        return self._next("text")

    def flag(self) -> str:
        """Word in angle brackets."""
        return self._next("flag")

    def seconds(self) -> float:
        """Time."""
        return parse_seconds(self._next("number"), file=self.path, line=self.line)

    def span(self) -> tuple[float, float]:
        """Two times."""
        return self.seconds(), self.seconds()

    def count(self) -> int:
        """Number of things that follow."""
        value = self._next("number")
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise self.unexpected(f"{quoted(value)} is not a number of tiers, intervals or points.")
        return int(value)

    def end(self) -> None:
        """End of the file."""
        found, value = next(self._tokens, ("", ""))
        if found:
            raise self.unexpected(f"After the last tier stands the {found} {quoted(value)}.")

    def unexpected(self, message: str) -> DataError:
        """Error at the latest line."""
        fix = "In Praat, open the file and choose Save > Save as text file."
        return DataError(message, file=self.path, line=self.line, fix=fix)


def looks_right(path: Path) -> bool:
    """Whether the file has the type of Praat's objects."""
    return any("ooTextFile" in line for line in first_lines(path, 2))


def write(events: Mapping[str, Sequence[Event]], durations: Mapping[str, float]) -> dict[str, str]:
    """Format the events of each recording as a TextGrid, in the long form; times are in seconds."""
    return {
        f"{recording}.TextGrid": _formatted(_rows(its_events), durations[recording])
        for recording, its_events in events.items()
    }


def _rows(events: Sequence[Event]) -> list[Row]:
    """Divide events into rows, in none of which any overlap."""
    rows: list[Row] = [[]]
    for event in sorted(events):
        free = [row for row in rows if not row or row[-1][1] <= event[0]]
        if free:
            free[0].append(event)
        else:
            rows.append([event])
    return rows


def _formatted(rows: Sequence[Row], duration: float) -> str:
    end = max([duration, *(offset for row in rows for _, offset, _ in row)])
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", *_span(0.0, end)]
    lines += ["tiers? <exists>", f"size = {len(rows)}", "item []:"]
    for number, row in enumerate(rows, start=1):
        intervals = list(_with_pauses(row, end))
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{NAME}"']
        lines += [*_span(0.0, end, 8), f"        intervals: size = {len(intervals)}"]
        for place, (onset, offset, label) in enumerate(intervals, start=1):
            doubled = label.replace('"', '""')
            lines += [
                f"        intervals [{place}]:",
                *_span(onset, offset, 12),
                f'            text = "{doubled}"',
            ]
    return "\n".join([*lines, ""])


def _span(onset: float, offset: float, indent: int = 0) -> list[str]:
    blanks = " " * indent
    return [f"{blanks}xmin = {float(onset)!r}", f"{blanks}xmax = {float(offset)!r}"]


def _with_pauses(row: Row, end: float) -> Iterator[Event]:
    """Events, and pauses between them and at the ends."""
    last = 0.0
    for event in row:
        if event[0] > last:
            yield last, event[0], ""
        yield event
        last = event[1]
    if last < end:
        yield last, end, ""


FORMAT = Format("TextGrids of Praat", ("*.textgrid",), read, looks_right, per_recording=True, write=write)
