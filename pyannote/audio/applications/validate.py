"""`validate`: one epoch after the other, beside a training or after it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from pyannote.audio.applications.curves import curves
from pyannote.audio.applications.experiment import Experiment, choose_device
from pyannote.audio.applications.memory import applied_batches
from pyannote.audio.applications.options import TrainOptions, ValidateOptions
from pyannote.audio.applications.terminal import bar, say, warn
from pyannote.audio.core.errors import CheckpointError, StorageError
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.io.locks import FolderLock, is_locked
from pyannote.audio.io.scratch import remove_temporaries
from pyannote.audio.train.callbacks.early_stopping import EarlyStopping
from pyannote.audio.train.memory import keep_memory
from pyannote.audio.validation.watch import watch

START_PATIENCE = 20.0
"""Seconds to wait for a training that is about to start."""


class Validator(ABC):
    """Validates epochs, and keeps what is best so far.

    Attributes
    ----------
    folder : Path
        Where results go.
    checkpoints : Checkpoints
        Epochs of the training.
    """

    folder: Path
    checkpoints: Checkpoints

    @property
    @abstractmethod
    def validated(self) -> list[int]:
        """Epochs that have been validated, in rising order."""

    @property
    @abstractmethod
    def best(self) -> Mapping[str, int]:
        """Best epoch so far of each thing that is measured."""

    @abstractmethod
    def opening(self) -> str:
        """Say what is validated on."""

    @abstractmethod
    def recall(self, epochs: Sequence[int]) -> set[int]:
        """Evaluate epochs that an earlier validation has scored, and return them."""

    @abstractmethod
    def validate(self, epoch: int, writer: SummaryWriter) -> str:
        """Score an epoch, write what is best now, log it, and say how it went."""

    def finite(self, epoch: int, outputs: Iterable[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Outputs of the network with the weights of an epoch, one array a file.

        Raises
        ------
        CheckpointError
            One of them is not a finite number.
        """
        found = list(outputs)
        if all(np.isfinite(one).all() for one in found):
            return found
        raise CheckpointError(
            "With these weights, the network gives infinity or no numbers: its training has diverged.",
            file=self.checkpoints.weights(epoch),
            fix="Use another epoch.",
        )

    @abstractmethod
    def write(self) -> None:
        """Write params.yml."""

    @abstractmethod
    def summary(self) -> str:
        """Say what was selected."""


def validate(experiment: type[Experiment], options: ValidateOptions) -> None:
    """Validate epochs until training has ended and none is left, or until the last one asked for."""
    keep_memory()
    folder = TrainFolder.existing(options.train)
    device = choose_device(options.cpu, options.gpu)
    _wait_for_epochs(folder)
    bundle = Bundle.of(folder)
    for remark in bundle.remarks:
        warn(remark)
    described = experiment(bundle.config, options.parallel, device, options.scheduler)
    validator = described.validator(bundle, options)
    available = validator.checkpoints.epochs
    first = available()[-1] if options.first == "last" else options.first
    with (
        FolderLock(validator.folder, purpose="validate"),
        curves(validator.folder) as writer,
    ):
        remove_temporaries(validator.folder)
        say(f"{validator.opening()} Results go to {validator.folder}")
        done = validator.recall(_readable(validator.checkpoints))
        if done:
            validator.write()
        epochs = watch(
            available,
            lambda: is_locked(folder.path, "train"),
            done,
            first=first,
            last=options.last,
            every=options.every,
            newest_first=options.evergreen,
        )
        with applied_batches(options.batch):
            usable = [
                _validate(validator, epoch, writer) for epoch in bar(epochs, total=0, description="Epochs")
            ]
    if not validator.validated:
        raise _nothing_validated(folder, options, first, usable)
    say(validator.summary())


def _nothing_validated(
    folder: TrainFolder, options: ValidateOptions, first: int, usable: list[bool]
) -> CheckpointError:
    if usable:
        found = "None of its epochs can be used: the warnings above tell what is wrong with each."
        return CheckpointError(found, file=folder.weights, fix="Train again.")
    return CheckpointError(
        f"None of its epochs is between {first} and {options.last} and a multiple of {options.every}.",
        file=folder.weights,
        fix="Change --from, --to or --every.",
    )


def _validate(validator: Validator, epoch: int, writer: SummaryWriter) -> bool:
    """Validate an epoch, or warn of the fault that makes it useless, and tell whether it was of use."""
    try:
        say(validator.validate(epoch, writer))
    except (CheckpointError, StorageError) as error:
        if error.file not in validator.checkpoints.files(epoch):
            raise
        warn(f"Epoch {epoch} is left out. {error}")
        return False
    return True


def _readable(checkpoints: Checkpoints) -> list[int]:
    """Epochs whose manifest can be read; the others are warned of when they are validated."""
    readable = []
    for epoch in checkpoints.epochs():
        with suppress(CheckpointError, StorageError):
            checkpoints.version(epoch)
            readable.append(epoch)
    return readable


@contextmanager
def within_training(
    experiment: Experiment, bundle: Bundle, options: TrainOptions
) -> Iterator[Callable[[int], bool]]:
    """Validate within a training, as `validate` does beside it.

    Parameters
    ----------
    experiment : Experiment
        That of the training.
    bundle : Bundle
        What the training has stored.
    options : TrainOptions
        What the command line of `train` says.

    Yields
    ------
    callable
        Validates an epoch, and tells whether training may stop.
    """
    own = experiment.validate_options(
        bundle.folder.path, options.protocol, cpu=options.cpu, gpu=options.gpu, parallel=options.parallel
    )
    validator = experiment.validator(bundle, own)
    stopping = experiment.callback(EarlyStopping)

    def after_epoch(epoch: int) -> bool:
        with applied_batches(own.batch):
            say(validator.validate(epoch, writer))
        if stopping is None:
            return False
        best = dict(validator.best)
        if len(stopping.stopped(best, validator.validated)) < len(best):
            return False
        say(f"Nothing has improved for {stopping.patience} validations: training stops.")
        return True

    with FolderLock(validator.folder, purpose="validate"), curves(validator.folder) as writer:
        remove_temporaries(validator.folder)
        validator.recall(_readable(validator.checkpoints))
        yield after_epoch


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
