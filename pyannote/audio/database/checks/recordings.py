"""Findings about recordings of a data set: what is probably not meant, though commands would go on."""

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
"""Recordings from which on one that differs from the others is told."""


def odd_headers(headers: Iterable[AudioInfo]) -> Iterator[Finding]:
    """Recordings of another rate, or with another number of channels, than most.

    Examples
    --------
    >>> headers = [AudioInfo(Path(name), 16000, 1, 16000, "WAV PCM_16") for name in "abc"]
    >>> headers.append(AudioInfo(Path("d"), 8000, 1, 8000, "WAV PCM_16"))
    >>> print(*odd_headers(headers))
    d: The sample rate is 8000 Hz, and most recordings have 16000 Hz: nothing is heard above 4000 Hz. ...
    """
    found = list(headers)
    yield from _odd(found, "rate", lambda one: one.sample_rate, _of_another_rate)
    yield from _odd(found, "channels", lambda one: one.channels, _of_other_channels)


def _odd(
    headers: Sequence[AudioInfo],
    kind: str,
    value: Callable[[AudioInfo], int],
    said: Callable[[int, int], tuple[str, str]],
) -> Iterator[Finding]:
    if len(headers) < FEWEST:
        return
    ((usual, _),) = Counter(map(value, headers)).most_common(1)
    for header in headers:
        if value(header) != usual:
            yield Finding(kind, *said(value(header), usual), file=header.path)


def _of_another_rate(rate: int, usual: int) -> tuple[str, str]:
    heard = f": nothing is heard above {rate / 2:g} Hz" if rate < usual else ""
    return (
        f"The sample rate is {rate} Hz, and most recordings have {usual} Hz{heard}.",
        "It is resampled; record or convert all of them alike, if the classes do not come in all rates.",
    )


def _of_other_channels(channels: int, usual: int) -> tuple[str, str]:
    return (
        f"There are {channels} channels, and most recordings have {usual}.",
        "Channels are mixed down to one; record or convert all of them alike, or leave it as it is.",
    )


def low_rates(
    headers: Iterable[AudioInfo], sample_rate: int, file: str | PathLike[str], line: int | None
) -> list[Finding]:
    """What is said of a configured rate above that of all recordings."""
    highest = max((header.sample_rate for header in headers), default=sample_rate)
    if highest >= sample_rate:
        return []
    what = f"sample_rate is {sample_rate} Hz, and no recording has more than {highest} Hz: nothing is heard "
    return [
        Finding(
            "nyquist",
            f"{what}above {highest / 2:g} Hz, and what lies above teaches nothing.",
            f"Set sample_rate to {highest}.",
            file=file,
            line=line,
        )
    ]


def short_recordings(files: Iterable[Recording], chunk: float) -> Iterator[Finding]:
    """Training files without an annotated part as long as a chunk, in seconds."""
    for file in files:
        longest = max((end - start for start, end in file["regions"]), default=0.0)
        if 0 < longest < chunk - 1e-6:
            yield Finding(
                "short",
                f"The longest annotated part lasts {longest:g} s, less than a chunk ({chunk:g} s): nothing "
                "is learned from it.",
                "Set a shorter duration in config.yml, or take it out of the list.",
                file=file["audio"],
            )


def silent_annotation(
    files: Iterable[Recording], listing: Path | None, lines: Mapping[str, int | None]
) -> Iterator[Finding]:
    """Recordings in which nothing is annotated."""
    for file in files:
        if file["events"] == []:
            yield Finding(
                "nothing",
                f"Nothing is annotated in {file['uri']}.",
                "Check how the annotation calls it; leave it if there is nothing to be heard.",
                file=listing or file["audio"],
                line=lines.get(file["uri"]),
            )


def twins(labels: Collection[str]) -> Iterator[tuple[str, str]]:
    """Pairs of labels that differ in case, blanks and marks alone.

    Examples
    --------
    >>> list(twins(["car", "Car", "people walking", "people_walking", "van"]))
    [('Car', 'car'), ('people walking', 'people_walking')]
    """
    alike = defaultdict(list)
    for label in sorted(labels):
        alike["".join(filter(str.isalnum, label.casefold()))].append(label)
    for group in alike.values():
        yield from pairwise(group)


class Activity:
    """How often, how long, and with how much overlap each label of some files is active.

    Attributes
    ----------
    events : Counter of str
        Number of events.
    files : Counter of str
        Number of files with an event.
    seconds, with_others, with_itself : dict of str to float
        Time in which a label is active, in which another one is active too, and in which several events of
        the label itself are.

    Examples
    --------
    >>> found = Activity([[(0.0, 2.0, "a"), (1.0, 3.0, "a"), (2.5, 4.0, "b")]])
    >>> found.events["a"], found.seconds["a"], found.with_others["a"], found.with_itself["a"]
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
