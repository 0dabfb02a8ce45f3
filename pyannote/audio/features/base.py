"""Base class of features, which are computed frame by frame: any part of a recording, or all of it."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.user_code import user_code_digest
from pyannote.audio.features._threads import threads_per_recording
from pyannote.audio.features.frames import THREAD_FRAMES, Features, FrameReader, Framing
from pyannote.audio.io.waveform import AudioFile

if TYPE_CHECKING:
    import torch
    from pyannote.core import Segment, SlidingWindow, SlidingWindowFeature, Timeline


class FeatureExtraction(ABC):
    """Computes features of recordings, float32 of shape (frames, dimension).

    A subclass stores its parameters in attributes of the same names.

    Attributes
    ----------
    sample_rate : int
        Sample rate in Hertz of the audio that the features are computed from; 0 if unknown.

    Examples
    --------
    >>> from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
    >>> LibrosaMFCC(coefs=12)({"waveform": np.zeros(16000), "sample_rate": 16000}).data.shape
    (101, 38)
    """

    version: ClassVar[int] = 1
    """Version of the numbers: increase it when they change, so that stored features are computed again."""

    piece: ClassVar[int] = 8192
    """Number of frames that are computed at once, which limits the memory for long recordings."""

    computed: ClassVar[bool] = True
    """Whether frames are computed from waveforms, instead of read from files."""

    sample_rate: int

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Number of values of a frame: features have the shape (frames, dimension).

        Examples
        --------
        >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
        >>> LibrosaMelSpectrogram(n_mels=40).dimension
        40
        """

    @property
    @abstractmethod
    def sliding_window(self) -> SlidingWindow:
        """Position of frames in time, in seconds.

        Examples
        --------
        >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
        >>> window = LibrosaMelSpectrogram(duration=0.04, step=0.02).sliding_window
        >>> window.duration, window.step, round(window[50].middle, 3)
        (0.04, 0.02, 1.0)
        """

    @abstractmethod
    def open(self, file: AudioFile) -> FrameReader:
        """Open a recording to read some of its frames.

        Parameters
        ----------
        file : path or mapping
            Path of an audio file, file of a protocol, or mapping with "waveform", of shape (samples,) or
            (channels, samples), and "sample_rate" in Hertz.

        Returns
        -------
        FrameReader

        Raises
        ------
        AudioError
            The audio is missing, empty or damaged.

        Examples
        --------
        >>> from pyannote.audio.features.raw_audio import RawAudio
        >>> reader = RawAudio().open({"waveform": np.arange(5), "sample_rate": 16000})
        >>> reader.frames, reader.read(1, 3).tolist()
        (5, [[1.0], [2.0]])
        """

    @property
    def framing(self) -> Framing:
        """Position of frames on the samples of a waveform.

        Raises
        ------
        ConfigError
            The features are not computed from waveforms.

        Examples
        --------
        >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
        >>> LibrosaMelSpectrogram().framing
        Framing(hop=160, before=200, window=400, neighbours=0)
        """
        raise self._without_waveforms()

    def of_excerpts(self, waveforms: npt.NDArray[np.float32]) -> Features:
        """Features of a batch of excerpts.

        Parameters
        ----------
        waveforms : float32, shape (batch, samples)
            Exactly the samples of some consecutive frames (see `Framing.samples`).

        Returns
        -------
        features : float32, shape (batch, frames, dimension)
            Computed as if the first and last frame were those of a recording.

        Raises
        ------
        ConfigError
            The features are not computed from waveforms.

        Examples
        --------
        >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
        >>> LibrosaMelSpectrogram(n_mels=40).of_excerpts(np.zeros((2, 720), dtype=np.float32)).shape
        (2, 3, 40)
        """
        raise self._without_waveforms()

    def of_tensors(self, waveforms: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Features of a batch of excerpts, computed by torch on the device where they are.

        Equal to those of `of_excerpts` up to the rounding of float32.

        Parameters
        ----------
        waveforms : Tensor of float32, shape (batch, samples)
            Exactly the samples of some consecutive frames (see `Framing.samples`).
        lengths : Tensor of int64, shape (batch,), optional
            Number of valid frames of each excerpt; values of later frames are undefined. Default: all.

        Returns
        -------
        features : Tensor of float32, shape (batch, frames, dimension)

        Raises
        ------
        ConfigError
            The features are not computed from waveforms.

        Examples
        --------
        >>> import torch
        >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
        >>> LibrosaMelSpectrogram(n_mels=40).of_tensors(torch.zeros(2, 720)).shape
        torch.Size([2, 3, 40])
        """
        raise self._without_waveforms()

    def open_on(self, file: AudioFile, device: torch.device) -> FrameReader:
        """Open a recording to read frames that a device computes, if these features can be computed there.

        Equal to those of `open`, shape (frames, dimension), up to the rounding of float32.

        Examples
        --------
        >>> import torch
        >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
        >>> file = {"waveform": np.zeros(1600), "sample_rate": 16000}
        >>> LibrosaMelSpectrogram(n_mels=40).open_on(file, torch.device("cpu")).read(0, 5).shape
        (5, 40)
        """
        return self.open(file)

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that the numbers depend on: name of the class, version, parameters, digest of user code.

        Examples
        --------
        >>> from pyannote.audio.features.raw_audio import RawAudio
        >>> RawAudio(sample_rate=8000).parameters
        {'name': 'RawAudio', 'version': 1, 'sample_rate': 8000}
        """
        names = inspect.signature(type(self)).parameters
        values = {name: getattr(self, name) for name in names}
        code = user_code_digest(type(self).__module__)
        user_code = {} if code is None else {"code": code}
        return {"name": type(self).__name__, "version": self.version, **user_code, **values}

    @property
    def found(self) -> dict[str, Any]:
        """Parameters that are found where a configuration leaves them out, and that trainings store; none."""
        return {}

    def __call__(self, file: AudioFile) -> SlidingWindowFeature:
        """All frames of a recording.

        Parameters
        ----------
        file : path or mapping
            Path of an audio file, file of a protocol, or mapping with "waveform", of shape (samples,) or
            (channels, samples), and "sample_rate" in Hertz.

        Returns
        -------
        SlidingWindowFeature
            Its `data` is float32 of shape (frames, dimension).

        Raises
        ------
        AudioError
            The audio is missing, empty or damaged.
        """
        from pyannote.core import SlidingWindowFeature

        reader = self.open(file)
        threads = threads_per_recording() if reader.frames > THREAD_FRAMES else 1
        data = np.empty((reader.frames, self.dimension), dtype=np.float32)
        first = 0
        for piece in reader.pieces(self.piece, threads):
            data[first : first + len(piece)] = piece
            first += len(piece)
        return SlidingWindowFeature(data, self.sliding_window)

    def crop(
        self,
        file: AudioFile,
        segment: Segment | Timeline,
        mode: str = "center",
        fixed: float | None = None,
    ) -> Features:
        """Frames of a part of a recording, computed from that part alone.

        Parameters
        ----------
        file : path or mapping
            Path of an audio file, file of a protocol, or mapping with "waveform", of shape (samples,) or
            (channels, samples), and "sample_rate" in Hertz.
        segment : Segment or Timeline
            The part or parts, in seconds.
        mode : {"center", "loose", "strict"}
            Frames from the one whose centre is closest to the start to the one whose centre is closest to
            the end; all that intersect; all that lie within.
        fixed : float, optional
            Duration in seconds that determines the number of frames, instead of that of the segment. Outside
            the recording, its first or last frame is repeated.

        Returns
        -------
        features : float32, shape (frames, dimension)
            The same values as in the whole recording.

        Examples
        --------
        >>> from pyannote.core import Segment
        >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
        >>> file = {"waveform": np.zeros(16000), "sample_rate": 16000}
        >>> LibrosaMelSpectrogram(n_mels=40).crop(file, Segment(0.2, 0.5), fixed=0.3).shape
        (30, 40)
        """
        reader = self.open(file)
        ranges = self.sliding_window.crop(segment, mode=mode, fixed=fixed, return_ranges=True)
        if fixed is not None:
            return _repeat_edges(reader, *ranges[0])
        clipped = [(max(first, 0), min(last, reader.frames)) for first, last in ranges]
        parts = [reader.read(first, last) for first, last in clipped if first < last]
        return np.concatenate([np.empty((0, self.dimension), dtype=np.float32), *parts])

    def _without_waveforms(self) -> ConfigError:
        return ConfigError(
            f"{type(self).__name__} has no waveforms that an augmentation could change.",
            fix="Remove it from data_augmentation, or choose a feature_extraction that reads audio.",
        )


def _repeat_edges(reader: FrameReader, first: int, last: int) -> Features:
    frames = np.clip(np.arange(first, last), 0, reader.frames - 1)
    if len(frames) == 0:
        return reader.read(0, 1)[:0]
    return reader.read(int(frames[0]), int(frames[-1]) + 1)[frames - frames[0]]
