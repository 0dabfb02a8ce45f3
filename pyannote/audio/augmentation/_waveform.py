"""Base class of augmentations of waveforms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.database.protocols import Recording


class Sound(NamedTuple):
    """A part of a recording, from `start` to `end` in seconds.

    Examples
    --------
    >>> Sound({"uri": "a"}, 1.5, 2.0).end
    2.0
    """

    file: Recording
    start: float
    end: float


class WaveformAugmentation(ABC):
    """Changes the samples of chunks in training, before their features are computed.

    Some take sounds from recordings. They say which (`sources`), are given their waveforms once (`prepare`),
    and are called with each batch ever after.

    Examples
    --------
    >>> class Flip(WaveformAugmentation):
    ...     def __call__(
    ...         self, waveforms: NDArray[np.float32], random: np.random.Generator
    ...     ) -> NDArray[np.float32]:
    ...         return -waveforms
    >>> Flip()(np.ones((1, 2), dtype=np.float32), np.random.default_rng(0))
    array([[-1., -1.]], dtype=float32)
    """

    acts_on: ClassVar[str] = "waveforms"
    """Data that is changed: waveforms of chunks."""

    def sources(self, training: Sequence[Recording]) -> list[Sound]:
        """Sounds that this augmentation needs; none unless a subclass says so.

        Parameters
        ----------
        training : sequence of Recording
            Files of the training set.

        Raises
        ------
        UsageError, DataError
            There is nothing to take sounds from.
        """
        return []

    def prepare(self, sounds: Sequence[NDArray[np.float32]], sample_rate: int) -> None:  # noqa: B027
        """Take the waveforms of `sources`, in the same order.

        Parameters
        ----------
        sounds : sequence of float32, each of shape (samples,)
            Mono; may be mapped into memory, so that only what is used is read.
        sample_rate : int
            Rate of the sounds and of all batches to come, in Hertz.

        Raises
        ------
        DataError
            No sound holds any sample.
        """

    @abstractmethod
    def __call__(self, waveforms: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        """Augmented copy of a batch.

        Parameters
        ----------
        waveforms : float32, shape (batch, samples)
            Mono samples.
        random : numpy.random.Generator
            The only source of randomness.

        Returns
        -------
        waveforms : float32, shape (batch, samples)
            A new array; what was given stays as it is.
        """
