"""The user's recordings with their events; those that cannot be used are refused, or left out and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pyannote.core import Segment

from pyannote.audio.core.errors import DataError, ToolkitError
from pyannote.audio.database.corpora.annotated_file import CUT, AnnotatedFile, audio_duration, cut_events
from pyannote.audio.database.corpora.own_annotation import OwnAnnotation
from pyannote.audio.database.corpora.own_regions import Regions, annotated_regions, without_region
from pyannote.audio.io.channel_names import split_channel
from pyannote.audio.io.lines import AnnotatedEvent

UNTIMED = (
    "labels without times, which last as long as their recordings from now on (train with `target: clip` if "
    "they only say what occurs somewhere in a recording)"
)


class Rules(NamedTuple):
    """What becomes of recordings and events that are not as they should be.

    Parameters
    ----------
    allow_empty : bool
        Whether recordings that the annotation does not name are recordings without events.
    skip : float
        Share of the recordings, in [0, 1], that may be left out.
    strict : bool
        Whether events that pass the end of their recording a little are refused.
    uem : Path, optional
        UEM file, or folder of UEM files; without one, recordings are annotated completely.

    Examples
    --------
    >>> Rules(allow_empty=False, skip=0.1, strict=False).uem is None
    True
    """

    allow_empty: bool
    skip: float
    strict: bool
    uem: Path | None = None


class OwnRecordings:
    """Recordings of the user.

    Parameters
    ----------
    annotated : OwnAnnotation
    annotation : Path
        Where it was read from, for errors.
    rules : Rules
    regions : mapping of Path to sequence of AnnotatedRegion, shape (regions,)
        Content of the UEM files of `rules`; times in seconds.

    Attributes
    ----------
    left_out : Counter of str
        What was not used, and how often.
    reasons : list of ToolkitError
        Faults of recordings that were left out.
    """

    def __init__(self, annotated: OwnAnnotation, annotation: Path, rules: Rules, regions: Regions) -> None:
        self.annotated, self.annotation = annotated, annotation
        self.rules, self.regions = rules, regions
        self.left_out: Counter[str] = Counter(annotated.reading.left_out)
        self.reasons: list[ToolkitError] = []

    def of(self, uris: Mapping[Path, str]) -> list[AnnotatedFile]:
        """Recordings that can be used.

        Parameters
        ----------
        uris : mapping of Path to str
            Uri of each audio file.

        Returns
        -------
        recordings : list of AnnotatedFile, shape (files,)
            In the order of `uris`; annotated channels of a file are recordings of their own.

        Raises
        ------
        DataError
            If more of them cannot be used than may be left out.
        """
        uris = self._channels(uris)
        missing = [path for path in uris if path not in self.annotated.events | self.annotated.faults]
        if self.rules.allow_empty:
            missing = []
        recordings = []
        for path, uri in uris.items():
            if path in missing:
                continue
            try:
                recordings.append(self._recording(path, uri))
            except ToolkitError as error:
                if not self.rules.skip:
                    raise
                self.reasons.append(error)
        self._check(missing, len(uris))
        return recordings

    def _channels(self, uris: Mapping[Path, str]) -> dict[Path, str]:
        """Recordings with channels in place of their files, where annotation names channels."""
        channels: dict[Path, dict[Path, int]] = {}
        for path in self.annotated.events:
            file, channel = split_channel(path)
            if channel is not None:
                channels.setdefault(file, {})[path] = channel
        named: dict[Path, str] = {}
        for path, uri in uris.items():
            if path in self.annotated.events or path not in channels:
                named[path] = uri
            for one, channel in channels.get(path, {}).items():
                named[one] = f"{uri}#{channel}"
        return named

    def _recording(self, path: Path, uri: str) -> AnnotatedFile:
        if path in self.annotated.faults:
            raise self.annotated.faults[path]
        listed = self.regions.get(path) or self.regions.get(split_channel(path)[0], [])
        if self.rules.uem is not None and not listed:
            raise without_region(path.name, self.rules.uem, self.annotation, None)
        duration = audio_duration(path)
        events = self.annotated.events.get(path, [])
        clipped, cut = cut_events(events, duration, self.rules.strict)
        self.left_out[CUT] += cut
        unscored = self.annotated.unscored.get(path, [])
        regions = annotated_regions(listed, unscored, duration)
        return AnnotatedFile(uri, path, duration, [*clipped, *self._untimed(path, duration)], regions=regions)

    def _untimed(self, path: Path, duration: float) -> list[AnnotatedEvent]:
        """Labels without times, as events that last as long as the recording."""
        tags = self.annotated.tags.get(path, [])
        self.left_out[UNTIMED] += len(tags)
        return [
            AnnotatedEvent(tag.recording, Segment(0, duration), tag.label, tag.file, tag.line) for tag in tags
        ]

    def _check(self, missing: list[Path], total: int) -> None:
        """Refuse to leave out too many recordings, and count those that are."""
        unusable = len(missing) + len(self.reasons)
        if unusable <= self.rules.skip * total and unusable < total:
            self.left_out["recordings without annotation"] += len(missing)
            self.left_out["recordings with a fault"] += len(self.reasons)
            self.left_out = +self.left_out
        elif missing:
            raise DataError(
                f"{len(missing)} of {total} audio files have no annotation, the first is {missing[0]}.",
                file=self.annotation,
                fix="Annotate or remove them. If they contain no events, use --allow-empty. --skip=0.5 "
                "leaves out up to half of the recordings.",
            )
        else:
            raise _too_many(self.reasons, total, self.rules.skip)


def _too_many(reasons: list[ToolkitError], total: int, skip: float) -> ToolkitError:
    first = reasons[0]
    count = f"{len(reasons)} of {total} recordings cannot be used; --skip={skip:g} allows fewer."
    return type(first)(f"{first.message} {count}", file=first.file, line=first.line, fix=first.fix)
