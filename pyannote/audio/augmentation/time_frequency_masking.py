"""Masking of random intervals of time and of frequency."""

from __future__ import annotations

import torch
from torch import Tensor

from pyannote.audio.augmentation.base import Augmentation, uniform
from pyannote.audio.core.errors import ConfigError

MOST = 100
"""Largest allowed number of masks in a chunk."""


class TimeFrequencyMasking(Augmentation):
    """Replace random intervals of frames and of bands by the mean of their chunk.

    Features have shape (batch, frames, bands).

    Parameters
    ----------
    time_masks, frequency_masks : int
        Number of masks in each chunk, 0 to 100.
    time_width : float
        Largest width of a time mask, as a share of the chunk, in [0, 1].
    frequency_width : int
        Largest width of a frequency mask, in bands, at least 0.

    References
    ----------
    Park et al., "SpecAugment: A Simple Data Augmentation Method for Automatic Speech Recognition",
    Interspeech 2019.

    Examples
    --------
    >>> batch = {"X": torch.randn(4, 100, 40), "y": torch.zeros(4, 11, 6)}
    >>> augmented = TimeFrequencyMasking()(batch, torch.Generator().manual_seed(0))
    >>> augmented["X"].shape, bool((augmented["X"] != batch["X"]).any())
    (torch.Size([4, 100, 40]), True)
    """

    def __init__(
        self, time_masks: int = 1, frequency_masks: int = 1, time_width: float = 0.1, frequency_width: int = 6
    ) -> None:
        if time_masks < 0 or frequency_masks < 0 or not 0 <= time_width <= 1 or frequency_width < 0:
            raise ConfigError("Masks and widths must not be negative, and time_width at most 1.")
        if max(time_masks, frequency_masks) > MOST:
            raise ConfigError(f"There can be at most {MOST} masks in a chunk.")
        self.time_masks = time_masks
        self.frequency_masks = frequency_masks
        self.time_width = time_width
        self.frequency_width = frequency_width

    def __call__(self, batch: dict[str, Tensor], random: torch.Generator) -> dict[str, Tensor]:
        """Masked copy; targets are unchanged."""
        features = batch["X"]
        chunks, frames, bands = features.shape
        widest = (int(self.time_width * frames), min(self.frequency_width, bands))
        times = _masks(random, self.time_masks, chunks, frames, widest[0])
        frequencies = _masks(random, self.frequency_masks, chunks, bands, widest[1])
        mean = features.mean(dim=(1, 2), keepdim=True)
        masked = times[:, :, None] | frequencies[:, None, :]
        return {**batch, "X": torch.where(masked, mean, features)}


def _masks(random: torch.Generator, masks: int, count: int, length: int, widest: int) -> Tensor:
    """Union of `masks` intervals of 0 to `widest` positions in each row, shape (count, length)."""
    shape = (masks, count, 1)
    width = torch.randint(0, widest + 1, shape, generator=random, device=random.device)
    first = (uniform(random, 0, 1, *shape) * (length - width + 1)).long()
    position = torch.arange(length, device=random.device)
    return ((position >= first) & (position < first + width)).any(dim=0)
