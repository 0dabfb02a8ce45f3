"""Evaluation of event lists by sed_eval, pooled over files.

A class that is annotated and never detected has the precision, recall and F-measure 0 (the option
``zero_score`` of sed_eval). Without any annotation, a figure that depends on it is undefined: sed_eval itself
would divide by 2.2e-16. Averages are over the annotated classes, and say how many these are.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.events import Events, as_arrays

TITLES = {
    "segment_based": "Segment-based, 1 s",
    "event_based_onset": "Event-based, onset, 0.5 s collar",
    "event_based_onset_offset": "Event-based, onset and offset, 0.5 s collar",
}


def import_sed_eval() -> ModuleType:
    """Import sed_eval without the deprecation warnings of its dependencies.

    Examples
    --------
    >>> import_sed_eval().__name__
    'sed_eval'
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sed_eval
    return sed_eval


@contextmanager
def deep_matching(events: int) -> Iterator[None]:
    """Raise the recursion limit of Python, so that sed_eval can match so many events.

    Its bipartite matching calls itself once for each event of an augmenting path. With a thousand short
    events close to each other, that is deeper than Python allows by default.

    Examples
    --------
    >>> before = sys.getrecursionlimit()
    >>> with deep_matching(2000):
    ...     sys.getrecursionlimit() - before
    2000
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + events)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def evaluate(
    reference: Mapping[str, Events], estimate: Mapping[str, Events], labels: Sequence[str]
) -> dict[str, Any]:
    """Evaluate the event lists of all files with sed_eval.

    Parameters
    ----------
    reference, estimate : mapping from file name to (onset, offset, label) sequence
        Times in seconds. `reference` has all files, also those without events; a file that `estimate` lacks
        counts as one without detections.
    labels : sequence of str
        The classes that are evaluated.

    Returns
    -------
    results : dict
        The results of sed_eval (``overall``, ``class_wise``, ``class_wise_average``) for each of
        ``segment_based`` (1 s), ``event_based_onset`` (0.5 s collar) and ``event_based_onset_offset``
        (offsets also within half of the event's length). Undefined measures are NaN; see `jsonable`.
        ``classes`` of an average is the number of annotated classes, which it is over.

    Raises
    ------
    DataError
        If there is no label, an event has an unknown label or impossible times, or `estimate` has a file that
        `reference` does not have.

    Examples
    --------
    >>> results = evaluate({"a": [(0.0, 4.0, "car")]}, {"a": [(0.2, 2.0, "car")]}, ["car"])
    >>> results["segment_based"]["overall"]["error_rate"]["error_rate"]
    0.5
    >>> results["event_based_onset"]["class_wise"]["car"]["f_measure"]["f_measure"]
    1.0
    """
    _check(reference, estimate, labels)
    # sed_eval strips labels and drops the label 'none'; neutral names in place of them are safe from both.
    names = [f"class{position}" for position in range(len(labels))]
    neutral = dict(zip(labels, names, strict=True))
    metrics = _metrics(names)
    for file, events in reference.items():
        pair = [_rows(events, neutral), _rows(estimate.get(file, ()), neutral)]
        with deep_matching(len(pair[1])):
            for metric in metrics.values():
                metric.evaluate(*pair)
    results = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for key, metric in metrics.items():
            result = _plain(metric.results())
            result["class_wise"] = {label: result["class_wise"][neutral[label]] for label in labels}
            results[key] = _with_undefined(result)
    return results


def jsonable(results: Any) -> Any:
    """Replace NaN, which JSON cannot express, by None.

    Examples
    --------
    >>> jsonable({"precision": math.nan, "recall": 0.5})
    {'precision': None, 'recall': 0.5}
    """
    if isinstance(results, dict):
        return {key: jsonable(value) for key, value in results.items()}
    return None if results is None or math.isnan(results) else results


def table(results: Mapping[str, Any]) -> str:
    """Lay out the results of `evaluate` as text of fixed width.

    Parameters
    ----------
    results : mapping
        From `evaluate`, or read back from JSON.

    Returns
    -------
    table : str
        For each evaluation one row overall, one per class, and their average: error rate; F1, precision and
        recall in per cent; number of active segments (or events) of the reference and of the estimate. A dash
        marks an undefined measure.

    Examples
    --------
    >>> results = evaluate({"a": [(0.0, 4.0, "car")]}, {"a": [(0.2, 2.0, "car")]}, ["car"])
    >>> print("".join(table(results).splitlines(keepends=True)[:4]), end="")
    Segment-based, 1 s
                  ER     F1  prec. recall   Nref   Nsys
    overall     0.50   66.7  100.0   50.0      4      2
    car         0.50   66.7  100.0   50.0      4      2
    """
    blocks = []
    for key, title in TITLES.items():
        width = max(map(len, ["overall", *results[key]["class_wise"]]))
        header = f"{'':{width}} {'ER':>8} {'F1':>6} {'prec.':>6} {'recall':>6} {'Nref':>6} {'Nsys':>6}"
        blocks.append("\n".join([title, header, *_lines(results[key], width)]))
    return "\n\n".join(blocks) + "\n"


def _check(reference: Mapping[str, Events], estimate: Mapping[str, Events], labels: Sequence[str]) -> None:
    if not labels:
        raise DataError("There are no classes to evaluate.", fix="Name at least one label.")
    for events in (reference, estimate):
        for file in events:
            as_arrays(events[file], labels, file=file)
    for file in estimate:
        if file not in reference:
            raise DataError(
                "This file has detections, but no reference.",
                file=file,
                fix="Add the file to the reference, with an empty list if it has no events.",
            )


def _metrics(names: list[str]) -> dict[str, Any]:
    sound_event = import_sed_eval().sound_event
    events = {"evaluate_onset": True, "t_collar": 0.5, "percentage_of_length": 0.5}
    metrics = {
        "segment_based": sound_event.SegmentBasedMetrics(names, time_resolution=1.0),
        "event_based_onset": sound_event.EventBasedMetrics(names, evaluate_offset=False, **events),
        "event_based_onset_offset": sound_event.EventBasedMetrics(names, evaluate_offset=True, **events),
    }
    for metric in metrics.values():
        # the constructor for segments does not take this option, which both classes have
        metric.empty_system_output_handling = "zero_score"
    return metrics


def _with_undefined(result: dict[str, Any]) -> dict[str, Any]:
    """Results in which figures without reference are NaN, and averages are over annotated classes."""
    class_wise = result["class_wise"]
    counts = _counts(class_wise)
    annotated = [label for label, measures in class_wise.items() if measures["count"]["Nref"]]
    average = {
        group: {name: _mean([class_wise[label][group][name] for label in annotated]) for name in measures}
        for group, measures in result["class_wise_average"].items()
    }
    return {
        "overall": _defined(result["overall"], counts),
        "class_wise": {
            label: _defined(measures, measures["count"]) for label, measures in class_wise.items()
        },
        "class_wise_average": {**average, "classes": len(annotated)},
    }


def _defined(measures: dict[str, Any], count: Mapping[str, float]) -> dict[str, Any]:
    """Measures of one class or of all, NaN where they need a reference that is not there."""
    if count["Nref"]:
        return measures
    without = {"specificity", "accuracy"} | ({"precision"} if count["Nsys"] else set())
    undefined = {
        group: {name: value if name in without else math.nan for name, value in measures[group].items()}
        for group in ("f_measure", "error_rate", "accuracy")
    }
    return {**measures, **undefined}


def _counts(class_wise: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: sum(measures["count"][name] for measures in class_wise.values()) for name in ("Nref", "Nsys")
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _rows(events: Events, neutral: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"onset": float(onset), "offset": float(offset), "event_label": neutral[label]}
        for onset, offset, label in events
    ]


def _plain(results: Any) -> Any:
    if isinstance(results, Mapping):
        return {key: _plain(value) for key, value in results.items()}
    return float(results)


def _lines(result: Mapping[str, Any], width: int) -> Iterator[str]:
    class_wise = result["class_wise"]
    overall = {**result["overall"], "count": _counts(class_wise)}
    for label, measures in {"overall": overall, **class_wise}.items():
        counts = (_cell(measures["count"][name], 6, 0) for name in ("Nref", "Nsys"))
        yield " ".join([f"{label:{width}}", *_cells(measures), *counts])
    average = result["class_wise_average"]
    over = f"over {average['classes']} of {len(class_wise)} classes"
    yield " ".join([f"{'average':{width}}", *_cells(average), f" {over}"])


def _cells(measures: Mapping[str, Any]) -> Iterator[str]:
    yield _cell(measures["error_rate"]["error_rate"], 8, 2)
    for name in ("f_measure", "precision", "recall"):
        value = jsonable(measures["f_measure"][name])
        yield _cell(None if value is None else 100 * value, 6, 1)


def _cell(value: float | None, width: int, digits: int) -> str:
    value = jsonable(value)
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"
