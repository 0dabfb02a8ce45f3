"""What a subset of a protocol holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pyannote.audio.core.findings import Finding
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
        The files that `database.yml` names for it, where they are single files.
    uris : list of (uri, line)
        Recordings that it lists; 0 stands for no line.
    events : list of AnnotatedEvent
        All events of its annotation file, of whichever recordings.
    regions : list of AnnotatedRegion
        All lines of its UEM file.
    headers : mapping of str to AudioInfo
        What the audio files that can be opened say of themselves, by uri.
    files : list of Recording
        Those that commands can read.
    unusable : list of Finding
        Errors of the recordings whose audio cannot be opened.
    """

    name: str
    sources: Mapping[str, Path] = field(default_factory=dict)
    uris: list[tuple[str, int]] = field(default_factory=list)
    events: list[AnnotatedEvent] = field(default_factory=list)
    regions: list[AnnotatedRegion] = field(default_factory=list)
    headers: dict[str, AudioInfo] = field(default_factory=dict)
    files: list[Recording] = field(default_factory=list)
    unusable: list[Finding] = field(default_factory=list)

    @property
    def listing(self) -> Path | None:
        """The file that lists its recordings."""
        return self.sources.get("uri")

    @cached_property
    def lines(self) -> dict[str, int | None]:
        """Line of its listing that names each recording first."""
        return {uri: line or None for uri, line in reversed(self.uris)}

    def annotation_of(self, uri: str) -> list[AnnotatedEvent | AnnotatedRegion]:
        """Lines of RTTM and UEM on a recording."""
        return self._annotation.get(uri, [])

    @cached_property
    def _annotation(self) -> dict[str, list[AnnotatedEvent | AnnotatedRegion]]:
        found: defaultdict[str, list[AnnotatedEvent | AnnotatedRegion]] = defaultdict(list)
        for event in self.events:
            found[event.recording].append(event)
        for region in self.regions:
            found[region.recording].append(region)
        return dict(found)
