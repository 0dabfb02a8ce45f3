"""Annotation of single channels of recordings.

Where the lines of a recording name several channels, each channel is a recording of its own, called
`uri#channel`: turns of two sides of a telephone call do not overlap in one signal. Channels are counted from
1; A and B are the first two.
"""

from __future__ import annotations

import re
from collections import defaultdict

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats.base import Reading
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion, Place, quoted

_SIDES = {"A": "1", "B": "2"}


def name_channels(reading: Reading) -> None:
    """Call channels `uri#channel` where the annotation of a uri names several.

    Parameters
    ----------
    reading : Reading
        Its `events`, shape (events,), `unscored`, shape (regions,), and `named` get other names of
        recordings; `remarks` gets sentences.

    Raises
    ------
    DataError
        If one of several channels has no number.

    Examples
    --------
    >>> from pathlib import Path
    >>> from pyannote.core import Segment
    >>> reading, path = Reading(), Path("a.rttm")
    >>> for line, channel in ((1, "1"), (2, "2")):
    ...     reading.add(AnnotatedEvent("call", Segment(0, 1), "ann", path, line, channel))
    >>> name_channels(reading)
    >>> [event.recording for event in reading.events], list(reading.named)
    (['call#1', 'call#2'], ['call#1', 'call#2'])
    """
    lines: list[AnnotatedEvent | AnnotatedRegion] = [*reading.events, *reading.unscored]
    channels: defaultdict[str, set[str]] = defaultdict(set)
    for one in lines:
        channels[one.recording].add(_channel(one))
    several = {uri for uri, found in channels.items() if len(found) > 1}
    reading.remarks += _remarks(channels)
    if not several:
        return
    named: defaultdict[str, dict[str, Place]] = defaultdict(dict)
    for one in (one for one in lines if one.recording in several):
        named[one.recording].setdefault(_name(one, reading, several), Place(one.file, one.line))
    reading.events = [one._replace(recording=_name(one, reading, several)) for one in reading.events]
    reading.unscored = [one._replace(recording=_name(one, reading, several)) for one in reading.unscored]
    reading.named = {
        name: at
        for uri, place in reading.named.items()
        for name, at in (named[uri] if uri in several else {uri: place}).items()
    }


def _channel(one: AnnotatedEvent | AnnotatedRegion) -> str:
    return _SIDES.get(one.channel.upper(), one.channel)


def _name(one: AnnotatedEvent | AnnotatedRegion, reading: Reading, several: set[str]) -> str:
    if one.recording not in several:
        return one.recording
    channel = _channel(one)
    if (name := f"{one.recording}#{channel}") in reading.named:
        raise DataError(
            f"{quoted(name)} may be a recording, or channel {channel} of {quoted(one.recording)}.",
            file=one.file,
            line=one.line,
            fix="Rename the recording.",
        )
    if not re.fullmatch("[1-9][0-9]*", channel):
        raise DataError(
            f"{quoted(channel)} is not the number of a channel, and other lines of {quoted(one.recording)} "
            "are of another channel.",
            file=one.file,
            line=one.line,
            fix="Count channels from 1.",
        )
    return name


def _remarks(channels: dict[str, set[str]]) -> list[str]:
    remarks = []
    if several := [uri for uri, found in channels.items() if len(found) > 1]:
        uri = several[0]
        remarks.append(
            f"The annotation of {len(several)} recordings, such as {quoted(uri)}, names several channels "
            f"({', '.join(sorted(channels[uri], key=_order))}): each channel is a recording, such as "
            f"{quoted(f'{uri}#{min(channels[uri], key=_order)}')}."
        )
    if others := [uri for uri, found in channels.items() if len(found) == 1 and not found <= {"0", "1"}]:
        uri = others[0]
        remarks.append(
            f"All lines of {len(others)} recordings, such as {quoted(uri)}, are of one channel "
            f"({min(channels[uri])}): they are read as annotation of the whole recording, all channels mixed."
        )
    return remarks


def _order(channel: str) -> tuple[int, str]:
    return len(channel), channel
