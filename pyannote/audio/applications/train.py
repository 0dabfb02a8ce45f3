"""`pyannote-audio <block> train`: epochs, checkpoints, tensorboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch.utils.tensorboard import SummaryWriter

from pyannote.audio.applications.blocks._shelves import refuse_other_shelf
from pyannote.audio.applications.blocks.base import Block
from pyannote.audio.applications.checking.training import TrainingCheck, checked_config
from pyannote.audio.applications.corpus import Corpus, training_batches
from pyannote.audio.applications.curves import curves
from pyannote.audio.applications.devices import choose_device, on_device
from pyannote.audio.applications.learner import Learner, learner_of
from pyannote.audio.applications.left_out import LeftOut
from pyannote.audio.applications.options import TrainOptions
from pyannote.audio.applications.provenance import Provenance
from pyannote.audio.applications.signals import uninterrupted
from pyannote.audio.applications.terminal import bar, say, warn
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import ConfigError, UsageError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.transfer import transfer
from pyannote.audio.inference.weights import load_weights
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.io.locks import FolderLock
from pyannote.audio.io.temporary import remove_temporaries
from pyannote.audio.io.tensor_files import load_tensors
from pyannote.audio.models.base import Model
from pyannote.audio.report.learning_rate import range_test_figure
from pyannote.audio.train.allocator import tune_allocator
from pyannote.audio.train.distributed import join_processes
from pyannote.audio.train.interfaces import EpochReport
from pyannote.audio.train.trainer import Trainer


def train(block: Block, options: TrainOptions) -> None:
    """Train from the first epoch to the last, or resume."""
    torch.autograd.set_detect_anomaly(options.debug)
    tune_allocator()
    device = choose_device(options.cpu, options.gpu)
    folder = TrainFolder(options.root / "train" / f"{options.protocol}.{options.subset}")
    with join_processes(device) as ranks:
        with ranks.main_first():
            config = checked_config(options.root, partial(refuse_other_shelf, block))
            corpus = Corpus(Recipe(config), options.parallel, device, options.scheduler, options.unannotated)
            check = TrainingCheck(corpus, options.protocol, options.subset)
            opened, unusable = corpus.training_files(options.protocol, options.subset)
            left_out = LeftOut(options.skip, ranks, corpus.left_out)
            opened = left_out.without(opened, check.located(unusable))
            learner = learner_of(corpus, opened, options, device, ranks, check)
            check.warn(learner.trainer.resolution)
        with ranks.on_main(FolderLock(folder.path, purpose="train")):
            with ranks.main_first():
                resumed = _resume_epoch(options, Checkpoints(folder.weights))
                # faults in the middle of files are found when features are computed
                files = left_out.without(*corpus.readable(opened))
                if len(files) < len(opened):
                    learner = learner_of(corpus, files, options, device, ranks, check)
                left_out.compare(folder, resumed)
                provenance = Provenance(corpus, learner.specifications, files, options)
                _begin(learner, corpus, folder, provenance, resumed)
                left_out.remember(folder)
            _announce(corpus, learner, folder, left_out.count, resumed, options.last)
            _learn(learner.trainer, block, corpus, folder, provenance, resumed)


def _begin(
    learner: Learner, corpus: Corpus, folder: TrainFolder, provenance: Provenance, resumed: int
) -> None:
    """Prepare batches, and the state of the first epoch or of the epoch to resume from."""
    trainer, specifications = learner.trainer, learner.specifications
    if resumed and trainer.ranks.is_main:
        provenance.resume(folder, resumed)
    checkpoints = Checkpoints(folder.weights, provenance.origin)
    pack = on_device(corpus.pack(learner.files), trainer.device)
    trainer.prefetch = pack.prefetch
    corpus.recipe.task.prepare(learner.files, pack, specifications)
    if resumed:
        folder.check_specifications(specifications)
        _resume(trainer, folder, checkpoints, resumed)
    else:
        _initialize(trainer, corpus, provenance, folder, specifications)
    if trainer.ranks.is_main:
        remove_temporaries(folder.path)
        checkpoints.drop_after(resumed)


def _learn(
    trainer: Trainer,
    block: Block,
    corpus: Corpus,
    folder: TrainFolder,
    provenance: Provenance,
    resumed: int,
) -> None:
    """Train, and save, log and validate each epoch."""
    options, ranks = provenance.options, trainer.ranks
    checkpoints = Checkpoints(folder.weights, provenance.origin)
    specifications = provenance.specifications
    with (
        ranks.on_main(_validation(block, corpus, folder, options)) as validated,
        ranks.on_main(curves(folder.path, purge_step=resumed + 1)) as writer,
    ):

        def finish(report: EpochReport) -> bool:
            """Save and log an epoch, and return whether training may stop."""
            assert validated is not None and writer is not None, "only process 0 has them"
            with uninterrupted():
                # Curves first: if the process dies before the epoch exists, a resumed training hides its
                # curves. In the other order, they would be lost.
                _draw(writer, report)
                corpus.recipe.task.log(writer, report, specifications)
                writer.flush()
                checkpoints.save(report.epoch, trainer.weights(), trainer.state_dict())
            _tell(report, options)
            return validated(report.epoch)

        with training_batches(corpus.recipe):
            _find_learning_rate(trainer, writer)
            for report in trainer.epochs(resumed + 1, options.last, progress=bar):
                if ranks.from_main(partial(finish, report)):
                    break


def _resume_epoch(options: TrainOptions, checkpoints: Checkpoints) -> int:
    """Epoch to resume from; 0 for a training that begins."""
    epochs = checkpoints.epochs()
    if options.first == "last":
        return epochs[-1] if epochs else 0
    if options.first == 0 and epochs:
        raise UsageError(
            f"{checkpoints.folder.parent} already holds {counted(len(epochs), 'epoch')}.",
            fix="Go on with --from=last, or train in another folder (or remove this one).",
        )
    if options.first and options.first not in epochs:
        raise UsageError(f"There is no epoch {options.first} in {checkpoints.folder} to go on from.")
    return options.first


def _resume(trainer: Trainer, folder: TrainFolder, checkpoints: Checkpoints, epoch: int) -> None:
    """Restore the state at the end of an epoch."""
    model: Model = trainer.model  # type: ignore[assignment]
    weights = checkpoints.load_weights(epoch, trainer.device)
    load_weights(model, weights, checkpoints.weights(epoch))
    before, now = checkpoints.load_state(epoch, trainer.device), trainer.state_dict()
    groups = [state["optimizer"]["param_groups"][0].keys() for state in (before, now)]
    if before.keys() != now.keys() or groups[0] != groups[1]:
        raise ConfigError(
            "The optimizer or the callbacks have changed since this training began.",
            file=folder.root / "config.yml",
            fix="Undo the change, or train in another folder.",
        )
    trainer.load_state_dict(before, weights)


def _initialize(
    trainer: Trainer,
    corpus: Corpus,
    provenance: Provenance,
    folder: TrainFolder,
    specifications: Specifications,
) -> None:
    """Set statistics of the inputs, and load pretrained weights, if they were given."""
    model: Model = trainer.model  # type: ignore[assignment]
    model.set_statistics(corpus.recipe.task.statistics())
    if (pretrained := provenance.options.pretrained) is not None:
        for remark in transfer(model, load_tensors(pretrained), pretrained, corpus.recipe.model):
            warn(remark)
    if trainer.averaging is not None:
        trainer.averaging.start(model)
    if trainer.ranks.is_main:
        folder.write_specifications(specifications)
        provenance.write(folder)


@contextmanager
def _validation(
    block: Block, corpus: Corpus, folder: TrainFolder, options: TrainOptions
) -> Iterator[Callable[[int], bool]]:
    """Function that validates an epoch, if that was asked for, and returns whether training may stop."""
    if not options.validate:
        yield lambda epoch: False
        return
    from pyannote.audio.applications.validate import within_training

    with within_training(block, corpus, Bundle.of(folder), options) as validated:
        yield validated


def _find_learning_rate(trainer: Trainer, writer: SummaryWriter | None) -> None:
    """Choose the learning rate by a range test, if the configuration gives none."""
    found = trainer.find_learning_rate(progress=bar)
    if found is not None and writer is not None:
        say(f"Learning rate {found.chosen:.2g}, by a range test of {len(found.rates)} steps.")
        figure = range_test_figure(found.rates, found.losses, found.chosen)
        writer.add_figure("train/learning_rate", figure, 0)


def _announce(
    corpus: Corpus, learner: Learner, folder: TrainFolder, left_out: int, resumed: int, last: int | None
) -> None:
    trainer = learner.trainer
    parameters = sum(weight.numel() for weight in trainer.model.parameters())
    start = f"Resuming after epoch {resumed}" if resumed else "Training"
    processes = trainer.ranks.rank.size
    say(
        f"{start}: {counted(len(learner.files), 'file')}{f' ({left_out} left out)' if left_out else ''}, "
        f"{counted(corpus.recipe.task.batches_per_epoch, 'batch', 'batches')} an epoch, "
        f"{counted(parameters, 'parameter')}, {trainer.device.type}"
        f"{f', {processes} processes' if processes > 1 else ''}. Results go to {folder.path}"
    )
    fused = "" if trainer.optimizer.param_groups[0].get("fused") else "not "
    say(f"Computing in {trainer.acceleration}, optimizer {fused}fused.")
    if (remark := _remark_on_plan(trainer.scheduler.planned, last)) is not None:
        warn(remark)


def _remark_on_plan(planned: int | None, last: int | None) -> str | None:
    """What a learning rate that is planned for other epochs than those of the training means."""
    if planned is None or planned == last:
        return None
    then = (
        "later epochs keep its last value"
        if last is None or last > planned
        else "it does not fall to its end"
    )
    return f"The learning rate is planned for {counted(planned, 'epoch')}, --to is {last}: {then}."


def _draw(writer: SummaryWriter, report: EpochReport) -> None:
    for name, value in {
        "loss": report.loss,
        "lr": report.learning_rate,
        "seconds": report.seconds,
        "samples_per_second": report.samples / report.seconds,
        **report.measures,
    }.items():
        writer.add_scalar(f"train/{name}", value, report.epoch)


def _tell(report: EpochReport, options: TrainOptions) -> None:
    of = "" if options.last is None else f"/{options.last}"
    speed = report.samples / report.seconds
    watched = "".join(f"{name.replace('_', ' ')} {value:.3f}, " for name, value in report.measures.items())
    say(
        f"Epoch {report.epoch}{of}: loss {report.loss:.4f}, {watched}"
        f"learning rate {report.learning_rate:.2g}, {report.seconds:.1f} s, {speed:.0f} samples/s"
    )
