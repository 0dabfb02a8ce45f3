"""What augmentations that add noise have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.augmentation._waveform import WaveformAugmentation
from pyannote.audio.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import torch

    from pyannote.audio.augmentation._noise_tensors import NoiseTensors

SHORTEST = 0.1
"""Seconds that a sound must last to be taken for noise; repeated, less would be a tone."""

SILENCE = 1e-20
"""Power up to which a waveform is silent: it has no level that another one could be set against."""


class Noise(WaveformAugmentation):
    """Adds excerpts of sounds at random signal-to-noise ratios.

    Parameters
    ----------
    snr_min, snr_max : float
        Range of the ratio of the power of a whole chunk to that of what is added, in decibels.
    probability : float
        Share of chunks that are changed, in [0, 1].

    Raises
    ------
    ConfigError
        A value is out of its range.
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
        from pyannote.audio.augmentation._noise_tensors import NoiseTensors

        return NoiseTensors(
            self._sounds, self._bounds, self.snr_min, self.snr_max, self.probability, device=device
        )


def power(waveforms: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean square of each waveform, of shape (..., samples).

    Examples
    --------
    >>> power(np.array([[1, 1], [0, 2]], dtype=np.float32))
    array([1., 2.])
    """
    energy = np.einsum("...i,...i->...", waveforms, waveforms)
    return np.asarray(energy, dtype=np.float64) / waveforms.shape[-1]


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
