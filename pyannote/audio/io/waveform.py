"""The one reader of audio: any file that libsndfile decodes, as checked mono float32 at any rate.

A recording is resampled in pieces that lie on a fixed grid, each with some context on both sides. Whatever
part of it is asked for, its samples come from the same pieces, so that a part is exactly that part of the
whole, and a recording of ten hours needs no more memory than one of ten seconds.

A recording can be heard faster or slower, as a tape is: its samples are taken for those of another rate.
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
from pyannote.audio.io.decoding import AudioInfo, check_rate, check_samples, decode, info
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

A mapping may hold "speed": how many times faster it is heard, 0.5 to 2, in steps of 0.01.
"""

SUFFIXES = frozenset(
    {".aif", ".aiff", ".au", ".caf", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".w64", ".wav"}
)
"""Suffixes of the files that count as audio, in lower case."""

SPEEDS = range(50, 201)
"""Speeds at which a recording can be heard, in percent of its own."""

_PIECE = 8.0
"""Seconds that are resampled at once."""

_LARGEST_PIECE = 1 << 20
"""Samples that are resampled at once, at the higher of both rates: of ultrasound, these are fewer seconds."""

_KEPT = 8
"""Pieces that are kept in memory."""

_CONTEXT = 1024
"""Samples, at the lower of both rates, beyond which the resampling filter (soxr HQ) sees nothing."""


class Recording:
    """A recording as mono float32 samples at a sample rate, any part of which can be read.

    Parameters
    ----------
    file : path or mapping
        Path of an audio file, or a mapping with the path as "audio", or a mapping with "waveform"
        (array of shape (samples,) or (channels, samples)) and "sample_rate". A mapping may hold "speed",
        0.5 to 2 in steps of 0.01: the duration is then divided by it, and all frequencies, pitch and
        formants alike, are multiplied by it.
    sample_rate : int, optional
        Rate in Hertz to resample to. Defaults to that of the file.

    Attributes
    ----------
    samples : int
        Number of samples at `sample_rate`.

    Raises
    ------
    AudioError
        The audio is missing, empty, damaged, or cut short, or there is no such speed.

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
        self._read_own, self._own_samples, own_rate = _source(file)
        self.sample_rate = own_rate if sample_rate is None else sample_rate
        check_rate(self.sample_rate, "The sample rate asked for")
        speed = percent(file.get("speed", 1)) if isinstance(file, Mapping) else 100
        divisor = gcd(own_rate * speed, self.sample_rate * 100)
        # So many samples of the file last exactly as long as so many samples at the rate asked for.
        self._own_unit, self._unit = own_rate * speed // divisor, self.sample_rate * 100 // divisor
        # Rounded, but what has been recorded does not vanish at a lower rate.
        self.samples = max(1, (2 * self._own_samples * self._unit + self._own_unit) // (2 * self._own_unit))
        seconds = min(_PIECE, _LARGEST_PIECE / max(own_rate, self.sample_rate))
        self._units = max(1, round(seconds * self.sample_rate / self._unit))
        # Parts that are read in turn share the pieces at their ends. A method would be a cycle, and stay.
        self._piece = lru_cache(maxsize=_KEPT)(
            partial(_resampled, self._read_own, self._own_samples, self._own_unit, self._unit, self._units)
        )

    def read(self, start: int = 0, stop: int | None = None) -> Waveform:
        """Read from sample `start` (included) to `stop` (excluded, default: the end), at `sample_rate`.

        Returns
        -------
        waveform : float32, shape (stop - start,)

        Raises
        ------
        AudioError
            The part lies outside of the recording, or the recording cannot be read.
        """
        stop = self.samples if stop is None else stop
        if not 0 <= start <= stop <= self.samples:
            raise AudioError(f"Samples {start} to {stop} were asked for, but there are {self.samples}.")
        if self._own_unit == self._unit:
            return self._read_own(start, stop)
        waveform = np.empty(stop - start, dtype=np.float32)
        length = self._units * self._unit
        for index in range(start // length, -(-stop // length)):
            begin = index * length
            first, last = max(start, begin), min(stop, begin + length)
            waveform[first - start : last - start] = self._piece(index)[first - begin : last - begin]
        return waveform


def _resampled(
    read: Callable[[int, int], Waveform], samples: int, own_unit: int, unit: int, units: int, index: int
) -> Waveform:
    """Piece `index` of so many `units` samples, from a recording of so many `samples` at its own rate."""
    context = -(-_CONTEXT // min(own_unit, unit))
    first, last = max(0, index * units - context), (index + 1) * units + context
    own = read(first * own_unit, min(last * own_unit, samples))
    piece = soxr.resample(own, own_unit, unit, quality="HQ")[(index * units - first) * unit :]
    return np.pad(piece[: units * unit], (0, max(0, units * unit - len(piece))))


def read(
    path: str | os.PathLike[str], sample_rate: int | None = None, start: int = 0, stop: int | None = None
) -> Waveform:
    """Mono samples of an audio file (see `Recording`).

    Parameters
    ----------
    path : path
    sample_rate : int, optional
        Rate in Hertz to resample to. Defaults to that of the file.
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
    """Speed of a recording, in percent of its own.

    Raises
    ------
    AudioError
        It is less than 0.5, more than 2, or no multiple of 0.01.

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
    """Path of the audio of a file of a protocol.

    Raises
    ------
    AudioError
        It has none.

    Examples
    --------
    >>> audio_path({"uri": "a001", "audio": "audio/a001.wav"})
    'audio/a001.wav'
    """
    path = file.get("audio")
    if not isinstance(path, (str, os.PathLike)):
        raise AudioError(
            f"The file {file.get('uri', '')!r} has no 'audio' (a path), nor 'waveform' and 'sample_rate'.",
            fix="Say in database.yml, below Databases, where its audio files are.",
        )
    return path


def _checked_waveform(file: Mapping[str, Any]) -> tuple[Waveform, int]:
    name = file.get("uri", "waveform")
    if "sample_rate" not in file:
        raise AudioError("There is a 'waveform' but no 'sample_rate'.", file=name, fix="Give it, in Hertz.")
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
        raise AudioError("The waveform holds no samples.", file=name)
    waveform = mix_down(channels.T)
    check_samples(waveform, name)
    return waveform, int(sample_rate)
