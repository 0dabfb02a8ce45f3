"""Log power spectrogram, equal to that of librosa.

    X[i, k] = sum over n of w[n] x[i H + n - W / 2] exp(-2 pi j k n / W)
    level[i, k] = 10 log10(max(abs(X[i, k])^2, 1e-10))

for frame i, frequency k, hop length H, and a Hann window w of W samples.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from pyannote.audio.features._decibels import decibels, decibels_of_tensors
from pyannote.audio.features._short_term import ShortTerm
from pyannote.audio.features.frames import Features
from pyannote.audio.io.waveform import Waveform

if TYPE_CHECKING:
    from torch import Tensor


class LibrosaSpectrogram(ShortTerm):
    """Power of each frequency in decibels.

    Equal, up to the rounding of float32, to ``librosa.power_to_db(abs(librosa.stft(...)) ** 2, top_db=None)``
    with a Hann window of `duration`, an FFT of the same length, and zero padding at both ends. The floor of
    -100 dB is absolute, not relative to the loudest frame, so that a frame does not depend on the others.

    Parameters
    ----------
    sample_rate : int
        Rate in Hertz to which recordings are resampled.
    duration : float
        Length of the window in seconds.
    step : float
        Step from one window to the next in seconds.

    Examples
    --------
    >>> features = LibrosaSpectrogram()({"waveform": np.zeros(16000), "sample_rate": 16000})
    >>> features.data.shape, round(features.data.max())
    ((101, 201), -100)
    """

    @property
    def dimension(self) -> int:
        """Number of frequencies, from 0 to half the sample rate.

        Examples
        --------
        >>> LibrosaSpectrogram(sample_rate=16000, duration=0.025).dimension
        201
        """
        return 1 + self.window // 2

    def compute(self, windows: Waveform) -> Features:
        """Log power spectrum of each window, shape (frames, frequencies)."""
        return decibels(self.power(windows))

    def of_tensors(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Log power spectra of excerpts, shape (batch, samples) to (batch, frames, frequencies)."""
        return decibels_of_tensors(self.power_of_tensors(waveforms))

    @cached_property
    def _hann(self) -> Waveform:
        # computed on first use: importing SciPy takes longer than finding features in the store
        return hann_window(self.window)

    def power(self, windows: Waveform) -> Features:
        """Power spectrum of each window, shape (frames, samples) to (frames, frequencies).

        Examples
        --------
        >>> windows = np.ones((1, 400), dtype=np.float32)
        >>> LibrosaSpectrogram().power(windows)[0, :3].round()
        array([40000., 10000.,     0.], dtype=float32)
        """
        from scipy.fft import rfft

        spectrum = rfft(windows * self._hann, axis=-1, overwrite_x=True)
        return cast(Features, spectrum.real**2 + spectrum.imag**2)

    def power_of_tensors(self, waveforms: Tensor) -> Tensor:
        """Power spectra of excerpts, shape (batch, samples) to (batch, frames, frequencies).

        Examples
        --------
        >>> import torch
        >>> LibrosaSpectrogram().power_of_tensors(torch.zeros(2, 560)).shape
        torch.Size([2, 2, 201])
        """
        from pyannote.audio.features import _tensors

        window = _tensors.constant(hann_window, self.window, device=waveforms.device)
        return _tensors.power(waveforms, window, self.hop)


def hann_window(samples: int) -> Waveform:
    """Periodic Hann window, w[n] = 0.5 - 0.5 cos(2 pi n / samples), float32 of shape (samples,).

    Examples
    --------
    >>> hann_window(4)
    array([0. , 0.5, 1. , 0.5], dtype=float32)
    """
    from scipy.signal.windows import hann

    return cast(Waveform, hann(samples, sym=False).astype(np.float32))
