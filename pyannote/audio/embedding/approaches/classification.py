"""Cross-entropy of a linear layer over the training speakers."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from pyannote.audio.embedding.approaches._means import Means
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.base import Approach


class Classification(Approach):
    """Classification of the training speakers by one linear layer, with the cross-entropy as loss.

    The loss is the mean over the batch of log(sum_j exp(s_j)) - s_y, with the scores s = W x + b of an
    embedding x, and its speaker y. W has the shape (classes, dimension).

    Parameters
    ----------
    segments : SpeakerSegments, optional
        Sampler of batches; its parameters stand beside those of the loss in a configuration.

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
        """Linear layer for scores of training speakers; `weight` of shape (classes, dimension).

        Examples
        --------
        >>> Classification().make_head(dimension=128, classes=1000)
        Linear(in_features=128, out_features=1000, bias=True)
        """
        return nn.Linear(dimension, classes)

    def logits(self, embeddings: Tensor) -> Tensor:
        """Score of each training speaker, from embeddings of shape (batch, dimension).

        Returns
        -------
        Tensor, shape (batch, classes)

        Examples
        --------
        >>> import torch
        >>> approach = Classification()
        >>> approach.head = approach.make_head(dimension=3, classes=5)
        >>> tuple(approach.logits(torch.zeros(4, 3)).shape)
        (4, 5)
        """
        scores: Tensor = self.head(embeddings)
        return scores

    def loss_logits(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits that enter the loss, from those of the measured accuracy; here the same.

        Parameters
        ----------
        logits : Tensor, shape (batch, classes)
        labels : Tensor of int64, shape (batch,)
            Index of the speaker of each segment.

        Examples
        --------
        >>> import torch
        >>> Classification().loss_logits(torch.tensor([[0.5, 0.0]]), torch.tensor([1]))
        tensor([[0.5000, 0.0000]])
        """
        return logits

    def loss(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy log(sum_j exp(s_j)) - s_y, averaged over the batch.

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
        # mean of log(sum_j exp(s_j)) - s_y
        logits = self.logits(embeddings)
        self._means.add("accuracy", logits.detach().argmax(dim=1) == labels)
        return functional.cross_entropy(self.loss_logits(logits, labels), labels)

    def measures(self) -> dict[str, float]:
        """Share of segments whose speaker has the highest score, "accuracy", since the last call, in [0, 1].

        Examples
        --------
        >>> Classification().measures()
        {}
        """
        return self._means.read()
