"""Tables of the kinds of errors of detectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyannote.audio.applications.checking.tables import aligned

SHOWN = 10
"""Confusions that are shown."""

UNITS = {"duration": "s", "level": "dB over the background"}

Groups = Sequence[Mapping[str, Any]]


def error_tables(errors: Mapping[str, Any]) -> str:
    """Tables of what `error_analysis.analysis` has found.

    Parameters
    ----------
    errors : mapping
        From `error_analysis.analysis`.

    Returns
    -------
    tables : str
        With an empty line between them.
    """
    tables = [
        _kinds(errors["kinds"]),
        _classes(errors["class_wise"]),
        *_confusions(errors["confusions"]),
        _events("Annotated events", ("found", "their seconds"), errors["annotated_events"]),
        _events("Detected events", ("right", "their seconds"), errors["detected_events"]),
        _ceilings(errors["ceilings"]),
    ]
    return "\n\n".join(tables) + "\n"


def _kinds(kinds: Mapping[str, Mapping[str, int]]) -> str:
    total = {column: sum(one[column] for one in kinds.values()) for column in next(iter(kinds.values()))}
    rows = [
        [kind, *map(str, errors.values()), _percent(errors["all"], total["all"])]
        for kind, errors in {**kinds, "all": total}.items()
    ]
    return aligned("Errors in segments of 1 s", [*total, "share"], rows)


def _classes(class_wise: Mapping[str, Mapping[str, int]]) -> str:
    columns = list(next(iter(class_wise.values())))
    rows = [[label, *(str(counts[column]) for column in columns)] for label, counts in class_wise.items()]
    return aligned("Segments of each class", columns, rows)


def _confusions(pairs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if pairs:
        rows = [[one["annotated"], one["detected"], str(one["segments"])] for one in pairs[:SHOWN]]
        yield aligned("Confused: annotated", ["detected", "segments"], rows)


def _events(title: str, columns: Sequence[str], groups: Mapping[str, Groups]) -> str:
    rows = [
        [
            _named(name, one["from"], one["to"]),
            str(one["events"]),
            _percent(one["found"], one["events"]),
            _percent(one["agreeing"], one["segments"]),
        ]
        for name, own in groups.items()
        for one in own
        if one["events"]
    ]
    return aligned(title, ["events", *columns], rows)


def _named(name: str, low: float | None, high: float | None) -> str:
    """Range of a group in words.

    Examples
    --------
    >>> _named("duration", 0.5, 1.0), _named("level", 12.0, None), _named("overlap", 0.0, 1e-9)
    ('0.5 to 1 s', '12 or more dB over the background', 'no overlap with others')
    """
    if name == "overlap":
        shares = "overlap of half or more" if (low or 0) >= 0.5 else "overlap of less than half"
        return "no overlap with others" if low == 0 else shares
    if not low:
        return f"less than {high:g} {UNITS[name]}"
    return f"{low:g} to {high:g} {UNITS[name]}" if high is not None else f"{low:g} or more {UNITS[name]}"


def _ceilings(figures: Mapping[str, Mapping[str, float | None]]) -> str:
    rows = [
        [name, _cell(one["error_rate"], 1, 2), _cell(one["f_measure"], 100, 1)]
        for name, one in figures.items()
    ]
    return aligned("If only that were right", ["ER", "F1"], rows)


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def _cell(value: float | None, factor: float, digits: int) -> str:
    return "-" if value is None else f"{factor * value:.{digits}f}"
