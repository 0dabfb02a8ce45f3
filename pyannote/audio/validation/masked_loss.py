"""Validation of masked prediction: the loss on recordings that were not trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.labeling.tasks.masked_prediction import MaskedPrediction
from pyannote.audio.models.base import Model
from pyannote.audio.validation.measure import Measure, Record, not_finite

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class MaskedLoss(Measure):
    """Mean squared error of masked output frames of fixed random chunks, the same for each epoch.

    Features are normalised as the network does, so that 1 is about the loss of predicting the mean.

    Parameters
    ----------
    bundle : Bundle
        Trained model.
    model : Model
        Its network.
    task : MaskedPrediction
        Task that is prepared to draw batches of the recordings.
    data : mapping
        All that its batches depend on, as plain values; "files" is a digest of the recordings.
    """

    name = "masked_loss"

    def __init__(self, bundle: Bundle, model: Model, task: MaskedPrediction, data: Mapping[str, Any]) -> None:
        self.bundle, self.model, self.task, self.data = bundle, model, task, dict(data)
        self.values: dict[int, float] = {}

    def described(self) -> str:
        """Number of chunks."""
        return f"{self.task.batches_per_epoch * self.task.batch_size} chunks of {self.task.duration:g} s"

    def settings(self) -> dict[str, Any]:
        """Recordings, and parameters of chunks and masks."""
        return self.data

    def score(self, epoch: int) -> Record:
        """Loss of each batch, shape (batches,).

        Raises
        ------
        CheckpointError
            If the epoch is damaged, or its loss is not finite.
        """
        model = self.bundle.load(self.model, epoch).eval()
        mean, scale = model.get_buffer("X_mean"), model.get_buffer("X_scale")
        self.task.normalize(mean, 1 / scale)
        losses = []
        with torch.inference_mode():
            for batch in self.task.batches(epoch=0, seed=0):
                targets = self.task.targets(batch.pop("y"), model.resolution)
                inputs = {name: values.to(mean.device) for name, values in batch.items()}
                losses.append(self.task.loss(model(inputs), targets.to(mean.device)).item())
        if not np.isfinite(losses).all():
            raise not_finite(self.bundle, epoch)
        return np.array(losses)

    def add(self, epoch: int, record: Record) -> None:
        """Average the losses of batches, shape (batches,)."""
        self.values[epoch] = float(record.mean())

    @property
    def epochs(self) -> list[int]:
        """Evaluated epochs, in rising order."""
        return sorted(self.values)

    @property
    def best(self) -> Mapping[str, int]:
        """Epoch of the lowest loss so far; of equally good ones the earliest."""
        return {self.name: min(self.epochs, key=self.values.__getitem__)}

    def chosen(self) -> dict[str, Any]:
        """Content of params.yml: epoch and loss. There is no threshold, so that nothing can be applied."""
        epoch = self.best[self.name]
        return {
            "epoch": epoch,
            "metric": self.name,
            "value": round(self.values[epoch], 6),
            "provenance": {"files": self.data["files"]},
            "epochs": {epoch},
        }

    def sentence(self, epoch: int) -> str:
        """Loss of an epoch, and the lowest one."""
        best = self.best[self.name]
        return f"{self.name} {self.values[epoch]:.4f} (best so far: epoch {best}, {self.values[best]:.4f})"

    def summary(self) -> str:
        """Best epoch, and the file that `--pretrained` takes."""
        epoch = self.best[self.name]
        weights = self.bundle.checkpoints.weights(epoch)
        return f"Best epoch: {epoch}, {self.name} {self.values[epoch]:.4f}\nFor --pretrained: {weights}"

    def log(self, writer: SummaryWriter, prefix: str, epoch: int, record: Record) -> None:
        """Write the loss to tensorboard.

        Parameters
        ----------
        writer : SummaryWriter
        prefix : str
            Start of the name.
        epoch : int
        record : ndarray, shape (batches,)
        """
        writer.add_scalar(f"{prefix}/{self.name}", self.values[epoch], epoch)
