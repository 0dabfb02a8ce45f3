"""Audio file of a database to be written, with its name, duration, events and annotated regions."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.bounds import exceeds_end
from pyannote.audio.io.lines import AnnotatedEvent, quoted
from pyannote.audio.io.waveform import info


@dataclass(frozen=True)
class AnnotatedFile:
    """An audio file with its name and annotation.

    Parameters
    ----------
    uri : str
        Safe name, unique in the database.
    audio : Path
        Audio file.
    duration : float
        In seconds, rounded down to microseconds.
    events : list of AnnotatedEvent, shape (events,)
        Events within the recording, with their original labels.
    annotated : bool
        False if annotation is missing; an annotated file may have no events.
    regions : sequence of Segment, shape (regions,)
        Annotated regions, in seconds; none stands for the whole recording.
    cut : int
        Number of events that passed the end of the recording by 0.1 s or less, and were cut there.

    Examples
    --------
    >>> AnnotatedFile("a", Path("/audio/a.wav"), duration=2.5).events
    []
    """

    uri: str
    audio: Path
    duration: float
    events: list[AnnotatedEvent] = field(default_factory=list)
    annotated: bool = True
    regions: Sequence[Segment] = ()
    cut: int = 0

    def seconds(self) -> dict[str, float]:
        """Total duration of each label in `events`, of shape (events,), in seconds.

        Examples
        --------
        >>> event = AnnotatedEvent("a", Segment(0, 2.5), "car", Path("a.rttm"), 1)
        >>> AnnotatedFile("a", Path("a.wav"), 2.5, [event, event]).seconds()
        {'car': 5.0}
        """
        total: Counter[str] = Counter()
        for event in self.events:
            total[event.label] += event.segment.duration
        return dict(total)


def audio_duration(path: Path) -> float:
    """Duration of an audio file in seconds, rounded down to microseconds, from its header (see `info`).

    Raises
    ------
    AudioError
        If it is missing, empty or damaged, or cannot be read here.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.zeros(8001), 8000)
    >>> audio_duration(path)
    1.000125
    """
    header = info(path)
    return (header.samples * 1_000_000 // header.sample_rate) / 1_000_000


CUT = "events that pass the end of their recording by 0.1 s or less, which were cut there"
"""What counts of left out events call them."""


def cut_events(
    events: Iterable[AnnotatedEvent], duration: float, strict: bool = False
) -> tuple[list[AnnotatedEvent], int]:
    """Events cut at the end of their recording, and how many of them passed it.

    Parameters
    ----------
    events : iterable of AnnotatedEvent, shape (events,)
    duration : float
        Duration of the recording, in seconds.
    strict : bool, optional
        Whether events that pass the end are refused.

    Raises
    ------
    DataError
        If one passes the end by more than 0.1 s, begins after it, or is refused.

    Examples
    --------
    >>> event = AnnotatedEvent("a", Segment(1, 4.05), "car", Path("a.rttm"), 1)
    >>> cut_events([event], duration=4.0)[1]
    1
    """
    within, cut = [], 0
    for event in events:
        within.append(clip(event, duration))
        if event.segment.end > duration:
            cut += 1
            if strict:
                raise _passes_end(event, duration)
    return within, cut


def _passes_end(event: AnnotatedEvent, duration: float) -> DataError:
    return DataError(
        f"The event ends at {event.segment.end:.10g} s, but its recording at {duration:.10g} s.",
        file=event.file,
        line=event.line,
        fix="Correct the times, or leave out --strict to cut it.",
    )


def clip(event: AnnotatedEvent, duration: float) -> AnnotatedEvent:
    """Event cut at the end of its recording.

    Parameters
    ----------
    event : AnnotatedEvent
    duration : float
        Duration of the recording, in seconds.

    Raises
    ------
    DataError
        If it passes the end by more than 0.1 s, or begins after it.

    Examples
    --------
    >>> clip(AnnotatedEvent("a", Segment(1, 4.05), "car", Path("a.rttm"), 1), duration=4.0).segment.end
    4.0
    """
    segment = event.segment
    if exceeds_end(segment.start, segment.end, duration):
        raise DataError(
            f"The event {quoted(event.label)} from {segment.start:.10g} s to {segment.end:.10g} s lies "
            f"beyond the end of {quoted(event.recording)} at {duration:.10g} s.",
            file=event.file,
            line=event.line,
            fix="Correct the times, or get the complete audio file.",
        )
    return event._replace(segment=Segment(segment.start, min(segment.end, duration)))


def absolute(path: Path | str) -> Path:
    """Absolute path, without following symbolic links as `Path.resolve` does.

    Examples
    --------
    >>> absolute("/data/../data/a.wav")
    PosixPath('/data/a.wav')
    """
    return Path(os.path.abspath(path))  # noqa: PTH100
