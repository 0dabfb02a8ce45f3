"""Scores of trials as text, one trial a line: `first second label score`.

The label is 1 for trials of one speaker and 0 for others; the higher the score, the more similar both sides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.database.protocols import name_of
from pyannote.audio.io.lines import safe_names
from pyannote.audio.io.storage import remove, write_text

Parts = Sequence[tuple[float, float]]
"""Start and end of each part of a recording, in seconds."""


def side_names(files: Sequence[Mapping[str, Any]], parts: Sequence[Parts]) -> list[str]:
    """Names of the sides of trials, each of which has one of its own.

    Parameters
    ----------
    files : sequence of Recording, shape (sides,)
    parts : sequence of Parts, shape (sides,)
        Those of each recording that are compared.

    Returns
    -------
    names : list of str, shape (sides,)
        The uri; where several sides have it, `<Database>/<uri>`, and if need be with the parts.

    Examples
    --------
    >>> ann, bob = {"uri": "ann", "database": "D"}, {"uri": "bob", "database": "D"}
    >>> side_names([ann, bob, bob], [[(0.0, 9.0)], [(0.0, 2.5)], [(4.0, 9.0)]])
    ['ann', 'D/bob:0.000-2.500', 'D/bob:4.000-9.000']
    """
    uris, full = Counter(file["uri"] for file in files), Counter(map(name_of, files))
    return [
        file["uri"]
        if uris[file["uri"]] == 1
        else name_of(file)
        if full[name_of(file)] == 1
        else f"{name_of(file)}:{','.join(f'{start:.3f}-{end:.3f}' for start, end in own)}"
        for file, own in zip(files, parts, strict=True)
    ]


def scores_text(
    names: Sequence[str],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    targets: NDArray[np.bool_],
    scores: NDArray[np.floating],
) -> str:
    r"""Lines `first second label score` of trials.

    Parameters
    ----------
    names : sequence of str, shape (sides,)
        Blanks in them become underscores.
    first, second : int64, shape (trials,)
        Sides of each trial, as indices of `names`.
    targets : bool, shape (trials,)
    scores : float array, shape (trials,)
        Written with all digits that their values need.

    Raises
    ------
    DataError
        If two names are written in the same way.

    Examples
    --------
    >>> sides = np.array([0, 0]), np.array([1, 2])
    >>> scores_text(["a", "b", "c d"], *sides, np.array([True, False]), np.array([0.5, -0.25]))
    'a b 1 0.5\na c_d 0 -0.25\n'
    """
    safe = safe_names(names)
    written = [safe[name] for name in names]
    rows = zip(first.tolist(), second.tolist(), targets.tolist(), scores.tolist(), strict=True)
    return "".join(
        f"{written[one]} {written[other]} {same:d} {score!r}\n" for one, other, same, score in rows
    )


def write_scores(folder: Path, epoch: int, text: str) -> Path:
    """Write the scores of the trials at the chosen epoch, and remove those of an earlier choice.

    Parameters
    ----------
    folder : Path
        Folder of the validation.
    epoch : int
    text : str
        See `scores_text`.

    Returns
    -------
    path : Path
        `<folder>/trial_scores.<epoch>.txt`.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> for epoch in (1, 2):
    ...     path = write_scores(folder, epoch, "a b 1 0.5")
    >>> [path.name for path in folder.iterdir()]
    ['trial_scores.0002.txt']
    """
    path = folder / f"trial_scores.{epoch:04d}.txt"
    earlier = [one for one in folder.glob("trial_scores.*.txt") if one != path]
    write_text(path, text)
    remove(earlier)
    return path
