"""Detection of unusable recordings: silent or clipped from start to end, or with channels that cancel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from pyannote.audio.core.errors import AudioError
from pyannote.audio.database.protocols import Recording, Unusable, name_of
from pyannote.audio.io.decoding import channels
from pyannote.audio.io.waveform import AudioFile, Waveform, audio_path, info
from pyannote.audio.io.waveform import Recording as Audio

Fault = Literal["silent", "clipped", "cancelled"]

EXCERPT_SECONDS = 0.25
"""Seconds in the middle of a recording that are examined first; the rest is read only if they are faulty."""

PEAK_RATIO = 0.99
"""Ratio to the peak magnitude from which on a sample counts as a peak."""

FIX = "Use one channel: `channel: 1` in database.yml, or #1 at the end of its name."
"""What to do about channels that cancel."""

REMOVE = "Remove it from the lists."

_SENTENCES = {
    "silent": "The recording is silent.",
    "clipped": "The whole recording is clipped.",
    "cancelled": "Its channels cancel: their mean is 0 throughout, or next to it.",
}

CANCELLED_RATIO = 1e-3
"""Ratio of the peak of the mean to that of the channels below which nothing but rounding is left (-60 dB)."""

CLIPPED_SHARE = 0.5
"""Share of peak samples from which on a recording is clipped; that of speech is below 0.01."""


def fault(file: AudioFile) -> Fault | None:
    """Fault that makes a recording unusable.

    A sample x[t] is a peak where abs(x[t]) >= 0.99 max abs(x). A recording is silent if all samples of all
    channels are 0, and clipped if at least half of its samples are peaks, in its middle and in each minute.
    If the mean of its channels is silent or clipped in this sense, but less than 1/1000 of the largest sample
    of a channel (what is left when channels cancel and are rounded), it is cancelled.

    Parameters
    ----------
    file : path or mapping
        A path, or a file of a protocol; a waveform has shape (samples,) or (channels, samples).

    Returns
    -------
    fault : {"silent", "clipped", "cancelled"}, optional
        None for a usable recording.

    Raises
    ------
    AudioError
        If the audio is missing, empty or damaged.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=8000)
    >>> waveforms = (noise, 0 * noise, 0.5 * np.sign(noise), np.stack([noise, -noise]))
    >>> [fault({"waveform": waveform, "sample_rate": 8000}) for waveform in waveforms]
    [None, 'silent', 'clipped', 'cancelled']
    """
    audio = Audio(file)
    length = min(audio.samples, max(1, round(EXCERPT_SECONDS * audio.sample_rate)))
    start = (audio.samples - length) // 2
    excerpt_fault = _fault_of(audio.read(start, start + length))
    if excerpt_fault is None:
        return None
    if not all(_fault_of(piece) == excerpt_fault for piece in _pieces(audio)):
        return None
    peak = max(float(np.abs(piece).max()) for piece in _pieces(audio))
    return "cancelled" if peak < CANCELLED_RATIO * _peak_of_channels(file) else excerpt_fault


def _peak_of_channels(file: AudioFile) -> float:
    """Largest magnitude of all channels; 0 if there is one."""
    if isinstance(file, Mapping) and "waveform" in file:
        waveform = np.atleast_2d(file["waveform"])
        return float(np.abs(waveform).max()) if len(waveform) > 1 else 0.0
    header = info(audio_path(file) if isinstance(file, Mapping) else file)
    if header.channels == 1:
        return 0.0
    return max(float(np.abs(block).max()) for block in channels(header))


def without_faults(files: Sequence[Recording]) -> tuple[list[Recording], list[Unusable]]:
    """Usable recordings, and the others with their faults.

    Parameters
    ----------
    files : sequence of Recording, shape (files,)

    Returns
    -------
    usable : list of Recording, shape (usable,)
    unusable : list of Unusable, shape (files - usable,)

    Examples
    --------
    >>> silent = {"waveform": np.zeros(8000), "sample_rate": 8000, "audio": "a.wav"}
    >>> _, (unusable,) = without_faults([{"database": "D", "uri": "a", **silent}])
    >>> print(unusable.reason)
    a.wav: The recording is silent. Remove it from the lists.
    """
    reasons = [_reason(file) for file in files]
    pairs = list(zip(files, reasons, strict=True))
    usable = [file for file, reason in pairs if reason is None]
    return usable, [Unusable(name_of(file), reason) for file, reason in pairs if reason is not None]


def _reason(file: Recording) -> AudioError | None:
    """Error about an unusable recording, None for a usable one."""
    try:
        kind = fault(file)
    except AudioError as error:
        return error
    if kind is None:
        return None
    return AudioError(_SENTENCES[kind], file=file["audio"], fix=FIX if kind == "cancelled" else REMOVE)


def _fault_of(waveform: Waveform) -> Fault | None:
    level = np.abs(waveform)
    peak = level.max()
    if peak == 0:
        return "silent"
    return "clipped" if (level >= PEAK_RATIO * peak).mean() >= CLIPPED_SHARE else None


def _pieces(audio: Audio, seconds: int = 60) -> Iterator[Waveform]:
    """Consecutive pieces of a recording, in blocks of `seconds`."""
    size = seconds * audio.sample_rate
    for start in range(0, audio.samples, size):
        yield audio.read(start, min(start + size, audio.samples))
