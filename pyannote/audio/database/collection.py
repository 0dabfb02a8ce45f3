"""Recordings of a pyannote.database collection, such as noise: files without subsets."""

from __future__ import annotations

from pyannote.audio.core.errors import DataError, ToolkitError, UsageError
from pyannote.audio.database.protocol_files import by_name, find_protocol, read_recording
from pyannote.audio.database.recording import Recording
from pyannote.audio.database.sources import check_sources, sources_of
from pyannote.audio.database.strict import read_strictly


def collection(name: str) -> list[Recording]:
    r"""Recordings of a collection, in the order of their names.

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
    files : list of Recording, shape (files,)
        `events` is None where the collection has no annotation; without regions, the whole file is one.

    Raises
    ------
    UsageError
        If there is no such collection; the message suggests the nearest name.
    DataError
        If it is empty, or its list or an audio file is missing or damaged.

    Examples
    --------
    >>> import numpy as np, soundfile
    >>> from pyannote.audio.database.known_protocols import load_database
    >>> folder = getfixture("tmp_path")
    >>> soundfile.write(folder / "rain.wav", np.zeros(8000), 8000)
    >>> _ = (folder / "noise.lst").write_text("rain\n")
    >>> _ = (folder / "database.yml").write_text('''
    ... Databases: {Weather: "{uri}.wav"}
    ... Protocols: {Weather: {Collection: {Noise: {uri: noise.lst}}}}
    ... ''')
    >>> load_database(str(folder / "database.yml"))
    >>> [(file["uri"], file["duration"]) for file in collection("Weather.Collection.Noise")]
    [('rain', 1.0)]
    """
    protocol = find_protocol(name, None)
    if name.split(".")[1] != "Collection":
        raise UsageError(
            f"{name} is not a collection.", fix="Name one of database.yml, as Database.Collection.Name."
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
    files.sort(key=by_name)
    return [read_recording(file, sources, annotated=False) for file in files]
