"""Base class of features of short, overlapping, centred windows, computed in blocks that fit the cache.

The window of frame i is centred on sample i x hop length; recordings are padded with zeros at both ends
(librosa's ``center=True, pad_mode="constant"``). Blocks lie on a fixed grid of frames, so that a frame is
always computed together with the same others: libraries may round the rows of a matrix differently depending
on their position in it.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features._threads import single_blas_thread
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.frames import Features, FrameReader, Framing
from pyannote.audio.io.waveform import AudioFile, Recording, Waveform

if TYPE_CHECKING:
    import torch
    from pyannote.core import SlidingWindow

_BLOCK = 256
"""Number of frames of a block."""

_SLAB = 8
"""Largest number of blocks whose samples are decoded at once."""

_SAMPLES = 1 << 20
"""Largest number of samples that are decoded at once, unless a single block has more."""


class ShortTerm(FeatureExtraction):
    """Features that are a function of one window of samples, float32 of shape (frames, dimension).

    Parameters
    ----------
    sample_rate : int
        Rate in Hertz to which recordings are resampled.
    duration : float
        Length of the window in seconds, rounded to a whole number of samples.
    step : float
        Step from one window to the next in seconds, rounded to a whole number of samples: 0.010 s at
        22,050 Hz, which is 220.5 samples, is rounded to 220 samples, also in `sliding_window`.

    Raises
    ------
    ConfigError
        A value is out of its range.

    Examples
    --------
    >>> class Energy(ShortTerm):
    ...     dimension = 1
    ...
    ...     def compute(self, windows):
    ...         return (windows**2).mean(axis=1, keepdims=True)
    >>> Energy(duration=0.1, step=0.5)({"waveform": np.ones(16000), "sample_rate": 16000}).data.tolist()
    [[0.5], [1.0], [0.5]]
    """

    def __init__(self, sample_rate: int = 16000, duration: float = 0.025, step: float = 0.010) -> None:
        if not 1000 <= sample_rate <= 1_000_000:
            raise ConfigError(f"sample_rate is {sample_rate} Hz; allowed are 1000 to 1000000.")
        if not 2 / sample_rate <= duration <= 10:
            raise ConfigError(f"duration is {duration} s; allowed are {2 / sample_rate:g} to 10 (seconds).")
        if not 1 / sample_rate <= step <= 10:
            raise ConfigError(f"step is {step} s; allowed are {1 / sample_rate:g} to 10 (seconds).")
        self.sample_rate = sample_rate
        self.duration = duration
        self.step = step
        self.window = round(duration * sample_rate)
        self.hop = round(step * sample_rate)

    @abstractmethod
    def compute(self, windows: Waveform) -> Features:
        """Features of windows of samples.

        Parameters
        ----------
        windows : float32, shape (frames, window)

        Returns
        -------
        features : float32, shape (frames, values)

        Examples
        --------
        >>> from pyannote.audio.features.librosa_spectrogram import LibrosaSpectrogram
        >>> LibrosaSpectrogram().compute(np.zeros((3, 400), dtype=np.float32)).shape
        (3, 201)
        """

    @property
    def sliding_window(self) -> SlidingWindow:
        """Position of frames in time, in seconds: the centre of frame i is i x step."""
        from pyannote.core import SlidingWindow

        duration, step = self.window / self.sample_rate, self.hop / self.sample_rate
        return SlidingWindow(start=-duration / 2, duration=duration, step=step)

    @property
    def framing(self) -> Framing:
        """Position of frames on the samples of a waveform."""
        return Framing(self.hop, self.window // 2, self.window)

    def of_excerpts(self, waveforms: Waveform) -> Features:
        """Features of a batch of excerpts, shape (batch, samples) to (batch, frames, values)."""
        windows = sliding_window_view(waveforms, self.window, axis=-1)[:, :: self.hop]
        return np.stack([self._blocks(excerpt) for excerpt in windows])

    def open(self, file: AudioFile) -> FrameReader:
        """Open a recording of n samples, which has 1 + n // hop frames, shape (frames, dimension).

        Examples
        --------
        >>> from pyannote.audio.features.librosa_spectrogram import LibrosaSpectrogram
        >>> LibrosaSpectrogram().open({"waveform": np.zeros(1600), "sample_rate": 16000}).frames
        11
        """
        recording = Recording(file, self.sample_rate)
        frames = 1 + recording.samples // self.hop
        return FrameReader(frames, lambda first, last: self._read(recording, frames, first, last))

    def open_on(self, file: AudioFile, device: torch.device) -> FrameReader:
        """Open a recording to read frames, shape (frames, dimension), that a device computes."""
        recording = Recording(file, self.sample_rate)
        frames = 1 + recording.samples // self.hop
        return FrameReader(frames, lambda first, last: self._read_on(device, recording, frames, first, last))

    def _read_on(
        self, device: torch.device, recording: Recording, frames: int, first: int, last: int
    ) -> Features:
        import torch

        # with this margin, derivatives depend on the end of a part only where it is the end of the recording
        margin = 2 * self.framing.neighbours + 1
        begin, end = max(0, first - margin), min(frames, last + margin)
        waveform = torch.from_numpy(self._padded(recording, begin, end)).to(device)
        features: Features = self.of_tensors(waveform[None])[0, first - begin : last - begin].cpu().numpy()
        return features

    def _read(self, recording: Recording, frames: int, first: int, last: int) -> Features:
        begin, end = first - first % _BLOCK, min(frames, last + -last % _BLOCK)
        with single_blas_thread():
            slab = _BLOCK * max(1, min(_SLAB, _SAMPLES // (_BLOCK * self.hop)))
            slabs = [
                self._slab(recording, start, min(start + slab, end)) for start in range(begin, end, slab)
            ]
        return np.concatenate(slabs)[first - begin : last - begin]

    def _slab(self, recording: Recording, first: int, last: int) -> Features:
        waveform = self._padded(recording, first, last)
        return self._blocks(sliding_window_view(waveform, self.window)[:: self.hop])

    def _blocks(self, windows: Waveform) -> Features:
        blocks = [self.compute(windows[start : start + _BLOCK]) for start in range(0, len(windows), _BLOCK)]
        return np.concatenate(blocks)

    def _padded(self, recording: Recording, first: int, last: int) -> Waveform:
        start = first * self.hop - self.window // 2
        stop = (last - 1) * self.hop - self.window // 2 + self.window
        inside = recording.read(min(max(start, 0), recording.samples), min(stop, recording.samples))
        if len(inside) == stop - start:
            return inside
        before = min(max(-start, 0), stop - start)
        return np.pad(inside, (before, stop - start - before - len(inside)))
