"""What all features have in common: frames of a recording, any of which can be computed by itself."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.threads import in_order
from pyannote.audio.core.user_code import user_code_digest
from pyannote.audio.features._threads import threads_of_one
from pyannote.audio.io.waveform import AudioFile

if TYPE_CHECKING:
    import torch
    from pyannote.core import Segment, SlidingWindow, SlidingWindowFeature, Timeline

Features = npt.NDArray[np.float32]
"""Array of shape (frames, dimension)."""

_SHARE = 1024
"""Threads share the frames of a recording in multiples of so many; fewer are not worth a thread."""


@dataclass(frozen=True)
class FrameReader:
    """The frames of one recording.

    Parameters
    ----------
    frames : int
        How many there are.
    read : callable
        ``read(first, last)`` gives frames `first` (included) to `last` (excluded). A frame has the same
        value, to the last bit, whichever others are read with it.
    """

    frames: int
    read: Callable[[int, int], Features]

    def pieces(self, size: int, threads: int = 1) -> Iterator[Features]:
        """All frames, in consecutive pieces of at most `size` frames, on some threads."""
        share = self._share(size, threads)
        parts = [(first, min(first + share, self.frames)) for first in range(0, self.frames, share)]
        return in_order(lambda part: self.read(*part), parts, threads)

    def _share(self, size: int, threads: int) -> int:
        """Frames of pieces that are few enough, and as many for one thread as for another."""
        if threads == 1:
            return size
        turns = -(-self.frames // (size * threads))
        share = -(-self.frames // (turns * threads))
        return min(size, share + -share % _SHARE)


@dataclass(frozen=True)
class Framing:
    """How the frames of an extraction lie on the samples of a waveform.

    Parameters
    ----------
    hop : int
        Samples from the start of a frame to that of the next one.
    before : int
        Samples before those of the recording that its first frame looks at.
    window : int
        Samples that a frame looks at.
    neighbours : int
        Frames on both sides that the values of a frame depend on, too.

    Examples
    --------
    >>> Framing(hop=160, before=200, window=400).samples(frames=3)
    720
    """

    hop: int = 1
    before: int = 0
    window: int = 1
    neighbours: int = 0

    def samples(self, frames: int) -> int:
        """Samples that so many consecutive frames look at."""
        return (frames - 1) * self.hop + self.window


class FeatureExtraction(ABC):
    """Gives the frames of recordings.

    The parameters of a subclass are kept as attributes of the same names.

    Attributes
    ----------
    sample_rate : int
        Rate in Hertz of the audio that the features are computed from; 0 if not known.
    """

    version: ClassVar[int] = 1
    """To be raised when the numbers change, so that stored features are computed again."""

    piece: ClassVar[int] = 8192
    """Frames that are computed at once, which bounds the memory that a long recording needs."""

    computed: ClassVar[bool] = True
    """Whether frames are computed from waveforms, instead of read from files."""

    sample_rate: int

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Number of values of a frame."""

    @property
    @abstractmethod
    def sliding_window(self) -> SlidingWindow:
        """Where frames lie in time."""

    @abstractmethod
    def open(self, file: AudioFile) -> FrameReader:
        """Prepare to read frames of a recording.

        Parameters
        ----------
        file : path or mapping
            Path of an audio file, file of a protocol, or mapping with "waveform" and "sample_rate".

        Raises
        ------
        AudioError
            The audio is missing, empty or damaged.
        """

    @property
    def framing(self) -> Framing:
        """How frames lie on samples.

        Raises
        ------
        ConfigError
            The features are not computed from waveforms.
        """
        raise self._without_waveforms()

    def of_excerpts(self, waveforms: npt.NDArray[np.float32]) -> Features:
        """Features of a batch of excerpts.

        Parameters
        ----------
        waveforms : float32, shape (batch, samples)
            Exactly the samples that some consecutive frames look at (see `Framing.samples`).

        Returns
        -------
        features : float32, shape (batch, frames, dimension)
            As if the first and last frame were those of a recording.

        Raises
        ------
        ConfigError
            The features are not computed from waveforms.
        """
        raise self._without_waveforms()

    def of_tensors(self, waveforms: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        """Features of a batch of excerpts, computed by torch on the device where they are.

        Equal to those of `of_excerpts` up to the rounding of float32.

        Parameters
        ----------
        waveforms : Tensor of float32, shape (batch, samples)
            Exactly the samples that some consecutive frames look at (see `Framing.samples`).
        lengths : Tensor of int64, shape (batch,), optional
            Frames of each excerpt, where some have fewer than the others: what is given for frames beyond
            means nothing. Defaults to all.

        Returns
        -------
        features : Tensor of float32, shape (batch, frames, dimension)

        Raises
        ------
        ConfigError
            The features are not computed from waveforms.
        """
        raise self._without_waveforms()

    def open_on(self, file: AudioFile, device: torch.device) -> FrameReader:
        """Prepare to read frames of a recording that a device computes, where it can.

        Equal to those of `open` up to the rounding of float32.
        """
        return self.open(file)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the numbers depend on: name of the class, version, parameters, and code of one's own.

        Examples
        --------
        >>> from pyannote.audio.features.raw_audio import RawAudio
        >>> RawAudio(sample_rate=8000).parameters
        {'name': 'RawAudio', 'version': 1, 'sample_rate': 8000}
        """
        names = inspect.signature(type(self)).parameters
        values = {name: getattr(self, name) for name in names}
        code = user_code_digest(type(self).__module__)
        own = {} if code is None else {"code": code}
        return {"name": type(self).__name__, "version": self.version, **own, **values}

    def __call__(self, file: AudioFile) -> SlidingWindowFeature:
        """All frames of a recording.

        Parameters
        ----------
        file : path or mapping
            Path of an audio file, file of a protocol, or mapping with "waveform" and "sample_rate".

        Returns
        -------
        SlidingWindowFeature
            Its `data` is float32 of shape (frames, dimension).
        """
        from pyannote.core import SlidingWindowFeature

        reader = self.open(file)
        threads = threads_of_one() if reader.frames > _SHARE else 1
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
            Path of an audio file, file of a protocol, or mapping with "waveform" and "sample_rate".
        segment : Segment or Timeline
            The part or parts, in seconds.
        mode : {"center", "loose", "strict"}
            Frames from the one whose centre is closest to the start to the one whose centre is closest to
            the end; all that intersect; all that lie within.
        fixed : float, optional
            Give as many frames as fit this duration in seconds instead of that of the segment; where the
            recording does not reach, its first or last frame is repeated.

        Returns
        -------
        features : float32, shape (frames, dimension)
            The same values as in the whole recording.
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
            f"{type(self).__name__} has no waveforms, which an augmentation of waveforms could change.",
            fix="Remove it from data_augmentation, or choose a feature_extraction that reads audio.",
        )


def _repeat_edges(reader: FrameReader, first: int, last: int) -> Features:
    frames = np.clip(np.arange(first, last), 0, reader.frames - 1)
    if len(frames) == 0:
        return reader.read(0, 1)[:0]
    return reader.read(int(frames[0]), int(frames[-1]) + 1)[frames - frames[0]]
