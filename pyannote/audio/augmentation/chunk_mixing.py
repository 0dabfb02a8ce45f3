"""Mixing of two chunks by addition of their power."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from pyannote.audio.augmentation.base import Augmentation, partner_indices, uniform
from pyannote.audio.core.errors import ConfigError

DECIBEL = float(np.log(10) / 10)
"""Natural logarithm of a factor of 1 decibel."""

LOUDEST = 100
"""Largest allowed gain, in decibels."""


class ChunkMixing(Augmentation):
    """Add the power of another chunk of the batch, so that the events of both are audible.

    Features of shape (batch, frames, bands) must be log power in decibels, as those of
    `LibrosaMelSpectrogram`. A level a and another b with a gain of g decibels become
    10 log10(10^(a / 10) + 10^((b + g) / 10)); the target of a class is the maximum of both chunks.

    Parameters
    ----------
    share : float
        Share of the chunks of a batch that another one is added to, in [0, 1].
    gain : float
        Largest change of the level of the other chunk, in decibels, in [0, 100].

    Examples
    --------
    >>> batch = {"X": torch.zeros(2, 3, 4), "y": torch.eye(2)[:, None]}
    >>> mixed = ChunkMixing(share=1.0, gain=0.0)(batch, torch.Generator().manual_seed(1))
    >>> round(float(mixed["X"].max()), 2)
    3.01
    """

    changes_annotation: ClassVar[bool] = True

    def __init__(self, share: float = 0.5, gain: float = 6.0) -> None:
        if not (0 <= share <= 1 and 0 <= gain <= LOUDEST):
            raise ConfigError(f"share must be in [0, 1], and gain in [0, {LOUDEST}], in decibels.")
        self.share = share
        self.gain = gain

    def __call__(self, batch: dict[str, Tensor], random: torch.Generator) -> dict[str, Tensor]:
        """Mixed copy: powers are added, targets are the maximum of both."""
        other = partner_indices(random, len(batch["X"]), self.share)
        gain = uniform(random, -self.gain, self.gain, len(other))
        mixed = {}
        for name, value in batch.items():
            first, second = value[: len(other)], value.index_select(0, other)
            if name == "y":
                both = torch.maximum(first, second)
            else:
                shape = (-1, *[1] * (first.ndim - 1))
                both = level_of_sum(first, second.sub_(first).add_(gain.to(first.dtype).reshape(shape)))
            mixed[name] = torch.cat([both, value[len(other) :]])
        return mixed


def level_of_sum(level: Tensor, difference: Tensor) -> Tensor:
    """Level of the sum of two powers, a + 10 log10(1 + 10^(d / 10)), in decibels.

    Parameters
    ----------
    level, difference : Tensor, of the same shape
        Level a of one, and d by which that of the other is higher; minus infinity if there is no other.

    Examples
    --------
    >>> level_of_sum(torch.tensor([0.0, 10.0]), torch.tensor([0.0, -torch.inf]))
    tensor([ 3.0103, 10.0000])
    """
    return softplus(difference, beta=DECIBEL).add_(level)
