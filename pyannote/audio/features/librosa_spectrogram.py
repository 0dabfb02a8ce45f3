"""Log power spectrogram, with the numbers of librosa."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from pyannote.audio.features._decibels import decibels, decibels_of_tensors
from pyannote.audio.features._short_term import ShortTerm
from pyannote.audio.features.base import Features
from pyannote.audio.io.waveform import Waveform

if TYPE_CHECKING:
    from torch import Tensor


class LibrosaSpectrogram(ShortTerm):
    """Power of each frequency in decibels.

    Equal, up to the rounding of float32, to ``librosa.power_to_db(abs(librosa.stft(...)) ** 2, top_db=None)``
    with a Hann window of `duration`, an FFT of the same length, and zero padding at both ends. The floor of
    -100 dB is fixed, not relative to the loudest frame, so that a frame does not depend on the others.

    Parameters
    ----------
    sample_rate : int
        Rate in Hertz to which recordings are resampled.
    duration : float
        Length of the window in seconds.
    step : float
        From one window to the next, in seconds.

    Examples
    --------
    >>> features = LibrosaSpectrogram()({"waveform": np.zeros(16000), "sample_rate": 16000})
    >>> features.data.shape, round(features.data.max())
    ((101, 201), -100)
    """

    @property
    def dimension(self) -> int:
        """Number of frequencies, from 0 to half the sample rate."""
        return 1 + self.window // 2

    def compute(self, windows: Waveform) -> Features:
        """Log power spectrum of each window, shape (frames, frequencies)."""
        return decibels(self.power(windows))

    def of_tensors(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Log power spectra of a batch of excerpts, on the device where they are."""
        return decibels_of_tensors(self.power_of_tensors(waveforms))

    @cached_property
    def _hann(self) -> Waveform:
        # not before it is needed: importing SciPy takes longer than finding features in the store
        return hann_window(self.window)

    def power(self, windows: Waveform) -> Features:
        """Power spectrum of each window, shape (frames, frequencies)."""
        from scipy.fft import rfft

        spectrum = rfft(windows * self._hann, axis=-1, overwrite_x=True)
        return cast(Features, spectrum.real**2 + spectrum.imag**2)

    def power_of_tensors(self, waveforms: Tensor) -> Tensor:
        """Power spectra of a batch of excerpts, shape (batch, samples) to (batch, frames, frequencies)."""
        from pyannote.audio.features import _tensors

        window = _tensors.constant(hann_window, self.window, device=waveforms.device)
        return _tensors.power(waveforms, window, self.hop)


def hann_window(samples: int) -> Waveform:
    """Window of one period, which ends before its second zero, float32 of shape (samples,)."""
    from scipy.signal.windows import hann

    return cast(Waveform, hann(samples, sym=False).astype(np.float32))
