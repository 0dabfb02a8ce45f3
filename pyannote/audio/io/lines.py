"""What all files of annotation share: lines, times, and names that blanks must not tear apart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError

# pandas, with which pyannote.database reads RTTM, takes these for missing values
_MISSING = frozenset(
    {"#N/A", "#NA", "-NaN", "-nan", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}
)


class AnnotatedEvent(NamedTuple):
    """One annotated event, and where it was read."""

    recording: str
    segment: Segment
    label: str
    file: Path
    line: int


def safe_name(name: str) -> str:
    """Return `name` in a form that survives formats whose columns are separated by blanks.

    Blanks become underscores and double quotes apostrophes (pyannote.database removes quotes when it reads
    RTTM); a name that reads as a missing value gets a final underscore. All other characters are kept.

    Parameters
    ----------
    name : str
        Label or uri.

    Returns
    -------
    safe : str

    Raises
    ------
    DataError
        If `name` is empty.

    Examples
    --------
    >>> safe_name("people walking"), safe_name("née"), safe_name("None")
    ('people_walking', 'née', 'None_')
    """
    safe = "_".join(name.split()).replace('"', "'")
    if not safe:
        raise DataError("Found an empty name.", fix="Give every label and every recording a name.")
    return f"{safe}_" if safe in _MISSING else safe


def safe_names(names: Iterable[str]) -> dict[str, str]:
    """Map each name to its safe name, and refuse two names that would become one.

    Examples
    --------
    >>> safe_names(["car", "people walking"])
    {'car': 'car', 'people walking': 'people_walking'}
    >>> safe_names(["people walking", "people_walking"])
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: 'people walking' and 'people_walking' are both written as ...
    """
    original: dict[str, str] = {}
    for name in names:
        other = original.setdefault(safe_name(name), name)
        if other != name:
            raise DataError(
                f"'{other}' and '{name}' are both written as '{safe_name(name)}'.", fix="Rename one of them."
            )
    return {name: safe for safe, name in original.items()}


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line of `path` that is neither blank nor a comment."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError("There is no such file.", file=path, fix="Check the path.") from None
    except UnicodeDecodeError:
        raise DataError("This is not UTF-8 text.", file=path, fix="Save it as UTF-8.") from None
    except OSError as error:
        raise DataError(f"The file cannot be read ({error.strerror}).", file=path) from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.startswith(";;"):
            yield number, line


def parse_segment(onset: str, offset: str, *, file: Path, line: int) -> Segment:
    """Turn two texts in seconds into a segment, or say what is wrong with them.

    Examples
    --------
    >>> parse_segment("1.5", "2", file=Path("a.txt"), line=1)
    <Segment(1.5, 2)>
    >>> parse_segment("3", "2", file=Path("a.txt"), line=1)
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: a.txt, line 1: The offset 2 is not later than the onset 3. ...
    """
    segment = Segment(parse_seconds(onset, file=file, line=line), parse_seconds(offset, file=file, line=line))
    if not segment:
        raise DataError(
            f"The offset {offset.strip()} is not later than the onset {onset.strip()}.",
            file=file,
            line=line,
            fix="An event lasts longer than 0 seconds and ends after it starts: correct the times.",
        )
    return segment


def parse_seconds(text: str, *, file: Path, line: int) -> float:
    """Turn `text` into a finite number of seconds, 0 or more, or say what is wrong with it."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise DataError(
            f"'{text.strip()}' is not a time.",
            file=file,
            line=line,
            fix="Write seconds, 0 or more, with a decimal point, such as 12.34.",
        )
    return seconds
