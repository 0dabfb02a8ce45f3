"""One recording of a protocol: its audio file, annotated regions and events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.io import waveform
from pyannote.audio.io.channel_names import split_channel


class _OptionalKeys(TypedDict, total=False):
    speed: float
    header: waveform.AudioInfo
    scope: str | None


class Recording(_OptionalKeys):
    """One audio file of a protocol, as a dictionary.

    Attributes
    ----------
    uri, database : str
        Name of the recording, and of the database that it belongs to.
    audio : Path
        Audio file, or one channel of it, such as `a.wav#2`.
    duration : float
        In seconds, of the audio as it is used, that is, divided by `speed`.
    regions : list of (start, end), shape (regions, 2)
        Annotated parts, in seconds, within [0, `duration`].
    events : list of (onset, offset, label), optional, shape (events, 3)
        Events within the regions, in seconds; None where the protocol has no annotation.
    speed : float, optional
        Factor by which the audio is played faster; 1 where it is missing.
    header : AudioInfo, optional
        Header of the audio file, where the recording was read from a protocol.
    scope : {"file", "database", "global"}, optional
        Range in which equal labels are equal speakers, where the recording was read from a protocol.

    Examples
    --------
    >>> file = Recording(
    ...     uri="a", database="D", audio=Path("a.wav"), duration=9.0, regions=[(0.0, 9.0)], events=None
    ... )
    >>> file["duration"], "speed" in file
    (9.0, False)
    """

    uri: str
    database: str
    audio: Path
    duration: float
    regions: list[tuple[float, float]]
    events: list[Event] | None


class Unusable(NamedTuple):
    """A recording whose audio is missing, damaged, silent or clipped.

    Parameters
    ----------
    name : str
        Full name (see `name_of`).
    reason : DataError
        Error that a command would end with.

    Examples
    --------
    >>> Unusable("D/a", DataError("The audio file is missing.")).reason.message
    'The audio file is missing.'
    """

    name: str
    reason: DataError


def name_of(file: Mapping[str, Any]) -> str:
    """Full name of a recording, unique in a protocol: several databases may use the same uri.

    Examples
    --------
    >>> name_of({"database": "AMI", "uri": "ES2011a"})
    'AMI/ES2011a'
    """
    return f"{file['database']}/{file['uri']}"


def recording_of(audio: Path) -> Recording:
    """Recording without annotation, for a plain audio file or a channel of it; `regions` have shape (1, 2).

    It is called after the file, such as `a`, or `a#2` for a channel.

    Raises
    ------
    AudioError
        If the file is missing, empty or damaged.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> soundfile.write(path, np.zeros(4000), 8000)
    >>> file = recording_of(path)
    >>> file["uri"], file["regions"], file["events"]
    ('a', [(0.0, 0.5)], None)
    """
    duration = waveform.info(audio).duration
    path, channel = split_channel(audio)
    return Recording(
        uri=path.stem if channel is None else f"{path.stem}#{channel}",
        database="audio",
        audio=audio,
        duration=duration,
        regions=[(0.0, duration)],
        events=None,
    )


def labels_of(files: Iterable[Recording]) -> list[str]:
    """Labels that occur in the annotation of recordings, sorted, shape (labels,).

    Examples
    --------
    >>> labels_of([{"events": [(0.0, 1.0, "car")]}, {"events": None}, {"events": [(0.0, 1.0, "bus")]}])
    ['bus', 'car']
    """
    return sorted({label for file in files for _, _, label in file["events"] or ()})
