"""Recordings of a pyannote.database collection, such as noise: files without subsets."""

from __future__ import annotations

from pyannote.audio.core.errors import DataError, ToolkitError, UsageError
from pyannote.audio.database.protocols import Recording, _by_name, _protocol, _recording
from pyannote.audio.database.sources import check_sources, sources_of
from pyannote.audio.database.strict import read_strictly


def collection(name: str) -> list[Recording]:
    """Files of a collection, in the order of their names.

    In a `database.yml`, a collection is a protocol of the task `Collection` that names its list itself::

        Databases:
          MUSAN: musan/{uri}.wav
        Protocols:
          MUSAN:
            Collection:
              BackgroundNoise:
                uri: noise.lst

    Parameters
    ----------
    name : str
        Full name, such as "MUSAN.Collection.BackgroundNoise".

    Returns
    -------
    list of Recording
        `events` is None where the collection has no annotation; without regions, all of a file is one.

    Raises
    ------
    UsageError
        There is no such collection; with the nearest name.
    DataError
        It is empty, or its list or an audio file is missing or damaged.
    """
    protocol = _protocol(name, None)
    if name.split(".")[1] != "Collection":
        raise UsageError(
            f"{name} is no collection.", fix="Name one as Database.Collection.Name, as database.yml has it."
        )
    sources = sources_of(name, None)
    check_sources(sources)
    try:
        with read_strictly():
            files = list(protocol.files())
    except ToolkitError:
        raise
    except Exception as error:
        raise DataError(f"The collection {name} cannot be read ({error}).", fix="Check its list.") from error
    if not files:
        raise DataError(f"The collection {name} has no files.", file=sources.get("uri"), fix="Fill its list.")
    files.sort(key=_by_name)
    return [_recording(file, sources, annotated=False) for file in files]
