"""Writer of RTTM, UEM and LST files, with safe names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pyannote.core import Annotation, Timeline

from pyannote.audio.io.lines import (
    safe_names,
)
from pyannote.audio.io.storage import write_text


def format_rttm(annotations: Mapping[str, Annotation]) -> str:
    """Format annotations as RTTM, with safe names for uris and labels.

    Parameters
    ----------
    annotations : mapping of str to Annotation
        Annotation of each uri.

    Returns
    -------
    text : str
        One line per event, times in seconds with 6 decimals; a uri without events has no line.

    Raises
    ------
    DataError
        If two uris, or two labels, have the same safe name.

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> annotation = Annotation()
    >>> annotation[Segment(1.5, 3.5)] = "people walking"
    >>> print(format_rttm({"a": annotation}), end="")
    SPEAKER a 1 1.500000 2.000000 <NA> <NA> people_walking <NA> <NA>
    """
    uris = safe_names(annotations)
    labels = safe_names(str(label) for annotation in annotations.values() for label in annotation.labels())
    lines = []
    for uri, annotation in annotations.items():
        for segment, _, label in annotation.itertracks(yield_label=True):
            times = f"{segment.start:.6f} {segment.duration:.6f}"
            lines.append(f"SPEAKER {uris[uri]} 1 {times} <NA> <NA> {labels[str(label)]} <NA> <NA>\n")
    return "".join(lines)


def format_uem(timelines: Mapping[str, Timeline]) -> str:
    r"""Format the annotated part of each uri as UEM, times in seconds with 6 decimals.

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> format_uem({"a": Timeline([Segment(0, 60)])})
    'a 1 0.000000 60.000000\n'
    """
    uris = safe_names(timelines)
    return "".join(
        f"{uris[uri]} 1 {segment.start:.6f} {segment.end:.6f}\n"
        for uri, timeline in timelines.items()
        for segment in timeline
    )


def format_lst(uris: Iterable[str]) -> str:
    r"""Format uris as LST.

    Examples
    --------
    >>> format_lst(["a", "b c"])
    'a\nb_c\n'
    """
    return "".join(f"{uri}\n" for uri in safe_names(uris).values())


def write_rttm(path: str | Path, annotations: Mapping[str, Annotation]) -> None:
    """Write annotations to an RTTM file, atomically; times in seconds, with 6 decimals.

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> annotation = Annotation()
    >>> annotation[Segment(1.5, 3.5)] = "car"
    >>> write_rttm(getfixture("tmp_path") / "a.rttm", {"a": annotation})
    """
    write_text(Path(path), format_rttm(annotations))


def write_uem(path: str | Path, timelines: Mapping[str, Timeline]) -> None:
    """Write the annotated part of each uri to a UEM file, atomically; in seconds, with 6 decimals."""
    write_text(Path(path), format_uem(timelines))


def write_lst(path: str | Path, uris: Iterable[str]) -> None:
    """Write uris to an LST file, atomically."""
    write_text(Path(path), format_lst(uris))
