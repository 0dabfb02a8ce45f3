"""Rooms for waveforms on a device, where the impulse responses lie as well."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from torch import Tensor

from pyannote.audio.augmentation._noise import SILENCE
from pyannote.audio.augmentation._noise_tensors import power


class ReverbTensors:
    """Does on a device what `Reverb` does on the host.

    Parameters
    ----------
    pool : float32, shape (responses, samples)
        Impulse responses, aligned.
    direct : int
        Sample of all of them where the direct path is.
    probability : float
        Share of chunks that are changed, in [0, 1].
    device : torch.device
    """

    def __init__(
        self, pool: NDArray[np.float32], direct: int, probability: float, device: torch.device
    ) -> None:
        self.probability = probability
        self._pool, self._direct = torch.from_numpy(pool).to(device), direct

    def __call__(self, waveforms: Tensor, random: torch.Generator) -> Tensor:
        """Reverberant copy of a batch."""
        size, device = (len(waveforms),), waveforms.device
        which = torch.randint(len(self._pool), size, generator=random, device=device)
        chosen = torch.rand(size, generator=random, device=device)
        return self.move(waveforms, which, chosen < self.probability)

    def move(self, waveforms: Tensor, which: Tensor, changed: Tensor) -> Tensor:
        """Copy in which some chunks were moved into some rooms of the pool (see `Reverb.move`)."""
        samples = waveforms.shape[1]
        size = next_fast_len(samples + self._pool.shape[1] - 1, real=True)
        # the pool is smaller than most batches
        spectrum = torch.fft.rfft(waveforms, size) * torch.fft.rfft(self._pool, size)[which]
        heard = torch.fft.irfft(spectrum, size)[:, self._direct : self._direct + samples]
        own = power(waveforms)
        level = (own / power(heard).clamp(min=SILENCE)).sqrt().float()[:, None]
        return torch.where((changed & (own > SILENCE))[:, None], heard * level, waveforms)
