"""Findings about what is to be heard in audio files, all of which is decoded, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from pyannote.audio.core.errors import AudioError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.core.threads import in_order
from pyannote.audio.database.faults import fault
from pyannote.audio.io.decoding import channels
from pyannote.audio.io.samples import mix_down
from pyannote.audio.io.waveform import AudioInfo

CLIPPED = 0.005
"""Share of samples at the very largest magnitude from which on a recording is clipped."""

OFFSET = 0.5
"""Level of a constant offset, as a share of the level of all, from which on it is told."""


@dataclass(frozen=True)
class Sound:
    """What a recording holds, or why it cannot be read.

    Parameters
    ----------
    header : AudioInfo
    error : AudioError, optional
    digest : str
        Of its samples, mixed down, at its own rate.
    peaks : tuple of float
        Largest magnitude of each channel.
    clipped : float
        Rank of the samples of all channels whose magnitude is the largest one, beyond the first.
    offset, level : float
        Mean, and root mean square, of the samples mixed down.
    fault : {"silent", "clipped"}, optional
        See `database.faults`.
    """

    header: AudioInfo
    error: AudioError | None = None
    digest: str = ""
    peaks: tuple[float, ...] = ()
    clipped: float = 0.0
    offset: float = 0.0
    level: float = 0.0
    fault: str | None = None


def listen(header: AudioInfo) -> Sound:
    """Decode a recording from end to end, in little memory."""
    digest = blake2b(str(header.sample_rate).encode(), digest_size=16)
    peaks, largest, total, squares = np.zeros(header.channels), 0, 0.0, 0.0
    try:
        for block in channels(header):
            magnitudes = np.abs(block)
            now = np.maximum(peaks, magnitudes.max(axis=0))
            largest = largest * bool(now.max() == peaks.max()) + int((magnitudes == now.max()).sum())
            peaks, mono = now, np.ascontiguousarray(mix_down(block))
            digest.update(mono.data)
            total += float(mono.sum(dtype=np.float64))
            squares += float(np.square(mono, dtype=np.float64).sum())
        found = fault(header.path)
    except AudioError as error:
        return Sound(header, error)
    return Sound(
        header,
        digest=digest.hexdigest(),
        peaks=tuple(map(float, peaks)),
        clipped=(largest - 1) / (header.samples * header.channels),
        offset=total / header.samples,
        level=(squares / header.samples) ** 0.5,
        fault=found,
    )


def check_sounds(
    headers: Mapping[str, Sequence[AudioInfo]], parallel: int = 1, progress: Progress = silent
) -> Iterator[Finding]:
    """Decode the recordings of each subset, and tell what is wrong with them.

    Parameters
    ----------
    headers : mapping of str to sequence of AudioInfo
        By the name of the subset.
    parallel : int
        Files that are read at once.
    """
    unique = list({header.path: header for own in headers.values() for header in own}.values())
    heard = in_order(listen, unique, parallel)
    sounds = {
        sound.header.path: sound for sound in progress(heard, total=len(unique), description="Listening")
    }
    for sound in sounds.values():
        yield from of_sound(sound)
    where = {header.path: f"{header.path.name} ({name})" for name, own in headers.items() for header in own}
    yield from same_content(sounds.values(), where)


def of_sound(sound: Sound) -> Iterator[Finding]:
    """What is wrong with a single recording."""
    path = sound.header.path
    if sound.error is not None:
        yield Finding.of("damaged", sound.error, "Convert it again from its source.")
    elif sound.fault == "silent":
        yield Finding("silent", "All samples are 0.", "Record it again, or take it out of the lists.", path)
    elif sound.clipped >= CLIPPED or sound.fault == "clipped":
        yield Finding(
            "clipped",
            f"It is clipped: {sound.clipped:.1%} of its samples have the largest magnitude of all.",
            "Record it at a lower level, or take it out of the lists.",
            path,
        )
    elif abs(sound.offset) >= OFFSET * sound.level:
        yield Finding(
            "offset",
            f"Its samples lie around {sound.offset:.3f} instead of 0.",
            "Subtract their mean, and look after the recorder.",
            path,
        )
    yield from _silent_channels(sound)


def _silent_channels(sound: Sound) -> Iterator[Finding]:
    silent_ones = [str(number) for number, peak in enumerate(sound.peaks, start=1) if peak == 0]
    if 0 < len(silent_ones) < len(sound.peaks):
        yield Finding(
            "channel",
            f"Of its {len(sound.peaks)} channels, {', '.join(silent_ones)} is silent: mixed down, the others "
            "are softer.",
            "Keep the channels that hold sound.",
            sound.header.path,
        )


def same_content(sounds: Iterable[Sound], where: Mapping[Path, str]) -> Iterator[Finding]:
    """Recordings that hold the same samples as another one."""
    first: dict[str, Path] = {}
    for sound in sounds:
        path = sound.header.path
        if sound.error is not None or sound.fault == "silent":
            continue
        other = first.setdefault(sound.digest, path)
        if other != path:
            yield same_sound(path, where[other])


def same_sound(path: Path, other: str) -> Finding:
    """Finding about a recording with the same sound as another one, which is given by name and subset."""
    return Finding(
        "content",
        f"It holds the same sound as {other}: scores on training data are too good.",
        "Keep one of them.",
        path,
    )
