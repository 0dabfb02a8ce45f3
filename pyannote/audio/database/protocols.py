"""Recordings of a subset of a pyannote.database protocol, with checked audio and annotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from pyannote.audio.core.collected_errors import combined_error
from pyannote.audio.core.errors import AudioError, DataError, ToolkitError, UsageError
from pyannote.audio.core.findings import raise_first
from pyannote.audio.database.protocol_files import (
    by_name,
    find_protocol,
    read_recording,
    scope_of,
    with_scope,
)
from pyannote.audio.database.recording import Recording, Unusable, labels_of, name_of, recording_of
from pyannote.audio.database.scopes import check_scopes
from pyannote.audio.database.sources import SUBSETS, check_sources, sources_of
from pyannote.audio.database.spelling import misspelt
from pyannote.audio.database.strict import read_strictly
from pyannote.audio.database.unannotated import is_unannotated, unannotated

__all__ = [
    "SUBSETS",
    "Found",
    "Recording",
    "Unusable",
    "labels_of",
    "name_of",
    "readable_recordings",
    "recording_of",
    "recordings",
    "refuse_unannotated",
]


ALIKE = "The same holds for {}."
"""What an error about one recording says of others."""


def recordings(
    name: str,
    subset: str,
    templates: Mapping[str, str] | None = None,
    annotated: bool = True,
    speakers: bool = False,
) -> list[Recording]:
    r"""Recordings of one subset of a protocol, in the order of their names.

    Parameters
    ----------
    name : str
        Full name, such as "TUT2017.SpeakerDiarization.MyProtocol".
    subset : {"train", "development", "test"}
        Subset of the protocol.
    templates : mapping of str to str, optional
        The `preprocessors` of a configuration; `audio` overrides the location of audio files.
    annotated : bool
        Whether every recording must have an annotation.
    speakers : bool
        Whether labels are names of speakers. If they are, and the scope of labels is the file, the speaker
        `a` of the file `x` is called `x/a`, because `a` of another file is another person; in a protocol
        made of several databases (`X.`), the `a` whose scope is the database `D` is called `D/a`.

    Returns
    -------
    files : list of Recording, shape (files,)
        Times are in seconds.

    Raises
    ------
    UsageError
        If there is no such protocol or subset; the message names those that exist.
    DataError
        If a list, an annotation or an audio file is missing or damaged, or they do not fit each other.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> from pyannote.audio.database.known_protocols import load_database
    >>> folder = getfixture("tmp_path")
    >>> soundfile.write(folder / "a.wav", np.zeros(8000), 8000)
    >>> _ = (folder / "train.lst").write_text("a\n")
    >>> _ = (folder / "train.rttm").write_text("SPEAKER a 1 0.25 0.5 <NA> <NA> car <NA> <NA>\n")
    >>> _ = (folder / "database.yml").write_text('''
    ... Databases: {Street: "{uri}.wav"}
    ... Protocols:
    ...   Street:
    ...     SpeakerDiarization:
    ...       Cars:
    ...         scope: file
    ...         train: {uri: train.lst, annotation: train.rttm}
    ... ''')
    >>> load_database(str(folder / "database.yml"))
    >>> (file,) = recordings("Street.SpeakerDiarization.Cars", "train")
    >>> file["uri"], file["regions"], file["events"]
    ('a', [(0.0, 1.0)], [(0.25, 0.75, 'car')])
    """
    found = readable_recordings(name, subset, templates, annotated, speakers)
    refuse_unannotated(found.unannotated)
    if found.unusable:
        raise combined_error([one.reason for one in found.unusable])
    return found.readable


def refuse_unannotated(found: Sequence[Unusable]) -> None:
    """Refuse recordings without annotated regions.

    Parameters
    ----------
    found : sequence of Unusable, shape (unannotated,)
        Those recordings.

    Raises
    ------
    DataError
        With the first one, if there is any.

    Examples
    --------
    >>> refuse_unannotated([Unusable("D/a", DataError("'a' has no annotated region."))])
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: 'a' has no annotated region.
    """
    if found:
        raise combined_error([one.reason for one in found], ALIKE)


class Found(NamedTuple):
    """Recordings of a subset, those that can be used apart from the others.

    Parameters
    ----------
    readable : list of Recording, shape (readable,)
        Those whose audio can be opened, and of which some part is annotated.
    unusable : list of Unusable, shape (unusable,)
        Those whose audio cannot be opened.
    unannotated : list of Unusable, shape (unannotated,)
        Those without annotated regions, in a protocol that names regions.

    Examples
    --------
    >>> Found([], [], [Unusable("D/a", DataError("'a' has no annotated region."))]).unannotated[0].name
    'D/a'
    """

    readable: list[Recording]
    unusable: list[Unusable]
    unannotated: list[Unusable]


def readable_recordings(
    name: str,
    subset: str,
    templates: Mapping[str, str] | None = None,
    annotated: bool = True,
    speakers: bool = False,
    tolerant: bool = False,
) -> Found:
    """Recordings of one subset of a protocol, those whose audio cannot be opened, and unannotated ones.

    Other parameters and errors are those of `recordings`: lists and annotation that are wrong are refused.

    Parameters
    ----------
    tolerant : bool
        Whether recordings whose annotation is wrong are returned with those whose audio cannot be opened.
        Lines that name no recording are still refused.

    Returns
    -------
    found : Found

    Examples
    --------
    >>> readable_recordings("Street.SpeakerDiarization.Cars", "dev")
    Traceback (most recent call last):
    pyannote.audio.core.errors.UsageError: There is no subset 'dev'; there are train, development, test.
    """
    if subset not in SUBSETS:
        raise UsageError(f"There is no subset {subset!r}; there are {', '.join(SUBSETS)}.")
    protocol = find_protocol(name, templates)
    sources = sources_of(name, subset)
    check_sources(sources)
    files = _files(protocol, name, subset, tolerant)
    if not files:
        raise DataError(
            f"The subset {subset!r} of {name} has no files.", file=sources.get("uri"), fix="Fill its list."
        )
    if speakers:
        raise_first(check_scopes(name))
    files.sort(key=by_name)
    bare = [file for file in files if is_unannotated(file)]
    found = Found([], [], _unannotated(name, subset, bare))
    without_regions = {name_of(file) for file in bare}
    faults: type[DataError] = DataError if tolerant else AudioError
    for file in (one for one in files if name_of(one) not in without_regions):
        try:
            one = read_recording(file, sources, annotated)
        except faults as error:
            found.unusable.append(Unusable(name_of(file), error))
        else:
            found.readable.append(with_scope(one, scope_of(file, name)) if speakers else one)
    silent = {file["uri"] for file in found.readable if file["events"] == []}
    _refuse_misspelt(name, subset, "annotation", silent)
    return found


def _unannotated(name: str, subset: str, files: Sequence[Any]) -> list[Unusable]:
    """Recordings without regions; those whose names are misspelt beside regions are refused."""
    uris = {str(file["uri"]) for file in files}
    _refuse_misspelt(name, subset, "annotated", uris)
    reasons = unannotated(name, subset, uris)
    return [Unusable(name_of(file), reasons[str(file["uri"])]) for file in files]


def _refuse_misspelt(name: str, subset: str, key: str, without: Set[str]) -> None:
    errors = misspelt(name, subset, key, without)
    if errors:
        raise combined_error(list(errors.values()), ALIKE)


def _files(protocol: Any, name: str, subset: str, tolerant: bool) -> list[Any]:
    try:
        with read_strictly(tolerant):
            return list(getattr(protocol, subset)())
    except (NotImplementedError, AttributeError):
        raise UsageError(
            f"The protocol {name} has no subset {subset!r}.", fix="Choose another with --subset."
        ) from None
    except ToolkitError:
        raise
    except Exception as error:
        raise DataError(
            f"The subset {subset!r} of {name} cannot be read ({error}).", fix="Check its lists."
        ) from error
