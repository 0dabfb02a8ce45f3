"""Contrastive loss: pairs of one speaker close together, pairs of two speakers a margin apart."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.embedding.approaches._distances import LARGEST_DISTANCE, pairwise_distances
from pyannote.audio.embedding.approaches._means import Means
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.base import Approach, Metric


class ContrastiveLoss(Approach):
    """Small distances for pairs of one speaker, distances beyond a margin for pairs of two speakers.

    Over all pairs of a batch: loss = mean_same(d^2 / 2) + mean_different(max(0, m - d)^2 / 2), with
    m = margin x largest distance. The means are taken apart because pairs of different speakers are far more
    numerous. Embeddings have the shape (batch, dimension).

    Parameters
    ----------
    metric : {"cosine", "euclidean", "angular"}
        Distance d, whose largest value is 2, 2 (on the unit sphere) and pi.
    margin : float
        Share of the largest distance, in (0, 1]. With 0.5, embeddings of different speakers need only be
        orthogonal for "cosine" and "angular".
    segments : SpeakerSegments, optional
        Sampler of batches; its parameters stand beside those of the loss in a configuration.

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
        """Mean over pairs of the same speaker, plus mean over pairs of different speakers.

        Parameters
        ----------
        embeddings : Tensor, shape (batch, dimension)
            Outputs of the network, one for each segment.
        labels : Tensor of int64, shape (batch,)
            Index of the speaker of each segment.

        Returns
        -------
        Tensor, shape ()

        Examples
        --------
        >>> import torch
        >>> approach = ContrastiveLoss(metric="euclidean", margin=0.5)  # m = 1
        >>> embeddings = torch.tensor([[0.0, 0.0], [0.6, 0.0]])
        >>> round(approach.loss(embeddings, torch.tensor([0, 0])).item(), 2)  # 0.6^2 / 2
        0.18
        >>> round(approach.loss(embeddings, torch.tensor([0, 1])).item(), 2)  # (1 - 0.6)^2 / 2
        0.08
        """
        distances = pairwise_distances(embeddings, self.metric)
        same = (labels[:, None] == labels).triu(diagonal=1)
        different = (labels[:, None] != labels).triu(diagonal=1)
        # d^2 / 2 for pairs of one speaker, max(0, m - d)^2 / 2 for pairs of two
        missing = (self.margin * LARGEST_DISTANCE[self.metric] - distances).clamp(min=0)
        self._means.add("active_negatives", missing[different] > 0)
        return _half_mean_square(distances, same) + _half_mean_square(missing, different)

    def measures(self) -> dict[str, float]:
        """Share of pairs of different speakers within the margin since the last call, "active_negatives".

        It lies in [0, 1].

        Examples
        --------
        >>> import torch
        >>> approach = ContrastiveLoss()
        >>> _ = approach.loss(torch.ones(2, 3), torch.tensor([0, 1]))
        >>> approach.measures()
        {'active_negatives': 1.0}
        """
        return self._means.read()


def _half_mean_square(values: Tensor, mask: Tensor) -> Tensor:
    return (values.square() * mask).sum() / (2 * mask.sum().clamp(min=1))
