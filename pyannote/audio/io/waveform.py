"""Reader of audio: any file that libsndfile or PyAV decodes, as checked mono float32 samples at any rate.

A recording is resampled in pieces of a fixed grid, each with context on both sides. Every part of a recording
is made of the same pieces, so that its samples are exactly those of the whole recording, and a recording of
ten hours needs no more memory than one of ten seconds.

A recording can be read at another speed: its samples are then treated as those of another sample rate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from math import gcd
from numbers import Real
from typing import Any

import numpy as np
import soxr

from pyannote.audio.core.errors import AudioError
from pyannote.audio.io.accepted_audio import check_rate, check_samples
from pyannote.audio.io.decoding import AudioInfo, decode, info
from pyannote.audio.io.media import MEDIA_SUFFIXES
from pyannote.audio.io.samples import Waveform, mix_down

__all__ = [
    "SUFFIXES",
    "AudioFile",
    "AudioInfo",
    "Recording",
    "Waveform",
    "audio_path",
    "info",
    "percent",
    "read",
]

AudioFile = str | os.PathLike[str] | Mapping[str, Any]
"""A path, a protocol file with "audio" (a path), or a mapping with "waveform" and "sample_rate".

A mapping may have "speed", a factor from 0.5 to 2, in steps of 0.01.
"""

SUFFIXES = MEDIA_SUFFIXES | {
    *(".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".rf64", ".snd"),
    *(".sph", ".w64", ".wav"),
}
"""Suffixes of audio files, in lower case. libsndfile reads files of any other name by their content, too."""

SPEEDS = range(50, 201)
"""Speeds at which a recording can be read, in percent."""

_PIECE = 8.0
"""Duration of a piece that is resampled, in seconds."""

_LARGEST_PIECE = 1 << 20
"""Highest number of samples of a piece at the higher of both rates; it limits pieces of ultrasound."""

_CACHED_PIECES = 8
"""Resampled pieces that are cached."""

_CONTEXT = 1024
"""Samples of context at the lower of both rates, more than half the length of the filter (soxr HQ)."""


class Recording:
    """A recording, any part of which can be read as mono float32 samples at a sample rate.

    Parameters
    ----------
    file : path or mapping
        Path of an audio file (`a.wav`) or of one of its channels (`a.wav#2`, see `channel_names`), or a
        mapping with the path as "audio", or a mapping with "waveform" (array of shape (samples,) or
        (channels, samples)) and "sample_rate". A mapping may have "speed", a factor from 0.5 to 2 in steps
        of 0.01, by which the duration is divided and all frequencies (pitch and formants alike) are
        multiplied.
    sample_rate : int, optional
        Sample rate in Hertz. Defaults to that of the file.

    Attributes
    ----------
    samples : int
        Number of samples at `sample_rate`.

    Raises
    ------
    AudioError
        The audio is missing, empty, damaged or cut short, or the speed is not allowed.

    Examples
    --------
    >>> stereo = {"waveform": np.zeros((2, 44100)), "sample_rate": 44100}
    >>> recording = Recording(stereo, sample_rate=16000)
    >>> recording.samples, recording.read(8000).shape
    (16000, (8000,))
    >>> Recording({**stereo, "speed": 1.25}, sample_rate=16000).samples
    12800
    """

    def __init__(self, file: AudioFile, sample_rate: int | None = None) -> None:
        self._read_source, self._source_samples, source_rate = _source(file)
        self.sample_rate = source_rate if sample_rate is None else sample_rate
        check_rate(self.sample_rate, "The requested sample rate")
        speed = percent(file.get("speed", 1)) if isinstance(file, Mapping) else 100
        divisor = gcd(source_rate * speed, self.sample_rate * 100)
        # smallest numbers of samples with the same duration, at the rates of the file and of the reader
        self._source_unit, self._unit = source_rate * speed // divisor, self.sample_rate * 100 // divisor
        # source_samples * unit / source_unit, rounded half up; at least one sample at any rate
        doubled = 2 * self._source_samples * self._unit
        self.samples = max(1, (doubled + self._source_unit) // (2 * self._source_unit))
        seconds = min(_PIECE, _LARGEST_PIECE / max(source_rate, self.sample_rate))
        self._units = max(1, round(seconds * self.sample_rate / self._unit))
        # Consecutive parts share pieces. A cached method would keep a reference cycle alive.
        self._piece = lru_cache(maxsize=_CACHED_PIECES)(
            partial(
                _resampled,
                self._read_source,
                self._source_samples,
                self._source_unit,
                self._unit,
                self._units,
            )
        )

    def read(self, start: int = 0, stop: int | None = None) -> Waveform:
        """Read a part of the recording.

        Parameters
        ----------
        start, stop : int, optional
            First sample (included) and last sample (excluded), at `sample_rate`. Default to the whole
            recording.

        Returns
        -------
        waveform : float32, shape (stop - start,)

        Raises
        ------
        AudioError
            The part lies outside of the recording, or the recording cannot be read.

        Examples
        --------
        >>> Recording({"waveform": [0.5, -0.5, 0.25], "sample_rate": 16000}).read(1, 3)
        array([-0.5 ,  0.25], dtype=float32)
        """
        stop = self.samples if stop is None else stop
        if not 0 <= start <= stop <= self.samples:
            raise AudioError(f"Samples {start} to {stop} were requested; there are {self.samples}.")
        if self._source_unit == self._unit:
            return self._read_source(start, stop)
        waveform = np.empty(stop - start, dtype=np.float32)
        length = self._units * self._unit
        for index in range(start // length, -(-stop // length)):
            begin = index * length
            first, last = max(start, begin), min(stop, begin + length)
            waveform[first - start : last - start] = self._piece(index)[first - begin : last - begin]
        return waveform


def _resampled(
    read: Callable[[int, int], Waveform], samples: int, source_unit: int, unit: int, units: int, index: int
) -> Waveform:
    """Piece `index` with `units` units of samples, of a recording with `samples` samples at its own rate."""
    context = -(-_CONTEXT // min(source_unit, unit))
    first, last = max(0, index * units - context), (index + 1) * units + context
    source = read(first * source_unit, min(last * source_unit, samples))
    piece = soxr.resample(source, source_unit, unit, quality="HQ")[(index * units - first) * unit :]
    return np.pad(piece[: units * unit], (0, max(0, units * unit - len(piece))))


def read(
    path: str | os.PathLike[str], sample_rate: int | None = None, start: int = 0, stop: int | None = None
) -> Waveform:
    """Mono samples of an audio file (see `Recording`).

    Parameters
    ----------
    path : path
    sample_rate : int, optional
        Sample rate in Hertz. Defaults to that of the file.
    start, stop : int, optional
        First sample (included) and last (excluded), at `sample_rate`. Default to the whole file.

    Returns
    -------
    waveform : float32, shape (samples,)

    Examples
    --------
    >>> import soundfile
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.zeros((8000, 2)), 16000)
    >>> read(path, sample_rate=8000, start=1000).shape
    (3000,)
    """
    return Recording(path, sample_rate).read(start, stop)


def _source(file: AudioFile) -> tuple[Callable[[int, int], Waveform], int, int]:
    if not isinstance(file, Mapping):
        header = info(file)
        return lambda start, stop: decode(header, start, stop), header.samples, header.sample_rate
    if "waveform" in file:
        waveform, sample_rate = _checked_waveform(file)
        return lambda start, stop: waveform[start:stop], len(waveform), sample_rate
    return _source(audio_path(file))


def percent(speed: float) -> int:
    """Speed of a recording in percent.

    Parameters
    ----------
    speed : float
        Factor from 0.5 to 2.

    Raises
    ------
    AudioError
        The factor is less than 0.5, more than 2, or not a multiple of 0.01.

    Examples
    --------
    >>> percent(0.9)
    90
    """
    number = 100 * float(speed) if isinstance(speed, Real) else 0.0
    near = [whole for whole in SPEEDS if abs(whole - number) < 1e-6]
    if not near:
        raise AudioError(
            f"The speed of a recording is {speed!r}; allowed are 0.5 to 2, in steps of 0.01.",
            fix="Choose another one, such as 0.9 or 1.1.",
        )
    return near[0]


def audio_path(file: Mapping[str, Any]) -> str | os.PathLike[str]:
    """Path of the audio of a protocol file.

    Raises
    ------
    AudioError
        The file has no path.

    Examples
    --------
    >>> audio_path({"uri": "a001", "audio": "audio/a001.wav"})
    'audio/a001.wav'
    """
    path = file.get("audio")
    if not isinstance(path, (str, os.PathLike)):
        raise AudioError(
            f"The file {file.get('uri', '')!r} has no 'audio' (a path), nor 'waveform' and 'sample_rate'.",
            fix="Add the path of its audio files to database.yml, below Databases.",
        )
    return path


def _checked_waveform(file: Mapping[str, Any]) -> tuple[Waveform, int]:
    name = file.get("uri", "waveform")
    if "sample_rate" not in file:
        raise AudioError("It has a 'waveform' but no 'sample_rate'.", file=name, fix="Give it, in Hertz.")
    sample_rate = file["sample_rate"]
    check_rate(sample_rate, "The sample rate of the waveform")
    channels = np.atleast_2d(np.asarray(file["waveform"], dtype=np.float32))
    if channels.ndim != 2 or channels.shape[0] > max(1, channels.shape[1]):
        raise AudioError(
            f"The waveform has shape {np.shape(file['waveform'])}.",
            file=name,
            fix="Give it as (samples,) or (channels, samples).",
        )
    if channels.size == 0:
        raise AudioError("The waveform has no samples.", file=name)
    waveform = mix_down(channels.T)
    check_samples(waveform, name)
    return waveform, int(sample_rate)
