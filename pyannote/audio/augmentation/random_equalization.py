"""Random change of level and spectral shape of a chunk."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from pyannote.audio.augmentation.base import Augmentation, uniform
from pyannote.audio.core.errors import ConfigError

LOUDEST = 100
"""Largest allowed gain and deviation, in decibels."""

MOST_KNOTS = 1000


class RandomEqualization(Augmentation):
    """Add a random gain and a smooth random curve over the bands, as another microphone would.

    Features of shape (batch, frames, bands) must be log power in decibels. The long-term input, of
    shape (batch, bands), is changed in the same way.

    Parameters
    ----------
    gain : float
        Largest change of level, in decibels, in [0, 100].
    deviation : float
        Standard deviation of the curve at each of its knots, in decibels, in [0, 100].
    knots : int
        Points, evenly spaced over the bands, between which the curve is linear; 2 to 1000.

    Examples
    --------
    >>> batch = {"X": torch.zeros(2, 3, 40), "long_term": torch.zeros(2, 40), "y": torch.zeros(2, 1, 6)}
    >>> changed = RandomEqualization()(batch, torch.Generator().manual_seed(0))
    >>> bool((changed["X"][:, 0] == changed["long_term"]).all())
    True
    """

    def __init__(self, gain: float = 6.0, deviation: float = 3.0, knots: int = 6) -> None:
        if not (0 <= gain <= LOUDEST and 0 <= deviation <= LOUDEST and 2 <= knots <= MOST_KNOTS):
            raise ConfigError(
                f"gain and deviation must be in [0, {LOUDEST}], in decibels, and knots in [2, {MOST_KNOTS}]."
            )
        self.gain = gain
        self.deviation = deviation
        self.knots = knots

    def __call__(self, batch: dict[str, Tensor], random: torch.Generator) -> dict[str, Tensor]:
        """Equalized copy; targets are unchanged."""
        count, _, bands = batch["X"].shape
        drawn = torch.randn(count, 1, self.knots, generator=random, device=random.device) * self.deviation
        curve = interpolate(drawn, size=bands, mode="linear", align_corners=True)[:, 0]
        curve = (curve + uniform(random, -self.gain, self.gain, count, 1)).to(batch["X"].dtype)
        changed = {"X": batch["X"] + curve[:, None]}
        if "long_term" in batch:
            changed["long_term"] = batch["long_term"] + curve
        return {**batch, **changed}
