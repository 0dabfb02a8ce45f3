"""Confidence intervals of figures that are pooled over folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyannote.audio.applications.applied_lists import EventLists
from pyannote.audio.metrics import event_based, segment_based
from pyannote.audio.metrics.confidence import bootstrap
from pyannote.audio.metrics.intervals import spelled


def intervals(reference: EventLists, estimate: EventLists, classes: Sequence[str]) -> str:
    """95 % bootstrap intervals over files of the overall figures."""
    segments, events = [], []
    for file, own in reference.items():
        found = estimate.get(file, [])
        segments.append(
            segment_based.count(segment_based.activity(own, classes), segment_based.activity(found, classes))
        )
        events.append(event_based.count(own, found, classes))
    lines = ["95 % intervals (bootstrap over files)"]
    for title, counts in (("segment-based", segments), ("event-based, onset and offset", events)):
        # insertions may raise an error rate above 1
        for name, measure, bounded in (("ER", _error_rate, False), ("F1", _f_measure, True)):
            interval = bootstrap(counts, measure, bounded=bounded)
            lines.append(f"  {title} {name}: {spelled(interval, 3)}")
    return "\n".join(lines) + "\n"


def _error_rate(counts: Any) -> Any:
    return counts.overall.error_rate


def _f_measure(counts: Any) -> Any:
    return counts.overall.f_measure
