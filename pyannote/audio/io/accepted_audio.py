"""Sample rates and samples that are accepted, wherever audio comes from."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from pyannote.audio.core.errors import AudioError
from pyannote.audio.io.samples import Waveform

SAMPLE_RATES = (1_000, 1_000_000)
"""Lowest and highest sample rate that is accepted, in Hertz."""

LARGEST_SAMPLE = 1e6
"""Highest amplitude that is accepted: full scale is 1, or 32768 in files with integers as floats."""


def check_rate(sample_rate: int, name: str, path: Path | None = None) -> None:
    """Refuse sample rates below 1 kHz or above 1 MHz.

    Parameters
    ----------
    sample_rate : int
        In Hertz.
    name : str
        Subject of the error message, such as "The sample rate in its header".
    path : Path, optional
        The file, for the error.

    Raises
    ------
    AudioError
        The rate is out of range, or not a whole number.

    Examples
    --------
    >>> check_rate(44, "The sample rate")
    Traceback (most recent call last):
    pyannote.audio.core.errors.AudioError: The sample rate is 44 Hz; allowed are 1000 to 1000000 Hz.
    """
    lowest, highest = SAMPLE_RATES
    if not lowest <= sample_rate <= highest or int(sample_rate) != sample_rate:
        raise AudioError(f"{name} is {sample_rate} Hz; allowed are {lowest} to {highest} Hz.", file=path)


def check_samples(waveform: Waveform, name: str | os.PathLike[str]) -> None:
    """Refuse NaN, infinity and values far beyond full scale in a waveform of shape (samples,).

    Examples
    --------
    >>> check_samples(np.array([0.5, np.nan], dtype=np.float32), "a.wav")
    Traceback (most recent call last):
    pyannote.audio.core.errors.AudioError: a.wav: Sample 1 of the part that was read is nan; full scale is...
    """
    # Comparisons with NaN are false, so that NaN is refused as well.
    if len(waveform) and not max(waveform.max(), -waveform.min()) <= LARGEST_SAMPLE:
        index = int(np.argmin(np.abs(waveform) <= LARGEST_SAMPLE))
        raise AudioError(
            f"Sample {index} of the part that was read is {waveform[index]}; full scale is 1.",
            file=name,
            fix="Convert it again from its source.",
        )
