"""Samples of the waveform as features."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.frames import Features, FrameReader, Framing
from pyannote.audio.io.waveform import AudioFile, Recording, Waveform

if TYPE_CHECKING:
    import torch
    from pyannote.core import SlidingWindow


class RawAudio(FeatureExtraction):
    """Mono samples at one sample rate: each frame is one sample, float32 of shape (samples, 1).

    Parameters
    ----------
    sample_rate : int
        Rate in Hertz to which recordings are resampled.

    Examples
    --------
    >>> import numpy as np
    >>> RawAudio(sample_rate=16000)({"waveform": np.zeros(8000), "sample_rate": 8000}).data.shape
    (16000, 1)
    """

    piece: ClassVar[int] = 1 << 20

    def __init__(self, sample_rate: int = 16000) -> None:
        if not 1000 <= sample_rate <= 1_000_000:
            raise ConfigError(f"sample_rate is {sample_rate} Hz; allowed are 1000 to 1000000.")
        self.sample_rate = sample_rate

    @property
    def dimension(self) -> int:
        """Number of values of a frame: 1.

        Examples
        --------
        >>> RawAudio().dimension
        1
        """
        return 1

    @property
    def sliding_window(self) -> SlidingWindow:
        """Position of samples in time, in seconds: the centre of sample i is i / sample_rate.

        Examples
        --------
        >>> RawAudio(sample_rate=8000).sliding_window[4000].middle
        0.5
        """
        from pyannote.core import SlidingWindow

        step = 1 / self.sample_rate
        return SlidingWindow(start=-step / 2, duration=step, step=step)

    @property
    def framing(self) -> Framing:
        """Position of frames on samples: each frame is one sample."""
        return Framing()

    def of_excerpts(self, waveforms: Waveform) -> Features:
        """The excerpts themselves, shape (batch, samples) to (batch, samples, 1)."""
        return waveforms[..., None]

    def of_tensors(self, waveforms: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """The excerpts themselves, shape (batch, samples) to (batch, samples, 1)."""
        return waveforms[..., None]

    def open(self, file: AudioFile) -> FrameReader:
        """Open a recording to read its samples, shape (samples, 1)."""
        recording = Recording(file, self.sample_rate)
        return FrameReader(recording.samples, lambda first, last: recording.read(first, last)[:, None])
