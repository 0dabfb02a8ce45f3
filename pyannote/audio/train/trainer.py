"""The training loop: it knows neither what is learned nor what learns it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.core.randomness import generator, torch_seed
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.schedulers.base import Base as Scheduler

Batch = dict[str, Tensor]


class Task(Protocol):
    """What the loop needs of a task."""

    head: nn.Module
    """What its loss learns beside the model."""

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch."""

    def batches(self, epoch: int, seed: int) -> Iterable[Batch]:
        """Batches of an epoch, with inputs and activity."""

    def targets(self, truth: Tensor, resolution: int) -> Tensor:
        """Turn the "y" of a batch into what a model of a given resolution is to answer."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Scalar to minimise."""

    def measures(self) -> dict[str, float]:
        """Means since the last call of what is worth watching beside the loss."""


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
    features, targets, outputs : Tensor
        Inputs, targets and outputs of the last batch, to be looked at.
    resolution : int
        Feature frames of one output frame.
    measures : mapping of str to float
        What the task watched beside the loss.
    """

    epoch: int
    loss: float
    learning_rate: float
    seconds: float
    samples: int
    features: Tensor
    targets: Tensor
    outputs: Tensor
    resolution: int
    measures: Mapping[str, float]


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
        Of the parameters of the model and of the head of the task.
    scheduler : Scheduler
        Sets the learning rate before each step.
    augmentations : sequence of Augmentation
        Applied in their order.
    seed : int
        Of all that is drawn.
    device : torch.device
        Where the model is.
    averaging : WeightAveraging, optional
        Its average is what `weights` gives, instead of the weights of the last step.
    """

    model: nn.Module
    task: Task
    optimizer: torch.optim.Optimizer
    scheduler: Scheduler
    augmentations: Sequence[Augmentation] = ()
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    averaging: WeightAveraging | None = None

    def __post_init__(self) -> None:
        if self.averaging is not None:
            self.averaging.start(self.model)

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
        resolution: int = self.model.resolution  # type: ignore[assignment]
        batches = self.task.batches(epoch, self.seed)
        samples = 0
        for index, batch in enumerate(progress(batches, total=steps, description=f"Epoch {epoch}")):
            batch = self._augmented(
                {name: value.to(self.device) for name, value in batch.items()}, epoch, index
            )
            rate = self.scheduler.apply(self.optimizer, (epoch - 1) * steps + index, steps)
            outputs = self.model(batch)
            targets = self.task.targets(batch["y"], resolution)
            loss = self.task.loss(outputs, targets)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            if self.averaging is not None:
                self.averaging.update(self.model)
            # the loss is summed where it is, and read once an epoch: reading waits for the device
            total += loss.detach()
            samples += len(outputs)
        mean = float(total) / steps
        if not math.isfinite(mean):
            raise DataError(
                f"The loss of epoch {epoch} is {mean}: training has diverged. Earlier epochs are safe.",
                fix="Set a smaller learning_rate in the scheduler of config.yml.",
            )
        self.scheduler.observe(mean)
        seconds = time.perf_counter() - started
        return EpochReport(
            epoch,
            mean,
            rate,
            seconds,
            samples,
            batch["X"],
            targets,
            outputs.detach(),
            resolution,
            self.task.measures(),
        )

    def weights(self) -> dict[str, Tensor]:
        """Weights that the training has arrived at, to be validated and applied."""
        return self.model.state_dict() if self.averaging is None else self.averaging.average

    def state_dict(self) -> dict[str, Any]:
        """Values that must be saved beside the weights, to resume."""
        state = {"optimizer": self.optimizer.state_dict(), "scheduler": self.scheduler.state_dict()}
        if head := self.task.head.state_dict():
            state["head"] = head
        if self.averaging is not None:
            state["averaging"] = self.averaging.state_dict()
            state["model"] = self.model.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any], weights: dict[str, Tensor]) -> None:
        """Resume from a saved state and the weights that were saved with it."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.task.head.load_state_dict(state.get("head", {}))
        self.model.load_state_dict(state.get("model", weights))
        if self.averaging is not None:
            self.averaging.load_state_dict(state["averaging"], weights)

    def _augmented(self, batch: Batch, epoch: int, index: int) -> Batch:
        random = generator(self.seed, epoch, index)
        for augmentation in self.augmentations:
            batch = augmentation(batch, random)
        return batch
