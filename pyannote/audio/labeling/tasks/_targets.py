"""Targets of the outputs of a network, from the activity of classes in feature frames, and pooled scores."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Target = Literal["majority", "any", "share", "clip"]

LEAST = 1e-6
"""Pooled scores are kept this far from 0 and 1, so that their logarithms are finite."""


def targets_of(activity: Tensor, resolution: int, rule: Target) -> Tensor:
    """Target of each class in each output.

    With the activity a_t of a class in the R feature frames of an output, s = 1/R sum_t a_t, the target is
    s ("share"), 1 if s >= 1/2 and else 0 ("majority"), or 1 if s > 0 and else 0 ("any"). "clip" is "any" over
    the whole chunk, as one output.

    Parameters
    ----------
    activity : Tensor of float, shape (batch, frames, classes)
        Activity in each feature frame, in [0, 1].
    resolution : int
        Feature frames of an output, R: of an output frame, or of the chunk.
    rule : {"majority", "any", "share", "clip"}

    Returns
    -------
    Tensor of float, shape (batch, frames // resolution, classes)
        In [0, 1]; of shape (batch, 1, classes) for "clip".

    Examples
    --------
    >>> import torch
    >>> activity = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 0.0])[None, :, None]
    >>> for rule in "majority", "any", "share", "clip":
    ...     print(rule, [round(value, 2) for value in targets_of(activity, 3, rule).ravel().tolist()])
    majority [0.0, 1.0]
    any [1.0, 1.0]
    share [0.33, 0.67]
    clip [1.0]
    """
    if rule == "clip":
        return (activity > 0).any(dim=1, keepdim=True).float()
    batch, frames, classes = activity.shape
    outputs = frames // resolution
    shares = activity[:, : outputs * resolution].reshape(batch, outputs, resolution, classes).mean(dim=2)
    if rule == "share":
        return shares
    return (shares >= 0.5 if rule == "majority" else shares > 0).float()


def linear_softmax(logits: Tensor) -> Tensor:
    """Logits of chunks, from those of output frames, by linear softmax pooling.

    With the score s_t of a class in output frame t, that of the chunk is sum_t s_t^2 / sum_t s_t: the mean of
    the scores, weighted by the scores. A frame above half of it is pushed up where the class occurs.

    Parameters
    ----------
    logits : Tensor, shape (batch, outputs, classes)

    Returns
    -------
    Tensor, shape (batch, 1, classes)

    References
    ----------
    Wang, Li and Metze, "A comparison of five multiple instance learning pooling functions for sound event
    detection with weak labeling", ICASSP 2019, equation 4.

    Examples
    --------
    >>> logits = torch.logit(torch.tensor([0.2, 0.2, 0.8]))[None, :, None]
    >>> round(linear_softmax(logits).sigmoid().item(), 3)  # (0.04 + 0.04 + 0.64) / 1.2
    0.6
    """
    # in half precision, squares of small scores would be 0
    scores = logits.to(torch.promote_types(logits.dtype, torch.float32)).sigmoid()
    pooled = (scores * scores).sum(dim=1, keepdim=True) / scores.sum(dim=1, keepdim=True).clamp(min=LEAST)
    return torch.logit(pooled, eps=LEAST)
