"""Locations of the files that a `database.yml` names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.known_protocols import known_protocols


def sources_of(name: str, subset: str | None) -> dict[str, Path]:
    """Files that a `database.yml` names for a subset of a protocol, without templates such as `{uri}.rttm`.

    Parameters
    ----------
    name : str
        Full name of the protocol.
    subset : {"train", "development", "test"}, optional
        None for a collection, which has no subsets.

    Returns
    -------
    sources : dict of str to Path
        Such as "uri" (list), "annotation" (RTTM), "annotated" (UEM) and "trial".

    Examples
    --------
    >>> from pyannote.audio.database.known_protocols import load_database
    >>> path = getfixture("tmp_path") / "database.yml"
    >>> _ = path.write_text("Protocols: {Files: {Collection: {One: {uri: a.lst}}}}")
    >>> load_database(str(path))
    >>> sources_of("Files.Collection.One", None)["uri"].name
    'a.lst'
    """
    config, entries = protocol_entries(name, subset)
    return {
        key: _resolved(value, config)
        for key, value in entries.items()
        if isinstance(value, str) and "{" not in value
    }


def files_of(name: str, subset: str, key: str, uris: Iterable[str]) -> list[Path]:
    """Files that a `database.yml` names by a key: one, or one for each recording.

    Parameters
    ----------
    name : str
        Full name of the protocol.
    subset : {"train", "development", "test"}
    key : {"annotation", "annotated"}
    uris : iterable of str, shape (recordings,)
        Recordings for which templates such as `{uri}.rttm` are filled in.

    Examples
    --------
    >>> from pyannote.audio.database.known_protocols import load_database
    >>> path = getfixture("tmp_path") / "database.yml"
    >>> _ = path.write_text(
    ...     "Protocols: {Files: {SpeakerDiarization: {Each: {test: {annotation: '{uri}.rttm'}, "
    ...     "scope: file}}}}"
    ... )
    >>> load_database(str(path))
    >>> [one.name for one in files_of("Files.SpeakerDiarization.Each", "test", "annotation", ["a", "b"])]
    ['a.rttm', 'b.rttm']
    """
    config, entries = protocol_entries(name, subset)
    template = entries.get(key)
    if not isinstance(template, str):
        return []
    values = {"database": name.split(".")[0], "subset": subset}
    try:
        named = (
            dict.fromkeys(template.format(uri=uri, **values) for uri in uris)
            if "{" in template
            else [template]
        )
    except (LookupError, ValueError):
        # other fields of a template are known to pyannote.database alone
        return []
    return [_resolved(value, config) for value in named]


def protocol_entries(name: str, subset: str | None = None) -> tuple[Path, Mapping[str, Any]]:
    """Entries of a protocol, or of a subset of it, and the `database.yml` that contains them.

    Examples
    --------
    >>> protocol_entries("No.Such.Protocol")
    (PosixPath('.'), {})
    """
    result: tuple[Path, Mapping[str, Any]] = (Path(), {})
    for config, content in known_protocols().configs.items():
        entries = content.get("Protocols")
        for part in (*name.split("."), *([] if subset is None else [subset])):
            # YAML reads names that consist of digits as numbers
            entries = {str(key): value for key, value in (entries or {}).items()}.get(part)
        if entries:
            # of several files that define a protocol, the last one counts
            result = (config, entries)
    return result


def _resolved(value: str, config: Path) -> Path:
    """Absolute path of a file, relative to the working folder or to the folder of `database.yml`."""
    places = (Path(value).expanduser(), config.parent / value)
    return next((path for path in places if path.is_file()), places[1])


def check_sources(sources: Mapping[str, Path]) -> None:
    """Refuse files that are named in `database.yml` and do not exist.

    Parameters
    ----------
    sources : mapping of str to Path
        See `sources_of`.

    Raises
    ------
    DataError
        With the first file that is missing.

    Examples
    --------
    >>> check_sources({"uri": Path("no_such.lst")})
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: no_such.lst: This file is named in database.yml, but does not ...
    """
    for path in sources.values():
        if not path.is_file():
            raise DataError(
                "This file is named in database.yml, but does not exist.", file=path, fix="Check the path."
            )


def region_line(source: Path | None, uri: str, end: float) -> int | None:
    r"""Line of a UEM file in which a region of a recording ends, None if it is unknown.

    Parameters
    ----------
    source : Path, optional
        UEM file.
    uri : str
        Name of the recording.
    end : float
        End of the region, in seconds.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.uem"
    >>> _ = path.write_text("a 1 0 5\nb 1 0 9\n")
    >>> region_line(path, "b", 9.0)
    2
    """
    if source is None or source.suffix != ".uem":
        return None
    from pyannote.audio.io.rttm import read_regions

    regions = (region for region in read_regions(source) if region.recording == uri)
    return next((region.line for region in regions if region.segment.end == end), None)
