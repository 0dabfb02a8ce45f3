"""Text of annotation that other programs have written, in any of their encodings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats.base import Reading
from pyannote.audio.io.encodings import decode
from pyannote.audio.io.lines import checked_lines, content_of


def first_lines(path: Path, count: int = 20) -> list[str]:
    """First lines of a file that are not blank, for `looks_right`; none if it is not text.

    Returns
    -------
    lines : list of str, shape (lines,)
        At most `count`, out of the first 65536 bytes.

    Examples
    --------
    >>> first_lines(Path("/nowhere"))
    []
    """
    try:
        with path.open("rb") as stream:
            text, _ = decode(stream.read(1 << 16), whole=False)
    except (OSError, ValueError):
        return []
    return [line for line in text.splitlines() if line.strip()][:count]


def lines_of(path: Path, reading: Reading) -> Iterator[tuple[int, str]]:
    r"""Number and text of each line of a file that is not blank.

    Parameters
    ----------
    path : Path
        Text in UTF-8, UTF-16 or Windows-1252, with any line ends.
    reading : Reading
        Gets a remark if the text is not UTF-8.

    Raises
    ------
    DataError
        If the file is missing or no text, or a line is too long or contains a NUL.

    Examples
    --------
    >>> path, reading = getfixture("tmp_path") / "a.txt", Reading()
    >>> _ = path.write_bytes("0 1 café\n\n2 3 thé\n".encode("cp1252"))
    >>> list(lines_of(path, reading)), len(reading.remarks)
    ([(1, '0 1 café'), (3, '2 3 thé')], 1)
    """
    yield from checked_lines(text_of(path, reading), path)


def text_of(path: Path, reading: Reading) -> str:
    r"""Text of a file, for formats that are not made of lines; see `lines_of`.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.TextGrid"
    >>> _ = path.write_text("thé", encoding="utf-16")
    >>> text_of(path, Reading())
    'thé'
    """
    content = content_of(path)
    try:
        text, encoding = decode(content)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError("This is no text.", file=path, line=line, fix="Save it as text in UTF-8.") from None
    if encoding != "UTF-8":
        reading.remarks.append(f"{path} is read as {encoding}.")
    return text


def unreadable(path: Path, line: int, expected: str) -> DataError:
    """Error for a line that is not one of a format; `expected` shows how it is written."""
    return DataError("This line cannot be read.", file=path, line=line, fix=f"Write it as `{expected}`.")
