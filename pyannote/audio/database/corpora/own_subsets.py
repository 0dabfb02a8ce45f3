"""One's own recordings whose subsets have annotation of their own.

    <annotation>/<any>.train.rttm             and likewise development and test, each of them optional
    <annotation>/<any>.train.uem              annotated parts; without it, all of each recording

Audio that no file of annotation names is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pyannote.core import Segment, Timeline

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.bounds import exceeds_end
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.own_annotation import by_file, file_named, files_by_name
from pyannote.audio.database.corpora.writing import (
    AnnotatedFile,
    audio_duration,
    clip,
    write_database,
)
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion, quoted
from pyannote.audio.io.rttm import read_events, read_regions

SUBSETS = ("train", "development", "test")


def find_subsets(annotation: Path) -> dict[str, Path]:
    """RTTM file of each subset in a folder, none if there is none.

    Raises
    ------
    DataError
        If a subset has several.
    """
    found = {}
    for subset in SUBSETS:
        paths = sorted(path for path in annotation.glob("*.rttm") if f".{path.stem}".endswith(f".{subset}"))
        if len(paths) > 1:
            names = " and ".join(path.name for path in paths[:2])
            raise DataError(
                f"{names} are both of {subset}.", file=annotation, fix="Keep the files of one protocol."
            )
        if paths:
            found[subset] = paths[0]
    return found


def make_database_of_subsets(
    folder: Path,
    audio: Mapping[Path, str],
    annotation: Mapping[str, Path],
    output: Path | str,
    *,
    name: str,
    protocol: str,
) -> Path:
    """Write a database whose subsets are those of the annotation.

    Parameters
    ----------
    folder : Path
        Audio folder.
    audio : mapping of Path to str
        Path below it of each audio file.
    annotation : mapping of str to Path
        RTTM file of each subset, with a UEM file of that name beside it or not.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains.
    name, protocol : str
        The protocol is file_named `<name>.SpeakerDiarization.<protocol>`.

    Raises
    ------
    DataError
        If a recording is missing, damaged, in two subsets, or shorter than its annotation.
    StorageError
        If `output` cannot be written.
    """
    subset_of: dict[Path, str] = {}
    events: dict[Path, list[AnnotatedEvent]] = {}
    regions: dict[Path, list[AnnotatedRegion]] = {}
    for subset, rttm in annotation.items():
        own = by_file(read_events(rttm), folder, audio)
        uem = rttm.with_suffix(".uem")
        parts = _regions(uem, folder, audio) if uem.is_file() else {}
        for path in (*own, *parts):
            if subset_of.setdefault(path, subset) != subset:
                found = f"{path.name} is in both {subset_of[path]} and {subset}."
                raise DataError(found, file=rttm, fix="Keep it in one of them.")
        events |= own
        regions |= parts
    uris = name_recordings({path: audio[path] for path in subset_of})
    recordings = [
        _recording(path, uri, events.get(path, []), regions.get(path, [])) for path, uri in uris.items()
    ]
    subsets = {
        subset: [uris[path] for path, own in subset_of.items() if own == subset] for subset in annotation
    }
    return write_database(output, name, recordings, {protocol: subsets})


def _regions(uem: Path, folder: Path, audio: Iterable[Path]) -> dict[Path, list[AnnotatedRegion]]:
    by_name = files_by_name(folder, audio)
    regions: dict[Path, list[AnnotatedRegion]] = {}
    for region in read_regions(uem):
        regions.setdefault(file_named(region.recording, by_name, uem, region.line), []).append(region)
    return regions


def _recording(
    path: Path, uri: str, events: Iterable[AnnotatedEvent], regions: Iterable[AnnotatedRegion]
) -> AnnotatedFile:
    duration = audio_duration(path)
    parts = Timeline(_within(region, duration) for region in regions).support()
    return AnnotatedFile(
        uri, path, duration, [clip(event, duration) for event in events], regions=list(parts)
    )


def _within(region: AnnotatedRegion, duration: float) -> Segment:
    """Cut a region at the end of its recording, or say that it lies too far beyond."""
    start, end = region.segment
    if exceeds_end(start, end, duration):
        raise DataError(
            f"{quoted(region.recording)} is said to be annotated until {end:.10g} s, and ends at "
            f"{duration:.10g} s.",
            file=region.file,
            line=region.line,
            fix="Correct the times, or get the whole audio file.",
        )
    return Segment(start, min(end, duration))
