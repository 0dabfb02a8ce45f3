"""Findings about lists and annotation of a protocol, each with its file and line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from pyannote.audio.core.findings import Finding
from pyannote.audio.core.overlaps import is_overlap
from pyannote.audio.database.checks.lists import empty_subsets, listed_twice, unlisted_recordings
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.database.protocols import labels_of
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion

_SLACK = 0.01
"""Tolerance in seconds for events that pass a region: times are often rounded."""


def check_annotation(subsets: Sequence[Subset]) -> Iterator[Finding]:
    """All findings about the lists and the annotation of a protocol.

    Parameters
    ----------
    subsets : sequence of Subset, shape (subsets,)

    Yields
    ------
    finding : Finding
        Of the kinds "twice", "subsets", "empty", "duplicate", "overlap", "unlisted", "merged" and "outside".

    Examples
    --------
    >>> [finding.kind for finding in check_annotation([Subset("train"), Subset("test", uris=[("a", 1)])])]
    ['empty']
    """
    yield from listed_twice(subsets)
    yield from empty_subsets(subsets)
    first = {uri: subset for subset in reversed(subsets) for uri, _ in subset.uris}
    for events in _grouped(event for uri, subset in first.items() for event in subset.events_of(uri)):
        yield from repeated_events(events)
    for lines in (*_by_file(subset.events for subset in subsets), *_by_file(one.regions for one in subsets)):
        yield from unlisted_recordings(lines)
    for subset in subsets:
        yield from merged_channels(subset)
        yield from events_outside(subset)


def _grouped(events: Iterable[AnnotatedEvent]) -> Iterable[list[AnnotatedEvent]]:
    """Events of each file."""
    files: defaultdict[Path, list[AnnotatedEvent]] = defaultdict(list)
    for event in events:
        files[event.file].append(event)
    return files.values()


def _by_file(
    of_subsets: Iterable[Sequence[AnnotatedEvent | AnnotatedRegion]],
) -> list[Sequence[AnnotatedEvent | AnnotatedRegion]]:
    """Lines of each file once, even if several subsets share it."""
    return list({lines[0].file: lines for lines in of_subsets if lines}.values())


def repeated_events(events: Iterable[AnnotatedEvent | AnnotatedRegion]) -> Iterator[Finding]:
    """Findings about duplicate events, and about overlaps of events with the same label: both count as one.

    Parameters
    ----------
    events : iterable of AnnotatedEvent, shape (events,)
        Of any recordings; overlaps of up to 0.01 s are ignored.

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> first = AnnotatedEvent("a", Segment(0, 2), "car", Path("a.rttm"), 1)
    >>> second = AnnotatedEvent("a", Segment(1, 3), "car", Path("a.rttm"), 2)
    >>> [(finding.kind, finding.line) for finding in repeated_events([first, second])]
    [('overlap', 2)]
    """
    latest: dict[tuple[str, str], AnnotatedEvent] = {}
    annotated = [event for event in events if isinstance(event, AnnotatedEvent)]
    for event in sorted(annotated, key=lambda one: (one.segment.start, one.line)):
        key = event.recording, event.label
        before = latest.get(key)
        if before is not None and before.segment == event.segment:
            yield _again(event, before)
        elif before is not None and is_overlap(_times(before), _times(event)):
            yield _overlapping(event, before)
        if before is None or event.segment.end > before.segment.end:
            latest[key] = event


def _times(event: AnnotatedEvent) -> tuple[float, float]:
    return event.segment.start, event.segment.end


def _again(event: AnnotatedEvent, before: AnnotatedEvent) -> Finding:
    return Finding(
        "duplicate",
        f"This event of {event.label!r} in {event.recording} is already in line {before.line}.",
        "They count as one event; remove one of them.",
        file=event.file,
        line=event.line,
    )


def _overlapping(event: AnnotatedEvent, before: AnnotatedEvent) -> Finding:
    common = min(event.segment.end, before.segment.end) - event.segment.start
    line = max(event.line, before.line)
    return Finding(
        "overlap",
        f"Events of {event.label!r} in {event.recording} overlap by {common:g} s (the other is in line "
        f"{min(event.line, before.line)}).",
        "They count as one event, in activity and in figures; correct the times if that is not intended.",
        file=event.file,
        line=line,
    )


def merged_channels(subset: Subset) -> Iterator[Finding]:
    """Findings about recordings that are the mean of their channels, and are annotated channel by channel.

    Parameters
    ----------
    subset : Subset
        With `uris` of shape (recordings, 2).

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> one = AnnotatedEvent("a", Segment(0, 2), "ann", Path("a.rttm"), 1, channel="1")
    >>> two = AnnotatedEvent("a", Segment(1, 3), "bob", Path("a.rttm"), 2, channel="2")
    >>> [(one.kind, one.line) for one in merged_channels(Subset("test", uris=[("a", 1)], events=[one, two]))]
    [('merged', 2)]
    """
    for uri in dict.fromkeys(uri for uri, _ in subset.uris):
        channels: dict[str, AnnotatedEvent | AnnotatedRegion] = {}
        for line in subset.annotation_of(uri) if subset.channel is None else ():
            channels.setdefault(line.channel, line)
        if len(channels) > 1:
            _, second, *_ = channels.values()
            names = ", ".join(sorted(channels))
            yield Finding(
                "merged",
                f"The annotation of {uri} is that of several channels ({names}): all its lines are used, for "
                "the mean of all channels of its audio.",
                f"To use one channel each, list {uri}#1 and {uri}#2 instead; or ignore this.",
                file=second.file,
                line=second.line,
            )


def shared_speakers(subsets: Sequence[Subset]) -> Iterator[Finding]:
    """Findings about speakers that occur in several subsets.

    Parameters
    ----------
    subsets : sequence of Subset, shape (subsets,)

    Examples
    --------
    >>> files = [{"uri": "a", "events": [(0.0, 1.0, "ann")]}]
    >>> [one.kind for one in shared_speakers([Subset("train", files=files), Subset("test", files=files)])]
    ['speakers']
    """
    first_subsets: dict[str, str] = {}
    for subset in subsets:
        for label, (file, line) in first_lines(subset).items():
            first = first_subsets.setdefault(label, subset.name)
            if first != subset.name:
                yield Finding(
                    "speakers",
                    f"The speaker {label!r} occurs in {first} and in {subset.name}: scores on known "
                    "speakers say little about new ones.",
                    "Keep all recordings of a speaker in one subset.",
                    file=file,
                    line=line,
                )


def first_lines(subset: Subset) -> dict[str, tuple[Path | None, int | None]]:
    """Labels of a subset, each with the file and line of its first event, None where they are unknown.

    Parameters
    ----------
    subset : Subset
        With `uris` of shape (recordings, 2) and `events` of shape (events,).

    Examples
    --------
    >>> first_lines(Subset("train", files=[{"uri": "a", "events": [(0.0, 1.0, "car")]}]))
    {'car': (None, None)}
    """
    lines: dict[str, tuple[Path | None, int | None]] = {}
    for uri, _ in subset.uris:
        for event in subset.annotation_of(uri):
            if isinstance(event, AnnotatedEvent):
                lines.setdefault(event.label, (event.file, event.line))
    if not lines:
        return dict.fromkeys(labels_of(subset.files), (subset.listing, None))
    return lines


def events_outside(subset: Subset) -> Iterator[Finding]:
    """Findings about events that are not covered by the annotated regions of their recording.

    Only recordings whose audio and annotation fit each other (`Subset.files`) are examined. An event may pass
    a region by up to 0.01 s.

    Parameters
    ----------
    subset : Subset
        With `events` of shape (events,) and `regions` of shape (regions,).

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> event = AnnotatedEvent("a", Segment(4, 6), "car", Path("a.rttm"), 1)
    >>> region = AnnotatedRegion("a", Segment(0, 5), Path("a.uem"), 1)
    >>> subset = Subset("train", uris=[("a", 1)], events=[event], regions=[region], files=[{"uri": "a"}])
    >>> [(finding.kind, finding.line) for finding in events_outside(subset)]
    [('outside', 1)]
    """
    for uri in (file["uri"] for file in subset.files):
        regions = [(region.segment.start, region.segment.end) for region in subset.regions_of(uri)]
        for event in subset.events_of(uri) if regions else ():
            if _uncovered(event, regions):
                yield _outside(event)


def _uncovered(event: AnnotatedEvent, regions: Collection[tuple[float, float]]) -> bool:
    """Whether a part of an event lies outside of all regions."""
    start = event.segment.start
    for first, last in sorted(regions):
        if first <= start + _SLACK:
            start = max(start, last)
    return start < event.segment.end - _SLACK


def _outside(event: AnnotatedEvent) -> Finding:
    return Finding(
        "outside",
        f"{event.label!r} from {event.segment.start:g} to {event.segment.end:g} s is not covered by "
        f"the annotated regions of {event.recording} (UEM): what lies outside of them is ignored.",
        "Extend the annotated region, or remove the event.",
        file=event.file,
        line=event.line,
    )
