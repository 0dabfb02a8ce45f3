"""The AMI corpus as a database of pyannote.database: `AMI.SpeakerDiarization.MixHeadset`.

The layout is described in `pyannote.audio.database.corpora.ami_layout`. A recording is called as its audio
file, such as `ES2004a.Mix-Headset`, so that `amicorpus/*/audio/{uri}.wav` finds it. Turns come from the
manual annotation, or from RTTM: one file of all meetings, or a folder with files of some each, in which a
recording is called `ES2004a` or `ES2004a.Mix-Headset`. All of each recording counts as annotated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.database.corpora.ami_layout import partition, read_speakers, read_turns
from pyannote.audio.database.corpora.writing import AnnotatedFile, absolute, audio_duration, write_database
from pyannote.audio.io.lines import AnnotatedEvent
from pyannote.audio.io.rttm import read_events

DATABASE = "AMI"
PROTOCOL = "MixHeadset"
MIX = "Mix-Headset"

LATE = 5.0
"""Seconds by which a turn may pass the end of its recording: it is cut there, as users cannot mend it."""

Turns = Callable[[str], list[AnnotatedEvent]]


class Prepared(NamedTuple):
    """The file `database.yml`, and which meetings are missing from it, for want of audio or annotation."""

    path: Path
    absent: list[str]
    present: int


def prepare(
    corpus: Path | str, annotation: Path | str, output: Path | str, *, progress: Progress = silent
) -> Prepared:
    """Write RTTM, UEM, LST and database.yml.

    Parameters
    ----------
    corpus : path
        The folder `amicorpus`.
    annotation : path
        The folder of the manual annotation, an RTTM file, or a folder of RTTM files.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains.
    progress : Progress, optional
        Told of each meeting.

    Returns
    -------
    prepared : Prepared

    Raises
    ------
    DataError
        If there is no meeting at all, or audio and annotation are damaged or do not fit each other.
    StorageError
        If `output` cannot be written.
    """
    corpus, turns = absolute(corpus), _turns(absolute(annotation))
    meetings = [meeting for subset in partition().values() for meeting in subset]
    found = {}
    for meeting in progress(meetings, total=len(meetings), description="meetings"):
        path = corpus / meeting / "audio" / f"{meeting}.{MIX}.wav"
        if path.is_file() and (events := turns(meeting)):
            found[meeting] = _recording(path, events)
    absent = [meeting for meeting in meetings if meeting not in found]
    subsets = {
        subset: [found[meeting].uri for meeting in listed if meeting in found]
        for subset, listed in partition().items()
    }
    if not found:
        raise DataError(
            "No meeting has both audio and annotation.",
            file=corpus,
            fix="Give the folder amicorpus, with files such as ES2004a/audio/ES2004a.Mix-Headset.wav, and "
            "the manual annotation or RTTM.",
        )
    kept = {subset: uris for subset, uris in subsets.items() if uris}
    path = write_database(output, DATABASE, list(found.values()), {PROTOCOL: kept})
    return Prepared(path, absent, len(found))


def _recording(path: Path, events: Sequence[AnnotatedEvent]) -> AnnotatedFile:
    duration = audio_duration(path)
    last = max(events, key=lambda event: event.segment.end)
    if last.segment.end > duration + LATE:
        raise DataError(
            f"Someone speaks until {last.segment.end:g} s, and {path.name} ends at {duration:g} s.",
            file=last.file,
            line=last.line,
            fix="Get the whole audio file.",
        )
    heard = [event for event in events if event.segment.start < duration]
    cut = [event._replace(segment=event.segment & Segment(0, duration)) for event in heard]
    return AnnotatedFile(path.stem, path, duration, cut)


def _turns(annotation: Path) -> Turns:
    """Choose how the turns of a meeting are read."""
    if (annotation / "segments").is_dir():
        speakers = read_speakers(annotation)
        return lambda meeting: read_turns(annotation, meeting, speakers)
    paths = sorted(annotation.rglob("*.rttm")) if annotation.is_dir() else [annotation]
    if not paths:
        raise DataError(
            "This holds neither segments/ nor RTTM files.",
            file=annotation,
            fix="Give the folder ami_public_manual_1.6.2, an RTTM file, or a folder of RTTM files.",
        )
    events = _by_meeting(event for path in paths for event in read_events(path))
    return lambda meeting: events.get(meeting, [])


def _by_meeting(events: Iterable[AnnotatedEvent]) -> dict[str, list[AnnotatedEvent]]:
    found: dict[str, list[AnnotatedEvent]] = {}
    for event in events:
        found.setdefault(event.recording.removesuffix(f".{MIX}"), []).append(event)
    return found
