"""Measure of detectors: class-wise selection of epochs and thresholds on development files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from pyannote.audio.core.counted import counted
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.slide import Inputs, Slide
from pyannote.audio.pipeline.binarize import Binarize
from pyannote.audio.report.figures import event_roll
from pyannote.audio.validation.criterion import Criterion, OperatingPoint
from pyannote.audio.validation.measure import Measure, Record, not_finite
from pyannote.audio.validation.reference import Reference, Unit, frames_of
from pyannote.audio.validation.selection import ClassChoice, Selection, average, evaluate, select

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class Detection(Measure):
    """Selection of an epoch and a threshold for each class.

    Parameters
    ----------
    bundle : Bundle
        Trained model.
    slide : Slide
        Its network, applied to overlapping chunks.
    inputs : callable
        Iterates over the inputs of the files: "X" of shape (frames, dimension), others of shape (dimension,).
    reference : Reference
        Annotation of the files.
    settings : mapping
        All that scores depend on beside weights and model: files, chunks, step.
    files : str
        Digest of the audio and annotation of all files.
    criterion : Criterion
        Measure to optimise.
    unit : {"segments", "frames"}
        Unit of that measure.
    shortest : tuple of float
        Durations of the shortest event to choose from, in seconds.

    Examples
    --------
    >>> detection = getfixture("detection")  # two epochs are evaluated on one file
    >>> detection.selection().epoch
    2
    """

    def __init__(
        self,
        bundle: Bundle,
        slide: Slide,
        inputs: Callable[[], Iterable[Inputs]],
        reference: Reference,
        settings: Mapping[str, Any],
        files: str,
        criterion: Criterion,
        unit: Unit = "segments",
        shortest: tuple[float, ...] = (0.0,),
    ) -> None:
        self.name = criterion.name
        self.bundle, self.slide, self.inputs, self.reference = bundle, slide, inputs, reference
        self.criterion, self.unit, self.shortest = criterion, unit, shortest
        self.history: dict[int, dict[str, OperatingPoint]] = {}
        self._settings, self._files = settings, files

    def described(self) -> str:
        """Number of files.

        Examples
        --------
        >>> getfixture("detection").described()
        '1 file'
        """
        return counted(len(self.reference.files), "file")

    def settings(self) -> dict[str, Any]:
        """Files with digests of their audio, outputs of each, classes, chunks and step.

        Examples
        --------
        >>> getfixture("detection").settings()
        {'files': {}}
        """
        return dict(self._settings)

    def score(self, epoch: int) -> Record:
        """Scores of all files with the weights of an epoch.

        Returns
        -------
        ndarray of float32, shape (outputs of all files, classes)

        Raises
        ------
        CheckpointError
            If the epoch is damaged, or its network gives values that are not finite.

        Examples
        --------
        >>> getfixture("detection").score(1).shape
        (100, 2)
        """
        self.bundle.load(self.slide.model, epoch)
        scores = np.concatenate(list(chain.from_iterable(self.slide.batches(self.inputs()))))
        if not np.isfinite(scores).all():
            raise not_finite(self.bundle, epoch)
        return scores

    def add(self, epoch: int, record: Record) -> None:
        """Evaluate all thresholds of each class at an epoch.

        Parameters
        ----------
        epoch : int
        record : ndarray, shape (outputs of all files, classes)
            As `score` gives it.

        Examples
        --------
        >>> detection = getfixture("detection")
        >>> detection.add(3, np.full((100, 2), 0.5, dtype=np.float32))
        >>> detection.epochs
        [1, 2, 3]
        """
        scores = self._split(record)
        items = {
            shortest: self.reference.items(scores, self.unit, shortest)
            for shortest in self.reference.distinct(self.shortest)
        }
        self.history[epoch] = evaluate(items, self.reference.classes, self.criterion)

    @property
    def epochs(self) -> list[int]:
        """Evaluated epochs, in rising order.

        Examples
        --------
        >>> getfixture("detection").epochs
        [1, 2]
        """
        return sorted(self.history)

    @property
    def best(self) -> Mapping[str, int]:
        """Best epoch of each class so far.

        Examples
        --------
        >>> getfixture("detection").best
        {'car': 2, 'children': 2}
        """
        return self.selection().peaks

    def selection(self) -> Selection:
        """Best epochs and thresholds so far.

        Examples
        --------
        >>> getfixture("detection").selection().class_wise["car"].threshold
        0.5
        """
        return select(self.history, self.criterion)

    def average(self, epoch: int) -> float:
        """Mean of the measure over classes at an epoch.

        Examples
        --------
        >>> round(getfixture("detection").average(1), 3)
        0.333
        """
        return average(self.history[epoch], self.criterion.value)

    def chosen(self) -> dict[str, Any]:
        """Content of params.yml: one epoch for all classes, and one epoch for each, with their parameters.

        Examples
        --------
        >>> getfixture("detection").chosen()["class_wise"]["car"]["onset"]
        0.5
        """
        selection = self.selection()
        return {
            "epoch": selection.epoch,
            "metric": self.name,
            "value": round(selection.value, 6),
            "unit": self.unit,
            "provenance": {"files": self._files},
            "epochs": {selection.epoch, *(choice.epoch for choice in selection.class_wise.values())},
            "params": {name: self._dumped(choice) for name, choice in selection.single.items()},
            "class_wise": {name: self._dumped(choice) for name, choice in selection.class_wise.items()},
        }

    def sentence(self, epoch: int) -> str:
        """Mean over classes at an epoch, and at the best one.

        Examples
        --------
        >>> getfixture("detection").sentence(1)
        'average_detection_fscore 0.333 (chosen so far: epoch 2, 1.000)'
        """
        selection = self.selection()
        return (
            f"{self.name} {self.average(epoch):.3f} (chosen so far: epoch {selection.epoch}, "
            f"{selection.value:.3f})"
        )

    def summary(self) -> str:
        """Table of the epoch, threshold and figures of each class.

        Examples
        --------
        >>> print(getfixture("detection").summary().splitlines()[0])
        Epoch for all classes: 2, average_detection_fscore 1.000
        """
        selection = self.selection()
        width = max(len(name) for name in selection.class_wise) + 2
        lines = [
            f"Epoch for all classes: {selection.epoch}, {self.name} {selection.value:.3f}",
            f"{'class':<{width}}{'epoch':>6}{'threshold':>11}{'shortest':>10}{'F-score':>9}{'precision':>11}"
            f"{'recall':>8}",
        ]
        for name, choice in selection.class_wise.items():
            lines.append(
                f"{name:<{width}}{choice.epoch:>6}{choice.threshold:>11.3f}{choice.shortest:>10g}"
                f"{choice.fscore:>9.3f}{choice.precision:>11.3f}{choice.recall:>8.3f}"
            )
        return "\n".join(lines)

    def log(self, writer: SummaryWriter, prefix: str, epoch: int, record: Record) -> None:
        """Write figures and curves of classes to tensorboard, and a picture of events if it is the best.

        Parameters
        ----------
        writer : SummaryWriter
        prefix : str
            Start of all names.
        epoch : int
        record : ndarray, shape (outputs of all files, classes)
        """
        scores = self._split(record)
        items = self.reference.items(scores, self.unit)
        writer.add_scalar(f"{prefix}/{self.name}", self.average(epoch), epoch)
        for column, (name, point) in enumerate(self.history[epoch].items()):
            for measure, value in _figures(point).items():
                writer.add_scalar(f"{prefix}/{name}/{measure}", value, epoch)
            shown = items.scores[:, column].clip(0, 1)
            writer.add_pr_curve(f"{prefix}/{name}", items.target[:, column], shown, epoch)
        selection = self.selection()
        if selection.epoch == epoch:
            writer.add_figure(f"{prefix}/events", self._roll(scores[0], selection), epoch)

    def _split(self, record: Record) -> list[Record]:
        """Scores of each file."""
        return np.split(record, np.cumsum(self.reference.outputs)[:-1])

    def _binarize(self, choice: ClassChoice) -> Binarize:
        # half an output less, so that rounding does not drop events of exactly this duration
        step = self.reference.step
        shortest = round(max(0.0, frames_of(choice.shortest, step) - 0.5) * step, 6)
        return Binarize(choice.threshold, choice.threshold, shortest, shortest)

    def _dumped(self, choice: ClassChoice) -> dict[str, float]:
        scores = {"fscore": choice.fscore, "precision": choice.precision, "recall": choice.recall}
        rounded = {name: round(value, 6) for name, value in scores.items()}
        return {"epoch": choice.epoch, **self._binarize(choice).dump(), **rounded}

    def _roll(self, scores: Record, selection: Selection) -> object:
        file, step = self.reference.files[0], self.reference.step
        estimate = [
            (onset, offset, name)
            for column, (name, choice) in enumerate(selection.single.items())
            for onset, offset in self._binarize(choice)(scores[:, column], step, file["duration"])
        ]
        title = f"{file['uri']}, epoch {selection.epoch}"
        events = self.reference.events[0]
        return event_roll(title, self.reference.classes, file["duration"], estimate, events, scores, step)


def _figures(point: OperatingPoint) -> dict[str, float]:
    total = point.precision + point.recall
    return {
        "fscore": 2 * point.precision * point.recall / total if total else 0.0,
        "precision": point.precision,
        "recall": point.recall,
        "threshold": point.threshold,
    }
