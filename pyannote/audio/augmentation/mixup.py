"""Mixup: convex combinations of pairs of chunks and of their targets."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from scipy.special import betaincinv
from torch import Tensor

from pyannote.audio.augmentation.base import Augmentation, partner_indices
from pyannote.audio.core.errors import ConfigError

QUANTILES = 4096
"""Number of equally likely weights in a table, from which a device draws without waiting."""


class Mixup(Augmentation):
    """Blend each chunk, all its inputs and its targets with those of another chunk of the batch.

    x = w x_1 + (1 - w) x_2 and y = w y_1 + (1 - w) y_2, with w = max(v, 1 - v) and v ~ Beta(alpha, alpha).
    Features have shape (batch, frames, bands), targets shape (batch, frames, classes).

    Parameters
    ----------
    alpha : float
        Parameter of the symmetric Beta distribution of the weight, in (0, 1000]; the smaller it is, the more
        one of the two chunks dominates.
    share : float
        Share of the chunks of a batch that are blended, in [0, 1].

    References
    ----------
    Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018.

    Examples
    --------
    >>> batch = {"X": torch.randn(4, 100, 40), "y": torch.eye(4).reshape(4, 1, 4)}
    >>> blended = Mixup()(batch, torch.Generator().manual_seed(0))
    >>> torch.allclose(blended["y"].sum(dim=2), torch.ones(4, 1))
    True
    """

    changes_annotation: ClassVar[bool] = True

    def __init__(self, alpha: float = 0.2, share: float = 1.0) -> None:
        if not (0 < alpha <= 1000 and 0 <= share <= 1):
            raise ConfigError("alpha must be positive and at most 1000, and share in [0, 1].")
        self.alpha = alpha
        self.share = share
        # the larger weight belongs to the chunk itself, so that no pair is blended twice in the same way
        upper = 0.5 + (np.arange(QUANTILES) + 0.5) / (2 * QUANTILES)
        self._weights = torch.from_numpy(betaincinv(alpha, alpha, upper)).float()

    def __call__(self, batch: dict[str, Tensor], random: torch.Generator) -> dict[str, Tensor]:
        """Blended copy."""
        self._weights = self._weights.to(random.device)
        other = partner_indices(random, len(batch["X"]), self.share)
        drawn = torch.randint(QUANTILES, other.shape, generator=random, device=random.device)
        weight = self._weights[drawn]
        blended = {}
        for name, value in batch.items():
            shaped = weight.to(value.dtype).reshape(-1, *[1] * (value.ndim - 1))
            both = value.index_select(0, other).lerp_(value[: len(other)], shaped)
            blended[name] = torch.cat([both, value[len(other) :]])
        return blended
