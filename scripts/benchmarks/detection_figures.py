"""Tables of detection_table.py: figures of rows, their spread over seeds, and differences over files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from common import better_by, table
from detection_rows import Figures, Training, pooled
from detection_scores import LAST, WAYS
from kept_trainings import row_named

from pyannote.audio.metrics.confidence import paired_bootstrap
from pyannote.audio.metrics.segment_based import SegmentCounts

Measure = Callable[[SegmentCounts], Any]
MEASURES: dict[str, tuple[Measure, int]] = {
    "ER": (lambda counts: counts.overall.error_rate, -1),
    "F1": (lambda counts: counts.overall.f_measure, 1),
    "macro F1": (lambda counts: counts.class_wise_average.f_measure, 1),
}
"""Measures, and whether more of one is better (1) or worse (-1)."""


def tables(rows: Sequence[Figures], against: str | None, way: str) -> str:
    """Markdown of all tables.

    Raises
    ------
    UsageError
        If there is no row to compare with.
    """
    base = row_named(rows, against)
    parts = [
        f"Selection: {way}. Mean and standard deviation over seeds.",
        _first(rows, base, way),
        "F1 of each class:",
        _of_classes(rows, way),
        *(_of_ways(rows, name) for name in MEASURES),
    ]
    return "\n\n".join(parts)


def _first(rows: Sequence[Figures], base: Figures | None, way: str) -> str:
    header = ["row", *MEASURES]
    if base is not None:
        header += [f"{name} against {base.name} [95 %]" for name in MEASURES]
    lines = []
    for row in rows:
        found = _chosen(row, way)
        cells = [spread(found, measure) for measure, _ in MEASURES.values()]
        if base is not None:
            cells += _differences(row, base, way)
        seconds = f"{np.mean(row.seconds):.0f}" if row.seconds else "-"
        lines.append([row.name, *cells, seconds, "; ".join(row.marks)])
    return table([*header, "CPU s of a training", "remarks"], lines)


def _differences(row: Figures, base: Figures, way: str) -> list[str]:
    if row.name == base.name:
        return [""] * len(MEASURES)
    if row.classes != base.classes:
        return ["other classes"] * len(MEASURES)
    return [difference(_chosen(row, way), _chosen(base, way), *measure) for measure in MEASURES.values()]


def _chosen(row: Figures, way: str) -> list[Training]:
    """Counts with a way; without development files, with the last epoch."""
    return row.trainings.get(way) or row.trainings[LAST]


def _of_classes(rows: Sequence[Figures], way: str) -> str:
    classes = list(dict.fromkeys(name for row in rows for name in row.classes))
    lines = []
    for row in rows:
        values = np.mean([pooled(one).class_wise.f_measure for one in _chosen(row, way)], axis=0)
        cells = {name: f"{value:.2f}" for name, value in zip(row.classes, values, strict=True)}
        lines.append([row.name, *(cells.get(name, "-") for name in classes)])
    return table(["row", *classes], lines)


def _of_ways(rows: Sequence[Figures], name: str) -> str:
    measure = MEASURES[name][0]
    lines = [[row.name, *(spread(row.trainings.get(title, ()), measure) for title in WAYS)] for row in rows]
    return table([name, *WAYS], lines)


def spread(trainings: Sequence[Training], measure: Measure, digits: int = 3) -> str:
    """Mean over trainings and, of several, standard deviation; a dash without any."""
    values = [float(measure(pooled(one))) for one in trainings]
    if not values:
        return "-"
    mean = f"{np.mean(values):.{digits}f}"
    return f"{mean} ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else mean


def difference(first: Sequence[Training], second: Sequence[Training], measure: Measure, sign: int) -> str:
    """How much better a row is than another one, with the 95 % interval over files.

    Parameters
    ----------
    first, second : sequence of Training
        Trainings of both rows.
    measure : callable
    sign : {1, -1}
        Whether more is better, or worse.
    """
    files = sorted(first[0])
    if files != sorted(second[0]):
        return "other files"
    value, interval = paired_bootstrap(
        *([[training[file] for file in files] for training in row] for row in (first, second)), measure
    )
    return better_by(value, interval, sign, digits=3)
