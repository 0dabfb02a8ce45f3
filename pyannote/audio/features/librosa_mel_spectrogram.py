"""Log power in mel bands, equal to that of librosa.

    level[i, b] = 10 log10(max(sum over k of filter[k, b] abs(X[i, k])^2, 1e-10))

for frame i, mel band b, and the spectrum X of `librosa_spectrogram`.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features._bands import Bands
from pyannote.audio.features._decibels import decibels, decibels_of_tensors
from pyannote.audio.features.frames import Features
from pyannote.audio.features.librosa_spectrogram import LibrosaSpectrogram
from pyannote.audio.io.waveform import Waveform

if TYPE_CHECKING:
    from torch import Tensor


class LibrosaMelSpectrogram(LibrosaSpectrogram):
    """Power of each mel band in decibels.

    Equal, up to the rounding of float32, to ``librosa.power_to_db(librosa.feature.melspectrogram(...),
    top_db=None)`` with a Hann window of `duration`, an FFT of the same length, and zero padding at both ends.

    The feature of that name in pyannote.audio 1 differs in two ways: it converted power to decibels as if it
    were an amplitude, which doubles every number, and it clipped values at 80 dB below the loudest frame of
    the part that was read, a chunk in training and a whole file later. Here decibels are those of power, and
    the floor of -100 dB is absolute, so that a frame has the same value in a chunk and in its file.

    Parameters
    ----------
    sample_rate : int
        Rate in Hertz to which recordings are resampled.
    duration : float
        Length of the window in seconds.
    step : float
        Step from one window to the next in seconds.
    n_mels : int
        Number of mel bands, from 0 Hz to half the sample rate.

    Raises
    ------
    ConfigError
        A value is out of its range, or bands are so narrow that they contain no frequency of the FFT.

    References
    ----------
    Slaney, "Auditory Toolbox", technical report 1998-010, Interval Research, 1998 (mel scale, filters of
    equal area).

    Examples
    --------
    >>> features = LibrosaMelSpectrogram(sample_rate=44100, n_mels=40)
    >>> features({"waveform": np.zeros(44100), "sample_rate": 44100}).data.shape
    (101, 40)
    """

    version: ClassVar[int] = 2

    def __init__(
        self, sample_rate: int = 16000, duration: float = 0.025, step: float = 0.010, n_mels: int = 96
    ) -> None:
        super().__init__(sample_rate, duration, step)
        self.n_mels = n_mels
        check_bands(n_mels, self.window)

    @property
    def dimension(self) -> int:
        """Number of mel bands.

        Examples
        --------
        >>> LibrosaMelSpectrogram(n_mels=40).dimension
        40
        """
        return self.n_mels

    def compute(self, windows: Waveform) -> Features:
        """Log power in mel bands of each window, shape (frames, samples) to (frames, n_mels)."""
        return decibels(self._bands(self.power(windows)))

    @cached_property
    def _bands(self) -> Bands:
        # computed on first use: importing librosa takes longer than finding features in the store
        return Bands(mel_filters(self.sample_rate, self.window, self.n_mels))

    def of_tensors(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Log power in mel bands of excerpts, shape (batch, samples) to (batch, frames, n_mels)."""
        from pyannote.audio.features import _tensors

        bands = (self.sample_rate, self.window, self.n_mels)
        filters = _tensors.constant(mel_filters, *bands, device=waveforms.device)
        return decibels_of_tensors(_tensors.product(self.power_of_tensors(waveforms), filters))


def check_bands(n_mels: int, window: int) -> None:
    """Check the number of mel bands for a window of `window` samples.

    Raises
    ------
    ConfigError
        There are fewer frequencies than bands, or no bands.

    Examples
    --------
    >>> check_bands(n_mels=40, window=400)
    >>> check_bands(n_mels=40, window=60)
    Traceback (most recent call last):
    ...
    pyannote.audio.core.errors.ConfigError: n_mels is 40; allowed are 1 to 31 for this window.
    """
    if not 1 <= n_mels <= 1 + window // 2:
        raise ConfigError(f"n_mels is {n_mels}; allowed are 1 to {1 + window // 2} for this window.")


@lru_cache(maxsize=32)
def mel_filters(sample_rate: int, window: int, n_mels: int, htk: bool = False) -> Features:
    """Weights of frequencies in mel bands.

    Parameters
    ----------
    sample_rate : int
        In Hertz.
    window : int
        Length of the FFT in samples.
    n_mels : int
        Number of bands.
    htk : bool
        Use the mel scale of HTK (logarithmic throughout) instead of Slaney's (linear below 1 kHz).

    Returns
    -------
    filters : float32, shape (frequencies, n_mels)

    Raises
    ------
    ConfigError
        Bands are so narrow that they contain no frequency.

    Examples
    --------
    >>> mel_filters(16000, window=400, n_mels=40).shape
    (201, 40)
    """
    import warnings

    from librosa.filters import mel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        filters = mel(sr=sample_rate, n_fft=window, n_mels=n_mels, htk=htk, dtype=np.float32)
    empty = int(np.sum(~filters.any(axis=1)))
    if empty:
        raise ConfigError(
            f"{empty} of {n_mels} mel bands are narrower than the frequency resolution of a window of "
            f"{1000 * window / sample_rate:g} ms, {sample_rate / window:.0f} Hz.",
            fix="Set a smaller n_mels or a longer duration.",
        )
    return cast(Features, np.ascontiguousarray(filters.T))
