"""Preparation of the user's recordings and annotation as a database of pyannote.database.

Audio is searched in a folder and all folders below it; the formats of annotation are those of
`pyannote.audio.database.formats`. Recordings are divided into train, development and test so that every class
occurs in each, with priority for train; those of an earlier preparation keep their subsets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.errors import DataError, ToolkitError, UsageError
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile, absolute
from pyannote.audio.database.corpora.earlier import annotation_of, differences
from pyannote.audio.database.corpora.groups import groups_within, is_pattern
from pyannote.audio.database.corpora.label_maps import LabelMap, mapped
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.own_annotation import read_annotation
from pyannote.audio.database.corpora.own_recordings import OwnRecordings, Rules
from pyannote.audio.database.corpora.own_regions import find_uem, read_uem_files
from pyannote.audio.database.corpora.own_subsets import find_subsets, read_subsets
from pyannote.audio.database.corpora.splits import Subsets, by_folders, listed, split
from pyannote.audio.database.corpora.unread_audio import unread_audio
from pyannote.audio.database.corpora.writing import write_database
from pyannote.audio.database.formats.base import ReadOptions
from pyannote.audio.io.channel_names import split_channel
from pyannote.audio.io.lines import quoted
from pyannote.audio.io.waveform import SUFFIXES

BY_FOLDERS = "The subsets are those of the folders of the audio (train, test, ...): --redraw draws others."


@dataclass(frozen=True)
class Preparation:
    """Database that was made of the user's data, and what was left out of it.

    Parameters
    ----------
    path : Path
        The file `database.yml`.
    protocol : str
        Full name of the protocol.
    format : str
        Name of the format of the annotation.
    recordings : list of AnnotatedFile, shape (recordings,)
    subsets : mapping of str to sequence of str
        Uris of each subset.
    left_out : Counter of str
        What was not used, in a few words, and how often.
    reasons : list of ToolkitError
        Faults of recordings that were left out.
    remarks : list of str
        How the annotation was read, where that is not obvious.
    changes : list of str
        Differences from an earlier preparation in the same folder.
    groups : dict of str to str
        Group of each uri, if groups were asked for.
    """

    path: Path
    protocol: str
    format: str
    recordings: list[AnnotatedFile]
    subsets: Subsets
    left_out: Counter[str] = field(default_factory=Counter)
    reasons: list[ToolkitError] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)


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
    redraw: bool = False,
    allow_empty: bool = False,
    skip: float = 0.0,
    strict: bool = False,
    uem: Path | str | None = None,
    options: ReadOptions | None = None,
    format: str | None = None,
    labels: LabelMap | None = None,
    group: str | None = None,
) -> Preparation:
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
        Share of the recordings in each subset, from 0 (no such subset) to below 1; the rest is train. If all
        audio lies in folders called `train`, `test` and so on, these are the subsets.
    seed : int, optional
        The same data and seed give the same subsets.
    redraw : bool, optional
        Whether subsets are drawn whatever the folders of the audio, and the lists in `output`, say.
    allow_empty : bool, optional
        Whether recordings that the annotation does not name are recordings without events.
    skip : float, optional
        Share of the recordings, in [0, 1], that may be left out because their audio or annotation is missing
        or wrong.
    strict : bool, optional
        Whether events that pass the end of their recording by up to 0.1 s, and those without duration, are
        refused. Otherwise they are cut, or dropped, and counted.
    uem : path, optional
        UEM file, or folder of UEM files, with the annotated regions; by default the file with the name of the
        annotation and the suffix .uem, if there is one. Without it, recordings are annotated completely.
    options : ReadOptions, optional
        Options of the readers of annotation.
    format : str, optional
        Name of the format of the annotation, if it cannot be told from the files.
    labels : LabelMap, optional
        Classes of labels that are merged or left out.
    group : str, optional
        Column of the annotation, or regular expression with a group `group` for names of recordings, that
        says which recordings stay in one subset, such as those of one place (see `corpora.groups`).

    Raises
    ------
    UsageError
        If names or shares are not allowed, or there is no such format.
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
    >>> prepared = make_database(folder / "audio", folder / "events.csv", folder / "out")
    >>> prepared.path.name, prepared.subsets["test"]
    ('database.yml', ['a'])
    """
    check_names(name, protocol)
    shares = {"development": development, "test": test}
    _check_numbers(shares, skip, seed)
    folder, output = absolute(audio), absolute(output)
    files = find_audio(folder, output)
    before = listed(output, protocol, strict=not redraw), annotation_of(output, name)
    rules = Rules(allow_empty, skip, strict, Path(uem) if uem else find_uem(Path(annotation)))
    column = None if group is None or is_pattern(group) else group
    options = replace(options or ReadOptions(), strict=strict, group_column=column)
    found = _found(Path(annotation), folder, files, options, format, rules, by_folder=not redraw, group=group)
    recordings = mapped(found.recordings, labels)
    subsets = found.subsets or split(recordings, shares, seed, None if redraw else before[0], found.groups)
    return Preparation(
        write_database(output, name, recordings, {protocol: subsets}),
        f"{name}.SpeakerDiarization.{protocol}",
        found.format,
        recordings,
        subsets,
        found.left_out + unread_audio(folder),
        found.reasons,
        found.remarks,
        differences(before, (subsets, annotation_of(output, name))),
        found.groups,
    )


class _Found(NamedTuple):
    """Recordings, and their subsets where these are given."""

    recordings: list[AnnotatedFile]
    subsets: dict[str, list[str]] | None
    format: str
    left_out: Counter[str]
    reasons: list[ToolkitError]
    remarks: list[str]
    groups: dict[str, str]


def _found(
    annotation: Path,
    folder: Path,
    files: Mapping[Path, str],
    options: ReadOptions,
    format: str | None,
    rules: Rules,
    *,
    by_folder: bool,
    group: str | None,
) -> _Found:
    if rttm_of := find_subsets(annotation):
        recordings, given, reading = read_subsets(folder, files, rttm_of, options)
        groups = groups_within(given, "the files of annotation say", group, files, recordings)
        return _Found(recordings, given, "rttm", reading.left_out, [], reading.remarks, groups)
    annotated = read_annotation(annotation, folder, files, options, format, skip=rules.skip > 0)
    regions = read_uem_files(rules.uem, folder, files) if rules.uem else {}
    own = OwnRecordings(annotated, annotation, rules, regions)
    recordings = own.of(name_recordings(files))
    names = {one.uri: files[split_channel(one.audio)[0]] for one in recordings}
    subsets = by_folders(names) if by_folder else None
    remarks = annotated.reading.remarks + ([BY_FOLDERS] if subsets else [])
    groups = groups_within(subsets or {}, "the folders of the audio say", group, files, recordings, annotated)
    return _Found(recordings, subsets, annotated.format, own.left_out, own.reasons, remarks, groups)


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


def _check_numbers(shares: Mapping[str, float], skip: float, seed: int) -> None:
    if seed < 0:
        raise UsageError(f"The seed {seed} is negative.", fix="Use 0 or more.")
    if not 0 <= skip <= 1:
        raise UsageError(
            f"The share {skip:g} cannot be skipped.", fix="Use a share from 0 to 1, such as 0.1."
        )
    if not (all(0 <= share < 1 for share in shares.values()) and sum(shares.values()) < 1):
        found = " and ".join(f"{subset} {share:g}" for subset, share in shares.items())
        raise UsageError(
            f"The shares {found} leave nothing to train on.", fix="Use shares such as 0.2 and 0.2."
        )
