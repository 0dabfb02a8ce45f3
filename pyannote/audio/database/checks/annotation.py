"""Findings about lines of annotation and lists, each with its line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.database.known_protocols import known_protocols
from pyannote.audio.database.protocols import labels_of
from pyannote.audio.database.sources import sources_of
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion

_SLACK = 0.01
"""Seconds by which events of a label may overlap, and pass a region: times are often rounded."""


def check_annotation(subsets: Sequence[Subset]) -> Iterator[Finding]:
    """What is odd about the lists and the annotation of a protocol."""
    yield from listed_twice(subsets)
    yield from empty_subsets(subsets)
    uris = {uri for subset in subsets for uri, _ in subset.uris}
    for events in _by_file(subset.events for subset in subsets):
        yield from repeated_events(event for event in events if event.recording in uris)
        yield from unlisted_recordings(events)
    for regions in _by_file(subset.regions for subset in subsets):
        yield from unlisted_recordings(regions)
    for subset in subsets:
        yield from events_outside(subset)


def _by_file(
    of_subsets: Iterable[Sequence[AnnotatedEvent | AnnotatedRegion]],
) -> list[Sequence[AnnotatedEvent | AnnotatedRegion]]:
    """Lines of each file once, though several subsets share it."""
    return list({lines[0].file: lines for lines in of_subsets if lines}.values())


def listed_twice(subsets: Sequence[Subset]) -> Iterator[Finding]:
    """Recordings that a list, or two, name twice."""
    seen: dict[str, tuple[Subset, int]] = {}
    for subset in subsets:
        for uri, line in subset.uris:
            if uri in seen:
                yield _listed_again(uri, line, subset, *seen[uri])
            seen.setdefault(uri, (subset, line))


def _listed_again(uri: str, line: int, subset: Subset, other: Subset, before: int) -> Finding:
    if other is subset:
        error = DataError(f"'{uri}' stands in line {before} already.", fix="Remove it.")
        return _located(Finding.of("twice", error), subset, line)
    where = f" (line {before} of its list)" if before else ""
    return _located(
        Finding(
            "subsets",
            f"{uri} belongs to {subset.name} and to {other.name}{where}: scores on what was learned or "
            "chosen from are too good.",
            "Keep it in one of them.",
        ),
        subset,
        line,
    )


def _located(finding: Finding, subset: Subset, line: int) -> Finding:
    return replace(finding, file=subset.listing, line=line or None)


def empty_subsets(subsets: Sequence[Subset]) -> Iterator[Finding]:
    """Subsets without recordings."""
    for subset in subsets:
        if not subset.uris and (subset.listing is None or subset.listing.is_file()):
            found = DataError(f"The subset {subset.name!r} has no files.", file=subset.listing)
            yield Finding.of("empty", found, "Fill its list.")


def repeated_events(events: Iterable[AnnotatedEvent | AnnotatedRegion]) -> Iterator[Finding]:
    """Events that are there twice, or overlap with an event of the same label."""
    latest: dict[tuple[str, str], AnnotatedEvent] = {}
    given = [event for event in events if isinstance(event, AnnotatedEvent)]
    for event in sorted(given, key=lambda one: (one.segment.start, one.line)):
        key = event.recording, event.label
        before = latest.get(key)
        if before is not None and before.segment == event.segment:
            yield _again(event, before)
        elif before is not None and before.segment.end > event.segment.start + _SLACK:
            yield _overlapping(event, before)
        if before is None or event.segment.end > before.segment.end:
            latest[key] = event


def _again(event: AnnotatedEvent, before: AnnotatedEvent) -> Finding:
    return Finding(
        "duplicate",
        f"This event of {event.label!r} in {event.recording} stands in line {before.line} already.",
        "Remove one of them.",
        file=event.file,
        line=event.line,
    )


def _overlapping(event: AnnotatedEvent, before: AnnotatedEvent) -> Finding:
    common = min(event.segment.end, before.segment.end) - event.segment.start
    line = max(event.line, before.line)
    return Finding(
        "overlap",
        f"Events of {event.label!r} in {event.recording} overlap by {common:g} s (the other one is in line "
        f"{min(event.line, before.line)}).",
        "They count as one; correct the times if they are not meant to overlap.",
        file=event.file,
        line=line,
    )


def shared_speakers(subsets: Sequence[Subset]) -> Iterator[Finding]:
    """Speakers of one subset who are heard in an earlier one."""
    owners: dict[str, str] = {}
    for subset in subsets:
        for label, (file, line) in first_lines(subset).items():
            if owners.setdefault(label, subset.name) != subset.name:
                yield Finding(
                    "speakers",
                    f"The speaker {label!r} is heard in {owners[label]} and in {subset.name}: scores on "
                    "known speakers say nothing of new ones.",
                    "Keep all recordings of a speaker in one subset.",
                    file=file,
                    line=line,
                )


def first_lines(subset: Subset) -> dict[str, tuple[Path | None, int | None]]:
    """Labels that a subset holds, and the line where each is first annotated, if it is known."""
    found: dict[str, tuple[Path | None, int | None]] = {}
    for uri, _ in subset.uris:
        for event in subset.annotation_of(uri):
            if isinstance(event, AnnotatedEvent):
                found.setdefault(event.label, (event.file, event.line))
    if not found:
        return dict.fromkeys(labels_of(subset.files), (subset.listing, None))
    return found


def events_outside(subset: Subset) -> Iterator[Finding]:
    """Events of a subset that lie, in part or whole, where nothing counts as annotated.

    Recordings whose annotation is wrong are looked at when it has been mended.
    """
    regions: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for region in subset.regions:
        regions[region.recording].append((region.segment.start, region.segment.end))
    for uri in (file["uri"] for file in subset.files):
        if subset.regions and uri not in regions:
            yield _without_region(uri, subset)
        for event in subset.annotation_of(uri):
            if isinstance(event, AnnotatedEvent) and regions[uri] and _uncovered(event, regions[uri]):
                yield _outside(event)


def _uncovered(event: AnnotatedEvent, regions: Collection[tuple[float, float]]) -> bool:
    """Whether a part of an event lies in no region."""
    start = event.segment.start
    for first, last in sorted(regions):
        if first <= start + _SLACK:
            start = max(start, last)
    return start < event.segment.end - _SLACK


def _outside(event: AnnotatedEvent) -> Finding:
    return Finding(
        "outside",
        f"{event.label!r} from {event.segment.start:g} to {event.segment.end:g} s lies events_outside of the "
        f"annotated parts of {event.recording} (UEM): what is events_outside does not count.",
        "Make the annotated part longer, or remove the event.",
        file=event.file,
        line=event.line,
    )


def _without_region(uri: str, subset: Subset) -> Finding:
    return Finding(
        "outside",
        f"No part of {uri} is annotated: the UEM has no line on it.",
        f"Write a line `{uri} 1 start end` there.",
        file=subset.listing,
        line=subset.lines.get(uri),
    )


def unlisted_recordings(lines: Sequence[AnnotatedEvent | AnnotatedRegion]) -> Iterator[Finding]:
    """The first line on each recording that no list names which goes with the file of annotation."""
    known = listed_recordings(lines[0].file)
    if known is None:
        return
    first: dict[str, AnnotatedEvent | AnnotatedRegion] = {}
    for line in lines:
        if line.recording not in known:
            first.setdefault(line.recording, line)
    # a search among all of VoxCeleb would take a minute
    nearby = list(islice(known, 10_000))
    for uri, line in first.items():
        close = get_close_matches(uri, nearby, n=1)
        yield Finding(
            "unlisted",
            f"No list names {uri!r}, so that what is annotated in it is not used.",
            f"Did you mean {close[0]!r}?" if close else "Add it to a list, or remove its lines.",
            file=line.file,
            line=line.line,
        )


def listed_recordings(annotation: Path) -> set[str] | None:
    """Recordings that protocols list which use a file of annotation; None if some are not known."""
    known: set[str] = set()
    for name in known_protocols():
        for subset in ("train", "development", "test"):
            sources = sources_of(name, subset)
            if annotation in sources.values():
                if "uri" not in sources or not sources["uri"].is_file():
                    return None
                known.update(sources["uri"].read_text(encoding="utf-8-sig", errors="replace").split())
    return known or None
