"""Sizes of batches and rules on training files that the sampler of an approach determines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy

from pyannote.audio.core.findings import Finding
from pyannote.audio.core.training_rules import TrainingRules
from pyannote.audio.database.protocols import Recording
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments


class SegmentTraining(TrainingRules):
    """Base class of approaches: what is asked of the segments of speakers that they train on.

    Attributes
    ----------
    segments : SpeakerSegments
        Sampler of batches.
    """

    segments: SpeakerSegments

    @property
    def shortest_chunk(self) -> tuple[float, str]:
        """Duration of the shortest segment in seconds, and the parameter that sets it.

        Examples
        --------
        >>> from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
        >>> TripletLoss().shortest_chunk
        (0.5, 'min_duration')
        """
        return self.segments.min_duration, "min_duration"

    @property
    def chunk_seconds(self) -> tuple[float, float]:
        """Durations of the shortest and of the longest segment, in seconds."""
        return self.segments.min_duration, self.segments.max_duration

    @property
    def per_epoch(self) -> float:
        """Audio of an epoch, in days.

        Examples
        --------
        >>> from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
        >>> TripletLoss(segments=SpeakerSegments(per_epoch=0.5)).per_epoch
        0.5
        """
        return self.segments.per_epoch

    @per_epoch.setter
    def per_epoch(self, days: float) -> None:
        # a copy of an approach shares its sampler with the original
        self.segments = copy(self.segments)
        self.segments.per_epoch = days

    @property
    def chunks(self) -> int:
        """Segments of a batch.

        Examples
        --------
        >>> from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
        >>> TripletLoss(segments=SpeakerSegments(per_fold=20, per_label=3)).chunks
        60
        """
        return self.segments.chunks

    @property
    def batch_seconds(self) -> float:
        """Audio of a batch, in seconds, on average.

        Examples
        --------
        >>> from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
        >>> TripletLoss(segments=SpeakerSegments(duration=1.5, per_fold=20, per_label=3)).batch_seconds
        90.0
        """
        return self.segments.batch_seconds

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch, at least 1."""
        return self.segments.batches_per_epoch

    def findings(self, files: Sequence[Recording]) -> Iterator[Finding]:
        """Determine the speakers of the training files; see `SpeakerSegments.findings`."""
        return self.segments.findings(files)

    def counts(self, files: Sequence[Recording]) -> dict[str, int]:
        """Numbers of speakers with enough speech, of their turns, and of turns that are too short."""
        return self.segments.counts(files)

    def handful(self, files: Sequence[Recording]) -> list[Recording]:
        """Training files that contain enough speakers for a batch, for a trial."""
        return self.segments.handful(files)
