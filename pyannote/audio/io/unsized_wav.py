"""WAV files of streams, whose header gives 0 as the number of bytes of samples: they are read to their end.

A program that writes to a pipe cannot go back to fill in the size of the chunk `data`. Some write 0 there,
others a very large number: FFmpeg 0xFFFFFFFF, SoX about 0x7FFFF000. libsndfile (1.2.2) reads the large ones
up to the end of the file, and takes 0 for no samples at all. Here, 0 is read as 0xFFFFFFFF.

A file that really has no samples is told by what follows its chunk `data`: nothing, or other chunks that end
where the file ends.

References
----------
IBM and Microsoft, Multimedia Programming Interface and Data Specifications 1.0, "RIFF" and "WAVE".
"""

from __future__ import annotations

import os
from io import FileIO, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO

_UNKNOWN = b"\xff\xff\xff\xff"

_MOST_CHUNKS = 1000
"""Chunks that are looked at; real files have a handful."""


class UnsizedWav(RawIOBase):
    r"""Bytes of a WAV file, except that the size of its chunk `data` is 0xFFFFFFFF.

    Parameters
    ----------
    path : Path
    place : int
        Position of the size (see `unsized_place`).

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> _ = path.write_bytes(b"data" + bytes(6))
    >>> with UnsizedWav(path, place=4) as file:
    ...     file.read(10)
    b'data\xff\xff\xff\xff\x00\x00'
    """

    def __init__(self, path: Path, place: int) -> None:
        self._file, self._place = path.open("rb", buffering=0), place

    def readinto(self, buffer: Any) -> int:
        """Read bytes into a buffer, and return their number."""
        start = self._file.tell()
        count = self._file.readinto(buffer) or 0
        view = memoryview(buffer).cast("B")
        for place, byte in enumerate(_UNKNOWN, start=self._place - start):
            if 0 <= place < count:
                view[place] = byte
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position in the file, in bytes, and return it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Position in the file, in bytes."""
        return self._file.tell()

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def open_bytes(path: Path) -> FileIO | UnsizedWav:
    r"""Open an audio file to read its bytes, without a buffer; a WAV file without its size as `UnsizedWav`.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> _ = path.write_bytes(b"RIFF\0\0\0\0WAVE" b"data\0\0\0\0" b"\1\0")
    >>> with open_bytes(path) as file:
    ...     file.read(20)[-4:]
    b'\xff\xff\xff\xff'
    """
    place = unsized_place(path)
    return path.open("rb", buffering=0) if place is None else UnsizedWav(path, place)


def unsized_place(path: Path) -> int | None:
    r"""Position of a size of 0 in the header of a WAV file that holds samples all the same.

    Parameters
    ----------
    path : Path
        Any audio file.

    Returns
    -------
    place : int, optional
        None if the file is of another kind, gives its size, or has no samples.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> _ = path.write_bytes(b"RIFF\0\0\0\0WAVE" b"data\0\0\0\0" b"\1\0")
    >>> unsized_place(path)
    16
    >>> _ = path.write_bytes(b"RIFF\0\0\0\0WAVE" b"data\0\0\0\0" b"LIST\4\0\0\0INFO")
    >>> unsized_place(path) is None
    True
    """
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        for _ in range(_MOST_CHUNKS):
            name, size, place = _chunk(file)
            if name == b"data":
                return place - 4 if size == 0 and place < end and not _are_chunks(file, place, end) else None
            if not name or place + size > end:
                return None
            file.seek(place + size + size % 2)
    return None


def _chunk(file: BinaryIO) -> tuple[bytes, int, int]:
    """Name and size of the chunk at the position of a file, and position of its content."""
    head = file.read(8)
    return head[:4], int.from_bytes(head[4:], "little"), file.tell()


def _are_chunks(file: BinaryIO, start: int, end: int) -> bool:
    """Whether the bytes from a position to the end of a file are chunks, instead of samples."""
    file.seek(start)
    for _ in range(_MOST_CHUNKS):
        name, size, place = _chunk(file)
        if not (len(name) == 4 and name.isascii() and name.decode().isprintable()):
            return False
        start = place + size + size % 2
        if start >= end:
            return place + size <= end
        file.seek(start)
    return False
