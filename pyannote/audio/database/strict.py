"""Strict reading of lists and annotation of a protocol, by `io.rttm` instead of pandas.

pyannote.database reads RTTM and UEM files with pandas, and lists without checks. Errors would be reported
without a line, or not at all; labels such as NA would be lost, quotes would join lines, comments and byte
order marks would be taken for data, and the file would be read again for each recording without events.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pyannote.audio.database.channels import LinesOfRecordings, channel_of_file
from pyannote.audio.io.channel_names import split_name
from pyannote.audio.io.lines import Place

if TYPE_CHECKING:
    from pyannote.core import Annotation, Timeline

    from pyannote.audio.core.errors import DataError

UNCUT = "annotation before it is cut"
"""Key of a file: its annotation before pyannote.database cuts it outside of the annotated regions."""


class RTTM:
    r"""Loader of pyannote.database that gives the annotation of each file.

    Parameters
    ----------
    path : path
        RTTM file.

    Raises
    ------
    DataError
        If a line is wrong.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.rttm"
    >>> _ = path.write_text("SPEAKER a 1 0.5 1 <NA> <NA> car <NA> <NA>\n")
    >>> RTTM(path)({"uri": "a"}).labels(), RTTM(path)({"uri": "b"}).labels()
    (['car'], [])
    """

    def __init__(self, path: Path | str) -> None:
        from pyannote.audio.io.rttm import read_events

        self._lines = LinesOfRecordings(read_events(path))

    def __call__(self, file: Any) -> Annotation:
        """Annotation of a file or of its channel, empty if the RTTM file does not contain it."""
        from pyannote.core import Annotation

        annotation = Annotation(uri=file["uri"])
        for event in self._lines.of(file["uri"], channel_of_file(file)):
            annotation[event.segment, Place(event.file, event.line)] = event.label
        return annotation


class TolerantRTTM(RTTM):
    """Loader that raises the error of a wrong line when the events of its file are read.

    A line that names no file is refused at once.
    """

    def __init__(self, path: Path | str) -> None:
        from pyannote.audio.io.rttm import read_events

        self._faults: dict[str, DataError] = {}
        self._lines = LinesOfRecordings(read_events(path, self._faults))

    def __call__(self, file: Any) -> Annotation:
        """Annotation of a file or channel, whose events raise an error if one of its lines is wrong."""
        for uri in (file["uri"], split_name(file["uri"])[0]):
            if uri in self._faults:
                return _faulty(file["uri"], self._faults[uri])
        return super().__call__(file)


def _faulty(uri: str, fault: DataError) -> Annotation:
    """Annotation whose events raise an error: pyannote.database asks for it before any file is read."""
    from pyannote.core import Annotation

    class Faulty(Annotation):
        def itertracks(self, yield_label: bool = False) -> Any:
            raise fault

        crop = extrude = itersegments = labels = label_timeline = get_timeline = itertracks

    return Faulty(uri=uri)


class UEM:
    r"""Loader of pyannote.database that gives the annotated regions of each file.

    Parameters
    ----------
    path : path
        UEM file.

    Raises
    ------
    DataError
        If a line is wrong.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.uem"
    >>> _ = path.write_text("a 1 0 5\n")
    >>> UEM(path)({"uri": "a"}).duration(), UEM(path)({"uri": "b"}).duration()
    (5.0, 0)
    """

    def __init__(self, path: Path | str) -> None:
        from pyannote.audio.io.rttm import read_regions

        self._lines = LinesOfRecordings(read_regions(path))

    def __call__(self, file: Any) -> Timeline:
        """Annotated regions of a file or of its channel, empty if the UEM file does not contain it."""
        from pyannote.core import Timeline

        regions = self._lines.of(file["uri"], channel_of_file(file))
        return Timeline((region.segment for region in regions), uri=file["uri"])


LOADERS = {".rttm": SimpleNamespace(load=lambda: RTTM), ".uem": SimpleNamespace(load=lambda: UEM)}
"""Loader of each suffix, in the form of the entry points of pyannote.database."""


@contextmanager
def read_strictly(tolerant: bool = False) -> Iterator[None]:
    """Context in which pyannote.database reads lists, RTTM and UEM files with the strict readers.

    Its warnings are suppressed: the strict readers raise an error instead.

    Parameters
    ----------
    tolerant : bool
        Whether wrong lines of RTTM are raised only when the events of their files are read.

    Raises
    ------
    DataError
        While protocols are read, with the line that is wrong.

    Examples
    --------
    >>> from pyannote.database import custom
    >>> with read_strictly():
    ...     custom.LOADERS[".rttm"].load().__name__, custom.load_lst.__name__
    ('RTTM', 'read_lst')
    """
    from pyannote.database import custom

    from pyannote.audio.io.rttm import read_lst

    before = custom.LOADERS, custom.load_lst
    custom.LOADERS, custom.load_lst = {**custom.LOADERS, **LOADERS}, read_lst
    if tolerant:
        custom.LOADERS[".rttm"] = SimpleNamespace(load=lambda: TolerantRTTM)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        custom.LOADERS, custom.load_lst = before


def store_uncut(file: Any) -> Annotation | None:
    """Preprocessor that returns the annotation of a file, and stores it under the key `UNCUT`.

    Examples
    --------
    >>> file = {"uri": "a"}
    >>> store_uncut(file), file[UNCUT]
    (None, None)
    """
    file[UNCUT] = file.get("annotation")
    annotation: Annotation | None = file[UNCUT]
    return annotation
