"""Triplet loss: embeddings of one speaker closer to each other than to those of other speakers."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import functional

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.embedding.approaches._distances import LARGEST_DISTANCE, pairwise_distances
from pyannote.audio.embedding.approaches._means import Means
from pyannote.audio.embedding.approaches._mining import Sampling, triplets
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.base import Approach, Metric


class TripletLoss(Approach):
    """Triplets (a, p, n) of an anchor, a positive of the same speaker and a negative of another speaker.

    loss = mean(clamp(delta)), with delta = d(a, p) - d(a, n) + margin x largest distance of the metric; it
    is 0 for a batch without triplets. Embeddings have the shape (batch, dimension).

    Parameters
    ----------
    metric : {"cosine", "euclidean", "angular"}
        Distance d, whose largest value is 2, 2 (on the unit sphere) and pi.
    clamp : {"positive", "softmargin", "sigmoid"}
        max(0, delta), log(1 + exp(delta)), or 1 / (1 + exp(-10 delta)).
    margin : float
        Share of the largest distance, in [0, 1].
    sampling : {"all", "hard", "negative", "easy"}
        Triplets of the mean: all; for each anchor its farthest positive and its closest negative; for each
        anchor and positive the closest negative; or those whose positive is not farther than their negative.
    segments : SpeakerSegments, optional
        Sampler of batches; its parameters stand beside those of the loss in a configuration.

    References
    ----------
    Schroff, Kalenichenko and Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering",
    CVPR 2015; Bredin, "TristouNet: Triplet Loss for Speaker Turn Embedding", ICASSP 2017.

    Examples
    --------
    >>> approach = TripletLoss(metric="cosine", clamp="positive", margin=0.1)
    >>> embeddings = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> approach.loss(embeddings, torch.tensor([0, 0, 1])).item()
    0.0
    >>> approach.measures()
    {'active_triplets': 0.0}
    """

    min_per_label: ClassVar[int] = 2

    def __init__(
        self,
        metric: Metric = "cosine",
        clamp: Literal["positive", "softmargin", "sigmoid"] = "positive",
        margin: float = 0.2,
        sampling: Sampling = "all",
        segments: SpeakerSegments | None = None,
    ) -> None:
        super().__init__(segments)
        if not 0 <= margin <= 1:
            raise ConfigError("margin must be in [0, 1]: it is a share of the largest distance.")
        self.metric = metric
        self.clamp = clamp
        self.margin = margin
        self.sampling: Sampling = sampling
        self._means = Means()

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Mean of clamp(d(a, p) - d(a, n) + margin x largest distance) over triplets.

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
        >>> approach = TripletLoss(metric="euclidean", margin=0.2)  # 0.2 x 2 is added
        >>> embeddings = torch.tensor([[0.0], [0.5], [2.0]])  # deltas 0.5 - 2 + 0.4 and 0.5 - 1.5 + 0.4
        >>> approach.loss(embeddings, torch.tensor([0, 0, 1])).item()
        0.0
        >>> round(approach.loss(embeddings, torch.tensor([0, 1, 0])).item(), 2)  # 1.9 and 0.9
        1.4
        """
        # delta = d(a, p) - d(a, n) + margin x largest distance
        distances = pairwise_distances(embeddings, self.metric)
        anchors, positives, negatives = triplets(distances, labels, self.sampling)
        delta = distances[anchors, positives] - distances[anchors, negatives]
        delta = delta + self.margin * LARGEST_DISTANCE[self.metric]
        self._means.add("active_triplets", delta > 0)
        # not mean(), which is NaN where there is no triplet
        return self._clamped(delta).sum() / max(1, len(delta))

    def measures(self) -> dict[str, float]:
        """Share of triplets with delta > 0, "active_triplets", since the last call, in [0, 1].

        Examples
        --------
        >>> TripletLoss().measures()
        {}
        """
        return self._means.read()

    def _clamped(self, delta: Tensor) -> Tensor:
        if self.clamp == "positive":
            return delta.clamp(min=0)
        return functional.softplus(delta) if self.clamp == "softmargin" else torch.sigmoid(10 * delta)
