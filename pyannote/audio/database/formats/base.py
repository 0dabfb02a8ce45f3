"""Formats of annotation: their parts, and the content that a reader gives.

A format is a file of this folder with a `FORMAT`; it is called by the name of its file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.labels import Event
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion, Place

POINTS = "events without duration"
"""What `left_out` calls events whose offset is their onset."""


class Tag(NamedTuple):
    """A weak label: a class that is heard somewhere in a recording.

    Examples
    --------
    >>> Tag("a", "car", Path("weak.tsv"), line=2).label
    'car'
    """

    recording: str
    label: str
    file: Path
    line: int


@dataclass
class Reading:
    """Content of one or more files of annotation.

    Parameters
    ----------
    events : list of AnnotatedEvent, shape (events,)
        In the order of the files, with labels as they are spelt there; times in seconds.
    named : dict of str to Place
        Every recording that the annotation names, with or without events, and where it is named first.
    tags : list of Tag, shape (tags,)
        Weak labels.
    unscored : list of AnnotatedRegion, shape (regions,)
        Parts of recordings whose annotation says that it is unknown.
    audio : dict of str to Path
        Audio files that the annotation itself names, by recording.
    subsets : dict of str to str
        Subset ("train", "development" or "test") of each recording, where the annotation says so.
    left_out : Counter of str
        What was not read, in a few words, and how often, such as {"NON-SPEECH lines": 3}.
    remarks : list of str
        What else has to be said, each once: other encodings than UTF-8, or columns that are not understood.
    points : list of Place
        Where events without duration are.
    groups : dict of str to str
        Group of each recording, such as its place, where a column that the options name says so.

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> reading = Reading()
    >>> reading.add(AnnotatedEvent("a", Segment(0, 1), "car", Path("a.rttm"), 1))
    >>> reading.name("b", Path("a.rttm"), 2)
    >>> list(reading.named)
    ['a', 'b']
    """

    events: list[AnnotatedEvent] = field(default_factory=list)
    named: dict[str, Place] = field(default_factory=dict)
    tags: list[Tag] = field(default_factory=list)
    unscored: list[AnnotatedRegion] = field(default_factory=list)
    audio: dict[str, Path] = field(default_factory=dict)
    subsets: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    points: list[Place] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)

    def name(self, recording: str, file: Path, line: int) -> None:
        """Note that a line names a recording."""
        self.named.setdefault(recording, Place(file, line))

    def add(self, event: AnnotatedEvent) -> None:
        """Add an event, and note its recording. Those without duration are counted."""
        self.name(event.recording, event.file, event.line)
        if event.segment:
            self.events.append(event)
        else:
            self.left_out[POINTS] += 1
            self.points.append(Place(event.file, event.line))

    def tag(self, tag: Tag) -> None:
        """Add a weak label, and note its recording."""
        self.name(tag.recording, tag.file, tag.line)
        self.tags.append(tag)

    def merge(self, other: Reading) -> None:
        """Add all that another file contains; where both name a recording, this one counts."""
        self.events += other.events
        self.tags += other.tags
        self.points += other.points
        self.unscored += other.unscored
        self.left_out += other.left_out
        self.remarks += [remark for remark in other.remarks if remark not in self.remarks]
        self.named = self.named | {key: at for key, at in other.named.items() if key not in self.named}
        self.audio = other.audio | self.audio
        self.subsets = other.subsets | self.subsets
        self.groups = other.groups | self.groups


@dataclass(frozen=True)
class ReadOptions:
    """Options of readers; each format takes those that it knows.

    Parameters
    ----------
    label_column : str, optional
        Name of the column of labels, where a table has several that may be one.
    tier : str, optional
        Name of the tier to read, where a file has several; "*" for all of them.
    tier_labels : bool
        Whether the names of tiers are the labels, and the texts in them are not: those of conversations, in
        which each speaker has a tier and the text is what was said.
    soft : float, optional
        Threshold in (0, 1]: soft labels (values in [0, 1]) that reach it count as events. Without one, soft
        labels other than 0 and 1 are refused.
    pattern : str, optional
        Regular expression with the groups `speaker` and, optionally, `session`, for names of recordings that
        contain the speaker.
    strict : bool
        Whether events without duration are refused. Otherwise they are counted.
    group_column : str, optional
        Name of the column of a table that says which recordings belong together.

    Raises
    ------
    UsageError
        If `soft` is out of its range, or `pattern` cannot be used.

    Examples
    --------
    >>> ReadOptions(soft=0.5).soft
    0.5
    """

    label_column: str | None = None
    tier: str | None = None
    tier_labels: bool = False
    soft: float | None = None
    pattern: str | None = None
    strict: bool = False
    group_column: str | None = None

    def __post_init__(self) -> None:
        if self.soft is not None and not 0 < self.soft <= 1:
            raise UsageError(
                f"--soft={self.soft:g} is not above 0, and 1 or less.", fix="Use 0.5, for example."
            )
        if self.pattern is not None:
            _check_pattern(self.pattern)


def _check_pattern(pattern: str) -> None:
    fix = r"Write it as '(?P<session>[^_]+)_(?P<speaker>[^_]+)_.*', for example."
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise UsageError(f"--pattern={pattern} is no regular expression: {error}.", fix=fix) from None
    if "speaker" not in groups:
        raise UsageError(f"--pattern={pattern} has no group `speaker`.", fix=fix)


Reader = Callable[[Path, str, ReadOptions], Reading]
"""Reads a file or folder; the second argument is the recording that its name names (see `Format`)."""

Writer = Callable[[Mapping[str, Sequence[Event]], Mapping[str, float]], dict[str, str]]
"""Gives the text of each file, by its path, for events (onset, offset, label) and duration of recordings."""


def claims_nothing(path: Path) -> bool:
    """Claim no file."""
    return False


@dataclass(frozen=True)
class Format:
    """A format of annotation.

    Parameters
    ----------
    about : str
        What it is, in a line.
    names : tuple of str
        Names of its files, in small letters, with one star for the name of a recording: `*.rttm`. A format
        of folders has none.
    read : callable
        See `Reader`. A `DataError` names file and line of what cannot be read.
    looks_right : callable
        Whether the content of a file, or of a folder, looks like this format. It is asked where names alone
        do not tell: a file `*.txt` may be that of Audacity, of Raven, or an event list. It may not raise.
    per_recording : bool
        Whether a file contains the annotation of the recording that it is named after.
    names_recordings : callable
        Whether a file names its recordings itself even though the format is one of a file a recording.
    of_folders : bool
        Whether `read` takes a folder.
    write : callable, optional
        See `Writer`.

    Examples
    --------
    >>> from pyannote.audio.database.formats.rttm import FORMAT
    >>> FORMAT.recording(Path("Meeting.RTTM"))
    'Meeting'
    """

    about: str
    names: tuple[str, ...]
    read: Reader
    looks_right: Callable[[Path], bool]
    per_recording: bool = False
    names_recordings: Callable[[Path], bool] = claims_nothing
    of_folders: bool = False
    write: Writer | None = None

    def recording(self, path: Path) -> str | None:
        """Recording that a file is named after, or None if its name is no name of this format."""
        for name in self.names:
            before, _, after = name.partition("*")
            low = path.name.lower()
            if low.startswith(before) and low.endswith(after) and len(low) > len(before) + len(after):
                return path.name[len(before) : len(path.name) - len(after)]
        return None


def formats() -> dict[str, Format]:
    """All formats by their names: `FORMAT` of each file of this folder.

    Examples
    --------
    >>> {"audacity", "rttm"} <= set(formats())
    True
    """
    folders = import_module(str(__package__)).__path__
    names = sorted({file.stem for folder in folders for file in Path(folder).glob("[a-z]*.py")})
    return {name: format_named(name) for name in names if name != Path(__file__).stem}


def format_named(name: str) -> Format:
    """Format of a name."""
    found: Format = import_module(f"{__package__}.{name}").FORMAT
    return found
