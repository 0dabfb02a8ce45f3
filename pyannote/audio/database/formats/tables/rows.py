"""Rows of tables of annotation: events, soft labels, and weak labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats.base import Reading, ReadOptions, Tag
from pyannote.audio.io.lines import AnnotatedEvent, parse_seconds, parse_segment, quoted

NOTHING = frozenset({"", "na", "n/a", "nan"})
"""Cells without content, in small letters."""

LARGEST_DIFFERENCE = 0.01
"""Highest difference, in seconds, between an offset and the sum of onset and duration in one row."""

_TOUCHING = 1e-3
_ROUNDING = 1e-9
_CLOCK = re.compile(r"(?:([0-9]{1,4}):(?=[0-5][0-9]:))?([0-9]{1,4}):([0-5][0-9](?:\.[0-9]*)?)")
_DECIMAL_COMMA = re.compile(r"[+-]?(?:[0-9]+:)*[0-9]*,[0-9]+")
_SHARE = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass
class Rows:
    """Reads the rows of a table.

    Parameters
    ----------
    path : Path
        The table.
    options : ReadOptions
    recording : str, optional
        Recording that all rows are about, if they name none.
    decimal_comma : bool, optional
        Whether 1,5 is one and a half.
    reading : Reading, optional
        Gets the content of the rows.

    Examples
    --------
    >>> rows = Rows(Path("a.csv"), ReadOptions())
    >>> rows.add({"file": "a.wav", "onset": "1:00.5", "duration": "2", "label": "car"}, line=2)
    >>> rows.finished().events[0].segment
    <Segment(60.5, 62.5)>
    """

    path: Path
    options: ReadOptions
    recording: str | None = None
    decimal_comma: bool = False
    reading: Reading = field(default_factory=Reading)
    soft: list[AnnotatedEvent] = field(default_factory=list, init=False)

    def add(self, cells: Mapping[str, str], line: int, several: bool = False) -> None:
        """Read a row.

        Parameters
        ----------
        cells : mapping of str to str
            Content of the cell of each role (see `pyannote.audio.database.formats.tables.columns`);
            times in seconds, or in minutes and seconds (1:30.5).
        line : int
        several : bool, optional
            Whether a comma separates weak labels.

        Raises
        ------
        DataError
            If it can be read as neither an event, nor weak labels, nor the name of a recording alone.
        """
        recording = self.name(cells, line)
        if all(is_nothing(text) for role, text in cells.items() if role != "file"):
            self.reading.name(recording, self.path, line)
            return
        weak, label = "onset" not in cells, cells["label"]
        labels = label.split(",") if weak and several else [label]
        if any(map(is_nothing, labels)):
            raise self._wrong(line, "The label is missing.", "Write it.")
        if weak:
            for one in labels:
                self.reading.tag(Tag(recording, one.strip(), self.path, line))
            return
        event = AnnotatedEvent(recording, self._segment(cells, line), label, self.path, line)
        if "soft" not in cells or self._counts(event, cells["soft"]):
            self.reading.add(event)

    def finished(self) -> Reading:
        """Content of all rows."""
        if self.soft:
            joined = _joined(self.soft)
            self.reading.events += joined
            if len(joined) < len(self.soft):
                continuing = len(self.soft) - len(joined)
                self.reading.left_out["soft labels that continue those before them"] += continuing
        return self.reading

    def name(self, cells: Mapping[str, str], line: int) -> str:
        """Recording that a row is about.

        Parameters
        ----------
        cells : mapping of str to str
            Content of the cell of each role.
        line : int

        Raises
        ------
        DataError
            If it is missing.
        """
        if self.recording is not None:
            return self.recording
        # recordings may be called nan
        if not cells["file"]:
            raise self._wrong(line, "The name of the recording is missing.", "Write it.")
        return cells["file"].replace("\\", "/").removeprefix("./")

    def _segment(self, cells: Mapping[str, str], line: int) -> Segment:
        onset, offset = self._seconds(cells["onset"]), self._seconds(cells.get("offset", ""))
        duration = self._seconds(cells.get("duration", ""))
        if not is_nothing(duration):
            start = parse_seconds(onset, file=self.path, line=line)
            end = start + parse_seconds(duration, file=self.path, line=line)
            if is_nothing(offset):
                offset = repr(end)
            elif abs(parse_seconds(offset, file=self.path, line=line) - end) > LARGEST_DIFFERENCE + _ROUNDING:
                found = f"The offset {offset} is not the sum of onset and duration, {end:.10g}."
                raise self._wrong(line, found, "Correct one of them, or remove the column that is wrong.")
        return parse_segment(onset, offset, file=self.path, line=line, empty=True)

    def _seconds(self, text: str) -> str:
        """Seconds of a time that may have a decimal comma, or minutes."""
        if self.decimal_comma and _DECIMAL_COMMA.fullmatch(text):
            self._remark("Times such as 1,5 have a decimal comma: one and a half seconds.")
            text = text.replace(",", ".")
        if clock := _CLOCK.fullmatch(text):
            self._remark("Times such as 1:30.5 are minutes and seconds, after hours in 1:00:30.5.")
            hours, minutes, seconds = clock.groups()
            text = repr(round(3600 * int(hours or 0) + 60 * int(minutes) + float(seconds), 9))
        return text

    def _counts(self, event: AnnotatedEvent, text: str) -> bool:
        """Whether an event is to be added for its soft label; with a threshold, it is kept to be joined."""
        self.reading.name(event.recording, event.file, event.line)
        value, threshold = self._share(text, event.line), self.options.soft
        if threshold is None:
            if value not in (0, 1):
                raise self._wrong(
                    event.line,
                    f"{quoted(event.label)} has the soft label {value:g}, neither an event nor none.",
                    "With --soft=0.5, soft labels of 0.5 or more count as events.",
                )
            if value == 0:
                self.reading.left_out["rows with the soft label 0"] += 1
            return value == 1
        self._remark(
            f"Soft labels of {threshold:g} or more count as events; those of one label that touch are joined."
        )
        if value < threshold:
            self.reading.left_out[f"soft labels below {threshold:g}"] += 1
        else:
            self.soft.append(event)
        return False

    def _share(self, text: str, line: int) -> float:
        written = text.replace(",", ".") if self.decimal_comma else text
        value = float(written) if _SHARE.fullmatch(written) else -1.0
        if not 0 <= value <= 1:
            raise self._wrong(line, f"{quoted(text)} is no soft label.", "Write a value from 0 to 1.")
        return value

    def _remark(self, sentence: str) -> None:
        if sentence not in self.reading.remarks:
            self.reading.remarks.append(sentence)

    def _wrong(self, line: int, found: str, fix: str) -> DataError:
        return DataError(found, file=self.path, line=line, fix=fix)


def is_nothing(text: str) -> bool:
    """Whether a cell has no content.

    Examples
    --------
    >>> is_nothing("NaN"), is_nothing("0")
    (True, False)
    """
    return text.strip().lower() in NOTHING


def _joined(events: Iterable[AnnotatedEvent]) -> list[AnnotatedEvent]:
    """Events of which those of one recording and label that touch or overlap are one."""
    joined: list[AnnotatedEvent] = []
    for event in sorted(events, key=lambda one: (one.recording, one.label, one.segment.start)):
        last = joined[-1] if joined else event
        same = (last.recording, last.label) == (event.recording, event.label)
        if joined and same and event.segment.start <= last.segment.end + _TOUCHING:
            joined[-1] = last._replace(segment=last.segment | event.segment)
        else:
            joined.append(event)
    return joined
