"""`pyannote-audio <block> validate`: best epochs and thresholds, beside a training or after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyannote.audio.applications.curves import curves
from pyannote.audio.applications.experiment import Experiment, TrainFolder
from pyannote.audio.applications.terminal import bar, say
from pyannote.audio.applications.validator import ValidateOptions, Validator
from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.locks import FolderLock, is_locked
from pyannote.audio.validation.selection import Selection
from pyannote.audio.validation.watch import watch

if TYPE_CHECKING:
    from pyannote.audio.applications.train import TrainOptions

START_PATIENCE = 20.0
"""Seconds to wait for a training that is about to start."""


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
        curves(validator.folder) as writer,
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


@contextmanager
def within_training(
    experiment: Experiment, folder: TrainFolder, specifications: Specifications, options: TrainOptions
) -> Iterator[Callable[[int], bool]]:
    """Validate within a training, as `validate` does beside it.

    Parameters
    ----------
    experiment, folder, specifications
        Those of the training.
    options : TrainOptions
        What the command line of `train` says.

    Yields
    ------
    callable
        Validates an epoch, and tells whether all classes have stopped.
    """
    own = ValidateOptions(
        folder.path, options.protocol, cpu=options.cpu, gpu=options.gpu, parallel=options.parallel
    )
    validator = Validator(experiment, folder, specifications, own)
    stopping = experiment.callbacks().get("EarlyStopping")

    def after_epoch(epoch: int) -> bool:
        selection = validator.validate(epoch, writer)
        say(_line(validator, epoch, selection))
        if stopping is None:
            return False
        stopped = stopping.stopped(dict(selection.peaks), sorted(validator.validation.history))
        if len(stopped) < len(selection.peaks):
            return False
        say(f"No class has improved for {stopping.patience} validations: training stops.")
        return True

    with FolderLock(validator.folder, purpose="validate"), curves(validator.folder) as writer:
        validator.recall(validator.checkpoints.epochs())
        yield after_epoch


def summary(selection: Selection, validator: Validator) -> str:
    """Table of what was selected."""
    width = max(len(name) for name in selection.class_wise) + 2
    lines = [
        f"Epoch for all classes: {selection.epoch}, "
        f"{validator.validation.criterion.name} {selection.value:.3f}",
        f"{'class':<{width}}{'epoch':>6}{'threshold':>11}{'shortest':>10}{'F-score':>9}{'precision':>11}"
        f"{'recall':>8}",
    ]
    for name, choice in selection.class_wise.items():
        lines.append(
            f"{name:<{width}}{choice.epoch:>6}{choice.threshold:>11.3f}{choice.shortest:>10g}"
            f"{choice.fscore:>9.3f}{choice.precision:>11.3f}{choice.recall:>8.3f}"
        )
    return "\n".join(lines)


def _line(validator: Validator, epoch: int, selection: Selection) -> str:
    value = validator.validation.average(epoch)
    return (
        f"Epoch {epoch}: {validator.validation.criterion.name} {value:.3f} "
        f"(chosen so far: epoch {selection.epoch}, {selection.value:.3f})"
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
