"""Lists of trials: pairs of recordings, and whether one speaker is heard in both.

One trial a line, as in the lists of VoxCeleb: `1 first second` is a target trial (one speaker), `0 first
second` a non-target trial (two speakers). Files are called by their path, with or without suffix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.lines import quoted, read_lines, safe_name
from pyannote.audio.io.paths import LONGEST_NAME
from pyannote.audio.io.storage import write_text
from pyannote.audio.io.waveform import SUFFIXES


class Trial(NamedTuple):
    """Two uris, and whether one speaker is heard in both."""

    target: bool
    first: str
    second: str


def without_suffix(name: str) -> str:
    """Return the name of an audio file without its suffix.

    Examples
    --------
    >>> without_suffix("id10270/x/00001.wav"), without_suffix("ES2004a.Mix-Headset")
    ('id10270/x/00001', 'ES2004a.Mix-Headset')
    """
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and f".{suffix.lower()}" in SUFFIXES | {".m4a"} else name


def read_trials(path: Path, calls: Mapping[str, str]) -> list[Trial]:
    r"""Read a list of trials.

    Parameters
    ----------
    path : Path
        File of lines `1|0 first second`.
    calls : mapping of str to str
        The uri of each name, without suffix, by which a file may be called.

    Returns
    -------
    trials : list of Trial
        In the order of the file.

    Raises
    ------
    DataError
        At the first line that has not three columns, whose label is neither 0 nor 1, or which names an
        unknown file; or if all trials are of one kind.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "trials.txt"
    >>> _ = path.write_text("1 a/1.wav a/2.wav\n0 a/1.wav b/1.wav\n")
    >>> read_trials(path, {"a/1": "a/1", "a/2": "a/2", "b/1": "b/1"})[1]
    Trial(target=False, first='a/1', second='b/1')
    """
    trials = []
    for line, text in read_lines(path):
        columns = text.split()
        if len(columns) != 3:
            raise DataError(
                f"Found {len(columns)} columns where 3 are expected.",
                file=path,
                line=line,
                fix="Write it as `1 file file` (one speaker) or `0 file file` (two speakers).",
            )
        if columns[0] not in ("0", "1"):
            found = f"{quoted(columns[0])} is neither 1 (one speaker) nor 0 (two speakers)."
            raise DataError(found, file=path, line=line, fix="Correct the first column.")
        first, second = (called(name, calls, path, line) for name in columns[1:])
        trials.append(Trial(columns[0] == "1", first, second))
    check_both_kinds([trial.target for trial in trials], path)
    return trials


def called(name: str, calls: Mapping[str, str], path: Path, line: int) -> str:
    """Return the uri of a file that is named in a line of a list."""
    uri = calls.get(name) or calls.get(without_suffix(name))
    if uri is None:
        # a search among all of VoxCeleb would take a minute
        close = get_close_matches(without_suffix(name[:LONGEST_NAME]), islice(calls, 10_000), n=1)
        fix = f"Did you mean '{close[0]}'?" if close else "Add the file, or remove the line."
        raise DataError(f"There is no recording {quoted(name)}.", file=path, line=line, fix=fix)
    return uri


def check_both_kinds(targets: Sequence[bool], path: Path | None = None) -> None:
    """Refuse trials that are all of one kind, on which no error rate is defined."""
    if all(targets) or not any(targets):
        found = "There are no non-target trials." if targets and targets[0] else "There are no target trials."
        raise DataError(found, file=path, fix="List pairs of one speaker (1) and pairs of two speakers (0).")


def write_trials(path: Path, trials: Iterable[Trial]) -> None:
    """Write a list of trials, whole or not at all."""
    write_text(path, "".join(f"{trial.target:d} {trial.first} {trial.second}\n" for trial in trials))


def names_of(uris: Mapping[Path, str]) -> dict[str, str]:
    """Uri of each name, without suffix, by which a file may be called: any end of its path that is its own.

    Examples
    --------
    >>> names = names_of({Path("/x/ann/1.wav"): "ann/1", Path("/x/bob/1.wav"): "bob/1"})
    >>> names["ann/1"], names["/x/bob/1"], "1" in names
    ('ann/1', 'bob/1', False)
    """
    owners: dict[str, set[str]] = {}
    for path, uri in uris.items():
        parts = path.with_suffix("").parts
        ends = {"/".join(parts[index:]) for index in range(1, len(parts))}
        for end in ends | {str(path.with_suffix("")), uri} | {safe_name(end) for end in ends}:
            owners.setdefault(end, set()).add(uri)
    return {end: next(iter(uris_)) for end, uris_ in owners.items() if len(uris_) == 1}


def read_names(path: Path, calls: Mapping[str, str]) -> list[str]:
    """Uris of the files that a list names, one a line."""
    uris = [called(text.strip(), calls, path, line) for line, text in read_lines(path)]
    if not uris:
        raise DataError("The list is empty.", file=path, fix="Name one file a line.")
    return list(dict.fromkeys(uris))
