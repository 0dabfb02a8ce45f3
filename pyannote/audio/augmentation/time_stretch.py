"""Random changes of tempo."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from pyannote.audio.augmentation.base import Base
from pyannote.audio.core.errors import ConfigError


class TimeStretch(Base):
    """Play each chunk faster or slower about its middle, and its events with it.

    Where a faster chunk needs frames beyond its ends, it is continued by its mirror image.

    Parameters
    ----------
    share : float
        Largest change of tempo, in [0, 0.5]: 0.2 is from 20 % slower to 20 % faster.

    Examples
    --------
    >>> batch = {"X": torch.arange(10.0).reshape(1, 10, 1), "y": torch.zeros(1, 10, 2)}
    >>> TimeStretch(share=0.5)(batch, np.random.default_rng(1))["X"].ravel().tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    """

    changes_annotation: ClassVar[bool] = True

    def __init__(self, share: float = 0.2) -> None:
        if not 0 <= share <= 0.5:
            raise ConfigError(f"share must be in [0, 0.5], not {share}.")
        self.share = share

    def __call__(self, batch: dict[str, Tensor], random: np.random.Generator) -> dict[str, Tensor]:
        """Stretched copy of features and activity."""
        count, frames, _ = batch["X"].shape
        tempo = 1 + random.uniform(-self.share, self.share, size=(count, 1))
        middle = (frames - 1) / 2
        source = np.round((np.arange(frames) - middle) * tempo + middle).astype(np.int64)
        source = np.abs(source)
        source = np.where(source > frames - 1, 2 * (frames - 1) - source, source)
        rows = torch.arange(count, device=batch["X"].device)[:, None]
        index = torch.from_numpy(np.clip(source, 0, frames - 1)).to(batch["X"].device)
        return {**batch, "X": batch["X"][rows, index], "y": batch["y"][rows, index]}
