"""Scores of the files of a subset, and counts of each file for any selection of epochs and thresholds.

Everything that detection_table.py prints follows from these scores, so that other ways to select, and other
comparisons, need no new training.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.arrays import load_arrays, save_arrays
from pyannote.audio.metrics.segment_based import SegmentCounts, count
from pyannote.audio.validation.criterion import Criterion
from pyannote.audio.validation.reference import Items, Reference
from pyannote.audio.validation.selection import evaluate, select

SHORTEST = (0.0, 0.5)
THRESHOLDS = sorted(np.arange(0.02, 0.99, 0.02).round(2).tolist(), key=lambda value: abs(value - 0.5))
"""Common thresholds that are tried, those nearest to 0.5 first: of equally good ones, the first is taken."""


@dataclass(frozen=True)
class Scored:
    """Scores of the files of a subset at some epochs.

    Parameters
    ----------
    epochs : tuple of int
    classes : tuple of str
    step : float
        Seconds of an output.
    files : sequence of mapping
        "uri", "duration", "regions", "events" and "outputs" of each file.
    scores : float array, shape (epochs, outputs of all files, classes)
    """

    epochs: tuple[int, ...]
    classes: tuple[str, ...]
    step: float
    files: Sequence[Mapping[str, Any]]
    scores: NDArray[np.float32]

    @cached_property
    def references(self) -> list[Reference]:
        """Reference of each file."""
        return [
            Reference([file], self.classes, [file["events"]], self.step, [file["outputs"]])  # type: ignore[list-item]
            for file in self.files
        ]

    def items(self, index: int, shortest: float) -> list[Items]:
        """Scores and targets of segments of 1 s of each file at an epoch."""
        parts = np.split(self.scores[index], np.cumsum([file["outputs"] for file in self.files])[:-1])
        return [
            reference.items([part], "segments", shortest)
            for reference, part in zip(self.references, parts, strict=True)
        ]

    def pooled(self, index: int, shortest: float) -> Items:
        """Scores and targets of segments of all files at an epoch."""
        items = self.items(index, shortest)
        return Items(
            np.concatenate([one.scores for one in items]), np.concatenate([one.target for one in items])
        )


Subsets = Mapping[str, Scored]
"""Scores of "test", and of "development" where there is one."""


def save(path: Path, subsets: Subsets) -> None:
    """Write scores with all that is needed to evaluate them."""
    described = {
        name: {"epochs": one.epochs, "classes": one.classes, "step": one.step, "files": one.files}
        for name, one in subsets.items()
    }
    arrays = {name: one.scores for name, one in subsets.items()}
    save_arrays(path, {"described": np.array(json.dumps(described)), **arrays})


def load(path: Path) -> Subsets:
    """Read scores.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    found = load_arrays(path, "described")
    described = json.loads(str(found[0])) if found is not None else {}
    arrays = load_arrays(path, *described)
    if not described or arrays is None:
        raise DataError("These scores are damaged.", file=path, fix="Remove the file, and run this again.")
    return {
        name: Scored(tuple(one["epochs"]), tuple(one["classes"]), one["step"], one["files"], scores)
        for (name, one), scores in zip(described.items(), arrays, strict=True)
    }


def averaged(trainings: Sequence[Subsets], count: int) -> list[Subsets]:
    """Mean of the scores of the last epochs of each `count` trainings of one protocol, of which each is one.

    Raises
    ------
    DataError
        If the trainings do not have the same files and outputs.
    """
    return [_mean(some) for some in combinations(trainings, count)]


def _mean(trainings: Sequence[Subsets]) -> Subsets:
    first = trainings[0]
    means = {}
    for name, one in first.items():
        others = [training[name] for training in trainings]
        if any(list(other.files) != list(one.files) or other.classes != one.classes for other in others):
            raise DataError("Trainings of other files or classes have no mean.", fix="Train them anew.")
        scores = np.mean([other.scores[-1] for other in others], axis=0, dtype=np.float64)
        means[name] = replace(one, epochs=(1,), scores=scores[None].astype(np.float32))
    return means


@dataclass(frozen=True)
class Choice:
    """Epoch (as an index), threshold and duration of the shortest event of one class."""

    index: int
    threshold: float
    shortest: float = 0.0


Way = Callable[[Subsets], list[Choice]]
"""Selection of a choice for each class, from the scores of the development files."""


def last(subsets: Subsets) -> list[Choice]:
    """The last epoch, and a threshold of 0.5; needs no development files."""
    return [Choice(-1, 0.5)] * len(subsets["test"].classes)


def common(subsets: Subsets) -> list[Choice]:
    """The last epoch, and the threshold for all classes with the largest F1 minus error rate."""
    items = subsets["development"].pooled(-1, 0.0)

    def quality(threshold: float) -> float:
        overall = count(items.target, items.scores >= threshold).overall
        return float(np.nan_to_num(overall.f_measure - overall.error_rate, nan=-np.inf))

    return [Choice(-1, max(THRESHOLDS, key=quality))] * len(subsets["test"].classes)


def selected(criterion: Criterion, single: bool, shortest: tuple[float, ...] = (0.0,)) -> Way:
    """Epochs and thresholds as `validate` selects them by a criterion."""

    def way(subsets: Subsets) -> list[Choice]:
        scored = subsets["development"]
        history = {}
        for index in range(len(scored.epochs)):
            items = {one: scored.pooled(index, one) for one in scored.references[0].distinct(shortest)}
            history[index + 1] = evaluate(items, scored.classes, criterion)
        selection = select(history, criterion)
        chosen = selection.single if single else selection.class_wise
        return [Choice(one.epoch - 1, one.threshold, one.shortest) for one in chosen.values()]

    return way


# a prior without mercy leaves the threshold at 0.5
_FIXED = Criterion("fscore", prior=1e9, tolerance=0)
_PLAIN = Criterion("fscore", prior=0, tolerance=0)
LAST = "last epoch, 0.5"
WAYS: dict[str, Way] = {
    LAST: last,
    "last epoch, common threshold": common,
    "one epoch, 0.5": selected(_FIXED, single=True),
    "class-wise, 0.5": selected(_FIXED, single=False),
    "one epoch, best F-score": selected(_PLAIN, single=True),
    "class-wise, best F-score": selected(_PLAIN, single=False),
    "one epoch, default": selected(Criterion(), single=True, shortest=SHORTEST),
    "class-wise, default": selected(Criterion(), single=False, shortest=SHORTEST),
}
"""Ways to select epochs and thresholds on the development files, by their titles."""


def counts_of(subsets: Subsets, way: Way) -> dict[str, SegmentCounts]:
    """Counts of each test file with what a way selects."""
    scored, choices = subsets["test"], way(subsets)
    found: dict[tuple[int, float], list[Items]] = {}
    for choice in choices:
        place = choice.index, choice.shortest
        if place not in found:
            found[place] = scored.items(*place)
    counts = {}
    for position, file in enumerate(scored.files):
        columns = [
            found[choice.index, choice.shortest][position].scores[:, column] >= choice.threshold
            for column, choice in enumerate(choices)
        ]
        target = found[choices[0].index, choices[0].shortest][position].target
        counts[file["uri"]] = count(target, np.stack(columns, axis=1))
    return counts
