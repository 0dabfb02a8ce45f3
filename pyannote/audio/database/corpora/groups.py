"""Groups of recordings that may not be divided between subsets, such as those of one place or one day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile
from pyannote.audio.database.corpora.own_annotation import OwnAnnotation
from pyannote.audio.database.name_patterns import compiled_pattern
from pyannote.audio.io.channel_names import split_channel
from pyannote.audio.io.lines import quoted


def groups_within(
    subsets: Mapping[str, Sequence[str]],
    why: str,
    group: str | None,
    names: Mapping[Path, str],
    recordings: Sequence[AnnotatedFile],
    annotated: OwnAnnotation | None = None,
) -> dict[str, str]:
    """Group of each recording, empty where no groups are asked for; given subsets may not divide one.

    Parameters
    ----------
    subsets : mapping of str to sequence of str
        Given subsets, if there are any.
    why : str
        Where these come from (see `refuse_divided`).
    group, names, annotated
        See `groups_of`.
    recordings : sequence of AnnotatedFile, shape (recordings,)

    Examples
    --------
    >>> groups_within({}, "", None, {}, [])
    {}
    """
    if group is None:
        return {}
    groups = groups_of(group, names, {one.audio: one.uri for one in recordings}, annotated)
    refuse_divided(subsets, groups, why)
    return groups


def is_pattern(group: str) -> bool:
    """Whether the value of `--group` is a regular expression, and not the name of a column.

    Examples
    --------
    >>> is_pattern("(?P<group>[^-]+)-.*"), is_pattern("place")
    (True, False)
    """
    return "(?P<" in group


def groups_of(
    group: str, names: Mapping[Path, str], uris: Mapping[Path, str], annotated: OwnAnnotation | None
) -> dict[str, str]:
    """Group of each recording.

    Parameters
    ----------
    group : str
        Regular expression with a group `group`, for the path below the audio folder, without suffix; or name
        of the column of annotation that tells the group.
    names : mapping of Path to str
        Path of each audio file below the audio folder.
    uris : mapping of Path to str
        Uri of each recording, by its audio file or channel of one.
    annotated : OwnAnnotation, optional
        None for annotation without columns.

    Returns
    -------
    groups : dict of str to str, shape (recordings,)
        By uri.

    Raises
    ------
    UsageError
        If the pattern cannot be used.
    DataError
        If a recording has no group.

    Examples
    --------
    >>> names = {Path("/audio/bridge/a.wav"): "bridge/a.wav"}
    >>> groups_of("(?P<group>[^/]+)/.*", names, {Path("/audio/bridge/a.wav"): "a"}, None)
    {'a': 'bridge'}
    """
    known = _matched(group, names) if is_pattern(group) else _told(group, annotated)
    groups = {}
    for path, uri in uris.items():
        found = known.get(path) or known.get(split_channel(path)[0])
        if not found:
            raise _without(group, names[split_channel(path)[0]], path)
        groups[uri] = found
    return groups


def _matched(pattern: str, names: Mapping[Path, str]) -> dict[Path, str]:
    compiled = compiled_pattern(pattern, frozenset({"group"}), option="--group")
    matches = {path: compiled.fullmatch(name.removesuffix(path.suffix)) for path, name in names.items()}
    return {path: match["group"] for path, match in matches.items() if match and match["group"]}


def _told(column: str, annotated: OwnAnnotation | None) -> dict[Path, str]:
    groups = {} if annotated is None else annotated.groups
    if not groups:
        form = "RTTM" if annotated is None else annotated.format
        raise DataError(
            f"Annotation that is read as {form} has no columns of other names, such as {quoted(column)}.",
            fix="Give a pattern for the names of recordings, such as --group='(?P<group>[^-]+)-.*'.",
        )
    return groups


def _without(group: str, name: str, path: Path) -> DataError:
    if is_pattern(group):
        found = f"The pattern {quoted(group)} of --group does not match {quoted(name)}."
        fix = "It has to match the whole path below the audio folder, without suffix: correct it."
        return DataError(found, file=path, fix=fix)
    return DataError(
        f"No row of the annotation tells the group of {quoted(name)}, in the column {quoted(group)}.",
        file=path,
        fix="Add a row with the name of the recording and its group.",
    )


def refuse_divided(subsets: Mapping[str, Sequence[str]], groups: Mapping[str, str], why: str) -> None:
    """Refuse subsets between which a group is divided.

    Parameters
    ----------
    subsets : mapping of str to sequence of str
        Uris of each subset.
    groups : mapping of str to str
        Group of each uri; uris without one are ignored.
    why : str
        Where the subsets come from, as a clause.

    Raises
    ------
    DataError
        With the first group in two subsets.

    Examples
    --------
    >>> refuse_divided({"train": ["a"], "test": ["b"]}, {"a": "bridge", "b": "park"}, "the lists say")
    """
    first: dict[str, tuple[str, str]] = {}
    for subset, uris in subsets.items():
        for uri in (one for one in uris if one in groups):
            before, other = first.setdefault(groups[uri], (subset, uri))
            if before != subset:
                raise DataError(
                    f"The group {quoted(groups[uri])} is in {before} ({quoted(other)}) and in {subset} "
                    f"({quoted(uri)}), as {why}.",
                    fix="Draw subsets anew: --redraw, and one file of annotation. Or leave out --group.",
                )
