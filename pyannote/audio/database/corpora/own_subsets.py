"""Preparation of the user's recordings with a separate annotation for each subset.

    <annotation>/<any>.train.rttm             and likewise development and test, each of them optional
    <annotation>/<any>.train.uem              annotated regions; without it, all of each recording

Audio that no annotation names is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pyannote.core import Segment, Timeline

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.bounds import exceeds_end
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile, audio_duration, clip
from pyannote.audio.database.corpora.label_maps import LabelMap, mapped
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.own_annotation import by_file, file_named, files_by_name
from pyannote.audio.database.corpora.writing import write_database
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion, quoted
from pyannote.audio.io.rttm import read_events, read_regions

SUBSETS = ("train", "development", "test")


def find_subsets(annotation: Path) -> dict[str, Path]:
    """RTTM file of each subset in a folder, empty if there is none.

    Raises
    ------
    DataError
        If a subset has several.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "my.train.rttm").touch()
    >>> list(find_subsets(folder))
    ['train']
    """
    rttm_of = {}
    for subset in SUBSETS:
        paths = sorted(path for path in annotation.glob("*.rttm") if f".{path.stem}".endswith(f".{subset}"))
        if len(paths) > 1:
            names = " and ".join(path.name for path in paths[:2])
            raise DataError(
                f"{names} are both of {subset}.", file=annotation, fix="Keep the files of one protocol."
            )
        if paths:
            rttm_of[subset] = paths[0]
    return rttm_of


def make_database_of_subsets(
    folder: Path,
    audio: Mapping[Path, str],
    annotation: Mapping[str, Path],
    output: Path | str,
    *,
    name: str,
    protocol: str,
    labels: LabelMap | None = None,
) -> Path:
    r"""Write a database whose subsets are those of the annotation.

    Parameters
    ----------
    folder : Path
        Audio folder.
    audio : mapping of Path to str
        Audio files, each with its path below `folder`.
    annotation : mapping of str to Path
        RTTM file of each subset, optionally with a UEM file of the same name beside it.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains.
    name, protocol : str
        The protocol is named `<name>.SpeakerDiarization.<protocol>`.
    labels : LabelMap, optional
        Classes of labels that are merged or left out.

    Returns
    -------
    path : Path
        The file `database.yml`.

    Raises
    ------
    DataError
        If a recording is missing, damaged, in two subsets, or shorter than its annotation.
    StorageError
        If `output` cannot be written.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> folder = getfixture("tmp_path")
    >>> soundfile.write(folder / "a.wav", np.zeros(8000), 8000)
    >>> _ = (folder / "my.test.rttm").write_text("SPEAKER a 1 0.2 0.5 <NA> <NA> car <NA> <NA>\n")
    >>> path = make_database_of_subsets(
    ...     folder, {folder / "a.wav": "a.wav"}, find_subsets(folder), folder / "out", name="My", protocol="P"
    ... )
    >>> (folder / "out" / "lists" / "P.test.lst").read_text().split()
    ['a']
    """
    subset_of: dict[Path, str] = {}
    events: dict[Path, list[AnnotatedEvent]] = {}
    regions: dict[Path, list[AnnotatedRegion]] = {}
    for subset, rttm in annotation.items():
        events_of_subset = by_file(read_events(rttm), folder, audio)
        uem = rttm.with_suffix(".uem")
        parts = _regions(uem, folder, audio) if uem.is_file() else {}
        for path in (*events_of_subset, *parts):
            if subset_of.setdefault(path, subset) != subset:
                both = f"{path.name} is in both {subset_of[path]} and {subset}."
                raise DataError(both, file=rttm, fix="Keep it in one of them.")
        events |= events_of_subset
        regions |= parts
    uris = name_recordings({path: audio[path] for path in subset_of})
    recordings = mapped(
        [_recording(path, uri, events.get(path, []), regions.get(path, [])) for path, uri in uris.items()],
        labels,
    )
    subsets = {
        subset: [uris[path] for path, its_subset in subset_of.items() if its_subset == subset]
        for subset in annotation
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
    """Region cut at the end of its recording, or an error if it passes the end by too much."""
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
