"""`pyannote-audio <block> validate`: best epochs and thresholds, beside a training or after it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from torch.utils.tensorboard import SummaryWriter

from pyannote.audio.applications.experiment import (
    Experiment,
    TrainFolder,
    choose_device,
    write_yaml,
)
from pyannote.audio.applications.terminal import bar, say
from pyannote.audio.core.errors import CheckpointError, UsageError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import recordings
from pyannote.audio.inference.pretrained import load_weights
from pyannote.audio.inference.slide import Slide
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.locks import FolderLock, is_locked
from pyannote.audio.pipeline.binarize import Binarize
from pyannote.audio.report.figures import event_roll
from pyannote.audio.validation.detection import DetectionValidation, Scores
from pyannote.audio.validation.records import Records
from pyannote.audio.validation.reference import Reference, Unit, frames_of
from pyannote.audio.validation.selection import ClassChoice, Criterion, Measure, Selection
from pyannote.audio.validation.watch import watch

if TYPE_CHECKING:
    from pyannote.audio.applications.train import TrainOptions

START_PATIENCE = 20.0
"""Seconds to wait for a training that is about to start."""


@dataclass(frozen=True)
class ValidateOptions:
    """What the command line of `validate` says."""

    train: Path
    protocol: str
    subset: str = "development"
    first: int | Literal["last"] = 0
    last: int | None = None
    every: int = 1
    evergreen: bool = False
    cpu: bool = False
    gpu: bool = False
    parallel: int = 1
    batch: int = 32
    step: float = 0.25
    duration: float | None = None
    criterion: Measure = "balanced"
    unit: Unit = "segments"
    precision: float | None = None
    prior: float = 2.0
    tolerance: float = 0.05
    shortest: float = 0.5


class Validator:
    """Scores development files with the weights of an epoch, and keeps what is best.

    Parameters
    ----------
    experiment : Experiment
        Configuration of the training.
    folder : TrainFolder
        Where its epochs are.
    specifications : Specifications
        Inputs and classes of the model.
    options : ValidateOptions
        What the command line says.
    """

    def __init__(
        self,
        experiment: Experiment,
        folder: TrainFolder,
        specifications: Specifications,
        options: ValidateOptions,
    ) -> None:
        self.specifications = specifications
        self.checkpoints = Checkpoints(folder.weights)
        criterion = Criterion(options.criterion, options.precision, options.prior, options.tolerance)
        self.name = f"{options.protocol}.{options.subset}"
        self.folder = folder.path / f"validate_{criterion.name}" / self.name
        self.device = choose_device(options.cpu, options.gpu)
        model = experiment.model(specifications).to(self.device)
        frames = (
            specifications.frames
            if options.duration is None
            else round(options.duration / specifications.step)
        )
        if frames < model.resolution:
            raise UsageError(
                f"--duration={options.duration:g} is shorter than one output frame of this model."
            )
        self.slide = Slide(model, frames, options.step, options.batch)
        self.frame_step = model.resolution * specifications.step
        self.files = recordings(options.protocol, options.subset, experiment.config.preprocessors)
        experiment.prepare_features(self.files)
        self.inputs = [experiment.inputs(file, specifications) for file in self.files]
        outputs = [-(-len(inputs["X"]) // model.resolution) for inputs in self.inputs]
        labels = experiment.task.labels  # type: ignore[attr-defined]
        self.validation = DetectionValidation(
            Reference(self.files, labels, self.frame_step, outputs),
            Records(self.folder / "scores", self._settings(options, outputs), self.checkpoints.version),
            criterion,
            options.unit,
            (0.0, options.shortest) if options.shortest else (0.0,),
        )

    def recall(self, epochs: Sequence[int]) -> set[int]:
        """Evaluate epochs that an earlier validation has scored, and return them."""
        kept = self.validation.records.kept(epochs)
        self.validation.recall(kept)
        return set(kept)

    def validate(self, epoch: int, writer: SummaryWriter) -> Selection:
        """Score an epoch, write what is best now, and log it."""
        scores = self.validation.add(epoch, lambda: self.scores(epoch))
        selection = self.validation.selection()
        self.write(selection)
        self._log(writer, epoch, scores, selection)
        return selection

    def scores(self, epoch: int) -> Scores:
        """Scores of all files with the weights of an epoch."""
        weights = self.checkpoints.load_weights(epoch, self.device)
        load_weights(self.slide.model, weights, self.checkpoints.weights(epoch))
        return [self.slide(inputs) for inputs in self.inputs]

    def write(self, selection: Selection) -> None:
        """Write params.yml."""
        write_yaml(
            self.folder / "params.yml",
            {
                "epoch": selection.epoch,
                "metric": self.validation.criterion.name,
                "value": round(selection.value, 6),
                "unit": self.validation.unit,
                "params": {name: self._dumped(choice) for name, choice in selection.single.items()},
                "class_wise": {name: self._dumped(choice) for name, choice in selection.class_wise.items()},
            },
        )

    def _binarize(self, choice: ClassChoice) -> Binarize:
        # half a frame less, so that rounding cannot decide whether an event is long enough
        shortest = max(0.0, frames_of(choice.shortest, self.frame_step) - 0.5) * self.frame_step
        return Binarize(choice.threshold, choice.threshold, round(shortest, 6), round(shortest, 6))

    def _dumped(self, choice: ClassChoice) -> dict[str, float]:
        scores = {"fscore": choice.fscore, "precision": choice.precision, "recall": choice.recall}
        return {
            "epoch": choice.epoch,
            **self._binarize(choice).dump(),
            **{name: round(value, 6) for name, value in scores.items()},
        }

    def _settings(self, options: ValidateOptions, outputs: Sequence[int]) -> dict[str, object]:
        files = zip((file["uri"] for file in self.files), outputs, strict=True)
        return {
            "files": [list(pair) for pair in files],
            "classes": list(self.specifications.classes),
            "frames": self.slide.frames,
            "step": options.step,
        }

    def _log(self, writer: SummaryWriter, epoch: int, scores: Scores, selection: Selection) -> None:
        prefix, reference = f"validate/{self.name}", self.validation.reference
        items = reference.items(scores, self.validation.unit)
        writer.add_scalar(f"{prefix}/{self.validation.criterion.name}", self.validation.average(epoch), epoch)
        for column, (name, found) in enumerate(self.validation.history[epoch].items()):
            total = found.precision + found.recall
            values = {
                "fscore": 2 * found.precision * found.recall / total if total else 0.0,
                "precision": found.precision,
                "recall": found.recall,
                "threshold": found.threshold,
            }
            for measure, value in values.items():
                writer.add_scalar(f"{prefix}/{name}/{measure}", value, epoch)
            writer.add_pr_curve(
                f"{prefix}/{name}", items.target[:, column], items.scores[:, column].clip(0, 1), epoch
            )
        if selection.epoch == epoch:
            writer.add_figure(f"{prefix}/events", self._roll(scores, selection), epoch)
        writer.flush()

    def _roll(self, scores: Scores, selection: Selection) -> object:
        file, reference = self.files[0], self.validation.reference
        estimate = [
            (onset, offset, name)
            for column, (name, choice) in enumerate(selection.single.items())
            for onset, offset in self._binarize(choice)(
                scores[0][:, column], self.frame_step, file["duration"]
            )
        ]
        return event_roll(
            f"{file['uri']}, epoch {selection.epoch}",
            reference.classes,
            file["duration"],
            estimate,
            reference.events[0],
            scores[0],
            self.frame_step,
        )


def validate(options: ValidateOptions) -> None:
    """Validate epochs until training has ended and none is left, or until the last one asked for."""
    folder = TrainFolder.existing(options.train)
    experiment = Experiment(folder.root, options.parallel)
    _wait_for_epochs(folder)
    validator = Validator(experiment, folder, folder.specifications(), options)
    available = validator.checkpoints.epochs
    first = available()[-1] if options.first == "last" else options.first
    with (
        FolderLock(validator.folder, purpose="validate"),
        SummaryWriter(log_dir=str(validator.folder)) as writer,
    ):
        say(f"Validating on {len(validator.files)} files. Results go to {validator.folder}")
        done = validator.recall(available())
        if done:
            validator.write(validator.validation.selection())
        epochs = watch(
            available,
            lambda: is_locked(folder.path, "train"),
            done,
            first=first,
            last=options.last,
            every=options.every,
            newest_first=options.evergreen,
        )
        for epoch in bar(epochs, total=0, description="Epochs"):
            selection = validator.validate(epoch, writer)
            say(_line(validator, epoch, selection))
    if not validator.validation.history:
        raise CheckpointError(
            f"None of its epochs is between {first} and {options.last} and a multiple of {options.every}.",
            file=folder.weights,
            fix="Change --from, --to or --every.",
        )
    say(summary(validator.validation.selection(), validator))


class InnerValidation:
    """Validation within a training: the same as beside it, and it knows when to stop.

    Parameters
    ----------
    experiment, folder, specifications
        Those of the training.
    options : TrainOptions
        What the command line of `train` says.
    """

    def __init__(
        self,
        experiment: Experiment,
        folder: TrainFolder,
        options: TrainOptions,
        specifications: Specifications,
    ) -> None:
        own = ValidateOptions(
            folder.path, options.protocol, cpu=options.cpu, gpu=options.gpu, parallel=options.parallel
        )
        self.validator = Validator(experiment, folder, specifications, own)
        self.stopping = experiment.callbacks().get("EarlyStopping")
        self.writer = SummaryWriter(log_dir=str(self.validator.folder))
        self.validator.recall(self.validator.checkpoints.epochs())

    def after_epoch(self, epoch: int) -> bool:
        """Validate an epoch; whether all classes have stopped."""
        selection = self.validator.validate(epoch, self.writer)
        say(_line(self.validator, epoch, selection))
        if self.stopping is None:
            return False
        stopped = self.stopping.stopped(dict(selection.peaks), sorted(self.validator.validation.history))
        if len(stopped) < len(selection.peaks):
            return False
        say(f"No class has improved for {self.stopping.patience} validations: training stops.")
        return True


def summary(selection: Selection, validator: Validator) -> str:
    """Table of what was selected."""
    width = max(len(name) for name in selection.class_wise) + 2
    lines = [
        f"Epoch for all classes: {selection.epoch}, "
        f"{validator.validation.criterion.name} {selection.value:.3f}",
        f"{'class':<{width}}{'epoch':>6}{'threshold':>11}{'F-score':>9}{'precision':>11}{'recall':>8}",
    ]
    for name, choice in selection.class_wise.items():
        lines.append(
            f"{name:<{width}}{choice.epoch:>6}{choice.threshold:>11.3f}{choice.fscore:>9.3f}"
            f"{choice.precision:>11.3f}{choice.recall:>8.3f}"
        )
    return "\n".join(lines)


def _line(validator: Validator, epoch: int, selection: Selection) -> str:
    value = validator.validation.average(epoch)
    return (
        f"Epoch {epoch}: {validator.validation.criterion.name} {value:.3f} "
        f"(best {selection.value:.3f}, epoch {selection.epoch})"
    )


def _wait_for_epochs(folder: TrainFolder) -> None:
    """Let a training that runs, or is just about to, save its first epoch."""
    checkpoints = Checkpoints(folder.weights)
    deadline = time.monotonic() + START_PATIENCE
    told = False
    while not checkpoints.epochs():
        if not is_locked(folder.path, "train") and time.monotonic() > deadline:
            raise CheckpointError(
                "There are no epochs to validate.", file=folder.weights, fix="Run `train` first."
            )
        if not told:
            say("Waiting for the first epoch.")
            told = True
        time.sleep(0.2)
