"""Preparation of the user's recordings with a separate annotation for each subset.

    <annotation>/<any>.train.rttm             and likewise development and test, each of them optional
    <annotation>/<any>.train.uem              annotated regions; without it, all of each recording

Audio that no annotation names is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import read_annotation_files
from pyannote.audio.database.corpora.annotated_file import CUT, AnnotatedFile, audio_duration, cut_events
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.own_annotation import Annotated, by_file, files_by_name
from pyannote.audio.database.corpora.own_regions import (
    Regions,
    annotated_regions,
    read_uem_files,
    without_region,
)
from pyannote.audio.database.formats.base import Reading, ReadOptions
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion

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


def read_subsets(
    folder: Path,
    audio: Mapping[Path, str],
    annotation: Mapping[str, Path],
    options: ReadOptions | None = None,
) -> tuple[list[AnnotatedFile], dict[str, list[str]], Reading]:
    r"""Read recordings whose subsets are those of the annotation.

    Parameters
    ----------
    folder : Path
        Audio folder.
    audio : mapping of Path to str
        Audio files, each with its path below `folder`.
    annotation : mapping of str to Path
        RTTM file of each subset, optionally with a UEM file of the same name beside it.
    options : ReadOptions, optional

    Returns
    -------
    recordings : list of AnnotatedFile, shape (recordings,)
    subsets : dict of str to list of str
        Uris of each subset.
    reading : Reading
        Content of all RTTM files, with what was left out.

    Raises
    ------
    DataError
        If a recording is missing, damaged, in two subsets, or shorter than its annotation, or has no region
        though its subset has a UEM file.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> folder = getfixture("tmp_path")
    >>> soundfile.write(folder / "a.wav", np.zeros(8000), 8000)
    >>> _ = (folder / "my.test.rttm").write_text("SPEAKER a 1 0.2 0.5 <NA> <NA> car <NA> <NA>\n")
    >>> recordings, subsets, _ = read_subsets(folder, {folder / "a.wav": "a.wav"}, find_subsets(folder))
    >>> subsets
    {'test': ['a']}
    """
    strict = options is not None and options.strict
    subset_of: dict[Path, str] = {}
    events: dict[Path, list[AnnotatedEvent]] = {}
    regions: dict[Path, Sequence[AnnotatedRegion]] = {}
    unscored: dict[Path, list[AnnotatedRegion]] = {}
    by_name, whole = files_by_name(folder, audio), Reading()
    for subset, rttm in annotation.items():
        _, reading = read_annotation_files(rttm, by_name, options, "rttm")
        whole.merge(reading)
        events_of_subset = by_file(reading.events, folder, audio)
        unscored |= by_file(reading.unscored, folder, audio)
        uem = rttm.with_suffix(".uem")
        parts = read_uem_files(uem, folder, audio) if uem.is_file() else None
        for path in (*events_of_subset, *(parts or ())):
            if subset_of.setdefault(path, subset) != subset:
                both = f"{path.name} is in both {subset_of[path]} and {subset}."
                raise DataError(both, file=rttm, fix="Keep it in one of them.")
        if parts is not None:
            _check_regions(events_of_subset, parts, uem)
        events |= events_of_subset
        regions |= parts or {}
    uris = name_recordings({path: audio[path] for path in subset_of})
    recordings = [
        _recording(path, uri, events.get(path, []), regions.get(path, []), unscored.get(path, []), strict)
        for path, uri in uris.items()
    ]
    subsets = {
        subset: [uris[path] for path, its_subset in subset_of.items() if its_subset == subset]
        for subset in annotation
    }
    whole.left_out[CUT] += sum(one.cut for one in recordings)
    whole.left_out = +whole.left_out
    return recordings, subsets, whole


def _check_regions(events: Annotated, regions: Regions, uem: Path) -> None:
    """Refuse recordings that a UEM file does not name."""
    for path, (event, *_) in events.items():
        if path not in regions:
            raise without_region(event.recording, uem, event.file, event.line)


def _recording(
    path: Path,
    uri: str,
    events: Iterable[AnnotatedEvent],
    regions: Sequence[AnnotatedRegion],
    unscored: Sequence[AnnotatedRegion],
    strict: bool,
) -> AnnotatedFile:
    duration = audio_duration(path)
    clipped, cut = cut_events(events, duration, strict)
    return AnnotatedFile(
        uri, path, duration, clipped, regions=annotated_regions(regions, unscored, duration), cut=cut
    )
