"""Lightning's training loop, for `training_peers.py` and `peer_pyannote.py`."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import lightning
import torch
from torch import Tensor, nn

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
logging.getLogger("lightning.pytorch.utilities.rank_zero").setLevel(logging.ERROR)


class Learner(lightning.LightningModule):
    """A model, its loss on a batch, and its optimizer, as Lightning has them."""

    def __init__(
        self, model: nn.Module, loss: Callable[[Any], Tensor], optimizer: torch.optim.Optimizer
    ) -> None:
        super().__init__()
        self.model = model
        self.loss = loss
        self.optimizer = optimizer

    def training_step(self, batch: Any, _: int) -> Tensor:
        """Loss of a batch."""
        return self.loss(batch)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Optimizer of the model."""
        return self.optimizer


class Clock(lightning.pytorch.Callback):
    """Measures from the end of the first step to the end of the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []

    def on_train_batch_end(self, *_: object) -> None:
        """Look at the clock."""
        self.ends.append(time.perf_counter())

    @property
    def seconds(self) -> float:
        """Mean seconds of a step."""
        return (self.ends[-1] - self.ends[0]) / (len(self.ends) - 1)


def step_of_fit(module: lightning.LightningModule, steps: int, loader: Iterable[Any] | None = None) -> float:
    """Seconds of a step of `Trainer.fit`, without validation, checkpoints, records or a bar.

    Parameters
    ----------
    module : LightningModule
        What is trained.
    steps : int
        Steps to take, at least 2.
    loader : iterable, optional
        Batches; without it, those that the module loads itself.
    """
    clock = Clock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            accelerator="cpu",
            devices=1,
            max_steps=steps,
            callbacks=[clock],
            limit_val_batches=0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, loader)
    return clock.seconds
