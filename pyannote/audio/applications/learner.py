"""Training files, model and trainer of a training."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from pyannote.audio.applications.checking.training import TrainingCheck
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import TrainOptions
from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.randomness import torch_seed
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import Recording
from pyannote.audio.train.acceleration import Acceleration, Choice
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.single_process import SingleProcess
from pyannote.audio.train.trainer import Trainer


@dataclass(frozen=True)
class Learner:
    """Training files with augmented versions, specifications of the model, and its trainer."""

    files: list[Recording]
    specifications: Specifications
    trainer: Trainer


def learner_of(
    corpus: Corpus,
    files: list[Recording],
    options: TrainOptions,
    device: torch.device,
    ranks: SingleProcess,
    check: TrainingCheck,
) -> Learner:
    """Check training files, and build the model and its trainer.

    Raises
    ------
    DataError
        If the task refuses the files.
    """
    files = corpus.augmented(files)
    check.check(files)
    specifications = corpus.recipe.task.specifications(corpus.recipe.extraction)
    torch.manual_seed(torch_seed(options.seed))
    trainer = _trainer(corpus, specifications, options, device, ranks)
    return Learner(files, specifications.of_model(trainer.resolution), trainer)


def _trainer(
    corpus: Corpus,
    specifications: Specifications,
    options: TrainOptions,
    device: torch.device,
    ranks: SingleProcess,
) -> Trainer:
    model = corpus.recipe.model(specifications).to(device)
    scheduler = corpus.recipe.scheduler()
    scheduler.plan(options.last)
    return Trainer(
        model=model,
        task=corpus.recipe.task,
        optimizer=corpus.recipe.optimizer([model, corpus.recipe.task.head.to(device)]),
        scheduler=scheduler,
        augmentations=corpus.recipe.augmentations("batches"),
        seed=options.seed,
        device=device,
        averaging=corpus.recipe.callback(WeightAveraging),
        acceleration=Acceleration.choose(
            model,
            device,
            corpus.recipe.task.chunks,
            options.mixed,
            options.compiled,
            _graphs(corpus, options, device, ranks),
        ),
        ranks=ranks,
    )


def _graphs(corpus: Corpus, options: TrainOptions, device: torch.device, ranks: SingleProcess) -> Choice:
    """Option of CUDA graphs, "off" where they cannot be used."""
    if device.type == "cuda" and corpus.recipe.task.uniform and ranks.rank.size == 1 and not options.debug:
        return options.graphs
    if options.graphs == "on":
        raise UsageError(
            "A step can be recorded on a GPU, by one process, without --debug, and if all batches are of one "
            "shape, as those of detection are.",
            fix="Leave --graphs out.",
        )
    return "off"
