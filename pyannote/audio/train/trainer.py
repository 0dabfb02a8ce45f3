"""The training loop: it knows neither what is learned nor what learns it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.core.randomness import generator, torch_seed
from pyannote.audio.train.schedulers.base import Base as Scheduler

Batch = dict[str, Tensor]


class Task(Protocol):
    """What the loop needs of a task."""

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch."""

    def batches(self, epoch: int, seed: int, resolution: int) -> Iterable[Batch]:
        """Batches of an epoch, with inputs and targets."""

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Scalar to minimise."""


class Augmentation(Protocol):
    """What the loop needs of a data augmentation."""

    def __call__(self, batch: Batch, random: np.random.Generator) -> Batch:
        """Augmented batch."""


@dataclass(frozen=True)
class EpochReport:
    """What happened in an epoch.

    Parameters
    ----------
    epoch : int
        Counted from 1.
    loss : float
        Mean over its batches.
    learning_rate : float
        At its last step.
    seconds : float
        Time that it took.
    samples : int
        Chunks that were seen.
    batch, logits
        The last batch and the outputs of the model, to be looked at.
    """

    epoch: int
    loss: float
    learning_rate: float
    seconds: float
    samples: int
    batch: Mapping[str, Tensor]
    logits: Tensor


@dataclass
class Trainer:
    """Trains a model on a task, epoch after epoch.

    What an epoch does depends on its number, on the seed, and on the state before it; nothing is
    carried over in hidden generators, so that resuming equals going on.

    Parameters
    ----------
    model : Module
        With an attribute `resolution`, and called on a batch.
    task : Task
        Batches and loss.
    optimizer : Optimizer
        Of the parameters of the model.
    scheduler : Scheduler
        Sets the learning rate before each step.
    augmentations : sequence of Augmentation
        Applied in their order.
    seed : int
        Of all that is drawn.
    device : torch.device
        Where the model is.
    """

    model: nn.Module
    task: Task
    optimizer: torch.optim.Optimizer
    scheduler: Scheduler
    augmentations: Sequence[Augmentation] = ()
    seed: int = 0
    device: torch.device = torch.device("cpu")

    def epochs(self, first: int, last: int | None, progress: Progress = silent) -> Iterator[EpochReport]:
        """Train from epoch `first` to `last` (both included; None: no end), and report after each."""
        epoch = first
        while last is None or epoch <= last:
            yield self.epoch(epoch, progress)
            epoch += 1

    def epoch(self, epoch: int, progress: Progress = silent) -> EpochReport:
        """Train for one epoch.

        Raises
        ------
        DataError
            If the loss is not a number any more.
        """
        started = time.perf_counter()
        torch.manual_seed(torch_seed(self.seed, epoch))
        self.model.train()
        steps = self.task.batches_per_epoch
        total = torch.zeros((), device=self.device)
        batches = self.task.batches(epoch, self.seed, self.model.resolution)  # type: ignore[arg-type]
        samples = 0
        for index, batch in enumerate(progress(batches, total=steps, description=f"Epoch {epoch}")):
            batch = self._augmented({name: value.to(self.device) for name, value in batch.items()}, epoch, index)
            rate = self.scheduler.apply(self.optimizer, (epoch - 1) * steps + index, steps)
            logits = self.model(batch)
            loss = self.task.loss(logits, batch)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            # the loss is summed where it is, and read once an epoch: reading waits for the device
            total += loss.detach()
            samples += len(logits)
        mean = float(total) / steps
        if not math.isfinite(mean):
            raise DataError(
                f"The loss of epoch {epoch} is {mean}: training has diverged. Earlier epochs are safe.",
                fix="Set a smaller learning_rate in the scheduler of config.yml.",
            )
        self.scheduler.observe(mean)
        seconds = time.perf_counter() - started
        return EpochReport(epoch, mean, rate, seconds, samples, batch, logits.detach())

    def state_dict(self) -> dict[str, Any]:
        """Optimizer and scheduler, to resume from."""
        return {"optimizer": self.optimizer.state_dict(), "scheduler": self.scheduler.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a saved state."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])

    def _augmented(self, batch: Batch, epoch: int, index: int) -> Batch:
        random = generator(self.seed, epoch, index)
        for augmentation in self.augmentations:
            batch = augmentation(batch, random)
        return batch
