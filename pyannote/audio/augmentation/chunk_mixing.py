"""Mixing of the sounds of two chunks."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from pyannote.audio.augmentation.base import Base
from pyannote.audio.core.errors import ConfigError

DECIBEL = float(np.log(10) / 10)


class ChunkMixing(Base):
    """Add the power of another chunk of the batch, so that the events of both are heard.

    Features must be log power in decibel, as `LibrosaMelSpectrogram` gives. The target of a class is
    the larger one of both chunks.

    Parameters
    ----------
    share : float
        Share of chunks that get another one on top, in [0, 1].
    gain : float
        The other chunk is made louder or softer by up to this many decibels, 0 or more.

    Examples
    --------
    >>> batch = {"X": torch.zeros(2, 3, 4), "y": torch.eye(2)[:, None]}
    >>> mixed = ChunkMixing(share=1.0, gain=0.0)(batch, np.random.default_rng(1))
    >>> round(float(mixed["X"].max()), 2)
    3.01
    """

    changes_annotation: ClassVar[bool] = True

    def __init__(self, share: float = 0.5, gain: float = 6.0) -> None:
        if not 0 <= share <= 1 or gain < 0:
            raise ConfigError("share must be in [0, 1], and gain not negative.")
        self.share = share
        self.gain = gain

    def __call__(self, batch: dict[str, Tensor], random: np.random.Generator) -> dict[str, Tensor]:
        """Mixed copy: power is added, targets are united."""
        count = len(batch["X"])
        chosen = torch.from_numpy(np.flatnonzero(random.random(count) < self.share))
        other = torch.from_numpy(random.permutation(count))[chosen]
        gain = torch.from_numpy(random.uniform(-self.gain, self.gain, size=len(chosen)))
        mixed = {}
        for name, value in batch.items():
            mixed[name] = value.clone()
            if name == "y":
                mixed[name][chosen] = torch.maximum(value[chosen], value[other])
            else:
                louder = value[other] + gain.to(value).reshape(-1, *[1] * (value.ndim - 1))
                mixed[name][chosen] = torch.logaddexp(value[chosen] * DECIBEL, louder * DECIBEL) / DECIBEL
        return mixed
