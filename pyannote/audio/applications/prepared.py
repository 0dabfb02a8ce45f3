"""Report of a preparation: what was read, what was left out and why, and the next command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pyannote.audio.applications.checking.tables import aligned, described, spelled
from pyannote.audio.applications.terminal import say, say_table, warn
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile
from pyannote.audio.database.corpora.own_data import Preparation

SHOWN = 5
"""Faults that are printed."""


def tell(prepared: Preparation) -> None:
    """Print the report of a preparation.

    Parameters
    ----------
    prepared : Preparation
    """
    for remark in prepared.remarks:
        warn(remark)
    if prepared.reasons:
        more = len(prepared.reasons) - SHOWN
        rest = [f"and {more} more."] if more > 0 else []
        warn("these recordings are left out:", *prepared.reasons[:SHOWN], *rest)
    say_table(contents_table(prepared.recordings, prepared.subsets, prepared.format, prepared.groups))
    if prepared.left_out:
        counts = [(str(count), what) for what, count in sorted(prepared.left_out.items())]
        say_table(described("Left out, or changed", counts))
    if prepared.changes:
        say_table("\n".join(["Since the last preparation", *(f"  {change}" for change in prepared.changes)]))
    say(f"{prepared.path} is ready: {prepared.protocol}")


def contents_table(
    recordings: Sequence[AnnotatedFile],
    subsets: Mapping[str, Sequence[str]],
    form: str,
    groups: Mapping[str, str] | None = None,
) -> str:
    """Table of recordings, events, and duration of each label, by subset.

    Parameters
    ----------
    recordings : sequence of AnnotatedFile, shape (recordings,)
    subsets : mapping of str to sequence of str
        Uris of each subset.
    form : str
        Name of the format of the annotation.
    groups : mapping of str to str, optional
        Group of each uri.

    Examples
    --------
    >>> from pathlib import Path
    >>> print(contents_table([AnnotatedFile("a", Path("a.wav"), 2.5)], {"train": ["a"]}, "csv"))
    Read as csv       train
      recordings          1
      duration        2.5 s
      events              0
      without events      1
    """
    by_uri = {one.uri: one for one in recordings}
    files = {subset: [by_uri[uri] for uri in uris] for subset, uris in subsets.items()}
    labels = sorted({event.label for one in recordings for event in one.events})
    rows = [
        ["recordings", *(str(len(own)) for own in files.values())],
        *_of_groups(groups or {}, subsets),
        ["duration", *(spelled(sum(one.duration for one in own)) for own in files.values())],
        ["events", *(str(sum(len(one.events) for one in own)) for own in files.values())],
        ["without events", *(str(sum(not one.events for one in own)) for own in files.values())],
    ]
    for label in labels:
        own_row = [_of_label(label, own) for own in files.values()]
        rows.append([label, *own_row])
    return aligned(f"Read as {form}", list(files), rows)


def _of_groups(groups: Mapping[str, str], subsets: Mapping[str, Sequence[str]]) -> list[list[str]]:
    counts = [str(len({groups[uri] for uri in uris if uri in groups})) for uris in subsets.values()]
    return [["groups", *counts]] if groups else []


def _of_label(label: str, files: Sequence[AnnotatedFile]) -> str:
    """Events and total duration of a label; a dash where there are none."""
    seconds: Counter[str] = Counter()
    for one in files:
        seconds.update(one.seconds())
    count = sum(event.label == label for one in files for event in one.events)
    return f"{count} in {spelled(seconds[label])}" if count else "-"
