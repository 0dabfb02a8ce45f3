"""Listed recordings without annotated regions, though the regions of their protocol are named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.protocol_files import value_of
from pyannote.audio.database.sources import files_of, listed_lines, parts_of, sources_of
from pyannote.audio.io.lines import quoted


def is_unannotated(file: Any) -> bool:
    """Whether no part of a file of a protocol counts as annotated; without regions, all of it does.

    Parameters
    ----------
    file : ProtocolFile or mapping
        File of a protocol; its `annotated` is a Timeline, or missing.

    Examples
    --------
    >>> from pyannote.core import Segment, Timeline
    >>> regions = (Timeline(), Timeline([Segment(0, 5)]))
    >>> [is_unannotated({"uri": "a", "annotated": one}) for one in regions], is_unannotated({"uri": "a"})
    ([True, False], False)
    """
    regions = value_of(file, "annotated")
    return regions is not None and not regions


def unannotated(name: str, subset: str, uris: Iterable[str]) -> dict[str, DataError]:
    """Errors about listed recordings without regions, with the line of the list.

    Parameters
    ----------
    name : str
        Full name of the protocol.
    subset : {"train", "development", "test"}
    uris : iterable of str, shape (recordings,)
        Those recordings.

    Examples
    --------
    >>> print(unannotated("No.Such.Protocol", "train", ["a"])["a"])
    'a' has no annotated region, so that no part of it counts as annotated. Add it to `annotated` of ...
    """
    errors = {uri: _without_list(uri) for uri in uris}
    for part, one in parts_of(name, subset) if errors else ():
        listing = sources_of(part, one).get("uri")
        listed = listed_lines(listing)
        for uri in listed.keys() & errors.keys():
            for regions in files_of(part, one, "annotated", [uri]):
                errors[uri] = DataError(
                    f"{quoted(uri)} has no line in {regions}, so that no part of it counts as annotated.",
                    file=listing,
                    line=listed[uri],
                    fix=f"Add a line `{uri} 1 start end` to {regions.name}.",
                )
    return errors


def _without_list(uri: str) -> DataError:
    return DataError(
        f"{quoted(uri)} has no annotated region, so that no part of it counts as annotated.",
        fix="Add it to `annotated` of the protocol.",
    )


def skippable(error: DataError) -> DataError:
    """The same error, for commands that may leave such a recording out.

    Examples
    --------
    >>> print(skippable(DataError("'a' has no annotated region.", fix="Add one.")))
    'a' has no annotated region. Add one. Or leave such recordings out with --unannotated=skip.
    """
    fix = f"{error.fix} Or leave such recordings out with --unannotated=skip."
    return DataError(error.message, file=error.file, line=error.line, fix=fix)
