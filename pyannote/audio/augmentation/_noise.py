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
"""Shortest sound that is used as noise, in seconds; a shorter one, repeated, would be a tone."""

SILENCE = 1e-20
"""Power up to which a waveform is silent, so that no signal-to-noise ratio is defined."""


class Noise(WaveformAugmentation):
    """Adds excerpts of sounds to chunks of shape (batch, samples), at random signal-to-noise ratios.

    y = x + g n, with the gain g = sqrt(P(x) / P(n) / 10^(r / 10)) for a ratio of r decibels, where P is the
    mean square of a chunk.

    Parameters
    ----------
    snr_min, snr_max : float
        Range of the ratio of the power of a chunk to that of the noise, in decibels, within [-100, 100].
    probability : float
        Share of chunks that are changed, in [0, 1].

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
    """Whether sounds are drawn in proportion to their durations, instead of with equal probability."""

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
        """Take the sounds; those shorter than 0.1 s are ignored.

        Parameters
        ----------
        sounds : sequence of float32, each of shape (samples,)
        sample_rate : int
            In Hertz.

        Raises
        ------
        DataError
            If none is left.

        Examples
        --------
        >>> Noise().prepare([np.zeros(100, dtype=np.float32)], sample_rate=16000)
        Traceback (most recent call last):
        pyannote.audio.core.errors.DataError: None of the 1 sounds of Noise lasts 0.1 s. Give it longer ...
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
        """Noisy copy; silent chunks, and those for which a silent excerpt was drawn, are unchanged."""
        return self.add(waveforms, random.random((4, len(waveforms))))

    def add(self, waveforms: NDArray[np.float32], drawn: NDArray[np.float64]) -> NDArray[np.float32]:
        """Noisy copy, determined by given random numbers.

        Parameters
        ----------
        waveforms : float32, shape (batch, samples)
        drawn : float64, shape (4, batch)
            In [0, 1): they choose whether a chunk is changed, the sound, the position in it, and the ratio.

        Returns
        -------
        noisy : float32, shape (batch, samples)

        Examples
        --------
        >>> noise = Noise(snr_min=0, snr_max=0)
        >>> noise.prepare([np.full(4000, 0.1, dtype=np.float32)], sample_rate=8000)
        >>> noise.add(np.ones((1, 2), dtype=np.float32), np.full((4, 1), 0.5))
        array([[2., 2.]], dtype=float32)
        """
        chosen, sound, position, level = drawn
        index = np.minimum(np.searchsorted(self._bounds, sound, side="right"), len(self._sounds) - 1)
        ratio = self.snr_min + level * (self.snr_max - self.snr_min)
        noisy = waveforms.copy()
        # one by one, because a chunk and its noise fit into the cache and a batch does not
        for row in np.flatnonzero(chosen < self.probability):
            noise = excerpt(self._sounds[index[row]], waveforms.shape[1], position[row])
            signal_power, noise_power = power(waveforms[row]), power(noise)
            if np.minimum(signal_power, noise_power) > SILENCE:
                gain = np.sqrt(signal_power / noise_power / 10 ** (ratio[row] / 10))
                noisy[row] += noise * np.float32(gain)
        return noisy

    @property
    def nbytes(self) -> int:
        """Memory of all sounds, in bytes."""
        return sum(sound.nbytes for sound in self._sounds)

    def to(self, device: torch.device) -> NoiseTensors:
        """Same augmentation for waveforms on a device, with a copy of the sounds.

        Examples
        --------
        >>> noise = Noise()
        >>> noise.prepare([np.full(4000, 0.1, dtype=np.float32)], sample_rate=8000)
        >>> noise.to(torch.device("cpu"))(torch.zeros(1, 2), torch.Generator())
        tensor([[0., 0.]])
        """
        return NoiseTensors(
            self._sounds, self._bounds, self.snr_min, self.snr_max, self.probability, device=device
        )


class NoiseTensors:
    """`Noise` for waveforms on a device: `add` of both gives the same from the same random numbers.

    The sounds are stored on the device.

    Parameters
    ----------
    sounds : sequence of float32, each of shape (samples,)
        At least one, none of them empty.
    bounds : float64, shape (sounds,)
        Cumulative probability of the sounds, increasing to 1.
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
        """Noisy copy, determined by random numbers of shape (4, batch) (see `Noise.add`).

        Parameters
        ----------
        waveforms : float32 Tensor, shape (batch, samples)
        drawn : float64 Tensor, shape (4, batch)
        """
        chosen, sound, position, level = drawn
        noise = self._excerpts(sound, position, waveforms.shape[1])
        ratio = self.snr_min + level * (self.snr_max - self.snr_min)
        signal_power, noise_power = tensor_power(waveforms), tensor_power(noise)
        silent = torch.minimum(signal_power, noise_power) <= SILENCE
        gain = (signal_power / noise_power / 10 ** (ratio / 10)).sqrt()
        gain = gain.masked_fill((chosen >= self.probability) | silent, 0)
        return waveforms + gain.float()[:, None] * noise

    def _excerpts(self, drawn: Tensor, position: Tensor, samples: int) -> Tensor:
        """Parts of sounds, repeated if they are too short (see `excerpt`), shape (batch, samples)."""
        sound = torch.searchsorted(self._bounds, drawn, right=True).clamp(max=len(self._bounds) - 1)
        length = self._lengths[sound]
        places = torch.where(length < samples, length, length - samples + 1)
        first = (position * places).long()[:, None]
        index = (first + torch.arange(samples, device=drawn.device)) % length[:, None]
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
    """Part of a sound, repeated if it is too short.

    Parameters
    ----------
    sound : float32, shape (length,)
    samples : int
        Length of the part.
    position : float
        Start of the part, in [0, 1): from the first to the last sample at which it fits, or, if it does not
        fit, any sample.

    Returns
    -------
    part : float32, shape (samples,)

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
