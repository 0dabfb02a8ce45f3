"""What all files of annotation share: lines, times, and names that blanks must not tear apart."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError

LONGEST = 100_000
"""Characters of a line from which on a file is none of annotation."""

# what pandas takes for missing values, with which pyannote.database and others read RTTM
_MISSING = frozenset(
    {"#N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL"}
    | {"NaN", "None", "n/a", "nan", "null"}
)

BYTE_ORDER_MARK = "\ufeff"

_SECONDS = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class AnnotatedEvent(NamedTuple):
    """One annotated event, and where it was read."""

    recording: str
    segment: Segment
    label: str
    file: Path
    line: int


class AnnotatedRegion(NamedTuple):
    """A part of a recording in which somebody listened, and where it was read."""

    recording: str
    segment: Segment
    file: Path
    line: int


class Place(NamedTuple):
    """Where an event was read, by which it is known in an annotation (its track)."""

    file: Path
    line: int

    def __str__(self) -> str:
        return str(self.line)


def quoted(text: str) -> str:
    r"""Show what was found in a file: in quotes, not too much of it, and nothing that a terminal would obey.

    Examples
    --------
    >>> print(quoted("caf\x1b[2Jé"), quoted("x" * 100))
    'caf\x1b[2Jé' 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'
    """
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def safe_name(name: str) -> str:
    r"""Return `name` in a form that survives formats whose columns are separated by blanks.

    Blanks and characters that are no text (control characters, halves of surrogates, marks of byte order)
    become underscores, and double quotes apostrophes (others remove quotes when they read RTTM). A name that
    reads as a missing value gets an underscore at its end, one that would begin a comment gets it in front.
    All else is kept, in any script; what looks alike (é in one character and in two) stays different.

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
        If `name` is empty or blank.

    Examples
    --------
    >>> safe_name("people walking"), safe_name("née"), safe_name("None"), safe_name(";;a\0")
    ('people_walking', 'née', 'None_', '_;;a_')
    """
    text = name if is_text(name) else "".join(one if is_text(one) or one.isspace() else "_" for one in name)
    safe = "_".join(text.split()).replace('"', "'")
    if not safe:
        raise DataError("Found an empty name.", fix="Give every label and every recording a name.")
    if safe.startswith(";;"):
        return f"_{safe}"
    return f"{safe}_" if safe in _MISSING else safe


def is_text(name: str) -> bool:
    r"""Whether a name holds no control characters, halves of surrogates or marks of byte order.

    Examples
    --------
    >>> is_text("people walking"), is_text("people\twalking")
    (True, False)
    """
    return name.isprintable() or not any(
        # a mark of byte order that stands first in a file would be dropped
        unicodedata.category(one) in {"Cc", "Cs"} or one == BYTE_ORDER_MARK
        for one in name
    )


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
        safe = safe_name(name)
        other = original.setdefault(safe, name)
        if other != name:
            raise DataError(
                f"{quoted(other)} and {quoted(name)} are both written as {quoted(safe)}.",
                fix="Rename one of them.",
            )
    return {name: safe for safe, name in original.items()}


def read_lines(path: Path, *, comments: bool = True) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line of `path` that is not blank.

    Parameters
    ----------
    path : Path
        Text in UTF-8, with or without a mark of byte order, with any line ends.
    comments : bool, optional
        Whether lines that start with `;;` are passed over.

    Raises
    ------
    DataError
        If it is no such file; with the line that is no text.
    """
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if "\0" in line:
            found = "This line holds a NUL character, so that it is no text."
            raise DataError(found, file=path, line=number, fix="Save the file as text in UTF-8.")
        if len(line) > LONGEST:
            found = f"This line has {len(line)} characters, more than the {LONGEST} that any may have."
            raise DataError(found, file=path, line=number, fix="Check that this is the file you mean.")
        if line.strip() and not (comments and line.startswith(";;")):
            yield number, line


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise DataError("This cannot be read: it is no file.", file=path, fix="Name a file.")
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError("There is no such file.", file=path, fix="Check the path.") from None
    except OSError as error:
        found = f"The file cannot be read ({error.strerror})."
        raise DataError(found, file=path, fix="Check path and permissions.") from None
    try:
        return content.decode("utf-8").removeprefix(BYTE_ORDER_MARK).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError("This is not UTF-8 text.", file=path, line=line, fix="Save it as UTF-8.") from None


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
            f"The offset {segment.end:.10g} is not later than the onset {segment.start:.10g}.",
            file=file,
            line=line,
            fix="An event lasts longer than 0 seconds and ends after it starts: correct the times.",
        )
    return segment


def parse_seconds(text: str, *, file: Path, line: int) -> float:
    """Turn `text` into a finite number of seconds, 0 or more, or say what is wrong with it.

    Examples
    --------
    >>> parse_seconds("1e3", file=Path("a.txt"), line=1)
    1000.0
    """
    written = text.strip()
    # float() would also take 1_000 and digits of other scripts
    seconds = float(written) if _SECONDS.fullmatch(written) else math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise DataError(
            f"{quoted(written)} is not a time.",
            file=file,
            line=line,
            fix="Write seconds, 0 or more, with a decimal point, such as 12.34.",
        )
    return seconds
