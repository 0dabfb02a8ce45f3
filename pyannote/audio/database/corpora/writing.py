"""From recordings and their events to the files that pyannote.database reads.

    <output>/database.yml                       what `pyannote-audio` and pyannote.database load
    <output>/<Database>.rttm                    events of all recordings, with safe names
    <output>/<Database>.uem                     annotated parts of each recording
    <output>/lists/<Protocol>.<subset>.lst      recordings of each subset
    <output>/lists/<Protocol>.<subset>.trials   trials of a subset, where the protocol has any; beside it RTTM
                                                and UEM of that subset alone
    <output>/labels.yml                         safe label: label as it was
    <output>/recordings.yml                     uri: audio file
    <output>/audio/                             symbolic links, only where audio files cannot be found by uri

`pyannote.audio.database.corpora.locations` tells how recordings are called and found. Paths in
`database.yml` are whole ones, so it can be loaded from any folder; prepare the data again when the audio
has moved.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import soundfile
import yaml
from pyannote.core import Annotation, Segment, Timeline

from pyannote.audio.core.errors import AudioError, DataError
from pyannote.audio.database.bounds import passes
from pyannote.audio.database.corpora.locations import audio_templates, link_audio
from pyannote.audio.database.trial_lists import Trial, write_trials
from pyannote.audio.io.lines import AnnotatedEvent, quoted, safe_names
from pyannote.audio.io.paths import inside
from pyannote.audio.io.rttm import write_lst, write_rttm, write_uem
from pyannote.audio.io.storage import write_text

Protocols = Mapping[str, Mapping[str, Sequence[str]]]
"""For each protocol and each of its subsets, the uris."""

Trials = Mapping[str, Mapping[str, Sequence[Trial]]]
"""For each protocol of speaker verification and each of its subsets, the trials."""


@dataclass(frozen=True)
class AnnotatedFile:
    """An audio file, how it is called, and what is heard in it.

    Parameters
    ----------
    uri : str
        Safe name, unique in the database.
    audio : Path
        Audio file.
    duration : float
        Seconds, rounded down to microseconds.
    events : list of AnnotatedEvent
        Events within the recording, with labels as they were annotated.
    annotated : bool
        False if nobody listened, as opposed to nothing heard.
    regions : sequence of Segment
        Annotated parts; none stands for the whole recording.
    """

    uri: str
    audio: Path
    duration: float
    events: list[AnnotatedEvent] = field(default_factory=list)
    annotated: bool = True
    regions: Sequence[Segment] = ()

    def seconds(self) -> dict[str, float]:
        """Return the duration of each label, in seconds."""
        total: Counter[str] = Counter()
        for event in self.events:
            total[event.label] += event.segment.duration
        return dict(total)


def audio_duration(path: Path) -> float:
    """Return the duration of an audio file in seconds, rounded down to microseconds."""
    if not _is_file(path):
        raise AudioError("The audio file is missing.", file=path, fix="Put it there, or correct its name.")
    try:
        # bytes, because soundfile encodes names that are no text in its own way
        info = soundfile.info(os.fsencode(path))
    except (soundfile.LibsndfileError, OSError):
        raise AudioError("This cannot be read as audio.", file=path, fix="Get the file again.") from None
    if info.frames <= 0:
        raise AudioError("The audio file is empty.", file=path, fix="Get the file again, or remove it.")
    return (info.frames * 1_000_000 // info.samplerate) / 1_000_000


def _is_file(path: Path) -> bool:
    # a name in a list may be longer than any that a disk can hold
    with contextlib.suppress(OSError):
        return path.is_file()
    return False


def clip(event: AnnotatedEvent, duration: float) -> AnnotatedEvent:
    """Cut an event at the end of its recording, or say that it lies too far beyond."""
    segment = event.segment
    if passes(segment.start, segment.end, duration):
        raise DataError(
            f"The event {quoted(event.label)} from {segment.start:.10g} s to {segment.end:.10g} s lies "
            f"beyond the end of {quoted(event.recording)} at {duration:.10g} s.",
            file=event.file,
            line=event.line,
            fix="Correct the times, or get the whole audio file.",
        )
    return event._replace(segment=Segment(segment.start, min(segment.end, duration)))


def write_database(
    output: Path | str,
    name: str,
    recordings: Collection[AnnotatedFile],
    protocols: Protocols,
    trials: Trials | None = None,
) -> Path:
    """Write all files of a database.

    Parameters
    ----------
    output : path
        Folder, made if missing; its files are replaced, `database.yml` last.
    name : str
        Name of the database.
    recordings : collection of AnnotatedFile
    protocols : mapping of str to mapping of str to sequence of str
        For each protocol and subset, the uris. Each is called `<name>.SpeakerDiarization.<protocol>`.
    trials : mapping of str to mapping of str to sequence of Trial, optional
        Trials of subsets. A protocol with trials is also called `<name>.SpeakerVerification.<protocol>`.

    Returns
    -------
    path : Path
        The file `database.yml`.

    Raises
    ------
    DataError
        If two labels have the same safe name, or there is no event at all.
    StorageError
        If `output` cannot be written.
    """
    output = database_folder(output)
    labels = _safe_labels(recordings)
    annotations = {r.uri: _annotation(r, labels) for r in recordings if r.annotated}
    regions = {r.uri: Timeline(r.regions or [Segment(0, r.duration)]) for r in recordings}
    _write_annotation(output, name, annotations, regions)
    _write_yaml(output / "labels.yml", {safe: label for label, safe in labels.items()})
    entries: dict[str, dict[str, Any]] = {
        protocol: {"scope": "database"}
        | {
            subset: _write_subset(output, name, f"{protocol}.{subset}", uris, annotations)
            for subset, uris in subsets.items()
        }
        for protocol, subsets in protocols.items()
    }
    for protocol in trials or ():
        # pyannote.database needs a minute to read the annotation of all of VoxCeleb, too long for its test
        for subset, uris in protocols[protocol].items():
            own = ({uri: of[uri] for uri in uris} for of in (annotations, regions))
            entries[protocol][subset] |= _write_annotation(output, f"lists/{protocol}.{subset}", *own)
    tasks = {"SpeakerDiarization": entries}
    if trials:
        tasks["SpeakerVerification"] = {
            protocol: deepcopy(entries[protocol])
            | _write_lists_of_trials(output, protocol, lists, entries[protocol])
            for protocol, lists in trials.items()
        }
    return write_config(output, name, {recording.uri: recording.audio for recording in recordings}, tasks)


def write_config(
    output: Path, name: str, audio: Mapping[str, Path], tasks: Mapping[str, Mapping[str, Any]]
) -> Path:
    """Write `recordings.yml`, links to audio where uris alone cannot find it, and `database.yml`."""
    _write_yaml(output / "recordings.yml", {uri: str(path) for uri, path in audio.items()})
    templates = audio_templates(audio) or link_audio(audio, output / "audio")
    content = {"Databases": {name: templates}, "Protocols": {name: tasks}}
    # pyannote.database reads it in the encoding of the locale
    _write_yaml(output / "database.yml", content, allow_unicode=False)
    return output / "database.yml"


def database_folder(output: Path | str) -> Path:
    """Return the whole path of a folder for a database, if it can be one."""
    folder = absolute(output)
    if set("{}*") & set(str(folder)):
        # pyannote.database would take them for placeholders
        raise DataError("A path with braces or stars cannot be used.", file=folder, fix="Rename the folder.")
    return folder


def _write_subset(
    output: Path, name: str, subset: str, uris: Sequence[str], annotations: Container[str]
) -> dict[str, str]:
    """Write the list of a subset, and return what database.yml says of it."""
    lst = inside(output, f"lists/{subset}", ".lst")
    write_lst(lst, uris)
    entry = {"uri": str(lst), "annotated": str(output / f"{name}.uem")}
    if all(uri in annotations for uri in uris):
        entry["annotation"] = str(output / f"{name}.rttm")
    return entry


def _write_annotation(
    output: Path, name: str, annotations: Mapping[str, Annotation], regions: Mapping[str, Timeline]
) -> dict[str, str]:
    """Write an RTTM and a UEM file, and return what database.yml says of them."""
    rttm, uem = inside(output, name, ".rttm"), inside(output, name, ".uem")
    write_rttm(rttm, annotations)
    write_uem(uem, regions)
    return {"annotated": str(uem), "annotation": str(rttm)}


def _write_lists_of_trials(
    output: Path, protocol: str, lists: Mapping[str, Sequence[Trial]], entries: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """Write the trials of each subset, and return what database.yml says of these subsets."""
    written = {}
    for subset, trials in lists.items():
        path = inside(output, f"lists/{protocol}.{subset}", ".trials")
        write_trials(path, trials)
        written[subset] = entries[subset] | {"trial": str(path)}
    return written


def absolute(path: Path | str) -> Path:
    """Return the whole path, with links left as they are (which `Path.resolve` would follow)."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def _safe_labels(recordings: Iterable[AnnotatedFile]) -> dict[str, str]:
    labels = safe_names(sorted({event.label for recording in recordings for event in recording.events}))
    if not labels:
        raise DataError("No recording has any event.", fix="Annotate some.")
    return labels


def _annotation(recording: AnnotatedFile, labels: Mapping[str, str]) -> Annotation:
    annotation = Annotation(uri=recording.uri)
    for track, event in enumerate(recording.events):
        annotation[event.segment, track] = labels[event.label]
    return annotation


def _write_yaml(path: Path, content: object, *, allow_unicode: bool = True) -> None:
    text = yaml.safe_dump(content, sort_keys=False, width=1000, allow_unicode=allow_unicode)
    if "\x85" in text:
        # the one character that YAML would read as another
        text = yaml.safe_dump(content, sort_keys=False, width=1000, allow_unicode=False)
    write_text(path, text)
