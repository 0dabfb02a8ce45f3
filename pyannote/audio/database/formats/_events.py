"""The rule by which readers take events: those without duration are counted, impossible ones refused."""

from __future__ import annotations

import math
from pathlib import Path

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats.base import Reading
from pyannote.audio.io.lines import AnnotatedEvent


def add_event(
    reading: Reading, recording: str, onset: float, offset: float, label: str, path: Path, line: int
) -> None:
    """Add an event to a reading, or count it if it has no duration.

    Parameters
    ----------
    reading : Reading
    recording : str
    onset, offset : float
        In seconds.
    label : str
        Blanks around it are removed.
    path, line : Path, int
        Where it is written.

    Raises
    ------
    DataError
        If the label is blank, or the times are negative, not finite, or in the wrong order.

    Examples
    --------
    >>> reading = Reading()
    >>> add_event(reading, "a", 0.5, 1.0, "car ", Path("a.txt"), 1)
    >>> add_event(reading, "a", 2.0, 2.0, "horn", Path("a.txt"), 2)
    >>> [event.label for event in reading.events], dict(reading.left_out)
    (['car'], {'events without duration': 1})
    """
    reading.name(recording, path, line)
    if not label.strip():
        raise DataError("The label is missing.", file=path, line=line, fix="Write it.")
    if not 0 <= onset <= offset < math.inf:
        raise DataError(
            f"An event cannot last from {onset:.10g} s to {offset:.10g} s.",
            file=path,
            line=line,
            fix="The offset must be later than the onset, and both 0 s or more: correct the times.",
        )
    reading.add(AnnotatedEvent(recording, Segment(onset, offset), label.strip(), path, line))
