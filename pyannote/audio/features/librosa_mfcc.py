"""Mel-frequency cepstral coefficients and their derivatives, equal to those of librosa.

With the level L[i, b] of frame i in mel band b of B, in decibels:

    c[i, q] = sqrt(2 / B) sum over b of L[i, b] cos(pi q (b + 1/2) / B)     (c[i, 0] is divided by sqrt(2))

The derivative of order d of frame i is that of the polynomial of degree d with the least squared error on
frames i - 4 to i + 4.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from math import factorial
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features._bands import Bands
from pyannote.audio.features._decibels import decibels, decibels_of_tensors
from pyannote.audio.features.frames import Features, Framing
from pyannote.audio.features.librosa_mel_spectrogram import check_bands, mel_filters
from pyannote.audio.features.librosa_spectrogram import LibrosaSpectrogram
from pyannote.audio.io.waveform import Recording, Waveform

if TYPE_CHECKING:
    from torch import Tensor

N_MELS = 40
"""Mel bands, on the scale of HTK."""

DELTA_WIDTH = 9
"""Frames to which a polynomial is fitted for a derivative."""

_BLOCK = 1024
"""Number of frames whose derivatives are computed at once: few enough to stay in the cache."""


class LibrosaMFCC(LibrosaSpectrogram):
    """Cepstral coefficients 1 to `coefs` of 40 HTK mel bands, with energy and derivatives.

    The energy is coefficient 0. The columns are, each only if requested: energy, coefficients; first
    derivative of the energy, of the coefficients; second derivative of the energy, of the coefficients.

    Equal, up to the rounding of float32, to ``librosa.feature.mfcc`` on log power with a fixed floor of -100
    dB and ``librosa.feature.delta``. For recordings of fewer than 9 frames, which librosa does not accept,
    the first and last frame are repeated for the derivatives. Features have the shape (frames, dimension).

    Parameters
    ----------
    e : bool
        Include the energy.
    De, DDe : bool
        Include its first and second derivative.
    coefs : int
        Number of coefficients without the energy, 1 to 39.
    D, DD : bool
        Include their first and second derivative.
    duration : float
        Length of the window in seconds.
    step : float
        Step from one window to the next in seconds.
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

    version: ClassVar[int] = 2

    piece: ClassVar[int] = 16384

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
        check_bands(N_MELS, self.window)

    @property
    def dimension(self) -> int:
        """Number of coefficients and derivatives.

        Examples
        --------
        >>> LibrosaMFCC(e=True, De=False, DDe=False, coefs=12, D=False, DD=False).dimension
        13
        """
        return self.e + self.De + self.DDe + self.coefs * (1 + self.D + self.DD)

    def compute(self, windows: Waveform) -> Features:
        """Energy and coefficients of each window, shape (frames, samples) to (frames, 1 + coefs)."""
        return decibels(self._bands(self.power(windows))) @ self._basis

    @cached_property
    def _bands(self) -> Bands:
        return Bands(mel_filters(self.sample_rate, self.window, N_MELS, htk=True))

    @cached_property
    def _basis(self) -> Features:
        return cosines(N_MELS)[:, : 1 + self.coefs]

    @property
    def framing(self) -> Framing:
        """Position of frames on samples, and the neighbours that derivatives depend on."""
        return replace(super().framing, neighbours=DELTA_WIDTH // 2)

    def of_excerpts(self, waveforms: Waveform) -> Features:
        """Coefficients and derivatives of excerpts, shape (batch, samples) to (batch, frames, dimension)."""
        return self._columns(super().of_excerpts(waveforms))

    def of_tensors(self, waveforms: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Coefficients and derivatives of excerpts, shape (batch, samples) to (batch, frames, dimension)."""
        import torch

        from pyannote.audio.features import _tensors

        device = waveforms.device
        bands = (self.sample_rate, self.window, N_MELS, True)
        power = _tensors.product(
            self.power_of_tensors(waveforms), _tensors.constant(mel_filters, *bands, device=device)
        )
        basis = _tensors.constant(cosines, N_MELS, device=device)[:, : 1 + self.coefs]
        static = _tensors.product(decibels_of_tensors(power), basis)
        columns = [static[..., self._parts[0][1]]]
        for order, part in self._parts[1:]:
            weights = _tensors.constant(_weights, order, device=device)
            columns.append(_tensors.derivative(static[..., part], lengths, weights))
        return torch.cat(columns, dim=-1)

    def _read(self, recording: Recording, frames: int, first: int, last: int) -> Features:
        # with this margin, derivatives depend on the end of a part only where it is the end of the recording
        begin, end = max(0, first - DELTA_WIDTH), min(frames, last + DELTA_WIDTH)
        static = super()._read(recording, frames, begin, end)
        return self._columns(static)[first - begin : last - begin]

    def _columns(self, static: Features) -> Features:
        """Requested columns, given energy and coefficients of shape (..., frames, 1 + coefs)."""
        columns = [derivative(static, order)[..., part] for order, part in self._parts]
        return np.concatenate(columns, axis=-1)

    @property
    def _parts(self) -> list[tuple[int, slice]]:
        """Order of derivative and requested columns, for the static values and each derivative."""
        requested = [(self.e, True), (self.De, self.D), (self.DDe, self.DD)]
        return [
            (order, slice(0 if energy else 1, None if coefficients else 1))
            for order, (energy, coefficients) in enumerate(requested)
        ]


@lru_cache(maxsize=1)
def cosines(count: int) -> Features:
    """Orthonormal basis of the discrete cosine transform (type 2), shape (bands, coefficients).

    Examples
    --------
    >>> (cosines(2) * 2**0.5).round(3)
    array([[ 1.,  1.],
           [ 1., -1.]], dtype=float32)
    """
    angles = np.pi / count * np.outer(np.arange(count) + 0.5, np.arange(count))
    basis = np.sqrt(2 / count) * np.cos(angles)
    basis[:, 0] /= np.sqrt(2)
    return cast(Features, basis.astype(np.float32))


def derivative(features: Features, order: int) -> Features:
    """Local derivative over time: that of a polynomial fitted to 9 frames.

    At both ends the polynomial is that of the first and of the last 9 frames. If there are fewer, the first
    and the last frame are repeated.

    Parameters
    ----------
    features : float32, shape (..., frames, dimension)
    order : int
        Order of the derivative and degree of the polynomial: 0 (the features themselves), 1 or 2.

    Returns
    -------
    derivatives : float32, shape (..., frames, dimension)

    Examples
    --------
    >>> derivative(np.arange(10, dtype=np.float32)[:, None] ** 2, order=2).ravel()[3:6].round(3)
    array([2., 2., 2.], dtype=float32)
    """
    if order == 0:
        return features
    if features.shape[-2] < DELTA_WIDTH:
        return _fitted(_with_ends(features), order)
    # the derivative of order d of a polynomial of degree d is constant
    return _with_ends(_fitted(features, order))


def _with_ends(features: Features) -> Features:
    """Repeat the first and the last frame 4 times each."""
    reach = DELTA_WIDTH // 2
    return np.pad(features, [(0, 0)] * (features.ndim - 2) + [(reach, reach), (0, 0)], mode="edge")


def _fitted(features: Features, order: int) -> Features:
    """Derivative at the centre of each 9 consecutive frames."""
    reach = DELTA_WIDTH // 2
    frames = features.shape[-2] - 2 * reach
    result = np.empty((*features.shape[:-2], frames, features.shape[-1]), dtype=np.float32)
    for start in range(0, frames, _BLOCK):
        stop = min(start + _BLOCK, frames)
        result[..., start:stop, :] = _weighted(features[..., start : stop + 2 * reach, :], order)
    return result


def _weighted(features: Features, order: int) -> Features:
    reach = DELTA_WIDTH // 2
    frames = features.shape[-2] - 2 * reach
    centre, *weights = _weights(order)[reach:]
    total = centre * features[..., reach : reach + frames, :]
    for distance, weight in enumerate(weights, start=1):
        after = features[..., reach + distance : reach + distance + frames, :]
        before = features[..., reach - distance : reach - distance + frames, :]
        pair = after + before if order % 2 == 0 else after - before
        pair *= weight
        total += pair
    return total


@lru_cache(maxsize=2)
def _weights(order: int) -> Features:
    """Weights of 9 frames in the derivative of the polynomial with the least squared error."""
    offsets = np.arange(DELTA_WIDTH) - DELTA_WIDTH // 2
    fit = np.linalg.pinv(np.vander(offsets, order + 1, increasing=True))
    return cast(Features, (factorial(order) * fit[order]).astype(np.float32))
