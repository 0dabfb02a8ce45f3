"""Recordings to apply a model to: those of a protocol, or one audio file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.protocols import Recording, recording_of
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.channel_names import split_channel
from pyannote.audio.io.lines import quoted, safe_names
from pyannote.audio.io.paths import inside
from pyannote.audio.io.waveform import SUFFIXES

SHOWN = 8
"""Hexadecimal digits of the digest of an audio file in the names of its results."""


def files_of(protocol: str, subset: str, corpus: Corpus) -> tuple[list[Recording], str]:
    """Recordings of a protocol, or the one audio file that was named instead, and the name of their results.

    Results of a protocol are called `<Protocol>.<subset>`. An audio file and its results are called after the
    name and the content of the file, such as `a001~0c9e2f41`: two files of one name do not replace each
    other's results, and a file that is applied to again, from whatever folder, has the same name.

    Raises
    ------
    UsageError
        If it is neither.
    """
    path = Path(protocol)
    if is_audio(protocol):
        file = recording_of(path)
        # precomputed features are found by the name alone
        if corpus.recipe.extraction.computed:
            (content,) = corpus.store.contents([file])
            file["uri"] = f"{file['uri']}~{content[:SHOWN]}"
        return [file], file["uri"]
    if len(protocol.split(".")) != 3:
        raise UsageError(
            f"{protocol!r} is neither an audio file nor the name of a protocol.",
            fix="Check the path, or name a protocol such as Database.SpeakerDiarization.Protocol.",
        )
    return corpus.recordings(protocol, subset, annotated=False), f"{protocol}.{subset}"


def is_audio(protocol: str) -> bool:
    """Whether what stands for a protocol is an audio file; `take.1.wav` has as many points as a protocol."""
    path, _ = split_channel(protocol)
    # what is called as audio is taken for audio, so that a folder, a pipe or a broken link is said to be one
    named = path.suffix.lower() in SUFFIXES and os.path.lexists(path)
    return named or bool(path.suffix and path.is_file())


def check_paths(files: Sequence[Recording], folder: Precomputed, output: Path) -> None:
    """Refuse recordings whose frames would not lie in a folder, or would share a file: before the work.

    Parameters
    ----------
    files : sequence of Recording
    folder : Precomputed
        Folder that frames are written to.
    output : Path
        Folder that they are moved to, under the same names.

    Raises
    ------
    DataError
        With the name.
    """
    owners: dict[Path, Recording] = {}
    for file in files:
        path = folder.path(file)
        inside(output, path.relative_to(folder.root_dir).as_posix())
        if owners.setdefault(path, file) is not file:
            raise DataError(
                f"Two recordings are called {quoted(file['uri'])} in {file['database']}.",
                fix="Rename one of them.",
            )


def check_uris(files: Sequence[Recording]) -> None:
    """Refuse recordings that could not be told apart in RTTM and lists of events: before the work.

    Raises
    ------
    DataError
        With the name.
    """
    databases: dict[str, str] = {}
    for file in files:
        uri, database = file["uri"], file["database"]
        if uri in databases:
            raise DataError(
                f"Two recordings are called {quoted(uri)}, of {databases[uri]} and of {database}.",
                fix="Rename one of them, or apply to one database after the other.",
            )
        databases[uri] = database
    safe_names(databases)
