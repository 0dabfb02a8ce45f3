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
from pyannote.audio.validation.criterion import Criterion, OperatingPoint, figures
from pyannote.audio.validation.detection_table import over, remarks, shown, summary
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

    def average(self, epoch: int) -> float | None:
        """Mean of the measure at an epoch over the classes that occur in the reference; None if none does.

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
            "value": None if selection.value is None else round(selection.value, 6),
            "averaged_classes": len(selection.class_wise) - len(selection.absent),
            "unit": self.unit,
            "chunk": self._chunk(),
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
            f"{self.name} {shown(self.average(epoch))}{over(selection)} (chosen so far: epoch "
            f"{selection.epoch}, {shown(selection.value)})"
        )

    def summary(self) -> str:
        """Table of the epoch, threshold and figures of each class; a dash marks an undefined figure.

        Examples
        --------
        >>> print(getfixture("detection").summary().splitlines()[0])
        Epoch for all classes: 2, average_detection_fscore 1.000
        """
        return summary(self.selection(), self.name, self.criterion.precision)

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
        selection, value = self.selection(), self.average(epoch)
        if value is not None:
            writer.add_scalar(f"{prefix}/{self.name}", value, epoch)
        if text := remarks(selection, self.criterion.precision):
            writer.add_text(f"{prefix}/remarks", text, epoch)
        for column, (name, point) in enumerate(self.history[epoch].items()):
            if point.positives:
                for measure, number in {**figures(point), "threshold": point.threshold}.items():
                    writer.add_scalar(f"{prefix}/{name}/{measure}", number, epoch)
                scores_of_class = items.scores[:, column].clip(0, 1)
                writer.add_pr_curve(f"{prefix}/{name}", items.target[:, column], scores_of_class, epoch)
        if selection.epoch == epoch:
            writer.add_figure(f"{prefix}/events", self._roll(scores[0], selection), epoch)

    def _split(self, record: Record) -> list[Record]:
        """Scores of each file."""
        return np.split(record, np.cumsum(self.reference.outputs)[:-1])

    def _chunk(self) -> dict[str, float]:
        """Chunks that thresholds were found with: duration in seconds, and step as a share of it."""
        step = self.bundle.specifications.step
        # digits beyond the nanosecond are rounding errors of the multiplication
        return {"duration": round(self.slide.frames * step, 9), "step": self.slide.step}

    def _binarize(self, choice: ClassChoice) -> Binarize:
        # half an output less, so that rounding does not drop events of exactly this duration
        step = self.reference.step
        shortest = round(max(0.0, frames_of(choice.shortest, step) - 0.5) * step, 6)
        return Binarize(choice.threshold, choice.threshold, shortest, shortest)

    def _dumped(self, choice: ClassChoice) -> dict[str, float | None]:
        scores = {"fscore": choice.fscore, "precision": choice.precision, "recall": choice.recall}
        rounded = {name: None if value is None else round(value, 6) for name, value in scores.items()}
        attained = {} if self.criterion.precision is None else {"precision_attained": choice.attained}
        return {"epoch": choice.epoch, **self._binarize(choice).dump(), **rounded, **attained}

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
