"""The files that a `database.yml` names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.known_protocols import known_protocols


def sources_of(name: str, subset: str | None) -> dict[str, Path]:
    """Return the files that a `database.yml` names, where they are single files.

    They are those of a subset of a protocol, or of a collection, which has none.
    """
    config, entries = _entries(name, subset)
    return {
        key: _resolved(value, config)
        for key, value in entries.items()
        if isinstance(value, str) and "{" not in value
    }


def files_of(name: str, subset: str, key: str, uris: Iterable[str]) -> list[Path]:
    """Return the files that a `database.yml` names by a key: one, or one for each recording."""
    config, entries = _entries(name, subset)
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
        # only pyannote.database knows what else a template may hold
        return []
    return [_resolved(value, config) for value in named]


def _entries(name: str, subset: str | None) -> tuple[Path, Mapping[str, Any]]:
    """What defines a subset of a protocol, and the `database.yml` in which it stands."""
    found: tuple[Path, Mapping[str, Any]] = (Path(), {})
    for config, content in known_protocols().configs.items():
        entries = content.get("Protocols")
        for part in (*name.split("."), *([] if subset is None else [subset])):
            # YAML takes names of digits for numbers
            entries = {str(key): value for key, value in (entries or {}).items()}.get(part)
        if entries:
            # of several files that define a protocol, the last one counts
            found = (config, entries)
    return found


def _resolved(value: str, config: Path) -> Path:
    """Path that a `database.yml` names, from the working folder or from its own."""
    places = (Path(value).expanduser(), config.parent / value)
    return next((path for path in places if path.is_file()), places[1])


def check_sources(sources: Mapping[str, Path]) -> None:
    """Refuse files that are named in database.yml, and are not there."""
    for path in sources.values():
        if not path.is_file():
            raise DataError(
                "This file is named in database.yml, and is not there.", file=path, fix="Check the path."
            )


def region_line(source: Path | None, uri: str, end: float) -> int | None:
    """Return the line of a UEM file that names the end of a region."""
    if source is None or source.suffix != ".uem":
        return None
    from pyannote.audio.io.rttm import read_regions

    own = (region for region in read_regions(source) if region.recording == uri)
    return next((region.line for region in own if region.segment.end == end), None)
