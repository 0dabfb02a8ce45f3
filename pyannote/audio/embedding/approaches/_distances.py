"""Distances between embeddings, with finite values and gradients everywhere."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pyannote.audio.embedding.approaches.base import Metric

LARGEST_DISTANCE: dict[Metric, float] = {"cosine": 2.0, "euclidean": 2.0, "angular": math.pi}
"""Largest distance of each metric, of which margins are shares; for "euclidean", on the unit sphere."""

# squares of norms below 1e-19 underflow in single precision; no embedding in use comes near
SMALLEST_NORM = 1e-12


def unit(vectors: Tensor) -> Tensor:
    """Scale vectors to the unit sphere; a zero vector has no direction, stays zero and gets no gradient.

    Parameters
    ----------
    vectors : Tensor, shape (..., dimension)

    Examples
    --------
    >>> unit(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    norms = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    return torch.where(norms > SMALLEST_NORM, vectors / norms.clamp(min=SMALLEST_NORM), 0.0)


def pairwise_distances(embeddings: Tensor, metric: Metric) -> Tensor:
    """Distances between all embeddings.

    Parameters
    ----------
    embeddings : Tensor, shape (batch, dimension)
    metric : {"cosine", "euclidean", "angular"}
        1 - cosine of the angle, in [0, 2]; length of the difference (not squared); angle in radians, in
        [0, pi]. A zero vector is at a right angle to everything, itself included: cosine distance 1,
        angle pi / 2.

    Returns
    -------
    Tensor, shape (batch, batch)
        Where a distance has a kink (equal embeddings, and opposite ones for the angle), its gradient is 0.

    Examples
    --------
    >>> embeddings = torch.tensor([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
    >>> pairwise_distances(embeddings, "cosine")[0].tolist()
    [0.0, 1.0, 2.0]
    >>> pairwise_distances(embeddings, "angular")[0].div(math.pi).tolist()
    [0.0, 0.5, 1.0]
    """
    if metric == "euclidean":
        return _lengths(embeddings)
    directions = unit(embeddings)
    return _angles(directions) if metric == "angular" else (1 - directions @ directions.T).clamp(0, 2)


def _angles(directions: Tensor) -> Tensor:
    # the arccosine loses half of the digits near 0 and pi, where its gradient is infinite; half the angle
    # is that between the sides of the right triangle over the diameter
    count = len(directions)
    near, far = _lengths(torch.cat([directions, -directions]))[:count].split(count, dim=1)
    undefined = near + far == 0
    return 2 * torch.atan2(near.masked_fill(undefined, 1.0), far.masked_fill(undefined, 1.0))


def _lengths(vectors: Tensor) -> Tensor:
    # not by products of matrices, which give about 1e-3 for equal vectors
    count = len(vectors)
    rows, columns = torch.triu_indices(count, count, offset=1, device=vectors.device)
    upper = vectors.new_zeros(count, count).index_put((rows, columns), torch.pdist(vectors))
    return upper + upper.T
