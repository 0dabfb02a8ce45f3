"""Output of a network in an ONNX file as features: a trained model of any toolkit as front end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.features._onnx_layout import Layout, layout_of
from pyannote.audio.features._onnx_networks import Network, checksum, network
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.frames import Features, FrameReader
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.raw_audio import RawAudio
from pyannote.audio.io.waveform import AudioFile

if TYPE_CHECKING:
    from pyannote.core import SlidingWindow

_MOST_FRAMES = 1024
"""Largest number of frames of an excerpt. Numbers are powers of two: pieces of the store end there, too."""

_TRIED = 2
"""Seconds of the shortest input that a network is tried with."""

_SILENCE = -100.0
"""Level of mel bands of digital silence, in decibels."""


class Onnx(FeatureExtraction):
    """Frames that a trained network gives, float32 of shape (frames, dimension), run by onnxruntime.

    The network has one input: the waveform, of shape (1, samples) or (samples,), or log power in mel bands,
    of shape (1, frames, bands) or (frames, bands), as `LibrosaMelSpectrogram` computes it. Its output has the
    shape (1, frames, dimension) or (frames, dimension). The step and the position of its frames are found
    from their number for several lengths. If the network does not pad its input, and its window is longer
    than two steps, zeros are added on both sides, so that frame k lies at k to k + 1 steps.

    Recordings are computed in excerpts, with context on both sides whose frames are not used. If the context
    is at least half the receptive field, frames are equal to those of the whole recording, up to the rounding
    of float32. Networks that normalise or attend over all of their input depend on the excerpt, in training
    and later alike.

    The SHA-256 of the file belongs to the features: an edited file gives new features, and a trained model
    refuses another network than that of its training.

    Parameters
    ----------
    file : path
        ONNX file that holds all weights.
    sample_rate : int
        Rate in Hertz to which recordings are resampled: that on which the network was trained.
    mel : mapping of str to float, optional
        `duration` and `step` in seconds, and `n_mels`, of the mel bands that the network reads; those left
        out are the defaults of `LibrosaMelSpectrogram`. By default, the network reads the waveform.
    output : str, optional
        Name of the output. Default: the first one.
    duration : float, optional
        Duration of a frame in seconds. Default: that of the window of the network minus its padding, or the
        step, whichever is longer.
    step : float, optional
        Step from one frame to the next in seconds, found if left out, otherwise compared with the network.
    excerpt : float
        Longest part, without context, that is computed at once, in seconds, 0.1 to 3600; it is shortened to
        a power of two of frames, at most 1024.
    context : float
        Seconds of audio on both sides of an excerpt that the network also reads, 0 to 3600.
    sha256 : str, optional
        Checksum that the file must have. Trainings store it.

    Raises
    ------
    ConfigError
        onnxruntime is not installed; the file is missing, damaged or another one; or its network has other
        inputs or outputs, or contradicts a parameter.

    References
    ----------
    Open Neural Network Exchange, https://onnx.ai.

    Examples
    --------
    >>> path = getfixture("front_end")
    >>> features = Onnx(str(path), sample_rate=8000)
    >>> features.step, features.dimension
    (0.02, 4)
    >>> features({"waveform": np.zeros(8000), "sample_rate": 8000}).data.shape
    (50, 4)
    """

    def __init__(
        self,
        file: str,
        sample_rate: int = 16000,
        mel: Mapping[str, float] | None = None,
        output: str | None = None,
        duration: float | None = None,
        step: float | None = None,
        excerpt: float = 20.0,
        context: float = 2.0,
        sha256: str | None = None,
    ) -> None:
        self.file = str(Path(file).expanduser())
        self.sample_rate, self.mel = sample_rate, None if mel is None else dict(mel)
        if not 0.1 <= excerpt <= 3600:
            raise ConfigError(f"excerpt is {excerpt} s; allowed are 0.1 to 3600 (seconds).")
        if not 0 <= context <= 3600:
            raise ConfigError(f"context is {context} s; allowed are 0 to 3600 (seconds).")
        self.excerpt, self.context = excerpt, context
        self._source = _source(sample_rate, self.mel)
        self.sha256 = _checked_sum(Path(self.file), sha256)
        self.output, self._layout, self._dimension = _described(
            Path(self.file), self.sha256, self._bands, output, _TRIED * sample_rate // self._unit_hop
        )
        self.step = self._layout.hop * self._unit_hop / sample_rate
        self._check_step(step)
        self.duration = self._longer(duration)

    @property
    def dimension(self) -> int:
        """Number of values of a frame."""
        return self._dimension

    @property
    def sliding_window(self) -> SlidingWindow:
        """Position of frames in time, in seconds: frame k is centred on (window - 1) / 2 + k hop."""
        from pyannote.core import SlidingWindow

        centre = ((self._layout.window - 1) / 2 - self._layout.padding) * self._unit_hop / self.sample_rate
        return SlidingWindow(start=centre - self.duration / 2, duration=self.duration, step=self.step)

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that the numbers depend on: the content of the file, instead of its path."""
        mel = None if self.mel is None else self._source.parameters
        values = {name: value for name, value in super().parameters.items() if name != "file"}
        return {**values, "mel": mel}

    @property
    def found(self) -> dict[str, Any]:
        """Parameters that follow from the file, which a training stores: a changed file is refused."""
        return {name: getattr(self, name) for name in ("output", "duration", "step", "sha256")}

    def open(self, file: AudioFile) -> FrameReader:
        """Open a recording to read frames that the network computes, shape (frames, dimension).

        Raises
        ------
        DataError
            The recording is shorter than the window of the network, or the network gives NaN or infinity.
        """
        units = self._source.open(file)
        length = units.frames + 2 * self._layout.padding
        frames = self._layout.frames(length)
        if frames == 0:
            raise DataError(
                f"The recording has {units.frames} {self._network.unit}; the network {self.file} needs "
                f"{self._layout.window}.",
                fix="Remove the recording, or choose another network.",
            )
        return FrameReader(frames, lambda first, last: self._read(units, frames, first, last))

    def _read(self, units: FrameReader, frames: int, first: int, last: int) -> Features:
        """Frames from excerpts on a fixed grid, so that a frame has the same bits in all parts."""
        size = self._excerpt_frames
        begin = first - first % size
        excerpts = [
            self._excerpt(units, start, min(start + size, frames)) for start in range(begin, last, size)
        ]
        joined = np.concatenate([np.empty((0, self._dimension), dtype=np.float32), *excerpts])
        return joined[first - begin : last - begin]

    def _excerpt(self, units: FrameReader, first: int, last: int) -> Features:
        """Frames `first` to `last` of the network, computed with context."""
        hop, window, padding = *self._layout, self._layout.padding
        context = math.ceil(self.context / self.step)
        skipped = max(0, first - context)
        begin = skipped * hop
        end = min(units.frames + 2 * padding, (last - 1 + context) * hop + max(window, hop))
        frames = self._network(self._padded(units, begin - padding, end - padding))
        expected = (self._layout.frames(end - begin), self._dimension)
        if frames.shape != expected:
            raise ConfigError(
                f"The network gives frames of shape {frames.shape} for {end - begin} {self._network.unit}, "
                f"and {expected} was expected from those of other inputs.",
                file=self.file,
                fix="Export a network that gives frames at a constant step.",
            )
        frames = frames[first - skipped : last - skipped]
        if not np.isfinite(frames).all():
            seconds = f"{first * self.step:g} s to {last * self.step:g} s"
            raise DataError(
                f"The network {self.file} gives NaN or infinity from {seconds} of the recording.",
                fix="Remove the recording, or export the network so that it takes silence and loud sounds.",
            )
        return frames

    def _padded(self, units: FrameReader, begin: int, end: int) -> Features:
        inside = units.read(min(max(begin, 0), units.frames), min(max(end, 0), units.frames))
        if len(inside) == end - begin:
            return inside
        before = min(max(-begin, 0), end - begin)
        around = ((before, end - begin - before - len(inside)), (0, 0))
        return np.pad(inside, around, constant_values=0.0 if self._bands is None else _SILENCE)

    @property
    def _bands(self) -> int | None:
        return None if self.mel is None else self._source.dimension

    @property
    def _network(self) -> Network:
        # cached for the process: it cannot be sent to others, as this object is
        return network(Path(self.file), self.sha256, self._bands, self.output)

    @property
    def _unit_hop(self) -> int:
        """Samples from one value or frame of the input to the next."""
        return self._source.framing.hop

    @property
    def _excerpt_frames(self) -> int:
        frames = min(_MOST_FRAMES, max(1.0, self.excerpt / self.step))
        return 1 << math.floor(math.log2(frames))

    def _check_step(self, step: float | None) -> None:
        hop = self._layout.hop * self._unit_hop
        if step is not None and round(step * self.sample_rate) != hop:
            raise ConfigError(
                f"step is {step} s; the network gives one frame each {hop} samples, {self.step:g} s at "
                f"{self.sample_rate} Hz.",
                fix="Correct sample_rate to that of the network, or leave step out.",
            )

    def _longer(self, duration: float | None) -> float:
        """Duration of a frame: the given one, if the window of the network is no longer."""
        framing = self._source.framing
        window = (self._layout.window - 1) * framing.hop + framing.window
        least = max(window, 1) / self.sample_rate
        if duration is None:
            return max(least, self.step)
        if not least - 0.5 / self.sample_rate <= duration <= 3600:
            raise ConfigError(
                f"duration is {duration} s; allowed are {least:g}, the window of the network, to 3600 "
                "(seconds).",
                fix="Correct it, or leave it out.",
            )
        return duration


@lru_cache(maxsize=4)
def _described(
    path: Path, sha256: str, bands: int | None, output: str | None, start: int
) -> tuple[str, Layout, int]:
    """Name of the output of a network, position of its frames, and their dimension."""
    found = network(path, sha256, bands, output)
    try:
        layout = layout_of(found.count, start, found.unit)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.message}", fix=error.fix) from None
    return found.output, layout, found.dimension(start)


def _source(sample_rate: int, mel: Mapping[str, float] | None) -> RawAudio | LibrosaMelSpectrogram:
    """Features that the network reads."""
    if mel is None:
        return RawAudio(sample_rate)
    unknown = [name for name in mel if name not in ("duration", "step", "n_mels")]
    if unknown:
        raise ConfigError(
            f"mel has no parameter {unknown[0]!r}; it has duration, step, n_mels.", fix="Take it out."
        )
    bands = mel.get("n_mels", 96)
    if bands != int(bands):
        raise ConfigError(f"n_mels of mel must be a whole number, not {bands}.")
    rest = {name: value for name, value in mel.items() if name != "n_mels"}
    return LibrosaMelSpectrogram(sample_rate, n_mels=int(bands), **rest)


def _checked_sum(path: Path, expected: str | None) -> str:
    """Checksum of the file, if it is the expected one."""
    found = checksum(path)
    if expected is not None and expected.lower() != found:
        raise ConfigError(
            f"sha256 is {expected}, and that of {path} is {found}: it is another network.",
            fix="Put the first network back at this path, or train again.",
        )
    return found
