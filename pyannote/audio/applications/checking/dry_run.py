"""Trial of a network: one batch for its shapes, loss and memory, and a few more for their duration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pyannote.audio.applications.checking.configuration import located
from pyannote.audio.applications.checking.examples import noise
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.devices import on_device
from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.core.windows import DAY
from pyannote.audio.database.protocols import Recording
from pyannote.audio.models._outputs import aligned_outputs
from pyannote.audio.models.base import Model
from pyannote.audio.store.packs import Pack
from pyannote.audio.train.acceleration import Acceleration
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.epoch_augmentations import begin_epoch
from pyannote.audio.train.schedulers.base import Scheduler
from pyannote.audio.train.trainer import Trainer

PLANNED = 100
"""Epochs of the training that a dry run is the beginning of."""

ENOUGH = 2.0
"""Seconds of training that are measured, and no more than `MOST` batches."""

MOST = 10


@dataclass(frozen=True)
class Batch:
    """Figures of a batch.

    Parameters
    ----------
    shapes : mapping of str to list of int
        Shape of each input, of "output" and of "target".
    loss : float
    without_gradient : list of str
        Parameters of the network and of the loss that no gradient reaches.
    parameters : int
        Number of values that are learned.
    frame : float, optional
        Duration of an output in seconds, where there are several for a chunk.
    nbytes : mapping of str to int
        Memory of inputs, of activations that gradients need, and of weights, in bytes.
    """

    shapes: dict[str, list[int]]
    loss: float
    without_gradient: list[str]
    parameters: int
    frame: float | None
    nbytes: dict[str, int]


class DryRun:
    """A network that is ready to learn from some files, and their features.

    Parameters
    ----------
    corpus : Corpus
    files : sequence of Recording
    pack : Pack
        Their features.
    """

    def __init__(self, corpus: Corpus, files: Sequence[Recording], pack: Pack) -> None:
        torch.manual_seed(0)
        self.corpus = corpus
        self.task: Any = corpus.recipe.task.for_trial(files)
        self.specifications: Specifications = self.task.specifications(corpus.recipe.extraction)
        self.model: Model = corpus.recipe.model(self.specifications).to(corpus.device)
        self.task.head = corpus.recipe.task.head.to(corpus.device)
        self.task.prepare(files, on_device(pack, corpus.device), self.specifications)
        self.model.set_statistics(self.task.statistics())

    @classmethod
    def of_files(cls, corpus: Corpus, files: Sequence[Recording]) -> DryRun:
        """Learn from a handful of files, whose features go to the store."""
        chosen = corpus.recipe.task.handful(files)
        try:
            pack = corpus.pack(chosen)
        except DataError:
            # such as noise from the gaps between events, of which a handful may have none
            chosen, pack = list(files), corpus.pack(files)
        return cls(corpus, chosen, pack)

    @classmethod
    def of_noise(cls, corpus: Corpus) -> DryRun:
        """Learn from random features, in which all that is to be learned is active."""
        files, pack = noise(corpus)
        return cls(corpus, files, pack)

    def batch(self) -> Batch:
        """Take one batch through the network, to its gradients."""
        device = self.corpus.device
        batch = {name: value.to(device) for name, value in next(iter(self._short(1).batches(1, 0))).items()}
        augmentations = self.corpus.recipe.augmentations("batches")
        begin_epoch(augmentations, self.task, 1, self._scheduler().planned)
        for augmentation in augmentations:
            batch = augmentation(batch, torch.Generator(device).manual_seed(0))
        self.model.train()
        with _counted() as kept:
            output, resolution = aligned_outputs(self.model, self.model(batch), batch["X"].shape[1])
            target = self.task.targets(batch["y"], resolution)
            loss = self.task.loss(output, target)
        loss.backward()
        named = [*self.model.named_parameters(), *self.task.head.named_parameters(prefix="head")]
        inputs = {name: value for name, value in batch.items() if name != "y"}
        tensors = {**inputs, "output": output, "target": target}
        step = resolution * self.specifications.step
        return Batch(
            shapes={name: list(value.shape) for name, value in tensors.items()},
            loss=loss.item(),
            without_gradient=[name for name, weight in named if weight.grad is None],
            parameters=sum(weight.numel() for _, weight in named),
            frame=step if output.ndim == 3 else None,
            nbytes={
                "inputs": sum(value.nbytes for value in inputs.values()),
                "activations": sum(kept.values()),
                "weights": sum(weight.nbytes for _, weight in named),
            },
        )

    def seconds(self) -> tuple[float, int]:
        """Seconds that a step of training takes, and over how many steps they were measured."""
        corpus = self.corpus
        scheduler = self._scheduler()
        if scheduler.is_open:
            scheduler.learning_rate = 1e-4
        trainer = Trainer(
            model=self.model,
            task=self._short(1),
            optimizer=corpus.recipe.optimizer([self.model, self.task.head]),
            scheduler=scheduler,
            augmentations=corpus.recipe.augmentations("batches"),
            device=corpus.device,
            averaging=corpus.recipe.callback(WeightAveraging),
            acceleration=Acceleration.choose(
                self.model,
                corpus.device,
                self.task.chunks,
                graphs="auto" if self.task.uniform else "off",
            ),
        )
        # the first step takes longer than all others
        first = [trainer.epoch(epoch).seconds for epoch in (1, 2)][1]
        count = max(2, min(MOST, int(ENOUGH / first)))
        trainer.task = self._short(count)
        return trainer.epoch(3).seconds / count, count

    def _scheduler(self) -> Scheduler:
        """Scheduler of a training that the dry run is the beginning of."""
        scheduler = self.corpus.recipe.scheduler()
        scheduler.plan(PLANNED)
        return scheduler

    def _short(self, batches: int) -> Any:
        """The same task, with epochs of a few batches."""
        short = copy(self.task)
        short.per_epoch = batches * self.task.batch_seconds / DAY
        return short


@contextmanager
def _counted() -> Iterator[dict[int, int]]:
    """Bytes of each tensor that is kept for gradients, by where it lies."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield kept


def check_batch(corpus: Corpus, batch: Batch) -> Iterator[Finding]:
    """Findings about the loss of a batch and about parameters without gradient."""
    config, where = corpus.recipe.config, (*corpus.recipe.config.architecture.where, "name")
    if not math.isfinite(batch.loss):
        yield located(
            config,
            config.task.where,
            "loss",
            f"The loss of the first batch is {batch.loss}.",
            "Check what the loss divides by, and the parameters of the task.",
            code=ConfigError.code,
        )
    if batch.without_gradient:
        names = batch.without_gradient
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        yield located(
            config,
            where,
            "gradient",
            f"No gradient reaches {', '.join(names[:5])}{more}.",
            "Use them in `forward`, or remove them.",
        )


def failed(corpus: Corpus, error: Exception) -> Finding:
    """Finding about a network or a loss that fails with a batch."""
    config = corpus.recipe.config
    return located(
        config,
        (*config.architecture.where, "name"),
        "batch",
        f"A batch cannot pass through {config.architecture.name} and the loss of {config.task.name} "
        f"({type(error).__name__}: {' '.join(str(error).split())}).",
        "Look at what the network is given and gives; --debug shows where it fails.",
        code=ConfigError.code,
    )
