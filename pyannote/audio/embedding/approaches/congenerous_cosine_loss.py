"""Congenerous cosine loss: cross-entropy over cosines to learned centres."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.embedding.approaches._distances import unit
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.classification import Classification


class CongenerousCosineLoss(Classification):
    """Cross-entropy over the cosines between an embedding and the centres of all training speakers.

    The logits are s_j = scale x (x . c_j) / (|x| |c_j|) for an embedding x and the centre c_j of speaker j.
    The centres, of shape (classes, dimension), are trained with the network; in the paper they are the means
    of the features of a class.

    Parameters
    ----------
    scale : float
        Factor of the cosines, positive.
    segments : SpeakerSegments, optional
        Sampler of batches; its parameters stand beside those of the loss in a configuration.

    References
    ----------
    Liu, Li and Wang, "Rethinking Feature Discrimination and Polymerization for Large-scale Recognition",
    2017 (arXiv 1710.00870).

    Examples
    --------
    >>> import torch
    >>> approach = CongenerousCosineLoss(scale=2.0)
    >>> approach.head = approach.make_head(dimension=2, classes=2)
    >>> _ = approach.head.load_state_dict({"weight": 5 * torch.eye(2)})
    >>> approach.logits(torch.tensor([[0.0, 3.0]])).tolist()
    [[0.0, 2.0]]
    """

    def __init__(
        self,
        scale: float = 6.25,
        segments: SpeakerSegments | None = None,
    ) -> None:
        super().__init__(segments)
        if scale <= 0:
            raise ConfigError("scale must be positive.")
        self.scale = scale

    def make_head(self, dimension: int, classes: int) -> nn.Module:
        """Centres: `weight` of shape (classes, dimension).

        Examples
        --------
        >>> CongenerousCosineLoss().make_head(dimension=128, classes=1000)
        Linear(in_features=128, out_features=1000, bias=False)
        """
        return nn.Linear(dimension, classes, bias=False)

    def logits(self, embeddings: Tensor) -> Tensor:
        """Scaled cosines of embeddings of shape (batch, dimension) to all centres, shape (batch, classes).

        Examples
        --------
        >>> import torch
        >>> approach = CongenerousCosineLoss(scale=1.0)
        >>> approach.head = approach.make_head(dimension=2, classes=1)
        >>> _ = approach.head.load_state_dict({"weight": torch.tensor([[0.0, 4.0]])})
        >>> [round(value, 4) for value in approach.logits(torch.tensor([[3.0, 4.0]]))[0].tolist()]
        [0.8]
        """
        assert isinstance(self.head, nn.Linear), "the head is built by make_head"
        # s_j = scale x (x . c_j) / (|x| |c_j|)
        return self.scale * functional.linear(unit(embeddings), unit(self.head.weight))
