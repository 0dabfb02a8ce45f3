"""Center loss: cross-entropy, and the distance of embeddings to the centre of their speaker."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.classification import Classification


class CenterLoss(Classification):
    """Cross-entropy of a linear layer, plus the weighted squared distance to the centre of the speaker.

    The loss is cross-entropy + weight x |x - c_y|^2 / 2, averaged over the batch, with the centre c_y of the
    speaker of embedding x. Centres, of shape (classes, dimension), start at 0 and are not trained by the
    optimizer: each call of `loss` moves them, c_j <- c_j + center_rate x sum_{y=j}(x - c_j) / (1 + n_j),
    with the number n_j of embeddings of speaker j in the batch.

    Parameters
    ----------
    weight : float
        Weight of the squared distance, not negative. About 1 suits embeddings on the unit sphere; the paper
        uses 0.003 for embeddings that are not normalised.
    center_rate : float
        Rate of the centres, in [0, 1].
    segments : SpeakerSegments, optional
        Sampler of batches; its parameters stand beside those of the loss in a configuration.

    References
    ----------
    Wen, Zhang, Li and Qiao, "A Discriminative Feature Learning Approach for Deep Face Recognition",
    ECCV 2016, eq. 2, 4 and 5.

    Examples
    --------
    >>> approach = CenterLoss(weight=1.0, center_rate=1.0)
    >>> approach.head = approach.make_head(dimension=2, classes=2)
    >>> _ = approach.loss(torch.tensor([[0.0, 3.0], [0.0, 6.0]]), torch.tensor([0, 0]))
    >>> approach.head.centers.tolist()
    [[0.0, 3.0], [0.0, 0.0]]
    """

    def __init__(
        self,
        weight: float = 0.01,
        center_rate: float = 0.5,
        segments: SpeakerSegments | None = None,
    ) -> None:
        super().__init__(segments)
        if weight < 0 or not 0 <= center_rate <= 1:
            raise ConfigError("weight must be 0 or more, and center_rate in [0, 1].")
        self.weight = weight
        self.center_rate = center_rate

    def make_head(self, dimension: int, classes: int) -> nn.Module:
        """Linear layer with `weight` and `centers`, each of shape (classes, dimension).

        Examples
        --------
        >>> tuple(CenterLoss().make_head(dimension=128, classes=1000).centers.shape)
        (1000, 128)
        """
        return _LinearWithCenters(dimension, classes)

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy plus weighted squared distance, averaged over the batch; moves the centres.

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
        >>> approach = CenterLoss(weight=2.0)
        >>> approach.head = approach.make_head(dimension=2, classes=2)
        >>> _ = approach.head.requires_grad_(False).weight.zero_(), approach.head.bias.zero_()
        >>> round(approach.loss(torch.tensor([[0.0, 3.0]]), torch.tensor([0])).item(), 4)  # log 2 + 3^2
        9.6931
        """
        assert isinstance(self.head, _LinearWithCenters), "the head is built by make_head"
        to_center = embeddings - self.head.centers[labels]
        self.head.move(to_center.detach(), labels, self.center_rate)
        distance = to_center.square().sum(dim=1).mean() / 2
        return super().loss(embeddings, labels) + self.weight * distance


class _LinearWithCenters(nn.Linear):
    """Linear layer of the cross-entropy, and the centres of all speakers."""

    centers: Tensor

    def __init__(self, dimension: int, classes: int) -> None:
        super().__init__(dimension, classes)
        self.register_buffer("centers", torch.zeros(classes, dimension))

    def move(self, differences: Tensor, labels: Tensor, rate: float) -> None:
        """Move centres by rate x sum(differences) / (1 + n), of shape (classes, dimension)."""
        members = functional.one_hot(labels, len(self.centers)).to(differences)
        step = members.T @ differences / (1 + members.sum(dim=0))[:, None]
        # not in place: the old tensor is part of the graph of the loss
        self.centers = self.centers + rate * step
