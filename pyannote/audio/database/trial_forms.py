"""Forms of lists of trials, one of which all lines of a list have.

1 first second            0 first second               VoxCeleb
first second target       first second nontarget       Kaldi, WeSpeaker
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError
from pyannote.audio.io.lines import quoted, read_lines


class Form(NamedTuple):
    """Form of a list of trials.

    Parameters
    ----------
    line : str
        Example of a line.
    column : int
        Column of the label, counted from 0; the others name the recordings.
    place : str
        The column in words.
    labels : str
        The labels in words.
    targets : mapping of str to bool
        Whether each label is that of target trials.

    Examples
    --------
    >>> FORMS[1].line, FORMS[1].targets["nontarget"]
    ('file file target', False)
    """

    line: str
    column: int
    place: str
    labels: str
    targets: Mapping[str, bool]


FORMS = (
    Form("1 file file", 0, "first column", "1 (one speaker) nor 0 (two speakers)", {"1": True, "0": False}),
    Form("file file target", 2, "last column", "target nor nontarget", {"target": True, "nontarget": False}),
)
"""Forms of VoxCeleb and of Kaldi."""


def parsed_lines(path: Path) -> Iterator[tuple[int, bool, str, str]]:
    r"""Lines of a list of trials.

    Parameters
    ----------
    path : Path
        File in one of the forms of `FORMS`.

    Yields
    ------
    line : int
        Counted from 1.
    target : bool
        Whether both recordings are of one speaker.
    first, second : str
        Names of the recordings.

    Raises
    ------
    DataError
        At the first line that does not have three columns, has no label, or has another form than the lines
        before it.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "trials.txt"
    >>> _ = path.write_text("a/1 a/2 target\n\na/1 b/1 nontarget\n")
    >>> list(parsed_lines(path))
    [(1, True, 'a/1', 'a/2'), (3, False, 'a/1', 'b/1')]
    """
    rows = [(line, _columns(text, path, line)) for line, text in read_lines(path)]
    form = _form_of(rows, path)
    for line, columns in rows:
        target = form.targets[columns.pop(form.column)]
        first, second = columns
        yield line, target, first, second


def _columns(text: str, path: Path, line: int) -> list[str]:
    columns = text.split()
    if len(columns) != 3:
        raise DataError(
            f"Found {counted(len(columns), 'column')} where 3 are expected.",
            file=path,
            line=line,
            fix="Write it as `1 file file` (one speaker) or `0 file file` (two speakers), or as "
            "`file file target` or `file file nontarget`.",
        )
    return columns


def _form_of(rows: Sequence[tuple[int, Sequence[str]]], path: Path) -> Form:
    """The form of all lines; where a recording is called as a label is, the other lines decide."""
    possible: Sequence[Form] = FORMS
    for line, columns in rows:
        fitting = [form for form in possible if columns[form.column] in form.targets]
        if not fitting:
            raise _misfit(columns, possible, path, line)
        possible = fitting
    if rows and possible[1:]:
        raise DataError(
            f"Each line can be read as `{FORMS[0].line}` and as `{FORMS[1].line}`.",
            file=path,
            line=rows[0][0],
            fix="Rename the recordings that are called as a label is.",
        )
    return possible[0]


def _misfit(columns: Sequence[str], possible: Sequence[Form], path: Path, line: int) -> DataError:
    """Error of a line in none of the forms that the lines before it leave possible."""
    other = next((form for form in FORMS if columns[form.column] in form.targets), None)
    if other is not None:
        found = f"This line is written as `{other.line}`, and those before it as `{possible[0].line}`."
        return DataError(found, file=path, line=line, fix="Write all lines in one form.")
    found = ", and ".join(f"{quoted(columns[form.column])} is neither {form.labels}" for form in possible)
    places = " or the ".join(form.place for form in possible)
    return DataError(f"{found}.", file=path, line=line, fix=f"Correct the {places}.")
