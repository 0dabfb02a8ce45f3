"""Findings about properties of recordings that are allowed, but probably not intended."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path

from pyannote.audio.core.findings import Finding
from pyannote.audio.core.labels import Event
from pyannote.audio.database.protocols import Recording
from pyannote.audio.io.waveform import AudioInfo

FEWEST = 3
"""Smallest number of recordings among which one that differs from the others is reported."""

HUNDREDTH = 0.01
"""Seconds by which an event may be shorter than its recording and yet last as long."""


def unusual_headers(headers: Iterable[AudioInfo]) -> Iterator[Finding]:
    """Findings about recordings whose sample rate or number of channels differs from that of most.

    Parameters
    ----------
    headers : iterable of AudioInfo, shape (recordings,)

    Examples
    --------
    >>> headers = [AudioInfo(Path(name), 16000, 1, 16000, "WAV PCM_16") for name in "abc"]
    >>> headers.append(AudioInfo(Path("d"), 8000, 1, 8000, "WAV PCM_16"))
    >>> print(*unusual_headers(headers))
    d: The sample rate is 8000 Hz, that of most recordings 16000 Hz: there is no sound above 4000 Hz. ...
    """
    headers = list(headers)
    yield from _unusual(headers, "rate", lambda one: one.sample_rate, _rate_message)
    yield from _unusual(headers, "channels", lambda one: one.channels, _channels_message)


def _unusual(
    headers: Sequence[AudioInfo],
    kind: str,
    value: Callable[[AudioInfo], int],
    message: Callable[[int, int], tuple[str, str]],
) -> Iterator[Finding]:
    if len(headers) < FEWEST:
        return
    ((usual, _),) = Counter(map(value, headers)).most_common(1)
    for header in headers:
        if value(header) != usual:
            yield Finding(kind, *message(value(header), usual), file=header.path)


def _rate_message(rate: int, usual: int) -> tuple[str, str]:
    limit = f": there is no sound above {rate / 2:g} Hz" if rate < usual else ""
    return (
        f"The sample rate is {rate} Hz, that of most recordings {usual} Hz{limit}.",
        "It is resampled; use one rate for all recordings, unless each class occurs at all rates.",
    )


def _channels_message(channels: int, usual: int) -> tuple[str, str]:
    return (
        f"The number of channels is {channels}, that of most recordings {usual}.",
        "Channels are mixed down to mono; convert all recordings to the same number, or ignore this.",
    )


def low_rates(
    headers: Iterable[AudioInfo], sample_rate: int, file: str | PathLike[str], line: int | None
) -> list[Finding]:
    """Finding about a configured sample rate above that of all recordings, if it is.

    Parameters
    ----------
    headers : iterable of AudioInfo, shape (recordings,)
    sample_rate : int
        Configured rate, in Hertz.
    file, line : path, int
        Position of the rate in the configuration.

    Examples
    --------
    >>> header = AudioInfo(Path("a.wav"), 16000, 1, 16000, "WAV PCM_16")
    >>> print(*low_rates([header], 44100, "config.yml", 3))
    config.yml, line 3: sample_rate is 44100 Hz, but no recording has more than 16000 Hz: ...
    """
    highest = max((header.sample_rate for header in headers), default=sample_rate)
    if highest >= sample_rate:
        return []
    return [
        Finding(
            "nyquist",
            f"sample_rate is {sample_rate} Hz, but no recording has more than {highest} Hz: features above "
            f"{highest / 2:g} Hz carry no information.",
            f"Set sample_rate to {highest}.",
            file=file,
            line=line,
        )
    ]


def short_recordings(files: Iterable[Recording], chunk: float) -> Iterator[Finding]:
    """Findings about training files whose annotated regions are all shorter than a chunk.

    Parameters
    ----------
    files : iterable of Recording, shape (files,)
    chunk : float
        Duration of a chunk, in seconds.

    Examples
    --------
    >>> files = [{"audio": Path("a.wav"), "regions": [(0.0, 1.5)]}]
    >>> print(*short_recordings(files, chunk=2.0))
    a.wav: The longest annotated region lasts 1.5 s, less than a chunk (2 s): the file is not used for ...
    """
    for file in files:
        longest = max((end - start for start, end in file["regions"]), default=0.0)
        if 0 < longest < chunk - 1e-6:
            yield Finding(
                "short",
                f"The longest annotated region lasts {longest:g} s, less than a chunk ({chunk:g} s): the "
                "file is not used for training.",
                "Set a shorter duration in config.yml, or remove it from the list.",
                file=file["audio"],
            )


def untimed_labels(files: Sequence[Recording]) -> Iterator[Finding]:
    """Finding about recordings whose events all last as long as the recordings.

    Parameters
    ----------
    files : sequence of Recording, shape (files,)

    Examples
    --------
    >>> files = [{"regions": [(0.0, 10.0)], "events": [(0.0, 10.0, "dog")]} for _ in range(3)]
    >>> print(*untimed_labels(files))
    Each event lasts as long as its recording: do the labels say only that a class occurs somewhere in it? ...
    """
    annotated = [file for file in files if file["events"] and file["regions"]]
    if len(annotated) >= FEWEST and all(map(_is_untimed, annotated)):
        yield Finding(
            "untimed",
            "Each event lasts as long as its recording: do the labels say only that a class occurs somewhere "
            "in it?",
            "If so, set `target: clip` in the task of config.yml, and `duration` to that of a recording; "
            "figures of events and segments mean little where the reference has no times.",
        )


def _is_untimed(file: Recording) -> bool:
    start = min(start for start, _ in file["regions"])
    end = max(end for _, end in file["regions"])
    return all(
        onset <= start + HUNDREDTH and offset >= end - HUNDREDTH for onset, offset, _ in file["events"] or ()
    )


def empty_annotation(
    files: Iterable[Recording], listing: Path | None, lines: Mapping[str, int | None]
) -> Iterator[Finding]:
    """Findings about recordings without events.

    Parameters
    ----------
    files : iterable of Recording, shape (files,)
    listing : Path, optional
        List of the recordings.
    lines : mapping of str to int
        Line of each uri in the list.

    Examples
    --------
    >>> print(*empty_annotation([{"uri": "a", "events": []}], Path("train.lst"), {"a": 3}))
    train.lst, line 3: a has no annotated events. Check its name in the annotation; ignore this if ...
    """
    for file in files:
        if file["events"] == []:
            yield Finding(
                "nothing",
                f"{file['uri']} has no annotated events.",
                "Check its name in the annotation; ignore this if no class occurs in it.",
                file=listing or file["audio"],
                line=lines.get(file["uri"]),
            )


def similar_labels(labels: Collection[str]) -> Iterator[tuple[str, str]]:
    """Pairs of labels that differ only in case, blanks and punctuation.

    Parameters
    ----------
    labels : collection of str, shape (labels,)

    Examples
    --------
    >>> list(similar_labels(["car", "Car", "people walking", "people_walking", "van"]))
    [('Car', 'car'), ('people walking', 'people_walking')]
    """
    alike = defaultdict(list)
    for label in sorted(labels):
        alike["".join(filter(str.isalnum, label.casefold()))].append(label)
    for group in alike.values():
        yield from pairwise(group)


class Activity:
    """Number of events, duration and overlap of each label of some files.

    Parameters
    ----------
    files : iterable of sequence of (onset, offset, label), shape (files,)
        Events of each file, in seconds.

    Attributes
    ----------
    events : Counter of str
        Number of events.
    files : Counter of str
        Number of files with an event.
    seconds, with_others, with_itself : dict of str to float
        Time in which a label is active, in which another label is active too, and in which several events of
        the label itself overlap.
    durations : dict of str to list of float
        Durations of the events of each label, in seconds.

    Examples
    --------
    >>> activity = Activity([[(0.0, 2.0, "a"), (1.0, 3.0, "a"), (2.5, 4.0, "b")]])
    >>> activity.events["a"], activity.seconds["a"], activity.with_others["a"], activity.with_itself["a"]
    (2, 3.0, 0.5, 1.0)
    """

    def __init__(self, files: Iterable[Sequence[Event]]) -> None:
        self.events: Counter[str] = Counter()
        self.files: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.with_others: defaultdict[str, float] = defaultdict(float)
        self.with_itself: defaultdict[str, float] = defaultdict(float)
        self.durations: defaultdict[str, list[float]] = defaultdict(list)
        for events in files:
            self.files.update({label for _, _, label in events})
            for onset, offset, label in events:
                self.events[label] += 1
                self.durations[label].append(offset - onset)
            self._sweep(events)

    def _sweep(self, events: Sequence[Event]) -> None:
        changes = sorted(
            change for onset, offset, label in events for change in ((onset, 1, label), (offset, -1, label))
        )
        active: Counter[str] = Counter()
        before = 0.0
        for time, change, label in changes:
            for other, count in active.items():
                self.seconds[other] += time - before
                self.with_others[other] += (time - before) * (len(active) > 1)
                self.with_itself[other] += (time - before) * (count > 1)
            before = time
            active[label] += change
            if not active[label]:
                del active[label]
