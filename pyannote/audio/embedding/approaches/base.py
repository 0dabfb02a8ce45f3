"""Base class of approaches to embedding: a loss on embeddings of segments that a sampler draws."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.labels import Composition
from pyannote.audio.core.ranks import WHOLE, Rank
from pyannote.audio.core.specifications import Output, Specifications
from pyannote.audio.core.training_rules import TrainingRules
from pyannote.audio.database.protocols import Recording
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.store.packs import Pack

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from pyannote.audio.train.trainer import EpochReport

Metric = Literal["cosine", "euclidean", "angular"]


class Approach(TrainingRules, ABC):
    """Approach that trains on segments of speakers; a subclass says which loss it minimises.

    Parameters
    ----------
    segments : SpeakerSegments, optional
        Sampler of batches, by default with its default parameters. A configuration gives its parameters
        (`per_fold`, `per_label`, `min_duration`, ...) among those of the loss.

    Raises
    ------
    ConfigError
        If a batch has fewer segments of a speaker than the loss needs.

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
    """Parameters that are parts, whose own parameters a configuration gives."""

    metric: Metric = "cosine"
    """How embeddings are compared."""

    fewest: ClassVar[int] = 1
    """Segments of a speaker that the loss needs in a batch."""

    head: nn.Module
    """What the loss learns beside the network."""

    labels: ClassVar[Composition] = Composition()
    """Labels of the annotation that classes are made of: none, as classes are the training speakers."""

    speakers: ClassVar[bool] = True
    """Whether labels are names of speakers."""

    batch_parameter: ClassVar[str] = "per_fold"
    """Parameter that sets the number of segments of a batch."""

    uniform: bool = False
    """Batches are of different durations, and how many pairs and triplets there are is not known before."""

    def __init__(self, segments: SpeakerSegments | None = None) -> None:
        self.segments = SpeakerSegments() if segments is None else segments
        if self.segments.per_label < self.fewest:
            raise ConfigError(
                f"per_label of {type(self).__name__} must be at least {self.fewest}, not "
                f"{self.segments.per_label}."
            )
        self.head = nn.Identity()

    @property
    def shortest(self) -> tuple[float, str]:
        """Duration of the shortest segment in seconds, and the parameter that sets it."""
        return self.segments.min_duration, "min_duration"

    @property
    def chunk_seconds(self) -> tuple[float, float]:
        """Durations of the shortest and of the longest segment, in seconds."""
        return self.segments.min_duration, self.segments.max_duration

    def defaults(self) -> dict[str, dict[str, Any]]:
        """Back-ends compare by the metric of the loss, unless a configuration says otherwise."""
        return {"backend": {"metric": self.metric}}

    def check_augmentation(self, augmentation: Any) -> None:
        """Refuse an augmentation that changes annotation: a segment has one speaker.

        Raises
        ------
        ConfigError
            With the reason.
        """
        if getattr(augmentation, "changes_annotation", False):
            raise ConfigError(
                f"{type(augmentation).__name__} changes the annotation of chunks, and a segment of one "
                "speaker has none.",
                fix="Take it out; it is made for the detection of sounds.",
            )

    def attach(self, model: Any, specifications: Specifications) -> None:
        """Make what the loss learns beside a network, in `head`."""
        self.head = self.make_head(model.dimension, len(specifications.classes))

    def log(self, writer: SummaryWriter, report: EpochReport, specifications: Specifications) -> None:
        """Show distances of positives and negatives, and now and then a projection of embeddings."""
        from pyannote.audio.report.embeddings import log_distances, log_projection
        from pyannote.audio.report.figures import is_pictured

        log_distances(writer, report, self.metric)
        if is_pictured(report.epoch):
            log_projection(writer, report, specifications)

    @property
    def per_epoch(self) -> float:
        """Audio of an epoch, in days."""
        return self.segments.per_epoch

    @per_epoch.setter
    def per_epoch(self, days: float) -> None:
        # a copy of an approach has the same sampler
        self.segments = copy(self.segments)
        self.segments.per_epoch = days

    @property
    def chunks(self) -> int:
        """Segments of a batch."""
        return self.segments.chunks

    @property
    def batch_seconds(self) -> float:
        """Audio of a batch, in seconds, on average."""
        return self.segments.batch_seconds

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch, at least 1."""
        return self.segments.batches_per_epoch

    def knows(self, label: str) -> bool:
        """Whether a label of the annotation is expected: any name of a speaker."""
        return True

    def keys_of(self, label: str) -> tuple[str | int, ...]:
        """Keys of the entry of the configuration, below the block of the approach, that names a label."""
        return ("params",)

    def findings(self, files: Sequence[Recording]) -> Iterator[Finding]:
        """Determine the speakers of the training files; see `SpeakerSegments.findings`."""
        return self.segments.findings(files)

    def counts(self, files: Sequence[Recording]) -> dict[str, int]:
        """Numbers of speakers with enough speech, of their turns, and of turns that are too short."""
        return self.segments.counts(files)

    def handful(self, files: Sequence[Recording]) -> list[Recording]:
        """Training files that contain enough speakers for a batch, for a trial."""
        return self.segments.handful(files)

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
        """Describe inputs, and the speakers that `check` has found."""
        return Specifications(
            task=type(self).__name__,
            inputs={"X": extraction.dimension},
            classes=self.segments.speakers,
            duration=self.segments.max_duration,
            step=extraction.sliding_window.step,
            sample_rate=extraction.sample_rate,
            output=Output("vector"),
        )

    def prepare(self, files: Sequence[Recording], pack: Pack, specifications: Specifications) -> None:
        """Get ready to draw batches from the files that were checked.

        Parameters
        ----------
        files : sequence of Recording
            Training files.
        pack : Pack
            Their features, in the same order.
        specifications : Specifications
            What `specifications` gave.
        """
        self.segments.prepare(pack, specifications.step)

    def statistics(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation of each value over all frames of the training files."""
        return self.segments.statistics()

    def batches(self, epoch: int, seed: int, share: Rank = WHOLE) -> Iterator[dict[str, Tensor]]:
        """Batches of an epoch; see `SpeakerSegments.batches`."""
        return self.segments.batches(epoch, seed, share)

    def make_head(self, dimension: int, classes: int) -> nn.Module:
        """Make what the loss learns beside the network.

        Parameters
        ----------
        dimension : int
            Of an embedding.
        classes : int
            Number of training speakers.
        """
        return nn.Identity()

    def targets(self, labels: Tensor, resolution: int) -> Tensor:
        """Labels as they are: there is one for each segment."""
        return labels

    @abstractmethod
    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar to minimise.

        Parameters
        ----------
        embeddings : Tensor, shape (batch, dimension)
            What the network gives for each segment.
        labels : Tensor of int64, shape (batch,)
            Index of the speaker of each segment.
        """

    def measures(self) -> dict[str, float]:
        """Means since the last call of what is worth watching beside the loss."""
        return {}
