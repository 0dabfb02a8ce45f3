"""Writer of the files of a database: lists, annotation, trials and `database.yml`.

    <output>/database.yml                       file that `pyannote-audio` and pyannote.database load
    <output>/<Database>.rttm                    events of all recordings, with safe names
    <output>/<Database>.uem                     annotated regions of each recording
    <output>/lists/<Protocol>.<subset>.lst      recordings of each subset
    <output>/lists/<Protocol>.<subset>.trials   trials of a subset, if the protocol has any, with RTTM and UEM
                                                of that subset alone
    <output>/labels.yml                         safe label: original label
    <output>/recordings.yml                     uri: audio file
    <output>/audio/                             symbolic links, only if audio files cannot be found by uri

`pyannote.audio.database.corpora.locations` describes how recordings are named and found. Paths in
`database.yml` are absolute, so that it can be loaded from any folder; prepare the data again when the audio
has been moved.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from pyannote.core import Annotation, Segment, Timeline

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile, absolute
from pyannote.audio.database.corpora.locations import audio_templates, link_audio
from pyannote.audio.database.label_spelling import LABELS
from pyannote.audio.database.trial_lists import Trial, write_trials
from pyannote.audio.io.channel_names import split_channel, split_name
from pyannote.audio.io.lines import safe_names
from pyannote.audio.io.paths import inside
from pyannote.audio.io.rttm_writer import write_lst, write_rttm, write_uem
from pyannote.audio.io.storage import write_text

Protocols = Mapping[str, Mapping[str, Sequence[str]]]
"""Uris of each subset of each protocol."""

Trials = Mapping[str, Mapping[str, Sequence[Trial]]]
"""Trials of each subset of each protocol of speaker verification."""


def write_database(
    output: Path | str,
    name: str,
    recordings: Collection[AnnotatedFile],
    protocols: Protocols,
    trials: Trials | None = None,
) -> Path:
    r"""Write all files of a database.

    Parameters
    ----------
    output : path
        Folder, made if missing; its files are replaced, `database.yml` last.
    name : str
        Name of the database.
    recordings : collection of AnnotatedFile, shape (recordings,)
    protocols : mapping of str to mapping of str to sequence of str
        Uris of each subset of each protocol, which is named `<name>.SpeakerDiarization.<protocol>`.
    trials : mapping of str to mapping of str to sequence of Trial, optional
        Trials of subsets. A protocol with trials is also named `<name>.SpeakerVerification.<protocol>`.

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

    Examples
    --------
    >>> from pyannote.audio.io.lines import AnnotatedEvent
    >>> folder = getfixture("tmp_path")
    >>> (folder / "a.wav").touch()
    >>> event = AnnotatedEvent("a", Segment(0, 2), "car", folder / "a.rttm", 1)
    >>> recording = AnnotatedFile("a", folder / "a.wav", 2.5, [event])
    >>> _ = write_database(folder / "out", "Street", [recording], {"Cars": {"train": ["a"]}})
    >>> (folder / "out" / "Street.uem").read_text()
    'a 1 0.000000 2.500000\n'
    """
    output = database_folder(output)
    labels = _safe_labels(recordings)
    annotations = {r.uri: _annotation(r, labels) for r in recordings if r.annotated}
    regions = {r.uri: Timeline(r.regions or [Segment(0, r.duration)]) for r in recordings}
    _write_annotation(output, name, annotations, regions)
    _write_yaml(output / LABELS, {safe: label for label, safe in labels.items()})
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
            of_subset = ({uri: of[uri] for uri in uris} for of in (annotations, regions))
            entries[protocol][subset] |= _write_annotation(output, f"lists/{protocol}.{subset}", *of_subset)
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
    """Write `recordings.yml`, links to audio if uris alone cannot find it, and `database.yml`.

    Parameters
    ----------
    output : Path
        Folder of the database, as an absolute path.
    name : str
        Name of the database.
    audio : mapping of str to Path
        Audio file of each uri.
    tasks : mapping of str to mapping of str to Any
        Entry of each protocol of each task.

    Returns
    -------
    path : Path
        The file `database.yml`.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "a.wav").touch()
    >>> tasks = {"Collection": {"All": {"uri": "a.lst"}}}
    >>> path = write_config(folder, "Noise", {"a": folder / "a.wav"}, tasks)
    >>> yaml.safe_load(path.read_text())["Protocols"]
    {'Noise': {'Collection': {'All': {'uri': 'a.lst'}}}}
    """
    _write_yaml(output / "recordings.yml", {uri: str(path) for uri, path in audio.items()})
    # `a#2` is channel 2 of the audio of `a`
    channels = {uri: split_channel(path) for uri, path in audio.items()}
    audio = {split_name(uri)[0] if channels[uri][1] else uri: channels[uri][0] for uri in audio}
    templates = audio_templates(audio) or link_audio(audio, output / "audio")
    content = {"Databases": {name: templates}, "Protocols": {name: tasks}}
    # pyannote.database reads it in the encoding of the locale
    _write_yaml(output / "database.yml", content, allow_unicode=False)
    return output / "database.yml"


def database_folder(output: Path | str) -> Path:
    """Absolute path of a folder for a database.

    Raises
    ------
    DataError
        If it contains braces or stars, which pyannote.database would interpret.

    Examples
    --------
    >>> print(database_folder("/data/street"))
    /data/street
    """
    folder = absolute(output)
    if set("{}*") & set(str(folder)):
        raise DataError("A path with braces or stars cannot be used.", file=folder, fix="Rename the folder.")
    return folder


def _write_subset(
    output: Path, name: str, subset: str, uris: Sequence[str], annotations: Container[str]
) -> dict[str, str]:
    """Write the list of a subset, and return its entry in `database.yml`."""
    lst = inside(output, f"lists/{subset}", ".lst")
    write_lst(lst, uris)
    entry = {"uri": str(lst), "annotated": str(output / f"{name}.uem")}
    if all(uri in annotations for uri in uris):
        entry["annotation"] = str(output / f"{name}.rttm")
    return entry


def _write_annotation(
    output: Path, name: str, annotations: Mapping[str, Annotation], regions: Mapping[str, Timeline]
) -> dict[str, str]:
    """Write an RTTM and a UEM file, and return their entries in `database.yml`."""
    rttm, uem = inside(output, name, ".rttm"), inside(output, name, ".uem")
    write_rttm(rttm, annotations)
    write_uem(uem, regions)
    return {"annotated": str(uem), "annotation": str(rttm)}


def _write_lists_of_trials(
    output: Path, protocol: str, lists: Mapping[str, Sequence[Trial]], entries: Mapping[str, Any]
) -> dict[str, dict[str, str]]:
    """Write the trials of each subset, and return the entries of these subsets in `database.yml`."""
    written = {}
    for subset, trials in lists.items():
        path = inside(output, f"lists/{protocol}.{subset}", ".trials")
        write_trials(path, trials)
        written[subset] = entries[subset] | {"trial": str(path)}
    return written


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
        # YAML would read this character as a line break
        text = yaml.safe_dump(content, sort_keys=False, width=1000, allow_unicode=False)
    write_text(path, text)
