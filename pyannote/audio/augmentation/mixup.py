"""Mixup: convex combinations of pairs of chunks and of their targets."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from pyannote.audio.augmentation.base import Base
from pyannote.audio.core.errors import ConfigError


class Mixup(Base):
    """Blend each chunk, all its inputs and its targets with those of another chunk of the batch.

    Parameters
    ----------
    alpha : float
        Parameter of the symmetric Beta distribution of the weight, positive; the smaller, the more
        one of both prevails.
    share : float
        Share of chunks that are blended, in [0, 1].

    References
    ----------
    Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018.

    Examples
    --------
    >>> batch = {"X": torch.randn(4, 100, 40), "y": torch.eye(4).reshape(4, 1, 4)}
    >>> blended = Mixup()(batch, np.random.default_rng(0))
    >>> torch.allclose(blended["y"].sum(dim=2), torch.ones(4, 1))
    True
    """

    changes_annotation: ClassVar[bool] = True

    def __init__(self, alpha: float = 0.2, share: float = 1.0) -> None:
        if alpha <= 0 or not 0 <= share <= 1:
            raise ConfigError("alpha must be positive, and share in [0, 1].")
        self.alpha = alpha
        self.share = share

    def __call__(self, batch: dict[str, Tensor], random: np.random.Generator) -> dict[str, Tensor]:
        """Blended copy."""
        count = len(batch["X"])
        weight = random.beta(self.alpha, self.alpha, size=count)
        # the larger part stays with the chunk itself, so that a blend of equals is not drawn twice
        weight = np.where(random.random(count) < self.share, np.maximum(weight, 1 - weight), 1.0)
        other = torch.from_numpy(random.permutation(count))
        blended = {}
        for name, value in batch.items():
            own = torch.from_numpy(weight).to(value).reshape(-1, *[1] * (value.ndim - 1))
            blended[name] = own * value + (1 - own) * value[other.to(value.device)]
        return blended
