"""Preparation of the user's recordings and annotation as a database of pyannote.database.

Audio is searched in a folder and all folders below it; the formats of annotation are those of
`pyannote.audio.database.formats`. Recordings are divided into train, development and test so
that every class occurs in each, with priority for train.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile, absolute, audio_duration, clip
from pyannote.audio.database.corpora.held_out_recordings import hold_out
from pyannote.audio.database.corpora.label_maps import LabelMap, mapped
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.own_annotation import read_annotation
from pyannote.audio.database.corpora.own_subsets import find_subsets, make_database_of_subsets
from pyannote.audio.database.corpora.writing import write_database
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
    labels: LabelMap | None = None,
) -> Path:
    r"""Write RTTM, UEM, LST and database.yml for the user's data.

    Parameters
    ----------
    audio : path
        Folder of audio files.
    annotation : path
        File or folder in any format of `pyannote.audio.database.formats`; or a folder with an RTTM file of
        each subset, as `pyannote.audio.database.corpora.own_subsets` explains; then no subset is drawn.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains.
    name, protocol : str, optional
        The protocol is named `<name>.SpeakerDiarization.<protocol>`.
    development, test : float, optional
        Share of the recordings in each subset, from 0 (no such subset) to below 1; the rest is train.
    seed : int, optional
        The same data and seed give the same subsets.
    allow_empty : bool, optional
        Whether recordings that the annotation does not name are recordings without events.
    labels : LabelMap, optional
        Classes of labels that are merged or left out.

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

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> folder = getfixture("tmp_path")
    >>> (folder / "audio").mkdir()
    >>> lines = ["filename,onset,offset,label"]
    >>> for name in ("a.wav", "b.wav", "c.wav"):
    ...     soundfile.write(folder / "audio" / name, np.zeros(8000), 8000)
    ...     lines.append(f"{name},0.2,0.8,car")
    >>> _ = (folder / "events.csv").write_text("\n".join(lines))
    >>> make_database(folder / "audio", folder / "events.csv", folder / "out").name
    'database.yml'
    >>> (folder / "out" / "lists" / "Protocol.test.lst").read_text().split()
    ['a']
    """
    check_names(name, protocol)
    shares = {"development": development, "test": test}
    _check_shares(shares)
    if seed < 0:
        raise UsageError(f"The seed {seed} is negative.", fix="Use 0 or more.")
    files = find_audio(absolute(audio), absolute(output))
    if subsets := find_subsets(Path(annotation)):
        return make_database_of_subsets(
            absolute(audio), files, subsets, output, name=name, protocol=protocol, labels=labels
        )
    uris = name_recordings(files)
    annotated = read_annotation(Path(annotation), absolute(audio), uris, allow_empty)
    recordings = mapped(
        [_annotated_file(path, uri, annotated.events[path]) for path, uri in uris.items()], labels
    )
    return write_database(output, name, recordings, {protocol: split(recordings, shares, seed)})


def find_audio(folder: Path, output: Path) -> dict[Path, str]:
    """Audio files below a folder, each with its path from there.

    Parameters
    ----------
    folder, output : Path
        Folder to search, and folder of a database, whose links to audio are ignored.

    Returns
    -------
    audio : dict of Path to str, shape (files,)
        Path of each audio file from `folder`, in the order of their names.

    Raises
    ------
    DataError
        If there is no audio.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "a.wav").touch()
    >>> list(find_audio(folder, folder / "database").values())
    ['a.wav']
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    # macOS writes a hidden companion beside each file that it copies to other disks, and a database that was
    # made below the audio folder may contain links to all audio
    paths = [path for path in paths if not path.name.startswith(".") and output / "audio" not in path.parents]
    audio = {path: path.relative_to(folder).as_posix() for path in paths}
    if not audio:
        raise DataError("There is no audio in this folder.", file=folder, fix="Check the path.")
    return audio


def _annotated_file(path: Path, uri: str, events: Iterable[AnnotatedEvent]) -> AnnotatedFile:
    duration = audio_duration(path)
    return AnnotatedFile(uri, path, duration, [clip(event, duration) for event in events])


def split(
    recordings: Iterable[AnnotatedFile], shares: Mapping[str, float], seed: int
) -> dict[str, list[str]]:
    """Split recordings into train and other subsets, with every class in train wherever possible.

    Parameters
    ----------
    recordings : iterable of AnnotatedFile, shape (recordings,)
    shares : mapping of str to float
        Share of the recordings in each other subset, in [0, 1), less than 1 in total; 0 for no such subset.
    seed : int
        The same recordings, shares and seed give the same split.

    Returns
    -------
    subsets : dict of str to list of str
        Uris of each subset.

    Raises
    ------
    DataError
        If there are too few recordings.

    Examples
    --------
    >>> files = [AnnotatedFile(uri, Path(f"{uri}.wav"), 1.0) for uri in "abcd"]
    >>> {subset: len(uris) for subset, uris in split(files, {"test": 0.25}, seed=0).items()}
    {'train': 3, 'test': 1}
    """
    train = {recording.uri: recording.seconds() for recording in recordings}
    wanted = {subset: share for subset, share in shares.items() if share > 0}
    if len(train) <= len(wanted):
        found = f"{len(train)} recordings are too few for train, {' and '.join(wanted)}."
        raise DataError(found, fix="Add recordings, cut long ones, or set the share of a subset to 0.")
    subsets: dict[str, list[str]] = {}
    # the smaller share first, so that rounding always leaves a recording for the following subsets
    for subset, share in sorted(wanted.items(), key=lambda item: item[1]):
        remaining = 1 - sum(wanted[other] for other in subsets)
        uris, subsets[subset] = hold_out(train, share / remaining, seed=seed)
        train = {uri: train[uri] for uri in uris}
    return {"train": list(train)} | {subset: subsets[subset] for subset in wanted}


def check_names(*names: str) -> None:
    """Refuse names of databases and protocols that pyannote.database does not accept.

    Raises
    ------
    UsageError
        With the first name that is not allowed.

    Examples
    --------
    >>> check_names("AMI", "a.b")
    Traceback (most recent call last):
    pyannote.audio.core.errors.UsageError: 'a.b' cannot name a database or protocol. Use up to 80 letters, ...
    """
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", name) or name == "X":
            raise UsageError(
                f"{quoted(name)} cannot name a database or protocol.",
                fix="Use up to 80 letters, digits, - and _; X alone is reserved by pyannote.database.",
            )


def _check_shares(shares: Mapping[str, float]) -> None:
    if not (all(0 <= share < 1 for share in shares.values()) and sum(shares.values()) < 1):
        found = " and ".join(f"{subset} {share:g}" for subset, share in shares.items())
        raise UsageError(
            f"The shares {found} leave nothing to train on.", fix="Use shares such as 0.2 and 0.2."
        )
