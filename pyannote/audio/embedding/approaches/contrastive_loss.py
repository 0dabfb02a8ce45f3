"""Contrastive loss: pairs of a speaker close together, pairs of two speakers a margin apart."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.embedding.approaches._distances import LARGEST_DISTANCE, pairwise_distances
from pyannote.audio.embedding.approaches._means import Means
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.base import Approach, Metric


class ContrastiveLoss(Approach):
    """Pull pairs of the same speaker together, and push those of different ones beyond a margin.

    All pairs of a batch take part: d^2 / 2 for a pair of the same speaker, max(0, m - d)^2 / 2 for one of
    different speakers, with m = margin x largest distance. The loss is the sum of the means over either kind,
    because pairs of different speakers are far more: their mean over all pairs would drown the others.

    Parameters
    ----------
    metric : {"cosine", "euclidean", "angular"}
        Distance d, whose largest value is 2, 2 (on the unit sphere) and pi.
    margin : float
        Rank of the largest distance, in (0, 1]. With 0.5, embeddings of different speakers need not be more
        than orthogonal for "cosine" and "angular".
    segments : SpeakerSegments, optional
        Sampler of batches; a configuration gives its parameters here.

    References
    ----------
    Hadsell, Chopra and LeCun, "Dimensionality Reduction by Learning an Invariant Mapping", CVPR 2006, eq. 4.

    Examples
    --------
    >>> import torch
    >>> embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> ContrastiveLoss(metric="cosine", margin=1.0).loss(embeddings, torch.tensor([0, 0, 1])).item()
    0.5
    """

    min_per_label: ClassVar[int] = 2

    def __init__(
        self,
        metric: Metric = "cosine",
        margin: float = 0.5,
        segments: SpeakerSegments | None = None,
    ) -> None:
        super().__init__(segments)
        if not 0 < margin <= 1:
            raise ConfigError("margin must be in (0, 1]: it is a share of the largest distance.")
        self.metric = metric
        self.margin = margin
        self._means = Means()

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Mean over pairs of the same speaker, plus mean over pairs of different ones.

        Parameters
        ----------
        embeddings : Tensor, shape (batch, dimension)
            What the network gives for each segment.
        labels : Tensor of int64, shape (batch,)
            Index of the speaker of each segment.
        """
        distances = pairwise_distances(embeddings, self.metric)
        same = (labels[:, None] == labels).triu(diagonal=1)
        other = (labels[:, None] != labels).triu(diagonal=1)
        # d^2 / 2 for pairs of a speaker, max(0, m - d)^2 / 2 for others
        missing = (self.margin * LARGEST_DISTANCE[self.metric] - distances).clamp(min=0)
        self._means.add("active_negatives", missing[other] > 0)
        return _half_mean_square(distances, same) + _half_mean_square(missing, other)

    def measures(self) -> dict[str, float]:
        """Share of pairs of different speakers within the margin, "active_negatives", since the last call."""
        return self._means.read()


def _half_mean_square(values: Tensor, chosen: Tensor) -> Tensor:
    return (values.square() * chosen).sum() / (2 * chosen.sum().clamp(min=1))
