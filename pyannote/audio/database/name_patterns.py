"""Patterns that find the speaker and the session in the name of a recording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.io.lines import quoted


def compiled_pattern(
    pattern: str,
    needed: frozenset[str],
    allowed: frozenset[str] = frozenset(),
    option: str = "--pattern",
) -> re.Pattern[str]:
    """Regular expression with named groups.

    Parameters
    ----------
    pattern : str
        As the user has written it.
    needed, allowed : frozenset of str
        Groups that it has, and others that it may have.
    option : str, optional
        That of the command line, for errors.

    Raises
    ------
    UsageError
        If it is not a regular expression, or has other groups.

    Examples
    --------
    >>> compiled_pattern("(?P<speaker>id[0-9]+)-.*", frozenset({"speaker"})).groups
    1
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(
            f"{quoted(pattern)} is not a regular expression ({error}).", fix=f"Correct {option}."
        ) from None
    groups = set(compiled.groupindex)
    if not needed <= groups <= needed | allowed:
        found = f"has the groups {', '.join(sorted(groups))}" if groups else "has no named groups"
        optional = f" It may have {_groups(allowed)}." if allowed else " It may have no other groups."
        fix = f"It needs {_groups(needed)}.{optional}"
        raise UsageError(f"The pattern {quoted(pattern)} {found}.", fix=fix)
    return compiled


def _groups(names: frozenset[str]) -> str:
    return " and ".join(f"(?P<{name}>...)" for name in sorted(names))


def matched_names(
    names: Mapping[Path, str], pattern: re.Pattern[str], left_out: Counter[str], folder: Path
) -> dict[Path, dict[str, str]]:
    """Groups of a pattern, for each recording whose whole name it matches.

    Parameters
    ----------
    names : mapping of Path to str
        Name of each audio file; its suffix is not compared.
    pattern : re.Pattern
        A group that takes no part in a match is empty. If there is a group `speaker`, it may not be empty.
    left_out : Counter of str
        Gets the number of the others, and an example.
    folder : Path
        Folder of the files, for the error message.

    Raises
    ------
    DataError
        If the pattern matches no name.

    Examples
    --------
    >>> names, left_out = {Path("/x/ann-1.wav"): "ann-1.wav", Path("/x/noise.wav"): "noise.wav"}, Counter()
    >>> pattern = compiled_pattern("(?P<speaker>.+)-[0-9]+", frozenset({"speaker"}))
    >>> list(matched_names(names, pattern, left_out, Path("/x")).values()), left_out.total()
    ([{'speaker': 'ann'}], 1)
    """
    groups, others = {}, []
    for path, name in names.items():
        bare = name.removesuffix(path.suffix)
        found = match.groupdict("") if (match := pattern.fullmatch(bare)) else {"speaker": ""}
        if found.get("speaker") == "":
            others.append(bare)
        else:
            groups[path] = found
    if not groups:
        raise DataError(
            f"The pattern {quoted(pattern.pattern)} matches no recording, such as {quoted(others[0])}.",
            file=folder,
            fix="It has to match the whole path below this folder, without suffix: correct --pattern.",
        )
    if others:
        left_out[f"recordings that --pattern does not match, such as {quoted(others[0])}"] = len(others)
    return groups
