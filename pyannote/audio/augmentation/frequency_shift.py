"""Random shifts along the frequency axis."""

from __future__ import annotations

import torch
from torch import Tensor

from pyannote.audio.augmentation.base import Augmentation
from pyannote.audio.core.errors import ConfigError


class FrequencyShift(Augmentation):
    """Shift each chunk up or down by a few bands; bands at the edge are repeated.

    Features have shape (batch, frames, bands). The long-term input, of shape (batch, bands), is shifted
    in the same way.

    Parameters
    ----------
    bands : int
        Largest shift, in bands, at least 0.

    Examples
    --------
    >>> batch = {"X": torch.arange(5.0).expand(1, 1, 5), "y": torch.zeros(1, 1, 1)}
    >>> FrequencyShift(bands=2)(batch, torch.Generator().manual_seed(0))["X"][0, 0].tolist()
    [2.0, 3.0, 4.0, 4.0, 4.0]
    """

    def __init__(self, bands: int = 3) -> None:
        if bands < 0:
            raise ConfigError(f"bands must not be negative, as {bands} is.")
        self.bands = bands

    def __call__(self, batch: dict[str, Tensor], random: torch.Generator) -> dict[str, Tensor]:
        """Shifted copy; targets are unchanged."""
        count, frames, bands = batch["X"].shape
        shift = torch.randint(-self.bands, self.bands + 1, (count, 1), generator=random, device=random.device)
        source = (torch.arange(bands, device=random.device) + shift).clamp_(0, bands - 1)
        shifted = {"X": batch["X"].gather(2, source[:, None].expand(count, frames, bands))}
        if "long_term" in batch:
            shifted["long_term"] = batch["long_term"].gather(1, source)
        return {**batch, **shifted}
