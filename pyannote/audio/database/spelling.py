"""Lines of annotation that are about a listed recording, but spell its name in another way."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.sources import (
    SUBSETS,
    files_of,
    listed_lines,
    listed_recordings,
    parts_of,
    sources_of,
)
from pyannote.audio.database.trial_lists import without_suffix
from pyannote.audio.io.lines import quoted, read_lines

COLUMNS = {".rttm": 1, ".uem": 0}
"""Column of the name of a recording in each format, counted from 0."""


def spells(name: str, other: str) -> bool:
    """Whether two names differ in suffix, case, folder or Unicode form alone.

    Examples
    --------
    >>> spells("a001", "street/A001.wav"), spells("ann/1", "bob/1"), spells("a001", "a010")
    (True, False, False)
    """
    return all(one == two for one, two in zip(_parts(name), _parts(other), strict=False))


def misspelt(name: str, subset: str, key: str, without: Set[str]) -> dict[str, DataError]:
    """Errors about lines that spell the name of a recording without lines in another way.

    Lines about recordings that any list contains which is used with the same file are those of other subsets
    or protocols, whatever their names.

    Parameters
    ----------
    name : str
        Full name of the protocol.
    subset : {"train", "development", "test"}
    key : {"annotation", "annotated"}
        Kind of the lines: RTTM or UEM.
    without : set of str, shape (recordings,)
        Listed recordings without such lines.

    Returns
    -------
    errors : dict of str to DataError
        For each recording that is misspelt, with the first line that does so.

    Examples
    --------
    >>> from pyannote.audio.database.known_protocols import load_database
    >>> folder = getfixture("tmp_path")
    >>> _ = (folder / "train.lst").write_text("a")
    >>> _ = (folder / "all.uem").write_text("A.wav 1 0 5")
    >>> _ = (folder / "database.yml").write_text(
    ...     "Protocols: {Spelt: {SpeakerDiarization: {Twice: {train: {uri: train.lst, annotated: all.uem}, "
    ...     "scope: file}}}}"
    ... )
    >>> load_database(str(folder / "database.yml"))
    >>> misspelt("Spelt.SpeakerDiarization.Twice", "train", "annotated", {"a"})["a"].message
    "No list contains 'A.wav', and 'a' (line 1 of train.lst) has no line here: two spellings of one name."
    """
    errors: dict[str, DataError] = {}
    for one in _spellings(name, subset, key, without):
        found = (
            f"No list contains {quoted(one.other)}, and {quoted(one.uri)}{one.where} has no line here: two "
            "spellings of one name."
        )
        fix = f"Write {quoted(one.uri)} here, or {quoted(one.other)} in the list."
        errors.setdefault(one.uri, DataError(found, file=one.file, line=one.line, fix=fix))
    return errors


def partly_misspelt(name: str, subset: str, key: str, having: Set[str]) -> Iterator[Finding]:
    """Warnings about lines that spell the name of a recording in another way than other lines about it do.

    Parameters are those of `misspelt`, for recordings that have lines.

    Examples
    --------
    >>> list(partly_misspelt("No.Such.Protocol", "train", "annotation", {"a"}))
    []
    """
    for one in _spellings(name, subset, key, having):
        yield Finding(
            "spelling",
            f"No list contains {quoted(one.other)}, so that its lines are not used; {quoted(one.uri)}"
            f"{one.where} may be another spelling of the name.",
            f"Write {quoted(one.uri)} here if that is the recording.",
            file=one.file,
            line=one.line,
        )


class _Spelling(NamedTuple):
    """A listed recording, where it is listed, and the first line with another spelling of its name."""

    uri: str
    where: str
    other: str
    file: Path
    line: int


def _spellings(name: str, subset: str, key: str, uris: Set[str]) -> Iterator[_Spelling]:
    for part, one in parts_of(name, subset) if uris else ():
        listing = sources_of(part, one).get("uri")
        listed = listed_lines(listing)
        mine = sorted(listed.keys() & uris)
        own = {uri for every in SUBSETS for uri in listed_lines(sources_of(part, every).get("uri"))}
        for path in files_of(part, one, key, mine):
            for uri, other, line in _pairs(mine, _unlisted(path, own)):
                where = f" (line {listed[uri]} of {listing.name})" if listing else ""
                yield _Spelling(uri, where, other, path, line)


def _unlisted(path: Path, own: Set[str]) -> dict[str, int]:
    """First line about each recording of a file that neither these nor other lists with the file contain."""
    if path.suffix not in COLUMNS or not path.is_file():
        return {}
    first: dict[str, int] = {}
    for line, text in read_lines(path):
        words = text.split(maxsplit=COLUMNS[path.suffix] + 1)
        if len(words) > COLUMNS[path.suffix]:
            first.setdefault(words[COLUMNS[path.suffix]], line)
    if first.keys() <= own:
        return {}
    known = own | (listed_recordings(path) or set())
    return {uri: line for uri, line in first.items() if uri not in known}


def _pairs(uris: Iterable[str], others: dict[str, int]) -> Iterator[tuple[str, str, int]]:
    """Each of the recordings with each of the others that spells its name, and the line of the latter."""
    alike = defaultdict(list)
    for other in others:
        alike[_parts(other)[0]].append(other)
    for uri in sorted(uris):
        for other in alike[_parts(uri)[0]]:
            if spells(uri, other):
                yield uri, other, others[other]


def _parts(name: str) -> tuple[str, ...]:
    """File and folders of a name, the file first, in one case, one Unicode form and without suffix."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    folders = [part for part in plain.replace("\\", "/").split("/") if part not in ("", ".")]
    return tuple(reversed(without_suffix("/".join(folders)).split("/")))
