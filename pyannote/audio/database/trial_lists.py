"""Lists of trials: pairs of recordings, and whether both are of the same speaker.

Target trials are of one speaker, non-target trials of two. Files are named by their path, with or without
suffix; `trial_forms` explains the forms of the lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.trial_forms import parsed_lines
from pyannote.audio.io.lines import quoted, read_lines, safe_name
from pyannote.audio.io.paths import LONGEST_NAME
from pyannote.audio.io.storage import write_text
from pyannote.audio.io.waveform import SUFFIXES


class Trial(NamedTuple):
    """Two uris, and whether both recordings are of the same speaker.

    Examples
    --------
    >>> Trial(True, "ann/1", "ann/2").first
    'ann/1'
    """

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
    return stem if dot and f".{suffix.lower()}" in SUFFIXES else name


def read_trials(path: Path, uris_by_name: Mapping[str, str]) -> list[Trial]:
    r"""Read a list of trials, as `numbered_trials` without the lines.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "trials.txt"
    >>> _ = path.write_text("1 a/1.wav a/2.wav\n0 a/1.wav b/1.wav\n")
    >>> read_trials(path, {"a/1": "a/1", "a/2": "a/2", "b/1": "b/1"})[1]
    Trial(target=False, first='a/1', second='b/1')
    """
    return [trial for _, trial in numbered_trials(path, uris_by_name)]


def numbered_trials(path: Path, uris_by_name: Mapping[str, str]) -> list[tuple[int, Trial]]:
    r"""Read a list of trials.

    Parameters
    ----------
    path : Path
        File in one of the forms of `trial_forms.FORMS`.
    uris_by_name : mapping of str to str
        Uri of each name, without suffix, that the list may contain.

    Returns
    -------
    trials : list of (int, Trial), shape (trials, 2)
        The line of each, and the trial, in the order of the file.

    Raises
    ------
    DataError
        At the first line that does not have three columns, has no label, is in another form than those before
        it, or names an unknown file; or if all trials are of one kind.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "trials.txt"
    >>> _ = path.write_text("a/1 a/2 target\n\na/1 b/1 nontarget\n")
    >>> numbered_trials(path, {"a/1": "a/1", "a/2": "a/2", "b/1": "b/1"})[1]
    (3, Trial(target=False, first='a/1', second='b/1'))
    """
    trials = []
    for line, target, *names in parsed_lines(path):
        first, second = (resolve(name, uris_by_name, path, line) for name in names)
        trials.append((line, Trial(target, first, second)))
    check_both_kinds([trial.target for _, trial in trials], path)
    return trials


def resolve(name: str, uris_by_name: Mapping[str, str], path: Path, line: int) -> str:
    """Uri of a file that a line of a list names.

    Parameters
    ----------
    name : str
        Name in the list, with or without suffix.
    uris_by_name : mapping of str to str
        Uri of each name without suffix.
    path, line : Path, int
        Position in the list, for the error message.

    Raises
    ------
    DataError
        If there is no such file; the message suggests a similar name.

    Examples
    --------
    >>> resolve("ann/1.wav", {"ann/1": "ann/1"}, Path("trials.txt"), 1)
    'ann/1'
    """
    uri = uris_by_name.get(name) or uris_by_name.get(without_suffix(name))
    if uri is None:
        # a search among all of VoxCeleb would take a minute
        close = get_close_matches(without_suffix(name[:LONGEST_NAME]), islice(uris_by_name, 10_000), n=1)
        fix = f"Did you mean '{close[0]}'?" if close else "Add the file, or remove the line."
        raise DataError(f"There is no recording {quoted(name)}.", file=path, line=line, fix=fix)
    return uri


def check_both_kinds(targets: Sequence[bool], path: Path | None = None) -> None:
    """Refuse trials that are all of one kind, for which error rates are undefined.

    Parameters
    ----------
    targets : sequence of bool, shape (trials,)
        Whether each trial is of one speaker.
    path : Path, optional
        List of the trials, for the error message.

    Raises
    ------
    DataError
        If there are no target trials or no non-target trials.

    Examples
    --------
    >>> check_both_kinds([True, True])
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: There are no non-target trials. List pairs of one speaker (1) ...
    """
    if all(targets) or not any(targets):
        found = "There are no non-target trials." if targets and targets[0] else "There are no target trials."
        raise DataError(found, file=path, fix="List pairs of one speaker (1) and pairs of two speakers (0).")


def write_trials(path: Path, trials: Iterable[Trial]) -> None:
    r"""Write a list of trials; an interrupted write leaves no file.

    Parameters
    ----------
    path : Path
        File to write.
    trials : iterable of Trial, shape (trials,)

    Raises
    ------
    StorageError
        If it cannot be written.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "trials.txt"
    >>> write_trials(path, [Trial(True, "ann/1", "ann/2")])
    >>> path.read_text()
    '1 ann/1 ann/2\n'
    """
    write_text(path, "".join(f"{trial.target:d} {trial.first} {trial.second}\n" for trial in trials))


def uris_by_path_end(uris: Mapping[Path, str]) -> dict[str, str]:
    """Uri of each name by which a list may refer to a file: any end of its path that no other file shares.

    Parameters
    ----------
    uris : mapping of Path to str
        Uri of each audio file.

    Returns
    -------
    uris_by_name : dict of str to str
        Names are without suffix.

    Examples
    --------
    >>> names = uris_by_path_end({Path("/x/ann/1.wav"): "ann/1", Path("/x/bob/1.wav"): "bob/1"})
    >>> names["ann/1"], names["/x/bob/1"], "1" in names
    ('ann/1', 'bob/1', False)
    """
    uris_of_name: dict[str, set[str]] = {}
    for path, uri in uris.items():
        parts = path.with_suffix("").parts
        ends = {"/".join(parts[index:]) for index in range(1, len(parts))}
        for end in ends | {str(path.with_suffix("")), uri} | {safe_name(end) for end in ends}:
            uris_of_name.setdefault(end, set()).add(uri)
    return {name: min(uris_) for name, uris_ in uris_of_name.items() if len(uris_) == 1}


def read_names(path: Path, uris_by_name: Mapping[str, str]) -> list[str]:
    r"""Uris of the files that a list names, one a line.

    Parameters
    ----------
    path : Path
        List of files.
    uris_by_name : mapping of str to str
        Uri of each name without suffix.

    Returns
    -------
    uris : list of str, shape (files,)
        Each once, in the order of the list.

    Raises
    ------
    DataError
        If the list is empty or names an unknown file.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "test.lst"
    >>> _ = path.write_text("ann/1.wav\nbob/1.wav\n")
    >>> read_names(path, {"ann/1": "ann/1", "bob/1": "bob/1"})
    ['ann/1', 'bob/1']
    """
    uris = [resolve(text.strip(), uris_by_name, path, line) for line, text in read_lines(path)]
    if not uris:
        raise DataError("The list is empty.", file=path, fix="Name one file a line.")
    return list(dict.fromkeys(uris))
