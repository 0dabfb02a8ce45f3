"""Annotated regions of the user's recordings: those of UEM files, without parts of unknown annotation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pyannote.core import Segment, Timeline

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.bounds import exceeds_end
from pyannote.audio.database.corpora.own_annotation import file_named, files_by_name
from pyannote.audio.io.lines import AnnotatedRegion, quoted
from pyannote.audio.io.rttm import read_regions

Regions = Mapping[Path, Sequence[AnnotatedRegion]]
"""Annotated regions of each audio file."""


def find_uem(annotation: Path) -> Path | None:
    """UEM file with the name of a file of annotation, beside it, if there is one.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "all.uem").touch()
    >>> find_uem(folder / "all.rttm").name
    'all.uem'
    """
    # a folder such as `.` has no name
    if annotation.is_dir() or not annotation.name:
        return None
    beside = annotation.with_suffix(".uem")
    return beside if beside.is_file() else None


def read_uem_files(path: Path, folder: Path, files: Iterable[Path]) -> Regions:
    """Annotated regions of audio files.

    Parameters
    ----------
    path : Path
        A UEM file, or a folder of UEM files.
    folder : Path
        Audio folder.
    files : iterable of Path, shape (files,)
        Audio files below it.

    Raises
    ------
    DataError
        If there is no UEM file, or a line is wrong or names no audio file, or several.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.uem"
    >>> _ = path.write_text("a 1 0.5 2")
    >>> regions = read_uem_files(path, Path("/audio"), [Path("/audio/a.wav")])
    >>> regions[Path("/audio/a.wav")][0].segment
    <Segment(0.5, 2)>
    """
    paths = sorted(path.rglob("*.uem")) if path.is_dir() else [path]
    if not paths:
        raise DataError("There is no UEM file in this folder.", file=path, fix="Check the path.")
    by_name = files_by_name(folder, files)
    regions: dict[Path, list[AnnotatedRegion]] = {}
    for one in paths:
        for region in read_regions(one):
            regions.setdefault(file_named(region.recording, by_name, one, region.line), []).append(region)
    return regions


def annotated_regions(
    listed: Sequence[AnnotatedRegion], unscored: Sequence[AnnotatedRegion], duration: float
) -> list[Segment]:
    """Annotated regions of a recording, in seconds.

    Parameters
    ----------
    listed : sequence of AnnotatedRegion, shape (regions,)
        From a UEM file; none stands for the whole recording.
    unscored : sequence of AnnotatedRegion, shape (parts,)
        Parts whose annotation is unknown.
    duration : float
        Duration of the recording, in seconds.

    Raises
    ------
    DataError
        If a region passes the end of the recording by more than 0.1 s.

    Examples
    --------
    >>> unknown = [AnnotatedRegion("a", Segment(2, 3), Path("a.rttm"), 1)]
    >>> annotated_regions([], unknown, duration=4.0)
    [<Segment(0, 2)>, <Segment(3, 4)>]
    """
    regions = Timeline([within(region, duration) for region in listed] or [Segment(0, duration)]).support()
    unknown = Timeline([region.segment for region in unscored]).support()
    return list(regions.extrude(unknown)) if unscored else list(regions)


def within(region: AnnotatedRegion, duration: float) -> Segment:
    """Region cut at the end of its recording.

    Parameters
    ----------
    region : AnnotatedRegion
        Times in seconds.
    duration : float
        Duration of the recording, in seconds.

    Raises
    ------
    DataError
        If it passes the end by more than 0.1 s, or begins after it.

    Examples
    --------
    >>> within(AnnotatedRegion("a", Segment(0, 4.05), Path("a.uem"), 1), duration=4.0)
    <Segment(0, 4)>
    """
    start, end = region.segment
    if exceeds_end(start, end, duration):
        raise DataError(
            f"{quoted(region.recording)} is annotated until {end:.10g} s, but its audio ends at "
            f"{duration:.10g} s.",
            file=region.file,
            line=region.line,
            fix="Correct the times, or get the complete audio file.",
        )
    return Segment(start, min(end, duration))


def without_region(name: str, uem: Path, file: Path | None, line: int | None) -> DataError:
    """Error about a recording that is annotated, and that a UEM file does not name.

    Examples
    --------
    >>> print(without_region("a", Path("all.uem"), Path("all.rttm"), 3))
    all.rttm, line 3: 'a' has no line in all.uem: which part of it is annotated is unknown. Add its line ...
    """
    return DataError(
        f"{quoted(name)} has no line in {uem.name}: which part of it is annotated is unknown.",
        file=file,
        line=line,
        fix=f"Add its line to {uem}; or remove that file, if all recordings are annotated completely.",
    )
