"""Adam with decoupled weight decay."""

from __future__ import annotations

import torch

from pyannote.audio.train.optimizers.adam import Adam


class AdamW(Adam):
    """Adam whose weight decay acts on the weights instead of the gradient.

    Weights w, of any shape, are multiplied by 1 - rate * weight_decay before each step of Adam.

    Parameters
    ----------
    weight_decay : float
        Fraction by which each weight shrinks at each step, divided by the learning rate; 0 or more.

    References
    ----------
    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.

    Examples
    --------
    >>> AdamW(weight_decay=0.01)([torch.nn.Parameter(torch.zeros(1))], 0.001).defaults["weight_decay"]
    0.01
    """

    algorithm = torch.optim.AdamW

    def __init__(self, weight_decay: float = 0.01) -> None:
        super().__init__(weight_decay)
