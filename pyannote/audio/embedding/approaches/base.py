"""Base class of approaches: a loss on embeddings of segments that a sampler draws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.labels import Composition
from pyannote.audio.core.outputs import Output, OutputKind
from pyannote.audio.core.ranks import WHOLE, Rank
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import Recording
from pyannote.audio.embedding.approaches._segment_training import SegmentTraining
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.store.packs import Pack

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from pyannote.audio.train.interfaces import EpochReport

Metric = Literal["cosine", "euclidean", "angular"]


class Approach(SegmentTraining, ABC):
    """Approach that trains on segments of speakers; a subclass says which loss it minimises.

    Parameters
    ----------
    segments : SpeakerSegments, optional
        Sampler of batches, by default with its default parameters. A configuration gives its parameters
        (`per_fold`, `per_label`, `min_duration`, ...) among those of the loss.

    Raises
    ------
    ConfigError
        If a batch has too few segments of a speaker for the loss.

    Examples
    --------
    >>> class Length(Approach):
    ...     def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
    ...         return embeddings.square().sum(dim=1).mean()
    >>> approach = Length(SpeakerSegments(duration=1.0, per_fold=8, per_label=2))
    >>> approach.chunks, approach.batch_seconds
    (16, 16.0)
    """

    parts: ClassVar[Mapping[str, type]] = {"segments": SpeakerSegments}
    """Parameters that are objects; a configuration gives the parameters of their classes."""

    metric: Metric = "cosine"
    """Distance between embeddings."""

    min_per_label: ClassVar[int] = 1
    """Smallest number of segments of a speaker in a batch that the loss needs."""

    head: nn.Module
    """Layers that belong to the loss and are trained with the network."""

    labels: ClassVar[Composition] = Composition()
    """Labels of the annotation that classes are made of: none, as classes are the training speakers."""

    speakers: ClassVar[bool] = True
    """Whether labels are names of speakers."""

    output_kind: ClassVar[OutputKind] = "vector"
    """What the network gives: an embedding of a segment."""

    batch_parameter: ClassVar[str] = "per_fold"
    """Parameter that sets the number of segments of a batch."""

    uniform: bool = False
    """Whether all batches have one shape; here durations, and numbers of pairs and triplets, differ."""

    def __init__(self, segments: SpeakerSegments | None = None) -> None:
        self.segments = SpeakerSegments() if segments is None else segments
        if self.segments.per_label < self.min_per_label:
            raise ConfigError(
                f"per_label of {type(self).__name__} must be at least {self.min_per_label}, not "
                f"{self.segments.per_label}."
            )
        self.head = nn.Identity()

    def defaults(self) -> dict[str, dict[str, Any]]:
        """Default parameters of a back-end: the metric of the loss.

        Examples
        --------
        >>> from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
        >>> TripletLoss(metric="angular").defaults()
        {'backend': {'metric': 'angular'}}
        """
        return {"backend": {"metric": self.metric}}

    def check_augmentation(self, augmentation: Any) -> None:
        """Refuse an augmentation that changes annotation: a segment has one speaker.

        Raises
        ------
        ConfigError
            With the reason.

        Examples
        --------
        >>> from pyannote.audio.augmentation.time_frequency_masking import TimeFrequencyMasking
        >>> from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
        >>> TripletLoss().check_augmentation(TimeFrequencyMasking())
        """
        if getattr(augmentation, "changes_annotation", False):
            raise ConfigError(
                f"{type(augmentation).__name__} changes the activity of classes in chunks, but segments of "
                "speakers have no such activity.",
                fix="Remove it; it is meant for the detection of events.",
            )

    def attach(self, model: Any, specifications: Specifications) -> None:
        """Build `head` for a network that gives embeddings of shape (batch, dimension)."""
        self.head = self.make_head(model.dimension, len(specifications.classes))

    def log(self, writer: SummaryWriter, report: EpochReport, specifications: Specifications) -> None:
        """Write distances within and between speakers to tensorboard, and after some epochs a projection.

        Parameters
        ----------
        writer : SummaryWriter
        report : EpochReport
            Epoch, and embeddings of a batch, shape (batch, dimension).
        specifications : Specifications
        """
        from pyannote.audio.report.embeddings import log_distances, log_projection
        from pyannote.audio.report.figures import is_pictured

        log_distances(writer, report, self.metric)
        if is_pictured(report.epoch):
            log_projection(writer, report, specifications)

    def expects(self, label: str) -> bool:
        """Whether a label of the annotation is expected: any name of a speaker."""
        return True

    def keys_of(self, label: str) -> tuple[str | int, ...]:
        """Keys of the entry of the configuration, below the block of the approach, that names a label."""
        return ("params",)

    def example(self) -> Sequence[str]:
        """Speakers of a trial on noise: each speaks in a recording of its own."""
        return [f"speaker{index}" for index in range(self.segments.per_fold)]

    def for_trial(self, files: Sequence[Recording]) -> Approach:
        """Copy that learns from a few files, or from noise, however little speech they contain."""
        trial = deepcopy(self)
        trial.segments.label_min_duration = 0.0
        trial.check(files)
        return trial

    def specifications(self, extraction: FeatureExtraction) -> Specifications:
        """Inputs (frames "X" of shape (frames, dimension)), and the speakers that `check` has found.

        Examples
        --------
        >>> from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
        >>> from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
        >>> approach = TripletLoss(segments=SpeakerSegments(per_fold=2))
        >>> _ = approach.check([{"events": [(0.0, 4.0, "ann"), (4.0, 8.0, "bob")]}])
        >>> approach.specifications(LibrosaMFCC()).classes
        ('ann', 'bob')
        """
        return Specifications(
            task=type(self).__name__,
            inputs={"X": extraction.dimension},
            classes=self.segments.speakers,
            duration=self.segments.max_duration,
            step=extraction.sliding_window.step,
            sample_rate=extraction.sample_rate,
            output=Output(self.output_kind),
        )

    def prepare(self, files: Sequence[Recording], pack: Pack, specifications: Specifications) -> None:
        """Prepare to draw batches from the files that `check` has read.

        Parameters
        ----------
        files : sequence of Recording
            Training files.
        pack : Pack
            Their features, of shape (frames of all files, dimension), in the same order.
        specifications : Specifications
            Result of `specifications`.
        """
        self.segments.prepare(pack, specifications.step)

    def statistics(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation over all frames of the training files, each of shape (dimension,)."""
        return self.segments.statistics()

    def batches(self, epoch: int, seed: int, rank: Rank = WHOLE) -> Iterator[dict[str, Tensor]]:
        """Batches of an epoch, see `SpeakerSegments.batches`; "X" has shape (batch, frames, dimension)."""
        return self.segments.batches(epoch, seed, rank)

    def make_head(self, dimension: int, classes: int) -> nn.Module:
        """Layers of the loss that are trained with the network; none by default.

        Parameters
        ----------
        dimension : int
            Dimension of an embedding; embeddings have the shape (batch, dimension).
        classes : int
            Number of training speakers.

        Examples
        --------
        >>> from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
        >>> TripletLoss().make_head(dimension=128, classes=1000)
        Identity()
        """
        return nn.Identity()

    def targets(self, labels: Tensor, resolution: int) -> Tensor:
        """Targets of the loss: the labels themselves, shape (batch,).

        Examples
        --------
        >>> import torch
        >>> from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
        >>> TripletLoss().targets(torch.tensor([0, 0, 1]), resolution=1)
        tensor([0, 0, 1])
        """
        return labels

    @abstractmethod
    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar to minimise.

        Parameters
        ----------
        embeddings : Tensor, shape (batch, dimension)
            Outputs of the network, one for each segment.
        labels : Tensor of int64, shape (batch,)
            Index of the speaker of each segment.

        Returns
        -------
        Tensor, shape ()
        """

    def measures(self) -> dict[str, float]:
        """Means of further measures of training since the last call, by name; none by default."""
        return {}
