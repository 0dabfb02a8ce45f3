"""The files that a `database.yml` names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.known_protocols import known_protocols


def sources_of(full_name: str, subset: str | None) -> dict[str, Path]:
    """Return the files that a `database.yml` names, where they are single files.

    They are those of a subset of a protocol, or of a collection, which has none.
    """
    found: dict[str, Path] = {}
    for config, content in known_protocols().configs.items():
        entries = content.get("Protocols")
        for name in (*full_name.split("."), *([] if subset is None else [subset])):
            # YAML takes names of digits for numbers
            entries = {str(key): value for key, value in (entries or {}).items()}.get(name)
        if entries:
            # of several files that define a protocol, the last one counts
            found = {}
        for key, value in (entries or {}).items():
            if isinstance(value, str) and "{" not in value:
                found[key] = next(
                    (path for path in (Path(value).expanduser(), config.parent / value) if path.is_file()),
                    config.parent / value,
                )
    return found


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
