"""Findings about the lists of a protocol, and about annotation of recordings that no list contains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.channels import is_listed
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.database.sources import listed_recordings
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion


def listed_twice(subsets: Sequence[Subset]) -> Iterator[Finding]:
    """Findings about recordings that are listed twice, in one subset or in two.

    Parameters
    ----------
    subsets : sequence of Subset, shape (subsets,)

    Examples
    --------
    >>> print(*listed_twice([Subset("train", uris=[("a", 1), ("a", 2)])]))
    line 2: 'a' is already in line 1. Remove it.
    """
    seen: dict[str, tuple[Subset, int]] = {}
    for subset in subsets:
        for uri, line in subset.uris:
            if uri in seen:
                yield _listed_again(uri, line, subset, *seen[uri])
            seen.setdefault(uri, (subset, line))


def _listed_again(uri: str, line: int, subset: Subset, other: Subset, before: int) -> Finding:
    if other is subset:
        error = DataError(f"'{uri}' is already in line {before}.", fix="Remove it.")
        return _located(Finding.of("twice", error), subset, line)
    where = f" (line {before} of its list)" if before else ""
    return _located(
        Finding(
            "subsets",
            f"{uri} belongs to {subset.name} and to {other.name}{where}: scores on recordings used for "
            "training or selection are too optimistic.",
            "Keep it in one of them.",
        ),
        subset,
        line,
    )


def _located(finding: Finding, subset: Subset, line: int) -> Finding:
    return replace(finding, file=subset.listing, line=line or None)


def empty_subsets(subsets: Sequence[Subset]) -> Iterator[Finding]:
    """Findings about subsets without recordings.

    Parameters
    ----------
    subsets : sequence of Subset, shape (subsets,)

    Examples
    --------
    >>> print(*empty_subsets([Subset("train")]))
    The subset 'train' has no files. Fill its list.
    """
    for subset in subsets:
        if not subset.uris and (subset.listing is None or subset.listing.is_file()):
            error = DataError(f"The subset {subset.name!r} has no files.", file=subset.listing)
            yield Finding.of("empty", error, "Fill its list.")


def unlisted_recordings(lines: Sequence[AnnotatedEvent | AnnotatedRegion]) -> Iterator[Finding]:
    """Findings about annotated recordings that no list contains, each with its first line.

    Parameters
    ----------
    lines : sequence of AnnotatedEvent or AnnotatedRegion, shape (lines,)
        Lines of one file of annotation.

    Examples
    --------
    >>> from pathlib import Path
    >>> from pyannote.core import Segment
    >>> list(unlisted_recordings([AnnotatedEvent("a", Segment(0, 1), "car", Path("a.rttm"), 1)]))
    []
    """
    known = listed_recordings(lines[0].file)
    if known is None:
        return
    first: dict[str, AnnotatedEvent | AnnotatedRegion] = {}
    for line in lines:
        if not is_listed(line, known):
            first.setdefault(line.recording, line)
    # a search among all of VoxCeleb would take a minute
    nearby = list(islice(known, 10_000))
    for uri, line in first.items():
        close = get_close_matches(uri, nearby, n=1)
        yield Finding(
            "unlisted",
            f"No list contains the recording {uri!r}: its annotation is not used.",
            f"Did you mean {close[0]!r}?" if close else "Add it to a list, or remove its lines.",
            file=line.file,
            line=line.line,
        )
