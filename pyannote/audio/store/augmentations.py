"""Interfaces of waveform augmentations, on the host and on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class WaveformAugmentation(Protocol):
    """Function from a batch of waveforms, shape (batch, samples), to a changed batch of the same shape.

    Examples
    --------
    >>> gain: WaveformAugmentation = lambda waveforms, random: waveforms * np.float32(random.uniform(0.5, 2))
    >>> gain(np.ones((2, 4), dtype=np.float32), np.random.default_rng(0)).shape
    (2, 4)
    """

    def __call__(self, waveforms: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        """Changed copy of a batch, which depends on `random` alone."""


class TensorAugmentation(Protocol):
    """Function from a batch of waveforms, shape (batch, samples), to a changed batch on the same device.

    Examples
    --------
    >>> import torch
    >>> negated: TensorAugmentation = lambda waveforms, random: -waveforms
    >>> negated(torch.ones(2, 4), torch.Generator()).shape
    torch.Size([2, 4])
    """

    def __call__(self, waveforms: Tensor, random: torch.Generator) -> Tensor:
        """Changed copy of a batch, which depends on `random` alone."""


@runtime_checkable
class MovableAugmentation(Protocol):
    """Augmentation of waveforms, shape (batch, samples), on the host, which can be moved to a device.

    Examples
    --------
    >>> from pyannote.audio.augmentation.reverb import Reverb
    >>> isinstance(Reverb, MovableAugmentation), isinstance(abs, MovableAugmentation)
    (True, False)
    """

    @property
    def nbytes(self) -> int:
        """Memory in bytes that it needs on a device."""

    def to(self, device: torch.device) -> TensorAugmentation:
        """The same augmentation, on a device."""
