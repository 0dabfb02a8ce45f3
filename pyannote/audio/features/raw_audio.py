"""The waveform itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features.base import FeatureExtraction, Features, FrameReader, Framing
from pyannote.audio.io.waveform import AudioFile, Recording, Waveform

if TYPE_CHECKING:
    import torch
    from pyannote.core import SlidingWindow


class RawAudio(FeatureExtraction):
    """Mono samples at one rate: one value a frame, one frame a sample.

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
        """Number of values of a frame: 1."""
        return 1

    @property
    def sliding_window(self) -> SlidingWindow:
        """Where samples lie in time: the centre of sample i is i / sample_rate."""
        from pyannote.core import SlidingWindow

        step = 1 / self.sample_rate
        return SlidingWindow(start=-step / 2, duration=step, step=step)

    @property
    def framing(self) -> Framing:
        """How frames lie on samples: each is one."""
        return Framing()

    def of_excerpts(self, waveforms: Waveform) -> Features:
        """The excerpts themselves, shape (batch, samples, 1)."""
        return waveforms[..., None]

    def of_tensors(self, waveforms: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """The excerpts themselves, shape (batch, samples, 1)."""
        return waveforms[..., None]

    def open(self, file: AudioFile) -> FrameReader:
        """Prepare to read samples of a recording."""
        recording = Recording(file, self.sample_rate)
        return FrameReader(recording.samples, lambda first, last: recording.read(first, last)[:, None])
