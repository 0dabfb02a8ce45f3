"""Selection of triplets of a batch: an anchor, a positive of its speaker, a negative of another one."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Sampling = Literal["all", "hard", "negative", "easy"]


def triplets(distances: Tensor, labels: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor, Tensor]:
    """Select triplets (a, p, n) with label(p) = label(a), p != a, and label(n) != label(a).

    Parameters
    ----------
    distances : Tensor, shape (batch, batch)
        Distances between all embeddings.
    labels : Tensor of int64, shape (batch,)
        Speaker of each embedding.
    sampling : {"all", "hard", "negative", "easy"}
        - "all": every triplet.
        - "hard": for each anchor, its farthest positive and its closest negative.
        - "negative": for each pair of anchor and positive, the closest negative of the anchor.
        - "easy": every triplet in which the positive is not farther than the negative.

        Among equal distances, the lowest index is taken.

    Returns
    -------
    anchors, positives, negatives : Tensor of int64, shape (triplets,)
        Indices in the batch, in ascending order of (a, p, n); none where a batch holds a single speaker, or
        no speaker twice.

    References
    ----------
    Hermans, Beyer and Leibe, "In Defense of the Triplet Loss for Person Re-Identification", 2017
    ("batch all" and "batch hard").

    Examples
    --------
    >>> distances = torch.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, 0.5], [2.0, 0.5, 0.0]])
    >>> anchors, positives, negatives = triplets(distances, torch.tensor([0, 0, 1]), "easy")
    >>> anchors.tolist(), positives.tolist(), negatives.tolist()
    ([0], [1], [2])
    """
    distances = distances.detach()
    same = labels[:, None] == labels
    different = ~same
    same.fill_diagonal_(False)
    if sampling == "hard":
        anchors = (same.any(dim=1) & different.any(dim=1)).nonzero().squeeze(1)
        return anchors, _farthest(distances, same)[anchors], _closest(distances, different)[anchors]
    # pairs (a, p) first: few of all (a, p, n) are triplets
    anchors, positives = same.nonzero(as_tuple=True)
    if sampling == "negative":
        has_negative = different.any(dim=1)[anchors]
        anchors, positives = anchors[has_negative], positives[has_negative]
        return anchors, positives, _closest(distances, different)[anchors]
    allowed = different[anchors]
    if sampling == "easy":
        allowed &= distances[anchors, positives, None] <= distances[anchors]
    pairs, negatives = allowed.nonzero(as_tuple=True)
    return anchors[pairs], positives[pairs], negatives


def _farthest(distances: Tensor, allowed: Tensor) -> Tensor:
    return distances.masked_fill(~allowed, -torch.inf).argmax(dim=1)


def _closest(distances: Tensor, allowed: Tensor) -> Tensor:
    return distances.masked_fill(~allowed, torch.inf).argmin(dim=1)
