"""Comparison of a preparation with an earlier one in the same folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from pyannote.core import Annotation

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.corpora.splits import Subsets
from pyannote.audio.io.paths import inside
from pyannote.audio.io.rttm import read_rttm

SHOWN = 3
"""Recordings that a sentence names."""


def annotation_of(output: Path, name: str) -> dict[str, Annotation]:
    """Annotation of an earlier preparation, empty if there is none or it is damaged: it is written again.

    Examples
    --------
    >>> annotation_of(Path("/nowhere"), "Street")
    {}
    """
    path = inside(output, name, ".rttm")
    try:
        return read_rttm(path) if path.exists() else {}
    except DataError:
        return {}


def differences(
    before: tuple[Subsets, Mapping[str, Annotation]], now: tuple[Subsets, Mapping[str, Annotation]]
) -> list[str]:
    """Differences between two preparations, in sentences; none if there was no earlier one.

    Parameters
    ----------
    before, now : tuple
        Subsets, and annotation of each uri. Recordings without events may have none.

    Returns
    -------
    sentences : list of str, shape (sentences,)

    Examples
    --------
    >>> differences(({"train": ["a"], "test": ["b"]}, {}), ({"train": ["a", "b", "c"]}, {}))
    ['1 recording was added: c', '1 recording moved to another subset: b (test to train)']
    """
    old, new = (_subset_of(subsets) for subsets, _ in (before, now))
    if not old:
        return []
    moved = [f"{uri} ({old[uri]} to {new[uri]})" for uri in new if old.get(uri, new[uri]) != new[uri]]
    empty = Annotation()
    relabelled = [
        uri
        for uri in new
        if uri in old and _events(before[1].get(uri, empty)) != _events(now[1].get(uri, empty))
    ]
    found = {
        "{} added": [uri for uri in new if uri not in old],
        "{} removed": [uri for uri in old if uri not in new],
        "{} moved to another subset": moved,
        "{} annotated differently": relabelled,
    }
    return [_sentence(what, uris) for what, uris in found.items() if uris]


def _sentence(what: str, uris: Collection[str]) -> str:
    several = len(uris) > 1
    verb = "" if what.startswith("{} moved") else " were" if several else " was"
    subject = f"{len(uris)} recording{'s' if several else ''}{verb}"
    more = f" and {len(uris) - SHOWN} more" if len(uris) > SHOWN else ""
    return f"{what.format(subject)}: {', '.join(sorted(uris)[:SHOWN])}{more}"


def _subset_of(subsets: Subsets) -> dict[str, str]:
    return {uri: subset for subset, uris in subsets.items() for uri in uris}


def _events(annotation: Annotation) -> list[tuple[float, float, str]]:
    tracks = annotation.itertracks(yield_label=True)
    return sorted((round(start, 6), round(end, 6), str(label)) for (start, end), _, label in tracks)
