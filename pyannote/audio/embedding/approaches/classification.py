"""Softmax over the training speakers, on top of their embeddings."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from pyannote.audio.embedding.approaches._means import Means
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.base import Approach


class Classification(Approach):
    """Recognise the speakers of the training set by one linear layer; the loss is the cross-entropy.

    The loss is the mean over the batch of log(sum_j exp(s_j)) - s_y, with the scores s = W x + b of an
    embedding x, and its speaker y.

    Parameters
    ----------
    segments : SpeakerSegments, optional
        Sampler of batches; a configuration gives its parameters here.

    References
    ----------
    Snyder, Garcia-Romero, Sell, Povey and Khudanpur, "X-Vectors: Robust DNN Embeddings for Speaker
    Recognition", ICASSP 2018.

    Examples
    --------
    >>> import torch
    >>> approach = Classification()
    >>> approach.head = approach.make_head(dimension=2, classes=2)
    >>> _ = approach.head.load_state_dict({"weight": torch.eye(2), "bias": torch.zeros(2)})
    >>> round(approach.loss(torch.eye(2), torch.tensor([0, 0])).item(), 3)  # log(1 + e) - 1 / 2
    0.813
    >>> approach.measures()
    {'accuracy': 0.5}
    """

    def __init__(
        self,
        segments: SpeakerSegments | None = None,
    ) -> None:
        super().__init__(segments)
        self._means = Means()

    def make_head(self, dimension: int, classes: int) -> nn.Module:
        """Linear layer from embeddings to training speakers."""
        return nn.Linear(dimension, classes)

    def logits(self, embeddings: Tensor) -> Tensor:
        """Score of each training speaker, shape (batch, classes)."""
        scores: Tensor = self.head(embeddings)
        return scores

    def loss_logits(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Make the task harder than the one whose accuracy is watched; here, leave it as it is."""
        return logits

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy, averaged over the batch.

        Parameters
        ----------
        embeddings : Tensor, shape (batch, dimension)
            What the network gives for each segment.
        labels : Tensor of int64, shape (batch,)
            Index of the speaker of each segment.
        """
        logits = self.logits(embeddings)
        self._means.add("accuracy", logits.detach().argmax(dim=1) == labels)
        return functional.cross_entropy(self.loss_logits(logits, labels), labels)

    def measures(self) -> dict[str, float]:
        """Share of segments whose speaker has the highest score, "accuracy", since the last call."""
        return self._means.read()
