"""Faults of recordings: silence, and clipping from end to end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from pyannote.audio.core.errors import AudioError
from pyannote.audio.database.protocols import Recording, Unusable, name_of
from pyannote.audio.io.waveform import AudioFile, Waveform
from pyannote.audio.io.waveform import Recording as Audio

Fault = Literal["silent", "clipped"]

EXCERPT = 0.25
"""Seconds in the middle of a recording; the rest is looked at only if something is wrong with them."""

LARGEST = 0.99
"""Share of the largest magnitude from which on a sample counts as one of the largest."""

CLIPPED = 0.5
"""Share of the largest samples from which on a recording is clipped; that of speech is below 0.01."""


def fault(file: AudioFile) -> Fault | None:
    """Fault of a recording.

    Parameters
    ----------
    file : path or mapping
        A path, or a file of a protocol.

    Returns
    -------
    {"silent", "clipped"}, optional
        "silent" if all samples are 0; "clipped" if most have the largest magnitude, whatever that is.

    Raises
    ------
    AudioError
        The audio is missing, empty or damaged.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=8000)
    >>> waveforms = (noise, 0 * noise, 0.5 * np.sign(noise))
    >>> [fault({"waveform": waveform, "sample_rate": 8000}) for waveform in waveforms]
    [None, 'silent', 'clipped']
    """
    audio = Audio(file)
    length = min(audio.samples, max(1, round(EXCERPT * audio.sample_rate)))
    start = (audio.samples - length) // 2
    found = _of(audio.read(start, start + length))
    if found is None:
        return None
    return found if all(_of(piece) == found for piece in _pieces(audio)) else None


def without_faults(files: Sequence[Recording]) -> tuple[list[Recording], list[Unusable]]:
    """Recordings without such a fault, and the others, each with its fault."""
    reasons = [_reason(file) for file in files]
    sound = [file for file, reason in zip(files, reasons, strict=True) if reason is None]
    others = zip(files, reasons, strict=True)
    return sound, [Unusable(name_of(file), reason) for file, reason in others if reason is not None]


def _reason(file: Recording) -> AudioError | None:
    """Fault of a recording as an error."""
    try:
        found = fault(file)
    except AudioError as error:
        return error
    said = {"silent": "This is silent.", "clipped": "This is clipped from end to end."}
    return (
        None
        if found is None
        else AudioError(said[found], file=file["audio"], fix="Take it out of the lists.")
    )


def _of(waveform: Waveform) -> Fault | None:
    level = np.abs(waveform)
    peak = level.max()
    if peak == 0:
        return "silent"
    return "clipped" if (level >= LARGEST * peak).mean() >= CLIPPED else None


def _pieces(audio: Audio, seconds: int = 60) -> Iterator[Waveform]:
    """All of a recording, a minute at a time."""
    size = seconds * audio.sample_rate
    for start in range(0, audio.samples, size):
        yield audio.read(start, min(start + size, audio.samples))
