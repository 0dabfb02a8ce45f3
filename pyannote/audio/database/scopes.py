"""Scope of labels that are names of speakers: the range in which equal labels are one speaker.

A protocol of `database.yml` says it by `scope:`. Where it does not, pyannote.database takes each file for a
scope of its own, so that a speaker of eight files would silently become eight speakers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.known_protocols import known_protocols
from pyannote.audio.database.sources import SUBSETS, entries_of, parts_of
from pyannote.audio.io.lines import quoted
from pyannote.audio.io.yaml_entries import Entry, entry_in

SCOPES = ("file", "database", "global")
"""Values of `scope:`."""


def check_scopes(name: str) -> Iterator[Finding]:
    """Findings about the scope of a protocol whose labels are speakers, and of those that it consists of.

    Protocols without annotation, and those of other packages, need none.

    Parameters
    ----------
    name : str
        Full name of the protocol.

    Yields
    ------
    finding : Finding
        Of the kind "scope": an error where it is missing or unknown, a warning where it is the file.

    Examples
    --------
    >>> from pyannote.audio.database.known_protocols import load_database
    >>> path = getfixture("tmp_path") / "database.yml"
    >>> _ = path.write_text('''Protocols:
    ...   Meetings:
    ...     SpeakerDiarization:
    ...       All:
    ...         train: {uri: train.lst, annotation: train.rttm}
    ... ''')
    >>> load_database(str(path))
    >>> (finding,) = check_scopes("Meetings.SpeakerDiarization.All")
    >>> finding.line, finding.level, finding.fix.partition(",")[0]
    (4, 'error', 'Add `scope: database` below this line')
    """
    parts = dict.fromkeys(part for subset in SUBSETS for part, _ in parts_of(name, subset))
    for part in parts:
        config, entries = entries_of(part, None)
        if _has_labels(entries) and _takes_scope(part):
            where = ("Protocols", *part.split("."))
            place, scope = entry_in(config, where), entry_in(config, (*where, "scope"))
            yield from _findings(part, config, place and place.line, scope)


def _findings(name: str, config: Path, line: int | None, scope: Entry | None) -> Iterator[Finding]:
    # pyannote.database takes the scope out of what it has read, so that it is read again
    if scope is None:
        error = DataError(
            f"The protocol {name} does not say where equal labels are the same speaker.",
            file=config,
            line=line,
            fix="Add `scope: database` below this line, if a label is one speaker in all files of the "
            "database, `scope: global`, if it is in all databases, or `scope: file`, if the speakers of each "
            "file are others.",
        )
        yield Finding.of("scope", error)
    elif scope.value not in SCOPES:
        error = DataError(
            f"{quoted(str(scope.value))} is no scope of speakers.",
            file=config,
            line=scope.line,
            fix="Write `scope: database`, `scope: global` or `scope: file`.",
        )
        yield Finding.of("scope", error)
    elif scope.value == "file":
        yield Finding(
            "scope",
            f"The speakers of each file of {name} count as others than those of all other files.",
            "Write `scope: database` if a label is one speaker in all files.",
            file=config,
            line=scope.line,
        )


def _has_labels(entries: object) -> bool:
    """Whether any subset of a protocol has annotation."""
    subsets = entries.values() if isinstance(entries, dict) else ()
    return any(isinstance(subset, dict) and "annotation" in subset for subset in subsets)


def _takes_scope(name: str) -> bool:
    """Whether pyannote.database reads the scope of a protocol: those of other tasks have none."""
    from pyannote.database.protocol import SpeakerDiarizationProtocol

    return isinstance(known_protocols().get_protocol(name), SpeakerDiarizationProtocol)
