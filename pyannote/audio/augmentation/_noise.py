"""Addition of noise at random signal-to-noise ratios, on the host and on a device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pyannote.audio.augmentation._waveform import WaveformAugmentation
from pyannote.audio.core.devices import concatenated
from pyannote.audio.core.errors import ConfigError, DataError

SHORTEST = 0.1
"""Seconds that a sound must last to be taken for noise; repeated, less would be a tone."""

SILENCE = 1e-20
"""Power up to which a waveform is silent: it has no level that another one could be set against."""


class Noise(WaveformAugmentation):
    """Adds excerpts of sounds at random signal-to-noise ratios.

    y = x + g n, with the gain g = sqrt(P(x) / P(n) / 10^(r / 10)) for a ratio of r decibels, where P is the
    mean square of a chunk.

    Parameters
    ----------
    snr_min, snr_max : float
        Range of the ratio of the power of a whole chunk to that of what is added, in decibels.
    probability : float
        Rank of chunks that are changed, in [0, 1].

    Raises
    ------
    ConfigError
        A value is out of its range.

    Examples
    --------
    >>> noise = Noise(snr_min=20, snr_max=20)
    >>> noise.prepare([np.full(4000, -0.1, dtype=np.float32)], sample_rate=8000)
    >>> noise(np.ones((1, 3), dtype=np.float32), np.random.default_rng(0)).round(3)
    array([[0.9, 0.9, 0.9]], dtype=float32)
    """

    by_duration: ClassVar[bool] = False
    """Whether sounds are drawn in proportion to their durations, instead of each as often as the others."""

    def __init__(self, snr_min: float = 10, snr_max: float = 20, probability: float = 1.0) -> None:
        if not -100 <= snr_min <= snr_max <= 100:
            raise ConfigError(
                f"snr_min is {snr_min} and snr_max {snr_max} (decibels); allowed are -100 to 100, in order."
            )
        if not 0 <= probability <= 1:
            raise ConfigError(f"probability is {probability}; allowed are 0 to 1.")
        self.snr_min = snr_min
        self.snr_max = snr_max
        self.probability = probability

    def prepare(self, sounds: Sequence[NDArray[np.float32]], sample_rate: int) -> None:
        """Take the sounds; those shorter than 0.1 s are passed over.

        Raises
        ------
        DataError
            None is left.
        """
        self._sounds = [sound for sound in sounds if len(sound) >= max(1, SHORTEST * sample_rate)]
        if not self._sounds:
            raise DataError(
                f"None of the {len(sounds)} sounds of {type(self).__name__} lasts {SHORTEST} s.",
                fix="Give it longer ones, or remove it from data_augmentation.",
            )
        shares = np.array([len(sound) if self.by_duration else 1 for sound in self._sounds], dtype=np.float64)
        self._bounds = np.cumsum(shares) / shares.sum()

    def __call__(self, waveforms: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        """Noisy copy; a silent chunk, and one for which silence was drawn, stays as it is."""
        return self.add(waveforms, random.random((4, len(waveforms))))

    def add(self, waveforms: NDArray[np.float32], drawn: NDArray[np.float64]) -> NDArray[np.float32]:
        """Noisy copy, as four numbers in [0, 1) say of each chunk, of shape (4, batch).

        They choose whether it is changed, the sound, the place in it, and the ratio.
        """
        chosen, which, position, level = drawn
        index = np.minimum(np.searchsorted(self._bounds, which, side="right"), len(self._sounds) - 1)
        ratio = self.snr_min + level * (self.snr_max - self.snr_min)
        noisy = waveforms.copy()
        # one by one, because a chunk and its noise fit into the cache and a batch does not
        for row in np.flatnonzero(chosen < self.probability):
            noise = excerpt(self._sounds[index[row]], waveforms.shape[1], position[row])
            own, other = power(waveforms[row]), power(noise)
            if np.minimum(own, other) > SILENCE:
                noisy[row] += noise * np.float32(np.sqrt(own / other / 10 ** (ratio[row] / 10)))
        return noisy

    @property
    def nbytes(self) -> int:
        """Memory of all sounds."""
        return sum(sound.nbytes for sound in self._sounds)

    def to(self, device: torch.device) -> NoiseTensors:
        """Add the same sounds in the same way to waveforms on a device."""
        return NoiseTensors(
            self._sounds, self._bounds, self.snr_min, self.snr_max, self.probability, device=device
        )


class NoiseTensors:
    """The same on a device, where the sounds lie as well: `add` of both gives the same from the same draws.

    Parameters
    ----------
    sounds : sequence of float32, each of shape (samples,)
        At least one, none of them empty.
    bounds : float64, shape (sounds,)
        Rank of draws that takes a sound or one before it.
    snr_min, snr_max, probability : float
        See `Noise`.
    device : torch.device

    Examples
    --------
    >>> sounds, bounds = [np.full(4000, -0.1, dtype=np.float32)], np.ones(1)
    >>> noise = NoiseTensors(sounds, bounds, 20, 20, 1.0, torch.device("cpu"))
    >>> noise(torch.ones(1, 3), torch.Generator()).round(decimals=3)
    tensor([[0.9000, 0.9000, 0.9000]])
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
        self._sounds = concatenated(sounds, device)
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
        own, other = tensor_power(waveforms), tensor_power(noise)
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


def power(waveforms: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean square of each waveform, of shape (..., samples).

    Examples
    --------
    >>> power(np.array([[1, 1], [0, 2]], dtype=np.float32))
    array([1., 2.])
    """
    energy = np.einsum("...i,...i->...", waveforms, waveforms)
    return np.asarray(energy, dtype=np.float64) / waveforms.shape[-1]


def tensor_power(waveforms: Tensor) -> Tensor:
    """Mean square of each waveform on a device, of shape (..., samples), in double precision.

    Examples
    --------
    >>> tensor_power(torch.tensor([[1.0, 1.0], [0.0, 2.0]]))
    tensor([1., 2.], dtype=torch.float64)
    """
    return waveforms.square().mean(dim=-1, dtype=torch.float64)


def excerpt(sound: NDArray[np.float32], samples: int, position: float) -> NDArray[np.float32]:
    """Part of a sound, which is repeated if it is too short.

    Parameters
    ----------
    sound : float32, shape (any,)
    samples : int
        Length of the part.
    position : float
        Where the part starts, in [0, 1): from the first to the last place where it fits, or, if it does not
        fit, anywhere.

    Examples
    --------
    >>> sound = np.arange(4, dtype=np.float32)
    >>> excerpt(sound, 3, 0.9), excerpt(sound, 6, 0.5)
    (array([1., 2., 3.], dtype=float32), array([2., 3., 0., 1., 2., 3.], dtype=float32))
    """
    if len(sound) < samples:
        return np.resize(np.roll(sound, -int(position * len(sound))), samples)
    start = int(position * (len(sound) - samples + 1))
    return sound[start : start + samples]
