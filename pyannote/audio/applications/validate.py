"""`pyannote-audio <block> validate`: validation of epochs, during a training or after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from torch.utils.tensorboard import SummaryWriter

from pyannote.audio.applications.blocks._shelves import refuse_other_shelf
from pyannote.audio.applications.blocks.base import Block
from pyannote.audio.applications.corpus import Corpus, applied_batches
from pyannote.audio.applications.curves import curves
from pyannote.audio.applications.devices import choose_device
from pyannote.audio.applications.options import BOTH, EpochOptions, TrainOptions
from pyannote.audio.applications.signals import uninterrupted
from pyannote.audio.applications.terminal import bar, say, say_table, warn
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.core.errors import CheckpointError, StorageError, UsageError
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.io.locks import FolderLock, is_locked
from pyannote.audio.io.temporary import remove_temporaries
from pyannote.audio.train.allocator import tune_allocator
from pyannote.audio.train.callbacks.early_stopping import EarlyStopping
from pyannote.audio.validation.validator import Validator
from pyannote.audio.validation.watch import watch

START_PATIENCE = 20.0
"""Seconds to wait for a training that is about to start."""


def validate(block: Block, options: EpochOptions) -> None:
    """Validate epochs until the training has ended and all are validated, or up to the last one asked for."""
    tune_allocator()
    folder = TrainFolder.existing(options.train)
    device = choose_device(options.cpu, options.gpu)
    _wait_for_epochs(folder)
    bundle = Bundle.of(folder)
    for remark in bundle.remarks:
        warn(remark)
    refuse_other_shelf(block, bundle.config)
    _refuse_trained_on(bundle, options)
    corpus = Corpus(Recipe(bundle.config), options.parallel, device, options.scheduler, options.unannotated)
    validator = validator_of(block, corpus, bundle, options)
    available = validator.checkpoints.epochs
    first = available()[-1] if options.first == "last" else options.first
    with (
        FolderLock(validator.folder, purpose="validate"),
        curves(validator.folder) as writer,
    ):
        remove_temporaries(validator.folder)
        say(f"Validating on {validator.measure.described()}. Results go to {validator.folder}")
        done = validator.restore(_readable(validator.checkpoints))
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
    if not validator.measure.epochs:
        raise _nothing_validated(folder, options, first, usable)
    say_table(validator.measure.summary())
    _tell_scores(validator)


def _refuse_trained_on(bundle: Bundle, options: EpochOptions) -> None:
    """Refuse to choose by development files that the training has learned from."""
    own = bundle.config.provenance or {}
    if own.get("subset") != BOTH or own.get("protocol") != options.protocol:
        return
    if options.subset in BOTH.split("+"):
        raise UsageError(
            f"This training has learned from the {options.subset} files (--with-development): an epoch or a "
            "threshold that they choose is one for known sounds.",
            fix=f"Run `apply {bundle.folder.path} {options.protocol}`, which takes the last epoch; or name "
            "other files with --subset.",
        )


def validator_of(block: Block, corpus: Corpus, bundle: Bundle, options: EpochOptions) -> Validator:
    """Validator of a training by the measure of a block."""
    name = f"{options.protocol}.{options.subset}"
    folder = getattr(options, "folder", None)
    return Validator(bundle, block.measure(corpus, bundle, options), name, folder)


def _validated(validator: Validator, epoch: int, writer: SummaryWriter) -> str:
    """Score an epoch, write the best choice so far, log it, and describe it."""
    record = validator.measure.score(epoch)
    with uninterrupted():
        return validator.store(epoch, record, writer)


def _nothing_validated(
    folder: TrainFolder, options: EpochOptions, first: int, usable: list[bool]
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
    """Validate an epoch, or warn of its fault, and return whether it could be used."""
    try:
        say(_validated(validator, epoch, writer))
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
    block: Block, corpus: Corpus, bundle: Bundle, options: TrainOptions
) -> Iterator[Callable[[int], bool]]:
    """Validate within a training, as `validate` does in a process of its own.

    Parameters
    ----------
    block : Block
    corpus : Corpus
        That of the training.
    bundle : Bundle
        Stored model of the training.
    options : TrainOptions
        Options of `train`.

    Yields
    ------
    callable
        Validates an epoch, and returns whether training may stop.
    """
    own = block.commands["validate"].options(
        train=bundle.folder.path,
        protocol=options.protocol,
        cpu=options.cpu,
        gpu=options.gpu,
        parallel=options.parallel,
    )
    validator = validator_of(block, corpus, bundle, own)
    stopping = corpus.recipe.callback(EarlyStopping)

    def after_epoch(epoch: int) -> bool:
        with applied_batches(own.batch):
            say(_validated(validator, epoch, writer))
        if stopping is None:
            return False
        best = dict(validator.measure.best)
        if len(stopping.stopped(best, validator.measure.epochs)) < len(best):
            return False
        say(f"Nothing has improved for {stopping.patience} validations: training stops.")
        return True

    with FolderLock(validator.folder, purpose="validate"), curves(validator.folder) as writer:
        remove_temporaries(validator.folder)
        validator.restore(_readable(validator.checkpoints))
        yield after_epoch
    _tell_scores(validator)


def _tell_scores(validator: Validator) -> None:
    if validator.measure.scores_path is not None:
        say(f"Scores of all trials at the best epoch: {validator.measure.scores_path}")


def _wait_for_epochs(folder: TrainFolder) -> None:
    """Wait until a training that runs, or is about to start, has saved its first epoch."""
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
