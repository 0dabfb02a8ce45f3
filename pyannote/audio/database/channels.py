"""Channels of recordings: which channel of its audio a recording is, and which lines of annotation are its.

A recording is the mean of all channels of its audio file, unless

- its name ends in `#n`, and there is no audio of this name: `call#2` is channel 2 of the audio of `call`;
- or its subset has the key `channel: n` in `database.yml`. The key of a protocol is that of all subsets.

Lines of RTTM and UEM files have a column for the channel. Those of the recording `call#2` are the lines
called `call#2`; if there are none, those called `call` in channel 2. With the key `channel:`, they are the
lines in this channel; or all lines of the recording, if the files give channel 1 in each line, as most
programs do. A recording that is the mean of its channels has the lines of all of them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from pyannote.audio.core.errors import AudioError, DataError
from pyannote.audio.io.channel_names import split_name, with_channel
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion, quoted

SUBSETS = ("train", "development", "test")

_UNNUMBERED = {"1", "<NA>"}

_Line = TypeVar("_Line", AnnotatedEvent, AnnotatedRegion)


class LinesOfRecordings(Generic[_Line]):
    """Lines of annotation of each recording, and of each channel.

    Parameters
    ----------
    lines : iterable of AnnotatedEvent or AnnotatedRegion, shape (lines,)

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> one = AnnotatedEvent("call", Segment(0, 1), "ann", Path("a.rttm"), 1, channel="1")
    >>> two = AnnotatedEvent("call", Segment(0, 1), "bob", Path("a.rttm"), 2, channel="2")
    >>> lines = LinesOfRecordings([one, two])
    >>> [[line.label for line in lines.of(uri)] for uri in ("call", "call#2")]
    [['ann', 'bob'], ['bob']]
    """

    def __init__(self, lines: Iterable[_Line]) -> None:
        self._lines: defaultdict[str, list[_Line]] = defaultdict(list)
        self._numbered = False
        for line in lines:
            self._lines[line.recording].append(line)
            self._numbered = self._numbered or line.channel not in _UNNUMBERED

    def of(self, uri: str, channel: int | None = None) -> list[_Line]:
        """Lines of a recording, shape (lines,).

        Parameters
        ----------
        uri : str
        channel : int, optional
            Value of `channel:` in `database.yml`.
        """
        lines = self._lines.get(uri, [])
        name, named = split_name(uri)
        if named is not None and not lines:
            found = (line for line in self._lines.get(name, []) if line.channel == str(named))
            return [line._replace(recording=uri) for line in found]
        if channel is not None and self._numbered:
            return [line for line in lines if line.channel == str(channel)]
        return lines


def is_listed(line: AnnotatedEvent | AnnotatedRegion, uris: Iterable[str]) -> bool:
    """Whether a list contains the recording of a line, or its channel.

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> line = AnnotatedEvent("call", Segment(0, 1), "ann", Path("a.rttm"), 1, channel="2")
    >>> is_listed(line, {"call"}), is_listed(line, {"call#1"}), is_listed(line, {"call#2"})
    (True, False, True)
    """
    return line.recording in uris or f"{line.recording}#{line.channel}" in uris


def channel_value(value: object) -> int | None:
    """Value of `channel:` in `database.yml`, checked; None where there is none.

    Raises
    ------
    DataError
        It is no whole number from 1 on.

    Examples
    --------
    >>> channel_value(2), channel_value(None)
    (2, None)
    >>> channel_value(0)
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: `channel:` is 0 in database.yml. Name one channel; they are ...
    """
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise DataError(
        f"`channel:` is {value} in database.yml.",
        fix="Name one channel; they are counted from 1.",
    )


def channel_of_file(file: Any) -> int | None:
    """Channel that `database.yml` names for a file of a protocol.

    Parameters
    ----------
    file : ProtocolFile or mapping

    Raises
    ------
    DataError
        The value is not allowed.

    Examples
    --------
    >>> from pyannote.database import ProtocolFile
    >>> channel_of_file(ProtocolFile({"uri": "a"}, lazy={"channel": lambda file: 2}))
    2
    """
    # pyannote.database loses a value that is looked up while it copies a file, as it does with annotation
    lazy = getattr(file, "lazy", {}).get("channel")
    return channel_value(file.get("channel") if lazy is None else lazy(file))


def find_audio(find: Callable[[Mapping[str, Any]], str | os.PathLike[str]], file: Any) -> Path:
    """Audio of a file of a protocol: the one of its name, or a channel of it.

    Parameters
    ----------
    find : callable
        Gives the path of the audio of a file, or raises `FileNotFoundError`.
    file : ProtocolFile

    Raises
    ------
    AudioError
        Name and `channel:` contradict each other.
    DataError
        The value of `channel:` is not allowed.

    Examples
    --------
    >>> from pyannote.database import ProtocolFile
    >>> path = getfixture("tmp_path") / "call.wav"
    >>> path.touch()
    >>> template = str(path.with_name("{uri}.wav"))
    >>> find_audio(lambda file: template.format(**file), ProtocolFile({"uri": "call#2"})).name
    'call.wav#2'
    """
    # evaluating the values that are not present yet could ask for the audio again
    values = dict(abs(file))
    values["uri"] = uri = str(values["uri"])
    name, named = split_name(uri)
    channel = channel_of_file(file)
    if named is not None and not _exists(find, values):
        if channel not in (None, named):
            raise AudioError(
                f"{quoted(uri)} is channel {named} by its name, and {channel} by `channel:`.",
                fix="Remove one of the two.",
            )
        return with_channel(Path(find({**values, "uri": name})), named)
    path = Path(find(values))
    return path if channel is None else with_channel(path, channel)


def _exists(find: Callable[[Mapping[str, Any]], str | os.PathLike[str]], values: Mapping[str, Any]) -> bool:
    try:
        return Path(find(values)).is_file()
    except FileNotFoundError:
        return False


def share_channels(config: Mapping[str, Any]) -> None:
    """Give the key `channel:` of each protocol of a `database.yml` to its subsets that have none.

    Parameters
    ----------
    config : mapping
        Content of the file, of which the entries of subsets are changed.

    Examples
    --------
    >>> config = {"Protocols": {"D": {"SpeakerDiarization": {"P": {"channel": 2, "test": {"uri": "a.lst"}}}}}}
    >>> share_channels(config)
    >>> config["Protocols"]["D"]["SpeakerDiarization"]["P"]["test"]
    {'uri': 'a.lst', 'channel': 2}
    """
    for database, tasks in (config.get("Protocols") or {}).items():
        protocols = (entries for one in tasks.values() for entries in one.values() if database != "X")
        for entries in protocols:
            for subset in SUBSETS if "channel" in entries else ():
                if isinstance(entries.get(subset), dict):
                    entries[subset].setdefault("channel", entries["channel"])
