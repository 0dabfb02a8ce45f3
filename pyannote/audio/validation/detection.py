"""Validation of detectors: scores of development files, epoch by epoch, and what is best so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.validation.records import Records
from pyannote.audio.validation.reference import Reference, Unit
from pyannote.audio.validation.selection import Criterion, Operation, Selection, average, evaluate, select

Scores = list[NDArray[np.float32]]


@dataclass
class DetectionValidation:
    """Evaluates epochs once each, and selects among all of them.

    Parameters
    ----------
    reference : Reference
        Annotation of the development files.
    records : Records
        Where their scores are kept.
    criterion : Criterion
        What is selected for.
    unit : {"segments", "frames"}
        On what.
    shortest : tuple of float
        Durations of the shortest event among which each class chooses, in seconds.
    """

    reference: Reference
    records: Records
    criterion: Criterion
    unit: Unit = "segments"
    shortest: tuple[float, ...] = (0.0,)
    history: dict[int, dict[str, Operation]] = field(default_factory=dict)

    def recall(self, epochs: Sequence[int]) -> None:
        """Evaluate epochs whose scores are on disk."""
        for epoch in epochs:
            self._evaluate(epoch, self.records.load(epoch, self.reference.outputs))

    def add(self, epoch: int, compute: Callable[[], Scores]) -> Scores:
        """Score and evaluate an epoch, and return its scores."""
        scores = compute()
        self.records.save(epoch, scores)
        self._evaluate(epoch, scores)
        return scores

    def average(self, epoch: int) -> float:
        """Mean of the measure over classes, at an epoch."""
        return average(self.history[epoch], self.criterion.value)

    def selection(self) -> Selection:
        """Best epochs and thresholds so far."""
        return select(self.history, self.criterion)

    def _evaluate(self, epoch: int, scores: Scores) -> None:
        items = {
            shortest: self.reference.items(scores, self.unit, shortest)
            for shortest in self.reference.distinct(self.shortest)
        }
        self.history[epoch] = evaluate(items, self.reference.classes, self.criterion)
