"""Random change of tempo of a chunk."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from pyannote.audio.augmentation.base import Augmentation, uniform
from pyannote.audio.core.errors import ConfigError


class TimeStretch(Augmentation):
    """Speed each chunk up or down about its middle, together with its targets.

    At tempo v, output frame t is input frame round(m + v (t - m)), with the middle m; frames beyond the ends
    are mirrored. Features have shape (batch, frames, bands), targets shape (batch, frames, classes).

    Parameters
    ----------
    share : float
        Largest change of tempo, in [0, 0.5]: 0.2 is 20 % slower to 20 % faster.

    Examples
    --------
    >>> batch = {"X": torch.arange(10.0).reshape(1, 10, 1), "y": torch.zeros(1, 10, 2)}
    >>> TimeStretch(share=0.5)(batch, torch.Generator().manual_seed(3))["X"].ravel().tolist()
    [2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0, 6.0, 6.0, 7.0]
    """

    changes_annotation: ClassVar[bool] = True

    def __init__(self, share: float = 0.2) -> None:
        if not 0 <= share <= 0.5:
            raise ConfigError(f"share must be in [0, 0.5], not {share}.")
        self.share = share

    def __call__(self, batch: dict[str, Tensor], random: torch.Generator) -> dict[str, Tensor]:
        """Stretched copy of features and targets."""
        count, frames, _ = batch["X"].shape
        tempo = 1 + uniform(random, -self.share, self.share, count, 1)
        middle = (frames - 1) / 2
        position = torch.arange(frames, device=random.device) - middle
        source = (position * tempo + middle).round_().abs_()
        source = torch.minimum(source, 2 * (frames - 1) - source).clamp_(min=0).long()
        rows = torch.arange(0, count * frames, frames, device=random.device)
        index = (source + rows[:, None]).flatten()
        return {**batch, **{name: _rows(batch[name], index) for name in ("X", "y")}}


def _rows(chunks: Tensor, index: Tensor) -> Tensor:
    """Frames of a batch in another order, by indices into all frames of all chunks."""
    return chunks.flatten(0, 1).index_select(0, index).view_as(chunks)
