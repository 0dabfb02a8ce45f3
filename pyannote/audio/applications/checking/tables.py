"""Tables, durations and sizes as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

Row = Sequence[str]


def aligned(title: str, header: Row, rows: Sequence[Row], gap: str = "  ") -> str:
    """A table below its title: the first column to the left, the others to the right.

    Examples
    --------
    >>> print(aligned("Files", ["train", "test"], [["recordings", "4", "12"]]))
    Files         train  test
      recordings      4    12
    """
    cells = [[title, *header], *(["  " + row[0], *row[1:]] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        gap.join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in cells
    ]
    return "\n".join(lines)


def described(title: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Names and values below a title.

    Examples
    --------
    >>> print(described("An epoch", [("batches", "27"), ("audio", "0:28:48")]))
    An epoch
      batches  27
      audio    0:28:48
    """
    width = max(len(name) for name, _ in pairs)
    return "\n".join([title, *(f"  {name.ljust(width)}  {value}" for name, value in pairs)])


def spelled(seconds: float) -> str:
    """A duration.

    Examples
    --------
    >>> spelled(0.25), spelled(12.34), spelled(3661)
    ('0.25 s', '12.3 s', '1:01:01')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 10 else f"{seconds:.2g} s"
    return str(timedelta(seconds=round(seconds)))


def size(count: float) -> str:
    """Bytes for people.

    Examples
    --------
    >>> size(1536), size(5 << 30)
    ('1.5 KiB', '5.0 GiB')
    """
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            break
        count /= 1024
    return f"{count:.1f} {unit}" if unit != "bytes" else f"{count:.0f} bytes"
