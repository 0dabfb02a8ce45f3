"""Lines, times and names of annotation files (RTTM, UEM, LST): parsing and checks."""

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
"""Highest number of characters of a line of annotation."""

# missing values of pandas, with which pyannote.database and other tools read RTTM
_MISSING = frozenset(
    {"#N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL"}
    | {"NaN", "None", "n/a", "nan", "null"}
)

BYTE_ORDER_MARK = "\ufeff"

_SECONDS = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class AnnotatedEvent(NamedTuple):
    """An annotated event, in seconds, with its file and line, and the channel that an RTTM line gives.

    Examples
    --------
    >>> AnnotatedEvent("a", Segment(1.5, 3.5), "car", Path("a.rttm"), line=1).segment.duration
    2.0
    """

    recording: str
    segment: Segment
    label: str
    file: Path
    line: int
    channel: str = "1"


class AnnotatedRegion(NamedTuple):
    """An annotated part of a recording, in seconds, with its file and line, and the channel of a UEM line.

    Examples
    --------
    >>> AnnotatedRegion("a", Segment(0, 60), Path("a.uem"), line=1).segment.end
    60
    """

    recording: str
    segment: Segment
    file: Path
    line: int
    channel: str = "1"


class Place(NamedTuple):
    """File and line of an event, used as its track in an `Annotation`.

    Examples
    --------
    >>> print(Place(Path("a.rttm"), line=3))
    3
    """

    file: Path
    line: int

    def __str__(self) -> str:
        return str(self.line)


def quoted(text: str) -> str:
    r"""Quote text of a file for a message: at most 60 characters, control characters escaped.

    Examples
    --------
    >>> print(quoted("caf\x1b[2Jé"), quoted("x" * 100))
    'caf\x1b[2Jé' 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'
    """
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def safe_name(name: str) -> str:
    r"""Convert a name for formats whose columns are separated by blanks.

    Blanks, control characters, halves of surrogate pairs and byte order marks become underscores, and double
    quotes apostrophes (other readers of RTTM remove quotes). A name that pandas reads as a missing value gets
    an underscore at its end, a name that begins a comment one at its start. All other characters, in any
    script, are kept; é as one character and as two stay different.

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
    r"""Whether a name has no control characters, halves of surrogate pairs or byte order marks.

    Examples
    --------
    >>> is_text("people walking"), is_text("people\twalking")
    (True, False)
    """
    return name.isprintable() or not any(
        # a byte order mark at the start of a file would be removed
        unicodedata.category(one) in {"Cc", "Cs"} or one == BYTE_ORDER_MARK
        for one in name
    )


def safe_names(names: Iterable[str]) -> dict[str, str]:
    """Map each name to its safe name, and refuse different names with the same safe name.

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
    r"""Yield number and text of each line of a file that is not blank.

    Parameters
    ----------
    path : Path
        Text in UTF-8, with or without a byte order mark, with any line ends.
    comments : bool, optional
        Whether lines that start with `;;` are skipped.

    Raises
    ------
    DataError
        If the file is missing or is not UTF-8 text, or a line is too long or contains a NUL.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.lst"
    >>> _ = path.write_text(";; recordings\na\n\nb\n")
    >>> list(read_lines(path))
    [(2, 'a'), (4, 'b')]
    """
    for number, line in checked_lines(_text(path), path):
        if not (comments and line.startswith(";;")):
            yield number, line


def checked_lines(text: str, path: Path) -> Iterator[tuple[int, str]]:
    r"""Number and text of each line of a text that is not blank.

    Parameters
    ----------
    text : str
        With any line ends.
    path : Path
        The file, for errors.

    Raises
    ------
    DataError
        If a line is too long or contains a NUL.

    Examples
    --------
    >>> list(checked_lines("a\r\n\nb", Path("a.lst")))
    [(1, 'a'), (3, 'b')]
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), start=1):
        if "\0" in line:
            message = "This line contains a NUL character, so that it is not text."
            raise DataError(message, file=path, line=number, fix="Save the file as text in UTF-8.")
        if len(line) > LONGEST:
            message = f"This line has {len(line)} characters; allowed are {LONGEST}."
            raise DataError(message, file=path, line=number, fix="Check that this is the right file.")
        if line.strip():
            yield number, line


def content_of(path: Path) -> bytes:
    """Content of a file, all of its bytes.

    Raises
    ------
    DataError
        If the file is missing or cannot be read.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.txt"
    >>> _ = path.write_bytes(b"a")
    >>> content_of(path)
    b'a'
    """
    try:
        if path.exists() and not path.is_file():
            raise DataError("This cannot be read: it is not a file.", file=path, fix="Name a file.")
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError("There is no such file.", file=path, fix="Check the path.") from None
    except OSError as error:
        message = f"The file cannot be read ({error.strerror})."
        raise DataError(message, file=path, fix="Check path and permissions.") from None


def _text(path: Path) -> str:
    content = content_of(path)
    try:
        return content.decode("utf-8").removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError("This is not UTF-8 text.", file=path, line=line, fix="Save it as UTF-8.") from None


def parse_segment(onset: str, offset: str, *, file: Path, line: int, empty: bool = False) -> Segment:
    """Parse onset and offset, in seconds, as a segment; `empty` accepts one without duration.

    Examples
    --------
    >>> parse_segment("1.5", "2", file=Path("a.txt"), line=1)
    <Segment(1.5, 2)>
    >>> parse_segment("3", "2", file=Path("a.txt"), line=1)
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: a.txt, line 1: The offset 2 is not later than the onset 3. ...
    """
    segment = Segment(parse_seconds(onset, file=file, line=line), parse_seconds(offset, file=file, line=line))
    if not (segment or (empty and segment.start <= segment.end)):
        raise DataError(
            f"The offset {segment.end:.10g} is not later than the onset {segment.start:.10g}.",
            file=file,
            line=line,
            fix="The offset must be later than the onset: correct the times.",
        )
    return segment


def parse_seconds(text: str, *, file: Path, line: int) -> float:
    """Parse a finite number of seconds, 0 or more.

    Examples
    --------
    >>> parse_seconds("1e3", file=Path("a.txt"), line=1)
    1000.0
    """
    written = text.strip()
    # float() would also accept 1_000 and digits of other scripts
    seconds = float(written) if _SECONDS.fullmatch(written) else math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise DataError(
            f"{quoted(written)} is not a time.",
            file=file,
            line=line,
            fix="Write seconds, 0 or more, with a decimal point, such as 12.34.",
        )
    return seconds
