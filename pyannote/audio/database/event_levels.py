"""Level of events over the background of their recording."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.labels import Event
from pyannote.audio.io.decoding import channels
from pyannote.audio.io.samples import mix_down
from pyannote.audio.io.waveform import AudioInfo

STEP = 0.05
"""Duration of the frames whose power is measured, in seconds."""

LEAST = 10
"""Frames without any annotated event, at least: of fewer, there is no background to compare with."""


def powers_of(header: AudioInfo) -> NDArray[np.float64]:
    """Mean square of the samples, mixed down to mono, in each frame of `STEP`, shape (frames,).

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
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.full(800, 0.5), 8000)
    >>> powers_of(info(path)).tolist()
    [0.25, 0.25]
    """
    length, rest, powers = max(1, round(STEP * header.sample_rate)), np.zeros(0, np.float32), []
    for block in channels(header):
        mono = np.concatenate([rest, mix_down(block)])
        whole = len(mono) // length * length
        rest = mono[whole:]
        powers.append(np.square(mono[:whole].reshape(-1, length), dtype=np.float64).mean(axis=1))
    if len(rest):
        powers.append(np.square(rest, dtype=np.float64).mean(keepdims=True))
    return np.concatenate(powers)


def levels(
    powers: NDArray[np.float64],
    events: Sequence[Event],
    annotated: Iterable[Event],
    regions: Iterable[tuple[float, float]],
) -> NDArray[np.float64]:
    """Mean power during each event in relation to the background, in decibels, shape (events,).

    The background is the median power of annotated frames without any event. Power during an event is that of
    all that is heard then: of the background, and of other events, too.

    Parameters
    ----------
    powers : float array, shape (frames,)
        From `powers_of`.
    events : sequence of (onset, offset, label)
        In seconds.
    annotated : iterable of (onset, offset, label)
        All annotated events of the recording, also those of labels that are no class.
    regions : iterable of (start, end)
        Annotated parts of the recording, in seconds.

    Returns
    -------
    levels : float array, shape (events,)
        NaN where the background is unknown or silent, or an event lies outside of the recording.

    Examples
    --------
    >>> car = (1.0, 2.0, "car")
    >>> levels(np.repeat([1.0, 10.0], 20), [car], [car], regions=[(0.0, 2.0)]).tolist()
    [10.0]
    """
    free = np.zeros(len(powers), bool)
    for start, end in regions:
        free[slice(*_frames(start, end))] = True
    for onset, offset, _ in annotated:
        free[slice(*_frames(onset, offset))] = False
    background = float(np.median(powers[free])) if free.sum() >= LEAST else 0.0
    during = [powers[slice(*_frames(onset, offset))] for onset, offset, _ in events]
    means = np.array([own.mean() if own.size else np.nan for own in during], np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            10 * np.log10(means / background) if background > 0 else np.full(len(events), np.nan)
        )


def _frames(onset: float, offset: float) -> tuple[int, int]:
    first = int(onset / STEP)
    return first, max(first + 1, int(np.ceil(round(offset / STEP, 6))))
