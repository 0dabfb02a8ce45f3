"""Tiers of an annotation (TextGrid, ELAN), and the choice of those that are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats._events import add_event
from pyannote.audio.database.formats.base import Reading, ReadOptions
from pyannote.audio.io.lines import quoted


class Interval(NamedTuple):
    """Part of a tier, in seconds or None where the file has no time, with its text and line."""

    onset: float | None
    offset: float | None
    text: str
    line: int


@dataclass
class Tier:
    """A row of intervals, or of what has no durations of its own.

    Parameters
    ----------
    name : str
    line : int
    intervals : list of Interval, shape (intervals,)
    others : int
        Number of its points, or of its annotations without times.
    of_intervals : bool
        Whether it is a row of intervals.
    """

    name: str
    line: int
    intervals: list[Interval] = field(default_factory=list)
    others: int = 0
    of_intervals: bool = True


def add_tiers(
    reading: Reading, tiers: Sequence[Tier], recording: str, path: Path, options: ReadOptions, others: str
) -> None:
    """Add the intervals of the tiers that are chosen, as events of their texts or of the names of tiers.

    Parameters
    ----------
    reading : Reading
    tiers : sequence of Tier, shape (tiers,)
        All tiers of a file. Those of one name are one.
    recording : str
    path : Path
        The file.
    options : ReadOptions
        Without `tier`, the tiers of intervals are read if all have one name; with `tier_labels`, all are.
    others : str
        What tiers contain beside intervals, to be counted.

    Raises
    ------
    DataError
        If the tier is missing, or has no intervals, or tiers of several names might be meant.

    Examples
    --------
    >>> reading, tier = Reading(), Tier("ann", 1, [Interval(0.5, 1.0, "good morning", 2)])
    >>> add_tiers(reading, [tier], "a", Path("a.eaf"), ReadOptions(tier_labels=True), "points")
    >>> reading.events[0].label
    'ann'
    """
    reading.name(recording, path, 1)
    for tier in _chosen(tiers, path, options):
        for onset, offset, text, line in tier.intervals:
            if onset is None or offset is None:
                message = f"This part of the tier {quoted(tier.name)} has no time of its own."
                raise DataError(
                    message, file=path, line=line, fix="Align it, or read another tier with --tier."
                )
            label = tier.name if options.tier_labels else text
            add_event(reading, recording, onset, offset, label, path, line)
    if options.tier in (None, "*"):
        left_out = sum(tier.others for tier in tiers)
        if left_out:
            reading.left_out[others] += left_out


def _chosen(tiers: Sequence[Tier], path: Path, options: ReadOptions) -> list[Tier]:
    of_intervals = [tier for tier in tiers if tier.of_intervals]
    names = list(dict.fromkeys(tier.name for tier in of_intervals))
    if options.tier not in (None, "*"):
        chosen = [tier for tier in of_intervals if tier.name == options.tier]
        problem = f"There is no tier {quoted(str(options.tier))} of intervals"
    elif options.tier_labels or options.tier == "*" or len(names) <= 1:
        chosen = of_intervals
        problem = "There is no tier of intervals"
    else:
        chosen = []
        problem = "There are several tiers"
    if chosen:
        return chosen
    raise DataError(
        f"{problem}: {', '.join(map(quoted, names)) or 'none'}.",
        file=path,
        line=tiers[0].line if tiers else 1,
        fix="Name one with --tier, or read all with --tier='*'; if each is a speaker, add --tier-labels.",
    )
