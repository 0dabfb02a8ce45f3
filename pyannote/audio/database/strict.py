"""Lists and annotation of a protocol, read by the strict readers of `io.rttm` in place of pandas.

pyannote.database reads RTTM and UEM files with pandas, and lists as they are. What is wrong with a line would
be told without it, or not at all; labels such as NA would be lost, quotes would swallow lines, comments and
marks of byte order would be taken for data, and each recording without events would have the file read again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyannote.core import Annotation, Timeline

UNCUT = "annotation before it is cut"
"""Key of a file: its annotation before pyannote.database cuts it where no region is annotated."""


class RTTM:
    """Gives the annotation of each file, as a loader of pyannote.database.

    Parameters
    ----------
    path : path
        RTTM file.
    """

    def __init__(self, path: Path | str) -> None:
        from pyannote.audio.io.rttm import read_rttm

        self._read = read_rttm(path)

    def __call__(self, file: Any) -> Annotation:
        """Annotation of a file, without events where there is none."""
        from pyannote.core import Annotation

        return self._read.get(file["uri"]) or Annotation(uri=file["uri"])


class UEM:
    """Gives the annotated part of each file, as a loader of pyannote.database.

    Parameters
    ----------
    path : path
        UEM file.
    """

    def __init__(self, path: Path | str) -> None:
        from pyannote.audio.io.rttm import read_uem

        self._read = read_uem(path)

    def __call__(self, file: Any) -> Timeline:
        """Annotated part of a file, empty where there is none."""
        from pyannote.core import Timeline

        return self._read.get(file["uri"]) or Timeline(uri=file["uri"])


LOADERS = {".rttm": SimpleNamespace(load=lambda: RTTM), ".uem": SimpleNamespace(load=lambda: UEM)}
"""In the form of entry points, as pyannote.database has them."""


@contextmanager
def read_strictly() -> Iterator[None]:
    """Let pyannote.database read lists, RTTM and UEM files with our readers, for as long as this lasts.

    It warns of nothing meanwhile: what is wrong is an error here.

    Raises
    ------
    DataError
        While protocols are read, for what is wrong with a file, with the line.
    """
    from pyannote.database import custom

    from pyannote.audio.io.rttm import read_lst

    before = custom.LOADERS, custom.load_lst
    custom.LOADERS, custom.load_lst = {**custom.LOADERS, **LOADERS}, read_lst
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        custom.LOADERS, custom.load_lst = before


def uncut(file: Any) -> Annotation | None:
    """Give the annotation of a file as it is, and keep it under the key `UNCUT`; a preprocessor."""
    file[UNCUT] = file.get("annotation")
    annotation: Annotation | None = file[UNCUT]
    return annotation
