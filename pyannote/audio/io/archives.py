"""Check of zip archives of torch and NumPy before they are read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_STORED, ZipFile


def check_archive(file: Path | BinaryIO) -> None:
    """Refuse an archive that is compressed, or whose entries claim more bytes than the file has.

    Otherwise, a file of a few MB could fill the memory.

    Parameters
    ----------
    file : path or binary stream
        A stream is at its start afterwards.

    Raises
    ------
    ValueError, BadZipFile, OSError
        The file is not an archive that torch or NumPy has written.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "bomb.zip"
    >>> with ZipFile(path, "w", compression=8) as archive:
    ...     archive.writestr("zeros", bytes(1 << 20))
    >>> check_archive(path)
    Traceback (most recent call last):
    ValueError: it is compressed, or claims more bytes than it has
    """
    if isinstance(file, Path):
        with file.open("rb") as stream:
            check_archive(stream)
        return
    with ZipFile(file) as archive:
        entries = archive.infolist()
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    claimed = sum(entry.file_size for entry in entries)
    if claimed > size or any(entry.compress_type != ZIP_STORED for entry in entries):
        raise ValueError("it is compressed, or claims more bytes than it has")
