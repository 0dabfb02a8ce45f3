"""The training loop: it knows neither what is learned nor what learns it."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from pyannote.audio.core.foreign_errors import error_subject
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.core.randomness import torch_seed
from pyannote.audio.core.ranks import WHOLE
from pyannote.audio.models._outputs import aligned
from pyannote.audio.train.acceleration import Acceleration, Forward
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.distributed import Alone
from pyannote.audio.train.divergence import check_loss, check_values
from pyannote.audio.train.interfaces import Augmentation, Batch, Gradients, Step, Task
from pyannote.audio.train.prefetch import prefetched
from pyannote.audio.train.range_test import RangeTest, sweep, without_trace
from pyannote.audio.train.schedulers.base import Scheduler


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
        Chunks that were seen, by all processes.
    features, targets, outputs : Tensor
        Inputs (of the own rows), targets and outputs (of all) of the last batch, to be looked at.
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
    ahead : int
        Batches that are drawn in a thread of their own, while others are learned from: worth it where
        drawing takes long. 0 means none, and no thread. What is learned is the same.
    acceleration : Acceleration
        How outputs are computed. Defaults to what pays for this model on this device.
    ranks : Alone
        The processes that train together: this one alone, or what `joined` gives.
    """

    model: nn.Module
    task: Task
    optimizer: torch.optim.Optimizer
    scheduler: Scheduler
    augmentations: Sequence[Augmentation] = ()
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    averaging: WeightAveraging | None = None
    ahead: int = 0
    acceleration: Acceleration | None = None
    ranks: Alone = field(default_factory=Alone)

    def __post_init__(self) -> None:
        if self.acceleration is None:
            self.acceleration = Acceleration.chosen(self.model, self.device)
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
            If the loss, or a value that would be saved, is not a finite number any more.
        """
        started = time.perf_counter()
        torch.manual_seed(torch_seed(self.seed, epoch, *self.ranks.position))
        self._begin()
        steps = self.task.batches_per_epoch
        total = torch.zeros((), device=self.device)
        samples = 0
        with prefetched(self._batches(epoch), self.ahead) as batches:
            for index, batch in enumerate(progress(batches, total=steps, description=f"Epoch {epoch}")):
                rate = self.scheduler.apply(self.optimizer, (epoch - 1) * steps + index, steps)
                step = self._step(batch, epoch, index)
                if self.averaging is not None:
                    self.averaging.update(self.model)
                # the loss is summed where it is, and read once an epoch: reading waits for the device
                total += step.loss
                samples += len(step.outputs)
        mean = self.ranks.same(float(total) / steps)
        check_loss(epoch, mean)
        averages = {} if self.averaging is None else self.averaging.average
        check_values(epoch, self.model, self.task.head, self.optimizer, averages)
        self.scheduler.observe(mean)
        seconds = time.perf_counter() - started
        return EpochReport(
            epoch,
            mean,
            rate,
            seconds,
            samples,
            step.features,
            step.targets,
            step.outputs,
            self.task.measures(),
        )

    def find_learning_rate(self, progress: Progress = silent, steps: int = 100) -> RangeTest | None:
        """Find the rate that the scheduler leaves open, by a range test that leaves no other trace.

        Parameters
        ----------
        progress : Progress
            Told of each step.
        steps : int
            From the lowest rate to the highest one.

        Returns
        -------
        RangeTest, optional
            Nothing where the rate is known: given, found before, or resumed with.
        """
        if not self.scheduler.is_open:
            return None
        # epochs 0, -1, -2, ... are reached by no training, and there are as many as the sweep takes
        epochs = (self._batches(-count) for count in itertools.count())
        with (
            without_trace((self.model, self.task.head), self.optimizer, self.device),
            prefetched(itertools.chain.from_iterable(epochs), self.ahead) as batches,
        ):
            torch.manual_seed(torch_seed(self.seed, 0, *self.ranks.position))
            self._begin()
            numbered = enumerate(batches)
            found = sweep(lambda rate: self._trial(rate, *next(numbered)), steps, progress)
        self.task.measures()
        self.scheduler.learning_rate = found.chosen
        return found

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

    @property
    def resolution(self) -> int:
        """Feature frames of an output frame of the model."""
        return self.model.resolution  # type: ignore[return-value]

    @cached_property
    def _forward(self) -> Forward:
        """What is called on batches; all processes of a training make it at once."""
        assert self.acceleration is not None, "it has been chosen"
        return self.acceleration.forward(self.model, self.ranks.module(self.model))

    def _begin(self) -> None:
        """Get ready to take steps."""
        self.model.train()
        self.ranks.align(self.model, self.task.head)

    def _batches(self, epoch: int) -> Iterator[Batch]:
        """Batches whose inputs are those of the own rows, or of all rows, which augmentations mix."""
        share = WHOLE if self.augmentations else self.ranks.share
        batches = iter(self.task.batches(epoch, self.seed, share))
        for number in itertools.count(1):
            with error_subject(f"batch {number} of epoch {epoch}"):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def _trial(self, rate: float, index: int, batch: Batch) -> float:
        """Loss before a step at a rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        step = self._step(batch, 0, index)
        # the loss of what is no number may be one, such as 0 where nothing can be compared
        return self.ranks.same(float(step.loss) if torch.isfinite(step.outputs).all() else math.nan)

    def _step(self, batch: Batch, epoch: int, index: int) -> Step:
        """Update the weights; what is given is as it was before."""
        batch = {name: value.to(self.device) for name, value in batch.items()}
        step = self._gradients(batch, torch_seed(self.seed, epoch, index) if self.augmentations else 0)
        self.optimizer.step()
        return step

    @cached_property
    def _gradients(self) -> Gradients:
        """What gives the weights their gradients for a batch; random numbers follow from a seed."""
        assert self.acceleration is not None, "it has been chosen"
        learned = [*self.model.parameters(), *self.task.head.parameters()]
        return self.acceleration.gradients(self._computed, learned, self.device)

    def _computed(self, batch: Batch, random: torch.Generator) -> Step:
        """Augment a batch, and give the weights their gradients."""
        for augmentation in self.augmentations:
            batch = augmentation(batch, random)
        if self.augmentations:
            batch = self.ranks.own(batch)
        own, resolution = aligned(self.model, self._forward(batch), batch["X"].shape[1])
        outputs = self.ranks.together(own, len(batch["y"]))
        targets = self.task.targets(batch["y"], resolution)
        loss = self.task.loss(outputs, targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        return Step(batch["X"], targets, outputs.detach(), loss.detach())
