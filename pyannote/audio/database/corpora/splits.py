"""Division of recordings into train, development and test, in which recordings keep their subsets.

The lists of a database are its memory: recordings that are in one of them stay in their subset when the data
are prepared again, so that a test set remains one that no model has learned from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile
from pyannote.audio.database.corpora.groups import refuse_divided
from pyannote.audio.database.corpora.held_out_recordings import hold_out
from pyannote.audio.io.channel_names import split_name
from pyannote.audio.io.paths import inside
from pyannote.audio.io.rttm import read_lst

SUBSETS = ("train", "development", "test")

FOLDERS = {
    "train": "train",
    "training": "train",
    "dev": "development",
    "development": "development",
    "val": "development",
    "valid": "development",
    "validate": "development",
    "validation": "development",
    "eval": "test",
    "evaluation": "test",
    "test": "test",
    "testing": "test",
}
"""Subset of the recordings in a folder of a name."""

Subsets = Mapping[str, Sequence[str]]
"""Uris of each subset."""


def listed(output: Path, protocol: str, *, strict: bool = True) -> dict[str, list[str]]:
    r"""Subsets of an earlier preparation, empty if there is none.

    Parameters
    ----------
    output : Path
        Folder of the database.
    protocol : str
        Name of the protocol.
    strict : bool, optional
        Whether damaged and contradicting lists are refused. Otherwise there was no earlier preparation.

    Returns
    -------
    subsets : dict of str to list of str, shape (recordings,)
        Uris of each subset.

    Raises
    ------
    DataError
        If a list is damaged, or two contain the same recording.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "lists").mkdir()
    >>> _ = (folder / "lists" / "Protocol.test.lst").write_text("b\n")
    >>> listed(folder, "Protocol")
    {'test': ['b']}
    """
    try:
        return _listed(output, protocol)
    except DataError:
        if strict:
            raise
        return {}


def _listed(output: Path, protocol: str) -> dict[str, list[str]]:
    paths = {subset: inside(output, f"lists/{protocol}.{subset}", ".lst") for subset in SUBSETS}
    subsets = {subset: read_lst(path) for subset, path in paths.items() if path.exists()}
    subset_of: dict[str, str] = {}
    for subset, uris in subsets.items():
        for uri in uris:
            if subset_of.setdefault(uri, subset) != subset:
                raise DataError(
                    f"{uri} is listed in both {subset_of[uri]} and {subset}.",
                    file=paths[subset],
                    fix="Keep it in one of the two lists, or draw all subsets anew with --redraw.",
                )
    return subsets


def by_folders(names: Mapping[str, str]) -> dict[str, list[str]] | None:
    """Subsets of recordings in folders such as `train`, `validate` and `test`; None if there are others.

    Parameters
    ----------
    names : mapping of str to str
        Path of the audio file of each uri, below the audio folder.

    Returns
    -------
    subsets : dict of str to list of str, shape (recordings,), optional
        Uris of each subset.

    Examples
    --------
    >>> by_folders({"a": "train/x/a.wav", "b": "eval/b.wav"})
    {'train': ['a'], 'test': ['b']}
    >>> by_folders({"a": "train/a.wav", "b": "street/b.wav"})
    """
    subset_of = {uri: FOLDERS.get(name.split("/")[0].lower()) for uri, name in names.items() if "/" in name}
    found = {subset: [uri for uri in names if subset_of.get(uri) == subset] for subset in SUBSETS}
    found = {subset: uris for subset, uris in found.items() if uris}
    complete = sum(map(len, found.values())) == len(names)
    return found if complete and "train" in found and len(found) > 1 else None


def split(
    recordings: Iterable[AnnotatedFile],
    shares: Mapping[str, float],
    seed: int,
    kept: Subsets | None = None,
    groups: Mapping[str, str] | None = None,
) -> dict[str, list[str]]:
    """Split recordings into train and other subsets, with every class in train wherever possible.

    Parameters
    ----------
    recordings : iterable of AnnotatedFile, shape (recordings,)
    shares : mapping of str to float
        Share of the recordings in each other subset, in [0, 1), less than 1 in total; 0 for no such subset.
    seed : int
        The same recordings, shares and seed give the same split.
    kept : mapping of str to sequence of str, optional
        Recordings that stay in a subset, where there is such a subset. A subset with more of them than its
        share gets no others.
    groups : mapping of str to str, optional
        Group of each uri: recordings of one group go into one subset, and shares are those of the groups.

    Returns
    -------
    subsets : dict of str to list of str
        Uris of each subset.

    Raises
    ------
    DataError
        If there are too few recordings or groups, or `kept` divides one of them.

    Examples
    --------
    >>> files = [AnnotatedFile(uri, Path(f"{uri}.wav"), 1.0) for uri in "abcd"]
    >>> {subset: len(uris) for subset, uris in split(files, {"test": 0.25}, seed=0).items()}
    {'train': 3, 'test': 1}
    >>> split(files, {"test": 0.25}, seed=0, kept={"test": ["c"], "train": ["a", "d"]})
    {'train': ['a', 'b', 'd'], 'test': ['c']}
    """
    members = _undivided(recordings, groups or {})
    train = {file: _seconds(own) for file, own in members.items()}
    wanted = {subset: share for subset, share in shares.items() if share > 0}
    if len(train) <= len(wanted):
        raise _too_few(len(train), wanted, bool(groups))
    unit_of = {one.uri: unit for unit, own in members.items() for one in own}
    staying = {subset: uris for subset, uris in (kept or {}).items() if subset in ("train", *wanted)}
    refuse_divided(staying, unit_of, "the lists of an earlier preparation say")
    stays = {unit_of[uri]: subset for subset, uris in staying.items() for uri in uris if uri in unit_of}
    subsets: dict[str, list[str]] = {}
    # the smaller share first, so that rounding always leaves a recording for the following subsets
    for subset, share in sorted(wanted.items(), key=lambda item: item[1]):
        if len(train) < 2:
            raise _none_left()
        remaining = 1 - sum(wanted[other] for other in subsets)
        own = {uri for uri in train if stays.get(uri) == subset}
        others = {uri for uri in train if stays.get(uri, subset) != subset}
        uris, subsets[subset] = hold_out(train, share / remaining, seed=seed, inside=own, outside=others)
        train = {uri: train[uri] for uri in uris}
    if not train:
        raise _none_left()
    subsets = {"train": list(train)} | {subset: subsets[subset] for subset in wanted}
    return {subset: [one.uri for file in files for one in members[file]] for subset, files in subsets.items()}


def _undivided(
    recordings: Iterable[AnnotatedFile], groups: Mapping[str, str]
) -> dict[str, list[AnnotatedFile]]:
    """Recordings by group, or by audio: channels of one file hear the same sounds, and stay together."""
    files: dict[str, list[AnnotatedFile]] = {}
    for one in recordings:
        files.setdefault(groups.get(one.uri) or split_name(one.uri)[0], []).append(one)
    return files


def _too_few(count: int, wanted: Iterable[str], grouped: bool) -> DataError:
    are = (
        counted(count, "group is", "groups are")
        if grouped
        else counted(count, "recording is", "recordings are")
    )
    found = f"{are} too few for train, {' and '.join(wanted)}."
    return DataError(found, fix="Add recordings, cut long ones, or set the share of a subset to 0.")


def _seconds(recordings: Iterable[AnnotatedFile]) -> dict[str, float]:
    """Total duration of each label in seconds."""
    total: Counter[str] = Counter()
    for one in recordings:
        total.update(one.seconds())
    return dict(total)


def _none_left() -> DataError:
    return DataError(
        "The lists of an earlier preparation leave no recording for train.",
        fix="Add recordings, or draw all subsets anew with --redraw.",
    )
