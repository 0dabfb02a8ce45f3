"""The AMI corpus as a database of pyannote.database: `AMI.SpeakerDiarization.MixHeadset`.

The layout is described in `pyannote.audio.database.corpora.ami_layout`. Uris are names of audio files,
such as `ES2004a.Mix-Headset`, so that `amicorpus/*/audio/{uri}.wav` finds it. Turns come from the
manual annotation, or from RTTM: one file, or a folder of files, in which the uri is `ES2004a` or
 `ES2004a.Mix-Headset`. All of each recording counts as annotated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.database.corpora.ami_layout import partition, read_speakers, read_turns
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile, absolute, audio_duration
from pyannote.audio.database.corpora.writing import write_database
from pyannote.audio.io.lines import AnnotatedEvent
from pyannote.audio.io.rttm import read_events

DATABASE = "AMI"
PROTOCOL = "MixHeadset"
MIX = "Mix-Headset"

LATE = 5.0
"""Seconds by which a turn may pass the end of its recording; it is cut there, as in the published data."""

Turns = Callable[[str], list[AnnotatedEvent]]
"""Function that returns the turns of a meeting."""


class Prepared(NamedTuple):
    """Result of the preparation.

    Parameters
    ----------
    path : Path
        The file `database.yml`.
    missing : list of str, shape (missing,)
        Meetings without audio or annotation.
    meetings : int
        Number of meetings in the database.
    left_out : mapping of str to int
        What of their annotation was left out or cut, and how often.

    Examples
    --------
    >>> Prepared(Path("database.yml"), ["ES2002a"], 169).missing
    ['ES2002a']
    """

    path: Path
    missing: list[str]
    meetings: int
    left_out: Mapping[str, int] = MappingProxyType({})


def prepare(
    corpus: Path | str, annotation: Path | str, output: Path | str, *, progress: Progress = silent
) -> Prepared:
    r"""Write RTTM, UEM, LST and database.yml of the AMI corpus.

    Parameters
    ----------
    corpus : path
        The folder `amicorpus`.
    annotation : path
        The folder of the manual annotation, an RTTM file, or a folder of RTTM files.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains.
    progress : Progress, optional
        Called with the meetings.

    Returns
    -------
    prepared : Prepared
        With the path of `database.yml`.

    Raises
    ------
    DataError
        If there is no meeting at all, or audio and annotation are damaged or do not fit each other.
    StorageError
        If `output` cannot be written.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> folder = getfixture("tmp_path")
    >>> audio = folder / "amicorpus" / "ES2004a" / "audio"
    >>> audio.mkdir(parents=True)
    >>> soundfile.write(audio / "ES2004a.Mix-Headset.wav", np.zeros(8000), 8000)
    >>> _ = (folder / "test.rttm").write_text("SPEAKER ES2004a 1 0 0.5 <NA> <NA> FEE013 <NA> <NA>\n")
    >>> result = prepare(folder / "amicorpus", folder / "test.rttm", folder / "database")
    >>> result.meetings, len(result.missing)
    (1, 169)
    """
    left_out: Counter[str] = Counter()
    corpus, turns = absolute(corpus), _turns(absolute(annotation), left_out)
    meetings = [meeting for subset in partition().values() for meeting in subset]
    present = {}
    for meeting in progress(meetings, total=len(meetings), description="meetings"):
        path = corpus / meeting / "audio" / f"{meeting}.{MIX}.wav"
        if path.is_file() and (events := turns(meeting)):
            present[meeting] = _recording(path, events, left_out)
    missing = [meeting for meeting in meetings if meeting not in present]
    subsets = {
        subset: [present[meeting].uri for meeting in listed if meeting in present]
        for subset, listed in partition().items()
    }
    if not present:
        raise DataError(
            "No meeting has both audio and annotation.",
            file=corpus,
            fix="Give the folder amicorpus, with files such as ES2004a/audio/ES2004a.Mix-Headset.wav, and "
            "the manual annotation or RTTM.",
        )
    subsets = {subset: uris for subset, uris in subsets.items() if uris}
    path = write_database(output, DATABASE, list(present.values()), {PROTOCOL: subsets})
    return Prepared(path, missing, len(present), +left_out)


def _recording(path: Path, events: Sequence[AnnotatedEvent], left_out: Counter[str]) -> AnnotatedFile:
    duration = audio_duration(path)
    last = max(events, key=lambda event: event.segment.end)
    if last.segment.end > duration + LATE:
        raise DataError(
            f"The last turn ends at {last.segment.end:g} s, but {path.name} at {duration:g} s.",
            file=last.file,
            line=last.line,
            fix="Get the complete audio file.",
        )
    within = [event for event in events if event.segment.start < duration]
    left_out["turns after the end of the recording"] += len(events) - len(within)
    left_out["turns that pass the end of the recording, and are cut there"] += sum(
        event.segment.end > duration for event in within
    )
    cut = [event._replace(segment=event.segment & Segment(0, duration)) for event in within]
    return AnnotatedFile(path.stem, path, duration, cut)


def _turns(annotation: Path, left_out: Counter[str]) -> Turns:
    """Reader of the turns of a meeting, for the form of the annotation."""
    if (annotation / "segments").is_dir():
        speakers = read_speakers(annotation)
        return lambda meeting: read_turns(annotation, meeting, speakers, left_out)
    paths = sorted(annotation.rglob("*.rttm")) if annotation.is_dir() else [annotation]
    if not paths:
        raise DataError(
            "The folder contains neither segments/ nor RTTM files.",
            file=annotation,
            fix="Give the folder ami_public_manual_1.6.2, an RTTM file, or a folder of RTTM files.",
        )
    events = _by_meeting(event for path in paths for event in read_events(path))
    return lambda meeting: events.get(meeting, [])


def _by_meeting(events: Iterable[AnnotatedEvent]) -> dict[str, list[AnnotatedEvent]]:
    events_of: dict[str, list[AnnotatedEvent]] = {}
    for event in events:
        events_of.setdefault(event.recording.removesuffix(f".{MIX}"), []).append(event)
    return events_of
