"""Targets of the outputs of a network, from the activity of classes in feature frames."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

Target = Literal["majority", "any", "share"]


def targets_of(activity: Tensor, resolution: int, rule: Target) -> Tensor:
    """Target of each class in each output.

    With the activity a_t of a class in the R feature frames of an output, s = 1/R sum_t a_t, the target is
    s ("share"), 1 if s >= 1/2 and else 0 ("majority"), or 1 if s > 0 and else 0 ("any").

    Parameters
    ----------
    activity : Tensor of float, shape (batch, frames, classes)
        Activity in each feature frame, in [0, 1].
    resolution : int
        Feature frames of an output, R: of an output frame, or of the chunk.
    rule : {"majority", "any", "share"}

    Returns
    -------
    Tensor of float, shape (batch, frames // resolution, classes)
        In [0, 1].

    Examples
    --------
    >>> import torch
    >>> activity = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 0.0])[None, :, None]
    >>> for rule in "majority", "any", "share":
    ...     print(rule, [round(value, 2) for value in targets_of(activity, 3, rule).ravel().tolist()])
    majority [0.0, 1.0]
    any [1.0, 1.0]
    share [0.33, 0.67]
    """
    batch, frames, classes = activity.shape
    outputs = frames // resolution
    shares = activity[:, : outputs * resolution].reshape(batch, outputs, resolution, classes).mean(dim=2)
    if rule == "share":
        return shares
    return (shares >= 0.5 if rule == "majority" else shares > 0).float()
