"""Content of a subset of a protocol: lists, annotation, headers and recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pyannote.audio.core.findings import Finding
from pyannote.audio.database.channels import LinesOfRecordings
from pyannote.audio.database.protocols import Recording
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion
from pyannote.audio.io.waveform import AudioInfo


@dataclass
class Subset:
    """A subset of a protocol.

    Parameters
    ----------
    name : {"train", "development", "test"}
    sources : mapping of str to Path
        Files that `database.yml` names for it (see `sources_of`).
    uris : list of (uri, line), shape (recordings, 2)
        Recordings of its list; the line is 0 if it is unknown.
    events : list of AnnotatedEvent, shape (events,)
        All events of its RTTM file, also those of other recordings.
    regions : list of AnnotatedRegion, shape (regions,)
        All lines of its UEM file.
    headers : mapping of str to AudioInfo
        Headers of the audio files that can be opened, by uri.
    files : list of Recording, shape (files,)
        Recordings whose audio and annotation fit each other.
    unusable : list of Finding, shape (unusable,)
        Errors of the recordings whose audio cannot be opened.
    channel : int, optional
        Channel of all recordings, where `database.yml` names one.

    Examples
    --------
    >>> subset = Subset("train", {"uri": Path("train.lst")}, uris=[("a", 1), ("b", 2), ("a", 3)])
    >>> subset.listing.name, subset.lines["a"], subset.annotation_of("a")
    ('train.lst', 1, [])
    """

    name: str
    sources: Mapping[str, Path] = field(default_factory=dict)
    uris: list[tuple[str, int]] = field(default_factory=list)
    events: list[AnnotatedEvent] = field(default_factory=list)
    regions: list[AnnotatedRegion] = field(default_factory=list)
    headers: dict[str, AudioInfo] = field(default_factory=dict)
    files: list[Recording] = field(default_factory=list)
    unusable: list[Finding] = field(default_factory=list)
    channel: int | None = None

    @property
    def listing(self) -> Path | None:
        """Path of the list of its recordings, None if the protocol has none.

        Examples
        --------
        >>> Subset("test").listing is None
        True
        """
        return self.sources.get("uri")

    @cached_property
    def lines(self) -> dict[str, int | None]:
        """First line of the list that names each recording, None if it is unknown.

        Examples
        --------
        >>> Subset("test", uris=[("a", 0), ("b", 2)]).lines
        {'b': 2, 'a': None}
        """
        return {uri: line or None for uri, line in reversed(self.uris)}

    def annotation_of(self, uri: str) -> list[AnnotatedEvent | AnnotatedRegion]:
        """Lines of the RTTM and the UEM file about a recording, in its channel, shape (lines,).

        Examples
        --------
        >>> Subset("test").annotation_of("a")
        []
        """
        return [*self.events_of(uri), *self.regions_of(uri)]

    def events_of(self, uri: str) -> list[AnnotatedEvent]:
        """Lines of the RTTM file about a recording, in its channel, shape (events,).

        Examples
        --------
        >>> Subset("test").events_of("a")
        []
        """
        return self._events.of(uri, self.channel)

    def regions_of(self, uri: str) -> list[AnnotatedRegion]:
        """Lines of the UEM file about a recording, in its channel, shape (regions,).

        Examples
        --------
        >>> Subset("test").regions_of("a")
        []
        """
        return self._regions.of(uri, self.channel)

    @cached_property
    def _events(self) -> LinesOfRecordings[AnnotatedEvent]:
        return LinesOfRecordings(self.events)

    @cached_property
    def _regions(self) -> LinesOfRecordings[AnnotatedRegion]:
        return LinesOfRecordings(self.regions)


def joined(subsets: Sequence[Subset]) -> Subset:
    """Recordings and annotation of several subsets as those of one; a recording of several counts once.

    Lines of lists are unknown in it, as there are several lists.

    Parameters
    ----------
    subsets : sequence of Subset, shape (subsets,)
        At least one; a single one is returned as it is.

    Examples
    --------
    >>> both = joined([Subset("train", uris=[("a", 1)]), Subset("development", uris=[("b", 1), ("a", 2)])])
    >>> both.name, both.uris
    ('train+development', [('a', 0), ('b', 0)])
    """
    if len(subsets) == 1:
        return subsets[0]
    first = {uri: subset for subset in reversed(subsets) for uri, _ in subset.uris}
    first = {uri: first[uri] for subset in subsets for uri, _ in subset.uris}
    return Subset(
        "+".join(subset.name for subset in subsets),
        uris=[(uri, 0) for uri in first],
        events=[event for uri, subset in first.items() for event in subset.events_of(uri)],
        regions=[region for uri, subset in first.items() for region in subset.regions_of(uri)],
    )
