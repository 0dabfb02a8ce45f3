"""Zip files as torch and NumPy write them: nothing in them is larger than the file itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_STORED, ZipFile


def check_archive(file: Path | BinaryIO) -> None:
    """Refuse an archive that is compressed, or that says to hold more than there is.

    A file of a few MB could fill the memory otherwise.

    Parameters
    ----------
    file : path or binary stream
        A stream is at its start afterwards.

    Raises
    ------
    ValueError, BadZipFile, OSError
        It is none that torch or NumPy has written.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "bomb.zip"
    >>> with ZipFile(path, "w", compression=8) as archive:
    ...     archive.writestr("zeros", bytes(1 << 20))
    >>> check_archive(path)
    Traceback (most recent call last):
    ValueError: it is compressed, or says to hold more than there is
    """
    if isinstance(file, Path):
        with file.open("rb") as stream:
            check_archive(stream)
        return
    with ZipFile(file) as archive:
        entries = archive.infolist()
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    held = sum(entry.file_size for entry in entries)
    if held > size or any(entry.compress_type != ZIP_STORED for entry in entries):
        raise ValueError("it is compressed, or says to hold more than there is")
