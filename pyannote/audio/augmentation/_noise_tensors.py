"""Noise for waveforms on a device, where the sounds lie as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pyannote.audio.augmentation._noise import SILENCE
from pyannote.audio.core.devices import joined


class NoiseTensors:
    """Does on a device what `Noise` does on the host.

    Parameters
    ----------
    sounds : sequence of float32, each of shape (samples,)
        At least one, none of them empty.
    bounds : float64, shape (sounds,)
        Share of draws that takes a sound or one before it.
    snr_min, snr_max, probability : float
        See `Noise`.
    device : torch.device
    """

    def __init__(
        self,
        sounds: Sequence[NDArray[np.float32]],
        bounds: NDArray[np.float64],
        snr_min: float,
        snr_max: float,
        probability: float,
        device: torch.device,
    ) -> None:
        self.snr_min, self.snr_max, self.probability = snr_min, snr_max, probability
        lengths = np.array([len(sound) for sound in sounds])
        self._sounds = joined(sounds, device)
        self._lengths = torch.from_numpy(lengths).to(device)
        self._starts = torch.from_numpy(np.cumsum(lengths) - lengths).to(device)
        self._bounds = torch.from_numpy(bounds).to(device)

    def __call__(self, waveforms: Tensor, random: torch.Generator) -> Tensor:
        """Noisy copy of a batch."""
        size = (4, len(waveforms))
        drawn = torch.rand(size, generator=random, dtype=torch.float64, device=waveforms.device)
        return self.add(waveforms, drawn)

    def add(self, waveforms: Tensor, drawn: Tensor) -> Tensor:
        """Noisy copy, as four numbers in [0, 1) say of each chunk (see `Noise.add`)."""
        chosen, which, position, level = drawn
        noise = self._excerpts(which, position, waveforms.shape[1])
        ratio = self.snr_min + level * (self.snr_max - self.snr_min)
        own, other = power(waveforms), power(noise)
        kept = (chosen >= self.probability) | (torch.minimum(own, other) <= SILENCE)
        gain = (own / other / 10 ** (ratio / 10)).sqrt().masked_fill(kept, 0)
        return waveforms + gain.float()[:, None] * noise

    def _excerpts(self, which: Tensor, position: Tensor, samples: int) -> Tensor:
        """Parts of sounds, which are repeated if they are too short (see `excerpt`)."""
        sound = torch.searchsorted(self._bounds, which, right=True).clamp(max=len(self._bounds) - 1)
        length = self._lengths[sound]
        places = torch.where(length < samples, length, length - samples + 1)
        first = (position * places).long()[:, None]
        index = (first + torch.arange(samples, device=which.device)) % length[:, None]
        return self._sounds[self._starts[sound][:, None] + index]


def power(waveforms: Tensor) -> Tensor:
    """Mean square of each waveform, of shape (..., samples), in double precision.

    Examples
    --------
    >>> power(torch.tensor([[1.0, 1.0], [0.0, 2.0]]))
    tensor([1., 2.], dtype=torch.float64)
    """
    return waveforms.square().mean(dim=-1, dtype=torch.float64)
