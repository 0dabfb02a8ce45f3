"""Excerpts of a recording, which show whether a fault is probable, so that it has to be decoded completely.

The rules of `check` are for whole recordings. `validate` and `apply` decode only those whose excerpts look as
if they broke one, because most recordings are in order, and their features may be stored already.
"""

from __future__ import annotations

import numpy as np

from pyannote.audio.database.checks.audio import CLIPPED_SHARE
from pyannote.audio.database.checks.cancellation import Cancellation
from pyannote.audio.io.decoding import channels_of_parts
from pyannote.audio.io.waveform import AudioInfo

DISTANCE = 10.0
"""Distance of excerpts from each other in seconds, if there are no fewer than 4 and no more than 16."""

SECONDS = 0.1
"""Duration of an excerpt, in seconds."""

_SUSPICION = 0.2
"""Ratio to the share of clipped samples that is reported from which on a recording is decoded completely."""


def seems_faulty(header: AudioInfo) -> bool:
    """Whether excerpts of a recording are clipped, or its channels cancel in one of them.

    A fault that lasts from start to end is always seen. One of a tenth of the recording is seen with a
    probability of 1 - 0.9^n: 0.34 for recordings of up to 40 s (n = 4), 0.81 from 160 s on (n = 16).

    Parameters
    ----------
    header : AudioInfo

    Raises
    ------
    AudioError
        The recording cannot be read.

    Examples
    --------
    >>> import soundfile
    >>> from pyannote.audio.io.waveform import info
    >>> path, noise = getfixture("tmp_path") / "a.wav", np.random.default_rng(0).normal(0, 0.1, 80000)
    >>> for stereo in (np.stack([noise] * 2), np.stack([noise, -noise]), np.clip(noise, -0.2, 0.2)[None]):
    ...     soundfile.write(path, stereo.T, 8000)
    ...     seems_faulty(info(path))
    False
    True
    True
    """
    cancellation, largest, peaks, samples = Cancellation(), 0.0, 0, 0
    length = min(header.samples, round(SECONDS * header.sample_rate))
    count = min(16, max(4, round(header.duration / DISTANCE)))
    starts = np.linspace(0, header.samples - length, count).astype(int).tolist()
    for block in channels_of_parts(header, [(start, start + length) for start in starts]):
        if header.channels > 1:
            cancellation.add(block)
        magnitudes = np.abs(block)
        peak = float(magnitudes.max())
        peaks = peaks * (largest >= peak) + int((magnitudes == max(peak, largest)).sum())
        largest, samples = max(peak, largest), samples + magnitudes.size
    return cancellation.share > 0 or (peaks - 1) / samples >= _SUSPICION * CLIPPED_SHARE
