"""Detection of classes in chunks of frames: the task that all other tasks of labeling derive from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.core.randomness import generator
from pyannote.audio.core.ranks import WHOLE, Rank
from pyannote.audio.core.rasters import raster
from pyannote.audio.core.specifications import Output, OutputKind, Specifications
from pyannote.audio.core.windows import DAY, LARGEST_BATCH, batches_per_epoch, check_epoch
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.labeling.tasks._chunks import ChunkSampler
from pyannote.audio.labeling.tasks._class_weights import Weights, check_weights, loss_weights
from pyannote.audio.labeling.tasks._rules import DetectionRules
from pyannote.audio.store.packs import Pack, excerpts

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from pyannote.audio.train.trainer import EpochReport

Target = Literal["majority", "any", "share"]


class Task(DetectionRules):
    """Detection of classes that may be active at once, from chunks of one duration.

    A task of its own says what its classes are made of, in `labels`, or in `findings` where that follows from
    the training files. Where its targets are no activity of labels, it overrides `reference` as well, from
    which the targets of training and the reference of validation are both made.

    Parameters
    ----------
    duration : float
        Duration of a chunk, in seconds, at most a day.
    batch_size : int
        Chunks of a batch, 1 to 65,536.
    per_epoch : float
        Audio of an epoch, in days: 1 is 43,200 chunks of 2 s.
    target : {"majority", "any", "share"}
        Target of a class in an output: 1 where it fills at least half of the output, 1 where it touches the
        output, or the share of the output that it fills. An output is an output frame, or the chunk.
    class_weights : "balanced" or mapping of str to float, optional
        Weight of each class in the loss, 0 or more. "balanced": inverse to the square root of how much of
        the training set the class fills, with mean 1.

    Examples
    --------
    >>> from pyannote.audio.core.labels import ClassDefinition
    >>> class SpeechActivity(Task):
    ...     labels = Composition((ClassDefinition("speech"),))
    >>> SpeechActivity(duration=2.0, batch_size=32, per_epoch=1).batches_per_epoch
    1350
    """

    gives: ClassVar[OutputKind] = "frames"
    """Whether the network scores output frames ("frames") or whole chunks ("chunk")."""

    head: nn.Module
    """What the loss learns beside the network: nothing."""

    speakers: ClassVar[bool] = False
    """Whether labels are names of speakers."""

    batch_parameter: ClassVar[str] = "batch_size"
    """Parameter that sets the number of chunks of a batch."""

    uniform: bool = True
    """All batches are of one shape, and targets and loss are the same operations for each of them."""

    def __init__(
        self,
        duration: float = 2.0,
        batch_size: int = 32,
        per_epoch: float = 1.0,
        target: Target = "majority",
        class_weights: Weights = None,
    ) -> None:
        if not (0 < duration <= DAY and 1 <= batch_size <= LARGEST_BATCH and 0 < per_epoch < math.inf):
            raise ConfigError(
                f"duration, batch_size and per_epoch must be positive, duration at most {DAY} (seconds), and "
                f"batch_size at most {LARGEST_BATCH}."
            )
        check_epoch(per_epoch, duration)
        self.head = nn.Identity()
        self.duration = duration
        self.batch_size = batch_size
        self.per_epoch = per_epoch
        self.target = target
        self.class_weights = class_weights
        self._weights: Tensor | None = None
        if self.labels.classes:
            check_weights(class_weights, self.labels.classes)

    @property
    def chunks(self) -> int:
        """Chunks of a batch."""
        return self.batch_size

    @property
    def batch_seconds(self) -> float:
        """Audio of a batch, in seconds."""
        return self.duration * self.batch_size

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch, at least 1."""
        return batches_per_epoch(self.per_epoch, self.batch_seconds)

    @property
    def shortest(self) -> tuple[float, str]:
        """Duration of the shortest chunk in seconds, and the parameter that sets it."""
        return self.duration, "duration"

    @property
    def chunk_seconds(self) -> tuple[float, float]:
        """Durations of the shortest and of the longest chunk, in seconds."""
        return self.duration, self.duration

    def defaults(self) -> dict[str, dict[str, Any]]:
        """Defaults of other parts of a configuration that follow from the task, by kind of class: none."""
        return {}

    def check_augmentation(self, augmentation: Any) -> None:
        """Refuse an augmentation that the chunks of this task cannot take: none.

        Raises
        ------
        ConfigError
            With the reason.
        """

    def attach(self, model: Any, specifications: Specifications) -> None:
        """Make what the loss learns beside a network, in `head`: nothing."""

    def log(self, writer: SummaryWriter, report: EpochReport, specifications: Specifications) -> None:
        """Draw inputs, targets and scores of a batch in tensorboard, now and then."""
        from pyannote.audio.report.figures import batch_figure, is_pictured

        if is_pictured(report.epoch):
            figure = batch_figure(report.features, report.targets, report.outputs, specifications)
            writer.add_figure("train/batch", figure, report.epoch)

    def specifications(self, extraction: FeatureExtraction) -> Specifications:
        """Inputs (the features of a chunk), classes, and what they are made of.

        Raises
        ------
        DataError
            If there are no classes.
        """
        if not self.labels.classes:
            raise DataError(
                f"{type(self).__name__} has no classes to learn.",
                fix="Set `labels` in the class, or in `findings` from labels of the training files.",
            )
        return Specifications(
            task=type(self).__name__,
            inputs=self.inputs(extraction),
            classes=self.labels.classes,
            duration=self.duration,
            step=extraction.sliding_window.step,
            sample_rate=extraction.sample_rate,
            output=Output(self.gives),
            composition=self.labels,
        )

    def inputs(self, extraction: FeatureExtraction) -> dict[str, int]:
        """Dimension of each input of the model."""
        return {"X": extraction.dimension}

    def reference(self, events: Iterable[Event], specifications: Specifications) -> list[Event]:
        """Events of each class in a recording: targets of training, and reference of validation.

        It depends on its arguments and on parameters of the task alone, not on training files.

        Parameters
        ----------
        events : iterable of (onset, offset, label)
            Annotation, in seconds.
        specifications : Specifications
            Of the model that is trained or validated.

        Returns
        -------
        list of (onset, offset, class)

        Raises
        ------
        ConfigError
            If the specifications do not say what classes are made of, and the configuration names others.
        """
        return specifications.composed(self.labels).events(events)

    def prepare(self, files: Sequence[Recording], pack: Pack, specifications: Specifications) -> None:
        """Rasterise the annotation, and set the sampler up.

        Parameters
        ----------
        files : sequence of Recording
            Training files.
        pack : Pack
            Their features, in the same order.
        specifications : Specifications
            What `specifications` gave.

        Raises
        ------
        DataError
            If no annotated region is as long as a chunk.
        """
        self._pack, self._frames = pack, specifications.frames
        classes, step = specifications.classes, specifications.step
        check_weights(self.class_weights, classes)
        self._sampler = ChunkSampler(files, pack.offsets, self._frames, step)
        rasters = [
            raster(self.reference(file["events"] or (), specifications), classes, int(last - first), step)
            for file, first, last in zip(files, pack.offsets[:-1], pack.offsets[1:], strict=True)
        ]
        activity = np.concatenate(rasters)
        self._weights = loss_weights(self.class_weights, activity.mean(axis=0), classes)
        self._tensors = {"y": torch.from_numpy(activity).to(pack.device)}

    def statistics(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation of each input over the training files, each of shape (dimension,)."""
        return {"X": self._pack.statistics()}

    def batches(self, epoch: int, seed: int, share: Rank = WHOLE) -> Iterator[dict[str, Tensor]]:
        """Batches of an epoch, gathered where the features are; what is drawn is moved there once an epoch.

        Parameters
        ----------
        epoch, seed : int
            Each sample depends on them and on its index alone.
        share : Rank
            Rows of each batch whose inputs are asked for.

        Yields
        ------
        dict of str to Tensor
            Inputs of these rows, and activity of all rows: "y" of shape (batch, frames, classes).
        """
        size, device = self.batch_size, self._pack.device
        own = share.rows(size)
        drawn = self._sampler.draw(self.batches_per_epoch * size, epoch, seed)
        places, (files, starts) = self._pack.places(drawn[1]), torch.from_numpy(np.stack(drawn)).to(device)
        for index in range(self.batches_per_epoch):
            batch = slice(index * size, (index + 1) * size)
            yield {
                "X": self._pack.gather(places[batch], self._frames, generator(seed, epoch, index, 1), own),
                **self.extra_inputs(files[batch][own]),
                "y": excerpts(self._tensors["y"], starts[batch], self._frames).float(),
            }

    def extra_inputs(self, files: Tensor) -> dict[str, Tensor]:
        """Further inputs, which belong to whole files: none.

        Parameters
        ----------
        files : Tensor of int64, shape (batch,)
            Index of the file of each chunk.
        """
        return {}

    def targets(self, activity: Tensor, resolution: int) -> Tensor:
        """Targets of the outputs of a model.

        Parameters
        ----------
        activity : Tensor of float, shape (batch, frames, classes)
            Activity in each feature frame, between 0 and 1.
        resolution : int
            Feature frames of an output: of an output frame, or of the chunk.

        Returns
        -------
        Tensor of float, shape (batch, frames // resolution, classes)
            Between 0 and 1, as `target` says.
        """
        batch, frames, classes = activity.shape
        outputs = frames // resolution
        filled = activity[:, : outputs * resolution].reshape(batch, outputs, resolution, classes)
        share = filled.mean(dim=2)
        if self.target == "share":
            return share
        return (share >= 0.5 if self.target == "majority" else share > 0).float()

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Binary cross-entropy, averaged over outputs and classes.

        Parameters
        ----------
        logits, targets : Tensor, shape (batch, outputs, classes)

        Returns
        -------
        Tensor, shape ()
            Scalar to minimise.
        """
        if self._weights is not None:
            self._weights = self._weights.to(logits.device)
        return binary_cross_entropy_with_logits(logits, targets, weight=self._weights)

    def measures(self) -> dict[str, float]:
        """Means since the last call of what is worth watching beside the loss: nothing."""
        return {}
