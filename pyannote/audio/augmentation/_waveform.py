"""Base class of augmentations of waveforms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.database.protocols import Recording


class Sound(NamedTuple):
    """Part of a recording, from `start` to `end` in seconds.

    Examples
    --------
    >>> Sound({"uri": "a"}, 1.5, 2.0).end
    2.0
    """

    file: Recording
    start: float
    end: float


class WaveformAugmentation(ABC):
    """Changes the waveforms of a batch, of shape (batch, samples), before features are computed.

    Some augmentations use sounds of recordings: they name them (`sources`), receive their waveforms once
    (`prepare`), and are then called with each batch.

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
        """Sounds that this augmentation needs; none by default.

        Parameters
        ----------
        training : sequence of Recording, shape (files,)
            Files of the training set.

        Returns
        -------
        sounds : list of Sound, shape (sounds,)

        Raises
        ------
        UsageError, DataError
            If there are no sounds.
        """
        return []

    def prepare(self, sounds: Sequence[NDArray[np.float32]], sample_rate: int) -> None:  # noqa: B027
        """Take the waveforms of `sources`, in the same order.

        Parameters
        ----------
        sounds : sequence of float32, each of shape (samples,)
            Mono; may be memory-mapped, so that only the parts that are used are read.
        sample_rate : int
            Sample rate of the sounds and of all batches, in Hertz.

        Raises
        ------
        DataError
            If no sound has any samples.
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
            A new array; the input is not modified.
        """
