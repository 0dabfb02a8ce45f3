"""Mel-frequency cepstral coefficients and their derivatives, with the numbers of librosa."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
from scipy.fft import dct
from scipy.signal import savgol_filter

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features.base import Features, Framing
from pyannote.audio.features.librosa_mel_spectrogram import mel_filters
from pyannote.audio.features.librosa_spectrogram import LibrosaSpectrogram, decibels
from pyannote.audio.io.waveform import Recording, Waveform

N_MELS = 40
"""Mel bands, on the scale of HTK."""

DELTA_WIDTH = 9
"""Frames to which a polynomial is fitted for a derivative."""


class LibrosaMFCC(LibrosaSpectrogram):
    """Cepstral coefficients 1 to `coefs` of 40 HTK mel bands, with energy and derivatives.

    The energy is coefficient 0. The columns are, each only if asked for: energy, coefficients; first
    derivative of the energy, of the coefficients; second derivative of the energy, of the coefficients.

    Equal, up to the rounding of float32, to ``librosa.feature.mfcc`` on log power with a fixed floor of
    -100 dB and ``librosa.feature.delta``. Recordings of fewer than 9 frames, which librosa refuses, repeat
    their first and last frame for the derivatives.

    Parameters
    ----------
    e : bool
        Give the energy.
    De, DDe : bool
        Give its first and second derivative.
    coefs : int
        Number of coefficients beside the energy, 1 to 39.
    D, DD : bool
        Give their first and second derivative.
    duration : float
        Length of the window in seconds.
    step : float
        From one window to the next, in seconds.
    sample_rate : int
        Rate in Hertz to which recordings are resampled.

    Raises
    ------
    ConfigError
        A value is out of its range.

    References
    ----------
    Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word recognition in
    continuously spoken sentences", IEEE Transactions on Acoustics, Speech and Signal Processing, 1980.

    Examples
    --------
    >>> LibrosaMFCC(e=False, De=True, DDe=True, coefs=19, D=True, DD=True).dimension
    59
    """

    def __init__(
        self,
        e: bool = False,
        De: bool = True,
        DDe: bool = True,
        coefs: int = 19,
        D: bool = True,
        DD: bool = True,
        duration: float = 0.025,
        step: float = 0.010,
        sample_rate: int = 16000,
    ) -> None:
        super().__init__(sample_rate, duration, step)
        if not 1 <= coefs < N_MELS:
            raise ConfigError(f"coefs is {coefs}; allowed are 1 to {N_MELS - 1}.")
        self.e, self.De, self.DDe = e, De, DDe
        self.coefs, self.D, self.DD = coefs, D, DD
        self._filters = mel_filters(sample_rate, self.window, N_MELS, htk=True)

    @property
    def dimension(self) -> int:
        """Number of coefficients and derivatives."""
        return self.e + self.De + self.DDe + self.coefs * (1 + self.D + self.DD)

    def compute(self, windows: Waveform) -> Features:
        """Energy and coefficients of each window, shape (frames, 1 + coefs)."""
        cepstrum = dct(decibels(self.power(windows) @ self._filters), type=2, norm="ortho", axis=-1)
        return cast(Features, cepstrum[:, : 1 + self.coefs])

    @property
    def framing(self) -> Framing:
        """How frames lie on samples, and how far derivatives look."""
        return replace(super().framing, neighbours=DELTA_WIDTH // 2)

    def of_excerpts(self, waveforms: Waveform) -> Features:
        """Coefficients and derivatives of a batch of excerpts."""
        return self._columns(super().of_excerpts(waveforms))

    def _read(self, recording: Recording, frames: int, first: int, last: int) -> Features:
        # With so many frames on both sides, derivatives know the ends of a part only where the file ends.
        begin, end = max(0, first - DELTA_WIDTH), min(frames, last + DELTA_WIDTH)
        static = super()._read(recording, frames, begin, end)
        return self._columns(static)[first - begin : last - begin]

    def _columns(self, static: Features) -> Features:
        """What was asked for, of energy and coefficients of shape (..., frames, 1 + coefs)."""
        columns = [
            derivative(static, order)[..., 0 if energy else 1 : None if coefficients else 1]
            for order, energy, coefficients in [
                (0, self.e, True),
                (1, self.De, self.D),
                (2, self.DDe, self.DD),
            ]
        ]
        return np.concatenate(columns, axis=-1)


def derivative(features: Features, order: int) -> Features:
    """Local derivative over time, the last axis but one: that of a polynomial fitted to 9 frames.

    Examples
    --------
    >>> derivative(np.arange(10, dtype=np.float32)[:, None] ** 2, order=2).ravel()[3:6].round(3)
    array([2., 2., 2.], dtype=float32)
    """
    if order == 0:
        return features
    mode = "interp" if features.shape[-2] >= DELTA_WIDTH else "nearest"
    result = savgol_filter(features, DELTA_WIDTH, polyorder=order, deriv=order, axis=-2, mode=mode)
    return cast(Features, result.astype(np.float32, copy=False))
