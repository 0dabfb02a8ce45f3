"""Lines of onset, offset and label, separated by tabs or by blanks, as several formats have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.formats._lines import first_lines, unreadable
from pyannote.audio.io.lines import quoted


def split_line(text: str, path: Path, line: int) -> tuple[str, str, str]:
    r"""Onset, offset and label of a line, as text.

    Parameters
    ----------
    text : str
        If it has tabs, they separate its three columns; if it has none, blanks do, and all that follows the
        second time is the label.
    path, line : Path, int
        Its place, for errors.

    Raises
    ------
    DataError
        If there are not three columns; or if the label begins with a number and more words follow, so that
        the line may be one of a table in which the times stand in other columns.

    Examples
    --------
    >>> split_line("0.5\t1\tpeople walking", Path("a.txt"), 1)
    ('0.5', '1', 'people walking')
    >>> split_line("0.5 1 people walking", Path("a.txt"), 1)
    ('0.5', '1', 'people walking')
    """
    tabs = "\t" in text.strip()
    columns = text.split("\t") if tabs else text.split(maxsplit=2)
    columns = [column.strip() for column in columns]
    if len(columns) != 3 or not all(columns):
        raise unreadable(path, line, "onset <tab> offset <tab> label")
    onset, offset, label = columns
    first, *more = label.split()
    if more and not tabs and all(map(is_number, (onset, offset, first))):
        raise DataError(
            f"After the two times stands another number, in {quoted(text.strip())}.",
            file=path,
            line=line,
            fix="If the label begins with it, separate the columns by tabs; else name the format (--format).",
        )
    return onset, offset, label


def looks_like_lines(path: Path) -> bool:
    r"""Whether the first lines of a file are an onset and a later or equal offset, in seconds, and a label.

    The very first has to be, and half of the others: the reader then names those that are wrong. Lines that
    begin with a backslash are not looked at. An empty file looks right.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.txt"
    >>> _ = path.write_text("0.5\t1\tcar\n")
    >>> looks_like_lines(path)
    True
    """
    right = [_looks_right(line) for line in first_lines(path) if not line.startswith("\\")]
    return not right or (right[0] and 2 * sum(right) >= len(right))


def _looks_right(line: str) -> bool:
    try:
        onset, offset, _ = split_line(line, Path(), 1)
        return 0 <= float(onset) <= float(offset)
    except (DataError, ValueError):
        return False


def is_number(text: str) -> bool:
    """Whether a word is a number.

    Examples
    --------
    >>> is_number("1.5"), is_number("car")
    (True, False)
    """
    try:
        float(text)
    except ValueError:
        return False
    return True


def writer(suffix: str) -> Callable[[Mapping[str, Sequence[Event]], Mapping[str, float]], dict[str, str]]:
    r"""Writer of a format with one file a recording and one line `onset <tab> offset <tab> label` an event.

    Times are in seconds, with six decimals.

    Parameters
    ----------
    suffix : str
        That of the names of files, with its point.

    Examples
    --------
    >>> writer(".txt")({"a": [(0.5, 1.0, "car")]}, {"a": 10.0})
    {'a.txt': '0.500000\t1.000000\tcar\n'}
    """

    def write(events: Mapping[str, Sequence[Event]], durations: Mapping[str, float]) -> dict[str, str]:
        """Format the events of each recording as a file of labels."""
        return {
            f"{recording}{suffix}": "".join(
                f"{onset:.6f}\t{offset:.6f}\t{on_one_line(label, recording)}\n"
                for onset, offset, label in its_events
            )
            for recording, its_events in events.items()
        }

    return write


def on_one_line(label: str, recording: str) -> str:
    """Label, unless a format whose columns are separated by tabs cannot hold it.

    Raises
    ------
    DataError
        If it has a tab or a line break.

    Examples
    --------
    >>> on_one_line("people walking", "a")
    'people walking'
    """
    if set("\t\n\r") & set(label):
        raise DataError(
            f"The label {quoted(label)} of {quoted(recording)} has a tab or a line break.", fix="Rename it."
        )
    return label
