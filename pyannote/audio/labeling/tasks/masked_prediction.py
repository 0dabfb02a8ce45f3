"""Masked prediction: a network learns from audio without labels to fill in what is hidden from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.labels import Event
from pyannote.audio.core.randomness import generator
from pyannote.audio.core.ranks import WHOLE, Rank
from pyannote.audio.core.specifications import Output, Specifications
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.labeling.tasks._long_term import LongTermInput
from pyannote.audio.store.packs import Pack

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from pyannote.audio.train.trainer import EpochReport

_CLASSES = ("none",)
"""In the place of classes, which there are none of: arrays of activity must not be empty."""

_FULL = 0.999
"""Share of an output frame above which it is masked: sums of float32 are not exact."""


class MaskedPrediction(LongTermInput):
    """Prediction of masked frames from those around them, for networks that give frames.

    In each chunk, spans of frames are replaced by the mean of the training set, which is 0 for the network.
    The "classes" are the bands (or components) of the features. The network predicts the mean of each
    normalised band over each masked output frame; a loss of 1 is that of always predicting the mean. Batches
    contain "X" of shape (batch, frames, dimension), and "y" of shape (batch, frames, dimension + 1), whose
    last column is 1 in masked frames.

    No annotation is needed. `--pretrained` gives all layers but the last one to another task.

    Parameters
    ----------
    duration : float
        Duration of a chunk, in seconds. The network must have at least twice as many output frames in it as
        in a span.
    batch_size : int
        Chunks of a batch.
    per_epoch : float
        Audio of an epoch, in days.
    span : float
        Duration of a masked span in seconds, rounded to output frames, at least one.
    share : float
        Share of the chunk that is masked, in (0, 0.9]; less where spans overlap.
    logavgmel : bool
        Whether batches contain the long-term input "long_term" of shape (batch, dimension): as it is in the
        task that the weights are for.

    Raises
    ------
    ConfigError
        If a value is out of its range.

    References
    ----------
    Liu, Yang, Chi, Hsu and Lee, "Mockingjay: unsupervised speech representation learning with deep
    bidirectional transformer encoders", ICASSP 2020, section 2.2, with outputs coarser than features.

    Examples
    --------
    >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
    >>> specifications = MaskedPrediction().specifications(LibrosaMelSpectrogram(n_mels=40))
    >>> specifications.classes[0], len(specifications.classes), specifications.output.activation
    ('band 1', 40, 'none')
    """

    annotated: ClassVar[bool] = False

    def __init__(
        self,
        duration: float = 5.0,
        batch_size: int = 32,
        per_epoch: float = 1.0,
        span: float = 0.5,
        share: float = 0.4,
        logavgmel: bool = False,
    ) -> None:
        super().__init__(duration, batch_size, per_epoch)
        if not 0 < span <= duration / 2:
            raise ConfigError(f"span is {span} s; allowed are more than 0 to half the duration of a chunk.")
        if not 0 < share <= 0.9:
            raise ConfigError(f"share is {share}; allowed are more than 0 to 0.9.")
        self.span = span
        self.share = share
        self.logavgmel = logavgmel
        self._resolution = 1

    def specifications(self, extraction: FeatureExtraction) -> Specifications:
        """Inputs (frames "X" of shape (frames, dimension)), and a class for each value of a frame."""
        return Specifications(
            task=type(self).__name__,
            inputs=self.inputs(extraction),
            classes=tuple(f"band {place + 1}" for place in range(extraction.dimension)),
            duration=self.duration,
            step=extraction.sliding_window.step,
            sample_rate=extraction.sample_rate,
            output=Output(self.output_kind, activation="none"),
        )

    def findings(self, files: Sequence[Recording]) -> Iterator[Finding]:
        """Files without a region of the duration of a chunk: an error if all of the (files,) are."""
        yield from self.short_files(files)

    def check_augmentation(self, augmentation: Any) -> None:
        """Refuse augmentations of features, which would not change what is predicted alike.

        Raises
        ------
        ConfigError
        """
        if augmentation.acts_on == "batches":
            raise ConfigError(
                f"MaskedPrediction predicts features, which {type(augmentation).__name__} would change.",
                fix="Remove it, or use augmentations of recordings and waveforms alone.",
            )

    def attach(self, model: Any, specifications: Specifications) -> None:
        """Lay spans on the grid of the output frames of a network, of shape (batch, frames, classes).

        Raises
        ------
        ConfigError
            If a chunk has fewer output frames than two spans.
        """
        span, outputs = (
            self._span(model.resolution, specifications.step),
            self._outputs(model, specifications),
        )
        if outputs < 2 * span:
            raise ConfigError(
                f"A chunk of {self.duration:g} s has {outputs} output frames of "
                f"{model.resolution * specifications.step:g} s, and a span {span}: too few are left.",
                fix="Set a duration of twice the span or more, or choose a network of higher resolution.",
            )
        self._resolution = model.resolution

    def reference(self, events: Iterable[Event], specifications: Specifications) -> list[Event]:
        """No events: annotation is not used; shape (0, 3)."""
        return []

    def prepare(self, files: Sequence[Recording], pack: Pack, specifications: Specifications) -> None:
        """Prepare to draw chunks of the features of (files,), and measure these."""
        super().prepare(files, pack, replace(specifications, classes=_CLASSES))
        self.normalize(*pack.statistics())
        self._step = specifications.step

    def normalize(self, mean: Tensor, deviation: Tensor) -> None:
        """Set mean and standard deviation of the features, each of shape (dimension,)."""
        # constant bands are not scaled, as in the network
        self._mean, self._deviation = mean, torch.where(deviation > 1e-5, deviation, 1.0)

    def batches(self, epoch: int, seed: int, rank: Rank = WHOLE) -> Iterator[dict[str, Tensor]]:
        """Batches of an epoch, with masked inputs (see `Task.batches`).

        Yields
        ------
        dict of str to Tensor
            Inputs of the rows of a rank, and "y" of all rows, of shape (batch, frames, dimension + 1).
        """
        rows = rank.rows(self.batch_size)
        for index, batch in enumerate(super().batches(epoch, seed)):
            frames = batch.pop("X")
            del batch["y"]
            mask = self._mask(frames, generator(seed, epoch, index, 2))
            mean, deviation = self._mean.to(frames), self._deviation.to(frames)
            yield {
                "X": torch.where(mask, mean, frames)[rows],
                **{name: values[rows] for name, values in batch.items()},
                "y": torch.cat([(frames - mean) / deviation, mask.to(frames)], dim=2),
            }

    def _mask(self, frames: Tensor, random: np.random.Generator) -> Tensor:
        """Masked frames of chunks, bool of shape (batch, frames, 1): whole output frames, in spans."""
        batch, length, _ = frames.shape
        outputs, span = length // self._resolution, self._span(self._resolution, self._step)
        count = max(1, round(self.share * outputs / span))
        starts = random.integers(outputs - span + 1, size=(batch, count))
        places = np.arange(outputs)[:, None]
        masked = ((starts[:, None] <= places) & (places < starts[:, None] + span)).any(axis=2)
        mask = np.zeros((batch, length, 1), dtype=np.bool_)
        mask[:, : outputs * self._resolution, 0] = masked.repeat(self._resolution, axis=1)
        return torch.from_numpy(mask).to(frames.device)

    def _span(self, resolution: int, step: float) -> int:
        """Output frames of a span."""
        return max(1, round(self.span / (resolution * step)))

    def _outputs(self, model: Any, specifications: Specifications) -> int:
        return int(specifications.frames // model.resolution)

    def targets(self, activity: Tensor, resolution: int) -> Tensor:
        """Means over output frames, shape (batch, outputs, values), of (batch, frames, values)."""
        batch, frames, values = activity.shape
        outputs = frames // resolution
        return activity[:, : outputs * resolution].reshape(batch, outputs, resolution, values).mean(dim=2)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean squared error over masked output frames and bands.

        Parameters
        ----------
        logits : Tensor, shape (batch, outputs, dimension)
        targets : Tensor, shape (batch, outputs, dimension + 1)
            The last column is the masked share of the output frame.

        Returns
        -------
        Tensor, shape ()
            Scalar to minimise.

        Examples
        --------
        >>> targets = torch.tensor([[[2.0, 1.0], [5.0, 0.0]]])  # of two output frames, the first is masked
        >>> MaskedPrediction().loss(torch.zeros(1, 2, 1), targets)
        tensor(4.)
        """
        masked = (targets[..., -1:] > _FULL).to(targets)
        errors = (logits.to(targets) - targets[..., :-1]).square() * masked
        return errors.sum() / (masked.sum() * logits.shape[-1]).clamp(min=1)

    def log(self, writer: SummaryWriter, report: EpochReport, specifications: Specifications) -> None:
        """Write no pictures: outputs, of shape (batch, frames, bands), are no scores of classes."""
