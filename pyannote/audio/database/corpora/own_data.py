"""One's own recordings and annotation as a database of pyannote.database.

The audio is a folder, searched with all folders below it; `pyannote.audio.database.corpora.own_annotation`
tells which forms of annotation there are. Recordings are dealt to train, development and test so that every
class is heard in each, in train above all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.corpora.held_out_recordings import hold_out
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.own_annotation import read_annotation
from pyannote.audio.database.corpora.own_subsets import find_subsets, make_database_of_subsets
from pyannote.audio.database.corpora.writing import (
    AnnotatedFile,
    absolute,
    audio_duration,
    clip,
    write_database,
)
from pyannote.audio.io.lines import AnnotatedEvent, quoted
from pyannote.audio.io.waveform import SUFFIXES


def make_database(
    audio: Path | str,
    annotation: Path | str,
    output: Path | str,
    *,
    name: str = "Own",
    protocol: str = "Protocol",
    development: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
    allow_empty: bool = False,
) -> Path:
    """Write RTTM, UEM, LST and database.yml for one's own data.

    Parameters
    ----------
    audio : path
        Folder of audio files.
    annotation : path
        RTTM file, csv file, or folder of Audacity label files; or a folder with an RTTM file of each subset,
        as `pyannote.audio.database.corpora.own_subsets` explains, which leaves nothing to be drawn.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains.
    name, protocol : str, optional
        The protocol is called `<name>.SpeakerDiarization.<protocol>`.
    development, test : float, optional
        Rank of the recordings in each subset, from 0 (no such subset) to below 1; the rest is train.
    seed : int, optional
        The same data and seed give the same subsets.
    allow_empty : bool, optional
        Take recordings that the annotation does not name for recordings in which nothing is heard.

    Returns
    -------
    path : Path
        The file `database.yml`.

    Raises
    ------
    UsageError
        If names or shares are not allowed.
    DataError
        If audio or annotation is missing or wrong.
    StorageError
        If `output` cannot be written.
    """
    check_names(name, protocol)
    shares = {"development": development, "test": test}
    _check_shares(shares)
    if seed < 0:
        raise UsageError(f"The seed {seed} is negative.", fix="Use 0 or more.")
    files = find_audio(absolute(audio), absolute(output))
    if subsets := find_subsets(Path(annotation)):
        return make_database_of_subsets(absolute(audio), files, subsets, output, name=name, protocol=protocol)
    uris = name_recordings(files)
    annotated = read_annotation(Path(annotation), absolute(audio), uris, allow_empty)
    recordings = [_annotated_file(path, uri, annotated[path]) for path, uri in uris.items()]
    return write_database(output, name, recordings, {protocol: split(recordings, shares, seed)})


def find_audio(folder: Path, output: Path) -> dict[Path, str]:
    """Return each audio file below `folder`, and its path from there."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    # macOS leaves a hidden companion of that kind beside each file it copies to other disks, and a database
    # that was made below the audio folder may hold links to all of it
    paths = [path for path in paths if not path.name.startswith(".") and output / "audio" not in path.parents]
    found = {path: path.relative_to(folder).as_posix() for path in paths}
    if not found:
        raise DataError("There is no audio in this folder.", file=folder, fix="Check the path.")
    return found


def _annotated_file(path: Path, uri: str, events: Iterable[AnnotatedEvent]) -> AnnotatedFile:
    duration = audio_duration(path)
    return AnnotatedFile(uri, path, duration, [clip(event, duration) for event in events])


def split(
    recordings: Iterable[AnnotatedFile], shares: Mapping[str, float], seed: int
) -> dict[str, list[str]]:
    """Split recordings into train and the subsets in `shares`, each class in train wherever possible."""
    train = {recording.uri: recording.seconds() for recording in recordings}
    wanted = {subset: share for subset, share in shares.items() if share > 0}
    if len(train) <= len(wanted):
        found = f"{len(train)} recordings are too few for train, {' and '.join(wanted)}."
        raise DataError(found, fix="Add recordings, cut long ones, or set the share of a subset to 0.")
    subsets: dict[str, list[str]] = {}
    # the smaller share first, so that rounding always leaves a recording for what comes after
    for subset, share in sorted(wanted.items(), key=lambda item: item[1]):
        rest = 1 - sum(wanted[other] for other in subsets)
        kept, subsets[subset] = hold_out(train, share / rest, seed=seed)
        train = {uri: train[uri] for uri in kept}
    return {"train": list(train)} | {subset: subsets[subset] for subset in wanted}


def check_names(*names: str) -> None:
    """Refuse names of databases and protocols that pyannote.database would not take."""
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", name) or name == "X":
            raise UsageError(
                f"{quoted(name)} cannot name a database or protocol.",
                fix="Use up to 80 letters, digits, - and _; X alone is taken by pyannote.database.",
            )


def _check_shares(shares: Mapping[str, float]) -> None:
    if not (all(0 <= share < 1 for share in shares.values()) and sum(shares.values()) < 1):
        found = " and ".join(f"{subset} {share:g}" for subset, share in shares.items())
        raise UsageError(
            f"The shares {found} leave nothing to train on.", fix="Use shares such as 0.2 and 0.2."
        )
