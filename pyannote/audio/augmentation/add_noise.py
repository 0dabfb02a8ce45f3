"""Addition of noise from a collection of recordings."""

from __future__ import annotations

from collections.abc import Sequence

from pyannote.audio.augmentation._noise import Noise
from pyannote.audio.augmentation._waveform import Sound
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.database.collection import collection
from pyannote.audio.database.protocols import Recording


class AddNoise(Noise):
    """Add a random excerpt of a random file of a collection, at a random signal-to-noise ratio.

    Waveforms have shape (batch, samples). A file that is shorter than the chunk is repeated from a random
    position. Silent chunks are unchanged (see `Noise` for the formula).

    Parameters
    ----------
    snr_min, snr_max : float
        Range of the ratio of the power of a chunk to that of the noise, in decibels, within [-100, 100].
    collection : str or list of str
        Full names of collections of pyannote.database.
    probability : float
        Share of chunks that get noise, in [0, 1].

    Raises
    ------
    ConfigError
        A value is out of its range.

    References
    ----------
    Snyder, Chen and Povey, "MUSAN: A Music, Speech, and Noise Corpus", arXiv:1510.08484, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> augmentation, random = AddNoise(snr_min=10, snr_max=10), np.random.default_rng(0)
    >>> augmentation.prepare([random.normal(size=8000).astype(np.float32)], sample_rate=16000)
    >>> clean = random.normal(size=(2, 16000)).astype(np.float32)
    >>> added = augmentation(clean, random) - clean
    >>> 10 * np.log10((clean**2).mean(axis=1) / (added**2).mean(axis=1)).round(3)
    array([10., 10.], dtype=float32)
    """

    def __init__(
        self,
        snr_min: float = 10,
        snr_max: float = 20,
        collection: str | list[str] = "MUSAN.Collection.BackgroundNoise",
        probability: float = 1.0,
    ) -> None:
        super().__init__(snr_min, snr_max, probability)
        self.collection = collection
        if not collection:
            raise ConfigError("collection is empty.", fix="Name one as Database.Collection.Name.")

    def sources(self, training: Sequence[Recording]) -> list[Sound]:
        """All files of the collections.

        Parameters
        ----------
        training : sequence of Recording, shape (files,)
            Ignored.

        Returns
        -------
        sounds : list of Sound, shape (sounds,)

        Raises
        ------
        UsageError, DataError
            See `pyannote.audio.database.collection.collection`.
        """
        names = [self.collection] if isinstance(self.collection, str) else self.collection
        files = [file for name in names for file in collection(name)]
        return [Sound(file, 0.0, file["duration"]) for file in files]
