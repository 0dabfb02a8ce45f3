"""Training loop, independent of task and model."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from pyannote.audio.core.foreign_errors import error_subject
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.core.randomness import torch_seed
from pyannote.audio.core.ranks import WHOLE
from pyannote.audio.models._outputs import aligned_outputs
from pyannote.audio.train.acceleration import Acceleration, Forward
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.divergence import check_loss, check_values
from pyannote.audio.train.epoch_augmentations import begin_epoch
from pyannote.audio.train.interfaces import Augmentation, Batch, EpochReport, Gradients, Step, Task
from pyannote.audio.train.prefetch import prefetched
from pyannote.audio.train.range_test import RangeTest, restored_afterwards, sweep
from pyannote.audio.train.schedulers.base import Scheduler
from pyannote.audio.train.single_process import SingleProcess


@dataclass
class Trainer:
    """Trains a model on a task.

    An epoch is a function of its number, of the seed, and of the state before it. Random generators carry no
    state from one epoch to the next, so that a resumed training equals an uninterrupted one.

    Parameters
    ----------
    model : Module
        Function of a batch, with an attribute `resolution` (feature frames of one output frame).
    task : Task
        Batches and loss.
    optimizer : Optimizer
        Optimizer of the parameters of the model and of the head of the task.
    scheduler : Scheduler
        Sets the learning rate before each step.
    augmentations : sequence of Augmentation
        Applied in this order.
    seed : int
        Seed of all random numbers.
    device : torch.device
        Device of the model.
    averaging : WeightAveraging, optional
        Average that `weights` returns instead of the weights of the last step.
    prefetch : int
        Batches that a thread computes in advance; useful where batches take long to compute. 0 means no
        thread. Results do not depend on it.
    acceleration : Acceleration
        Defaults to the methods that are faster for this model on this device.
    ranks : SingleProcess
        This process, and its connection with the others, as `join_processes` gives it.

    Examples
    --------
    >>> trainer = getfixture("trainer")  # of a linear model that tells positive from negative frames
    >>> reports = list(trainer.epochs(1, 10))
    >>> reports[-1].loss < reports[0].loss, tuple(reports[-1].outputs.shape)
    (True, (4, 8, 1))
    """

    model: nn.Module
    task: Task
    optimizer: torch.optim.Optimizer
    scheduler: Scheduler
    augmentations: Sequence[Augmentation] = ()
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    averaging: WeightAveraging | None = None
    prefetch: int = 0
    acceleration: Acceleration | None = None
    ranks: SingleProcess = field(default_factory=SingleProcess)

    def __post_init__(self) -> None:
        if self.acceleration is None:
            self.acceleration = Acceleration.choose(self.model, self.device)
        if self.averaging is not None:
            self.averaging.start(self.model)

    def epochs(self, first: int, last: int | None, progress: Progress = silent) -> Iterator[EpochReport]:
        """Train from epoch `first` to `last` (both included; None: no end), and report each.

        Examples
        --------
        >>> trainer = getfixture("trainer")
        >>> [report.epoch for report in trainer.epochs(1, 3)]
        [1, 2, 3]
        """
        epoch = first
        while last is None or epoch <= last:
            yield self.epoch(epoch, progress)
            epoch += 1

    def epoch(self, epoch: int, progress: Progress = silent) -> EpochReport:
        """Train for one epoch.

        Raises
        ------
        DataError
            If the loss, or a value to be saved, is not a finite number.

        Examples
        --------
        >>> report = getfixture("trainer").epoch(1)
        >>> report.epoch, report.samples, tuple(report.features.shape)
        (1, 4, (4, 8, 1))
        """
        started = time.perf_counter()
        torch.manual_seed(torch_seed(self.seed, epoch, *self.ranks.position))
        self._begin(epoch)
        steps = self.task.batches_per_epoch
        total = torch.zeros((), device=self.device)
        samples = 0
        with prefetched(self._batches(epoch), self.prefetch) as batches:
            for index, batch in enumerate(progress(batches, total=steps, description=f"Epoch {epoch}")):
                rate = self.scheduler.apply(self.optimizer, (epoch - 1) * steps + index, steps)
                step = self._step(batch, epoch, index)
                if self.averaging is not None:
                    self.averaging.update(self.model)
                # the loss is summed on the device and read once an epoch, since reading waits for the device
                total += step.loss
                samples += len(step.outputs)
        mean = self.ranks.broadcast(float(total) / steps)
        check_loss(epoch, mean)
        averages = {} if self.averaging is None else self.averaging.average
        check_values(epoch, self.model, self.task.head, self.optimizer, averages)
        self.scheduler.observe(mean)
        seconds = time.perf_counter() - started
        last = (step.features, step.targets, step.outputs)
        return EpochReport(epoch, mean, rate, seconds, samples, *last, self.task.measures())

    def find_learning_rate(self, progress: Progress = silent, steps: int = 100) -> RangeTest | None:
        """Set the learning rate "auto" of the scheduler by a range test; weights and state do not change.

        Parameters
        ----------
        progress : Progress
            Progress bar over the steps.
        steps : int
            Number of steps from the lowest rate to the highest one.

        Returns
        -------
        RangeTest, optional
            None if the rate is known already.

        Examples
        --------
        >>> from pyannote.audio.train.schedulers import ConstantScheduler
        >>> trainer = getfixture("trainer")
        >>> trainer.scheduler = ConstantScheduler("auto")
        >>> result = trainer.find_learning_rate(steps=20)
        >>> trainer.scheduler.learning_rate == result.chosen
        True
        """
        if not self.scheduler.is_open:
            return None
        # no training reaches epochs 0, -1, -2, ...; the sweep takes as many as it needs
        epochs = (self._batches(-count) for count in itertools.count())
        with (
            restored_afterwards((self.model, self.task.head), self.optimizer, self.device),
            prefetched(itertools.chain.from_iterable(epochs), self.prefetch) as batches,
        ):
            torch.manual_seed(torch_seed(self.seed, 0, *self.ranks.position))
            self._begin(1)
            numbered = enumerate(batches)
            result = sweep(lambda rate: self._trial(rate, *next(numbered)), steps, progress)
        self.task.measures()
        self.scheduler.learning_rate = result.chosen
        return result

    def weights(self) -> dict[str, Tensor]:
        """Weights to save, validate and apply: those of the last step, or their average.

        Returns
        -------
        dict of str to Tensor
            State dict of the model.

        Examples
        --------
        >>> {name: tuple(weight.shape) for name, weight in getfixture("trainer").weights().items()}
        {'weight': (1, 1), 'bias': (1,)}
        """
        return self.model.state_dict() if self.averaging is None else self.averaging.average

    def state_dict(self) -> dict[str, Any]:
        """Values and tensors (of the shapes of the weights) to save beside the weights.

        Examples
        --------
        >>> sorted(getfixture("trainer").state_dict())
        ['optimizer', 'scheduler']
        """
        state = {"optimizer": self.optimizer.state_dict(), "scheduler": self.scheduler.state_dict()}
        if head := self.task.head.state_dict():
            state["head"] = head
        if self.averaging is not None:
            state["averaging"] = self.averaging.state_dict()
            state["model"] = self.model.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any], weights: dict[str, Tensor]) -> None:
        """Restore a saved state and the weights that were saved with it.

        Parameters
        ----------
        state : dict
            Result of `state_dict`.
        weights : dict of str to Tensor, of the shapes of the model

        Examples
        --------
        >>> trainer = getfixture("trainer")
        >>> state, weights = trainer.state_dict(), trainer.weights()
        >>> trainer.load_state_dict(state, weights)
        """
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.task.head.load_state_dict(state.get("head", {}))
        self.model.load_state_dict(state.get("model", weights))
        if self.averaging is not None:
            self.averaging.load_state_dict(state["averaging"], weights)

    @property
    def resolution(self) -> int:
        """Feature frames of one output frame of the model."""
        return self.model.resolution  # type: ignore[return-value]

    @cached_property
    def _forward(self) -> Forward:
        """Accelerated model; all processes of a training build it at the same time."""
        assert self.acceleration is not None, "set by __post_init__"
        return self.acceleration.forward(self.model, self.ranks.module(self.model))

    def _begin(self, epoch: int) -> None:
        """Prepare augmentations, set the training mode, and give all processes the same weights."""
        begin_epoch(self.augmentations, self.task, epoch, self.scheduler.planned)
        self.model.train()
        self.ranks.synchronize(self.model, self.task.head)

    def _batches(self, epoch: int) -> Iterator[Batch]:
        """Batches with the inputs of the local rows, or of all rows if augmentations may mix them."""
        rank = WHOLE if self.augmentations else self.ranks.rank
        batches = iter(self.task.batches(epoch, self.seed, rank))
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
        # a loss may be finite though outputs are not, such as 0 where a batch has no pair to compare
        return self.ranks.broadcast(float(step.loss) if torch.isfinite(step.outputs).all() else math.nan)

    def _step(self, batch: Batch, epoch: int, index: int) -> Step:
        """Update the weights, and return the tensors from before the update."""
        batch = {name: value.to(self.device) for name, value in batch.items()}
        step = self._gradients(batch, torch_seed(self.seed, epoch, index) if self.augmentations else 0)
        self.optimizer.step()
        return step

    @cached_property
    def _gradients(self) -> Gradients:
        """Function of a batch and a seed that computes the gradients of the weights."""
        assert self.acceleration is not None, "set by __post_init__"
        parameters = [*self.model.parameters(), *self.task.head.parameters()]
        return self.acceleration.gradients(self._compute, parameters, self.device)

    def _compute(self, batch: Batch, random: torch.Generator) -> Step:
        """Augment a batch, and compute the gradients of the weights."""
        for augmentation in self.augmentations:
            batch = augmentation(batch, random)
        if self.augmentations:
            batch = self.ranks.local_rows(batch)
        local, resolution = aligned_outputs(self.model, self._forward(batch), batch["X"].shape[1])
        outputs = self.ranks.gather(local, len(batch["y"]))
        targets = self.task.targets(batch["y"], resolution)
        loss = self.task.loss(outputs, targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        return Step(batch["X"], targets, outputs.detach(), loss.detach())
