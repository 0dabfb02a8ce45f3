"""Adam with decoupled weight decay."""

from __future__ import annotations

import torch

from pyannote.audio.train.optimizers.adam import Adam


class AdamW(Adam):
    """Adam whose weight decay acts on the weights, not on the gradient (Loshchilov and Hutter, ICLR 2019).

    Parameters
    ----------
    weight_decay : float
        Share of each weight that is taken away, times the learning rate, at each step.

    Examples
    --------
    >>> AdamW(weight_decay=0.01)([torch.nn.Parameter(torch.zeros(1))], 0.001).defaults["weight_decay"]
    0.01
    """

    algorithm = torch.optim.AdamW

    def __init__(self, weight_decay: float = 0.01) -> None:
        super().__init__(weight_decay)
