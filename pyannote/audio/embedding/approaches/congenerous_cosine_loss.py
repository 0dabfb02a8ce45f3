"""Congenerous cosine loss: softmax over cosines to learned centres."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.embedding.approaches._distances import unit
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.classification import Classification


class CongenerousCosineLoss(Classification):
    """Maximise the cosine to the centre of one's own speaker against those to all other centres.

    The logits are scale x cosine. Centres are learned with the network, one for each training speaker; in the
    paper they are the means of the features of a class, which the centres of a minimum follow.

    Parameters
    ----------
    scale : float
        Norm given to all embeddings, positive.
    segments : SpeakerSegments, optional
        Sampler of batches; a configuration gives its parameters here.

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
        """Centres: `weight` of shape (classes, dimension)."""
        return nn.Linear(dimension, classes, bias=False)

    def logits(self, embeddings: Tensor) -> Tensor:
        """Scaled cosine to the centre of each training speaker, shape (batch, classes)."""
        assert isinstance(self.head, nn.Linear), "make_head comes first"
        return self.scale * functional.linear(unit(embeddings), unit(self.head.weight))
