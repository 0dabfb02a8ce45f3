"""Findings about the samples of audio files, which are decoded completely, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np

from pyannote.audio.core.errors import AudioError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.core.threads import in_order
from pyannote.audio.database.checks.cancellation import Cancellation
from pyannote.audio.database.checks.landmarks import LandmarkFinder, Landmarks
from pyannote.audio.database.checks.shared_sounds import seconds_of_each, shared_sounds
from pyannote.audio.database.faults import FIX, fault
from pyannote.audio.io.decoding import channels
from pyannote.audio.io.samples import mix_down
from pyannote.audio.io.waveform import AudioInfo

CLIPPED_SHARE = 0.005
"""Share of samples with exactly the largest magnitude from which on a recording is clipped."""

CANCELLED_SHARE = 0.1
"""Share of a recording from which on it is reported that its channels cancel."""

OFFSET_RATIO = 0.5
"""Ratio of the DC offset to the root mean square level from which on it is reported."""


@dataclass(frozen=True)
class AudioStatistics:
    """Statistics of the samples of a recording, or the error with which reading it ends.

    Parameters
    ----------
    header : AudioInfo
        Header of the audio file.
    error : AudioError, optional
        None if all samples could be decoded; without meaning for the following otherwise.
    digest : str
        Digest of the samples, mixed down to mono, and of the sample rate.
    peaks : tuple of float, shape (channels,)
        Largest magnitude of each channel, 1 for full scale.
    clipped : float
        Share of the samples of all channels whose magnitude is the largest one, not counting the first.
    offset, level : float
        Mean and root mean square of the samples, mixed down to mono.
    fault : {"silent", "clipped", "cancelled"}, optional
        See `database.faults`.
    cancelled, loss : float
        Share of the recording in which channels cancel, and the loss of level there, in decibels (see
        `cancellation`).
    landmarks : Landmarks, optional
        Of the beginning of the recording, where they were asked for.

    Examples
    --------
    >>> header = AudioInfo(Path("a.wav"), 16000, 1, 16000, "WAV PCM_16")
    >>> AudioStatistics(header, offset=0.1, level=0.1).error is None
    True
    """

    header: AudioInfo
    error: AudioError | None = None
    digest: str = ""
    peaks: tuple[float, ...] = ()
    clipped: float = 0.0
    offset: float = 0.0
    level: float = 0.0
    fault: str | None = None
    cancelled: float = 0.0
    loss: float = 0.0
    landmarks: Landmarks | None = None


def measure_audio(header: AudioInfo, compared: float = 0.0) -> AudioStatistics:
    """Statistics of a recording, decoded completely in constant memory.

    Parameters
    ----------
    header : AudioInfo
    compared : float, optional
        Duration from the beginning whose landmarks are found, in seconds.

    Returns
    -------
    statistics : AudioStatistics
        With `peaks` of shape (channels,).

    Examples
    --------
    >>> import soundfile
    >>> from pyannote.audio.io.waveform import info
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.full((8000, 2), 0.25), 8000)
    >>> statistics = measure_audio(info(path))
    >>> statistics.peaks, statistics.offset, statistics.fault
    ((0.25, 0.25), 0.25, 'clipped')
    """
    digest = blake2b(str(header.sample_rate).encode(), digest_size=16)
    peaks, largest, total, squares = np.zeros(header.channels), 0, 0.0, 0.0
    cancellation, finder = Cancellation(), LandmarkFinder(header.sample_rate, compared)
    try:
        for block in channels(header):
            if header.channels > 1:
                cancellation.add(block)
            magnitudes = np.abs(block)
            now = np.maximum(peaks, magnitudes.max(axis=0))
            largest = largest * bool(now.max() == peaks.max()) + int((magnitudes == now.max()).sum())
            peaks, mono = now, np.ascontiguousarray(mix_down(block))
            digest.update(mono.data)
            finder.add(mono)
            total += float(mono.sum(dtype=np.float64))
            squares += float(np.square(mono, dtype=np.float64).sum())
        kind = fault(header.path)
    except AudioError as error:
        return AudioStatistics(header, error)
    return AudioStatistics(
        header,
        digest=digest.hexdigest(),
        peaks=tuple(map(float, peaks)),
        clipped=(largest - 1) / (header.samples * header.channels),
        offset=total / header.samples,
        level=(squares / header.samples) ** 0.5,
        fault=kind,
        cancelled=cancellation.share,
        loss=cancellation.loss,
        landmarks=finder.found(),
    )


def check_audio(
    headers: Mapping[str, Sequence[AudioInfo]], parallel: int = 1, progress: Progress = silent
) -> Iterator[Finding]:
    """Decode the recordings of all subsets, and report their faults.

    Parameters
    ----------
    headers : mapping of str to sequence of AudioInfo, shape (files,)
        Headers of the recordings of each subset, by its name.
    parallel : int
        Number of files that are decoded at once.
    progress : Progress
        Called with the recordings.

    Yields
    ------
    finding : Finding
        See `audio_findings` and `duplicate_audio`.

    Examples
    --------
    >>> import soundfile
    >>> from pyannote.audio.io.waveform import info
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.zeros(8000), 8000)
    >>> [finding.kind for finding in check_audio({"train": [info(path)]})]
    ['silent']
    """
    unique = list({header.path: header for listed in headers.values() for header in listed}.values())
    measure = partial(measure_audio, compared=seconds_of_each(len(unique)) if len(headers) > 1 else 0.0)
    decoded = in_order(measure, unique, parallel)
    statistics = {
        one.header.path: one for one in progress(decoded, total=len(unique), description="Decoding")
    }
    for one in statistics.values():
        yield from audio_findings(one)
    where = {
        header.path: f"{header.path.name} ({name})" for name, listed in headers.items() for header in listed
    }
    copies = list(duplicate_audio(statistics.values(), where))
    yield from copies
    copied = {finding.file for finding in copies}
    landmarks = {
        path: one.landmarks for path, one in statistics.items() if one.landmarks and path not in copied
    }
    yield from shared_sounds({name: [one.path for one in own] for name, own in headers.items()}, landmarks)


def audio_findings(sound: AudioStatistics) -> Iterator[Finding]:
    """Findings about a single recording: "damaged", "silent", "clipped", "offset", "cancelled" or "channel".

    Parameters
    ----------
    sound : AudioStatistics
        With `peaks` of shape (channels,).

    Examples
    --------
    >>> header = AudioInfo(Path("a.wav"), 16000, 1, 16000, "WAV PCM_16")
    >>> print(*audio_findings(AudioStatistics(header, offset=0.1, level=0.1)))
    a.wav: The mean of all samples is 0.100 instead of 0 (DC offset). Subtract the mean, ...
    """
    path = sound.header.path
    if sound.error is not None:
        yield Finding.of("damaged", sound.error, "Convert it again from its source.")
    elif sound.fault == "silent":
        yield Finding("silent", "All samples are 0.", "Record it again, or remove it from the lists.", path)
    elif sound.fault == "cancelled":
        yield Finding(
            "cancelled",
            f"Its {len(sound.peaks)} channels cancel: their mean is 0 throughout, or next to it.",
            FIX,
            path,
        )
    elif sound.clipped >= CLIPPED_SHARE or sound.fault == "clipped":
        share = f"{sound.clipped:.1%} of the samples have the largest magnitude"
        if sound.fault == "clipped":
            share = "in each part, half or more of the samples lie within 1 % of the peak"
        yield Finding(
            "clipped",
            f"The audio is clipped: {share}.",
            "Record it at a lower level, or remove it from the lists.",
            path,
        )
    elif abs(sound.offset) >= OFFSET_RATIO * sound.level:
        yield Finding(
            "offset",
            f"The mean of all samples is {sound.offset:.3f} instead of 0 (DC offset).",
            "Subtract the mean, and check the recorder.",
            path,
        )
    yield from _channels_that_cancel(sound)
    yield from _silent_channels(sound)


def _channels_that_cancel(sound: AudioStatistics) -> Iterator[Finding]:
    if sound.cancelled >= CANCELLED_SHARE and sound.fault != "cancelled":
        least = "at least " if sound.loss > 59 else ""
        yield Finding(
            "phase",
            f"In {sound.cancelled:.0%} of the recording, its {len(sound.peaks)} channels cancel each other: "
            f"their mean is {least}{sound.loss:.0f} dB lower than a channel.",
            FIX,
            sound.header.path,
        )


def _silent_channels(sound: AudioStatistics) -> Iterator[Finding]:
    silent_ones = [str(number) for number, peak in enumerate(sound.peaks, start=1) if peak == 0]
    if 0 < len(silent_ones) < len(sound.peaks):
        yield Finding(
            "channel",
            f"Of {len(sound.peaks)} channels, {', '.join(silent_ones)} is silent: mixing down to mono "
            "lowers the level.",
            "Remove the silent channels.",
            sound.header.path,
        )


def duplicate_audio(sounds: Iterable[AudioStatistics], where: Mapping[Path, str]) -> Iterator[Finding]:
    """Findings about recordings with the same samples as an earlier one.

    Parameters
    ----------
    sounds : iterable of AudioStatistics, shape (recordings,)
    where : mapping of Path to str
        Description of each audio file, for the message.

    Examples
    --------
    >>> names = (Path("a.wav"), Path("b.wav"))
    >>> headers = [AudioInfo(path, 16000, 1, 16000, "WAV PCM_16") for path in names]
    >>> same = [AudioStatistics(header, digest="9c1a") for header in headers]
    >>> [str(finding.file) for finding in duplicate_audio(same, dict(zip(names, ["a", "b"])))]
    ['b.wav']
    """
    first: dict[str, Path] = {}
    for sound in sounds:
        path = sound.header.path
        if sound.error is not None or sound.fault in ("silent", "cancelled"):
            continue
        other = first.setdefault(sound.digest, path)
        if other != path:
            yield same_sound(path, where[other])


def same_sound(path: Path, other: str) -> Finding:
    """Finding about a recording with the same sound as another one, which is given by name and subset."""
    return Finding(
        "content",
        f"The audio equals that of {other}: scores on training data are too optimistic.",
        "Keep one of the two.",
        path,
    )
