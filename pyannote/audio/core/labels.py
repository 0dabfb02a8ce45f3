"""Classes as compositions of labels: events and activity of each class from an annotation."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import ConfigError

Event = tuple[float, float, str]
"""Onset and offset in seconds, and a label."""


@dataclass(frozen=True)
class ClassDefinition:
    """A class that is active where at least some of its labels are active at once.

    Parameters
    ----------
    name : str
        Name of the class.
    labels : tuple of str, optional
        Labels that it is made of. None: any label of the annotation.
    least : int
        Number of different labels that must be active at once, at least 1: 1 is the union of the labels, as
        many as there are labels their intersection.

    Examples
    --------
    >>> overlap = ClassDefinition("overlap", least=2)
    >>> overlap.events([(0.0, 2.0, "ann"), (1.0, 3.0, "bob"), (1.5, 4.0, "bob")])
    [(1.0, 2.0, 'overlap')]
    """

    name: str
    labels: tuple[str, ...] | None = None
    least: int = 1

    @property
    def is_plain(self) -> bool:
        """Whether it is made of one label: its events are those of the label, as they are."""
        return self.labels is not None and len(self.labels) == 1

    def takes(self, label: str) -> bool:
        """Whether a label counts for this class."""
        return self.labels is None or label in self.labels

    def events(self, events: Iterable[Event]) -> list[Event]:
        """Events of the class, in order of onset.

        Parameters
        ----------
        events : iterable of (onset, offset, label)
            In seconds, in any order.

        Returns
        -------
        list of (onset, offset, name)
            Of a class made of one label, the events of the label as they are; otherwise the spans in which at
            least `least` different labels are active, none of which touch.
        """
        own = [event for event in events if self.takes(event[2])]
        if self.is_plain:
            return [(onset, offset, self.name) for onset, offset, _ in sorted(own)]
        return [(onset, offset, self.name) for onset, offset in _spans(own, self.least)]


@dataclass(frozen=True)
class Composition:
    """What each class of a model is made of, in the order of the columns.

    Parameters
    ----------
    definitions : tuple of ClassDefinition
        With different names.

    Raises
    ------
    ConfigError
        If two classes share a name, or a class has no labels, or fewer than must be active at once.

    Examples
    --------
    >>> composition = Composition.of_labels(["man", "woman"], union={"speech": ["man", "woman"]})
    >>> composition.classes
    ('man', 'woman', 'speech')
    >>> composition.raster([(0.0, 0.02, "man"), (0.01, 0.03, "woman")], frames=4, step=0.01).T
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [1, 1, 1, 0]], dtype=uint8)
    """

    definitions: tuple[ClassDefinition, ...] = ()

    def __post_init__(self) -> None:
        doubled = sorted({name for name in self.classes if self.classes.count(name) > 1})
        if doubled:
            raise ConfigError(
                f"The class {doubled[0]!r} is defined more than once.", fix="Give each class one name."
            )
        for one in self.definitions:
            if one.labels is not None and not one.labels:
                raise ConfigError(f"The class {one.name!r} has no labels.", fix="List its labels.")
            if one.least < 1 or (one.labels is not None and one.least > len(set(one.labels))):
                raise ConfigError(
                    f"The class {one.name!r} asks for {one.least} different labels at once, and is made of "
                    f"{'any' if one.labels is None else len(set(one.labels))}.",
                    fix="Ask for 1 or more, and for no more than it is made of.",
                )

    @classmethod
    def of_labels(
        cls,
        regular: Sequence[str] = (),
        union: Mapping[str, Sequence[str]] | None = None,
        intersection: Mapping[str, Sequence[str]] | None = None,
    ) -> Composition:
        """Classes as `labels_spec` of a configuration names them: regular, then union, then intersection.

        Parameters
        ----------
        regular : sequence of str
            Labels that are classes themselves.
        union : mapping of str to sequence of str
            Classes that are active where at least one of their labels is.
        intersection : mapping of str to sequence of str
            Classes that are active where all of their labels are.
        """
        definitions = [ClassDefinition(label, (label,)) for label in regular]
        for name, labels in (union or {}).items():
            definitions.append(ClassDefinition(name, tuple(dict.fromkeys(labels))))
        for name, labels in (intersection or {}).items():
            definitions.append(ClassDefinition(name, tuple(dict.fromkeys(labels)), max(1, len(set(labels)))))
        return cls(tuple(definitions))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(one.name for one in self.definitions)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that are named by any class, each once."""
        return tuple(dict.fromkeys(label for one in self.definitions for label in one.labels or ()))

    def takes(self, label: str) -> bool:
        """Whether a label counts for any class."""
        return any(one.includes(label) for one in self.definitions)

    def examples(self) -> tuple[str, ...]:
        """Labels that make each class active when all of them are: those named, and invented ones.

        Examples
        --------
        >>> Composition((ClassDefinition("overlap", least=2),)).examples()
        ('label 1', 'label 2')
        """
        most = max((one.least for one in self.definitions if one.labels is None), default=0)
        return (*self.labels, *(f"label {number}" for number in range(1, most + 1)))

    def events(self, events: Iterable[Event]) -> list[Event]:
        """Events of each class: those of classes of one label as they are, others as spans of activity.

        Parameters
        ----------
        events : iterable of (onset, offset, label)
            In seconds; labels that no class is made of are passed over.

        Returns
        -------
        list of (onset, offset, class)
            In order of onset those of all classes made of one label, then those of each other class.

        Examples
        --------
        >>> composition = Composition.of_labels(["a"], {"any": ["a", "b"]}, {"both": ["a", "b"]})
        >>> composition.events([(0.0, 2.0, "a"), (1.0, 3.0, "b")])
        [(0.0, 2.0, 'a'), (0.0, 3.0, 'any'), (1.0, 2.0, 'both')]
        """
        by_label: dict[str, list[Event]] = defaultdict(list)
        for event in sorted(events):
            by_label[event[2]].append(event)
        plain: list[Event] = []
        spans: list[Event] = []
        for one in self.definitions:
            own = chain.from_iterable(by_label.get(label, ()) for label in one.labels or by_label)
            (plain if one.is_plain else spans).extend(one.events(own))
        return sorted(plain) + spans

    def raster(self, events: Iterable[Event], frames: int, step: float) -> NDArray[np.uint8]:
        """Activity of each class in each frame (see `raster`), of shape (frames, classes)."""
        return raster(self.events(events), self.classes, frames, step)


def raster(events: Iterable[Event], classes: Sequence[str], frames: int, step: float) -> NDArray[np.uint8]:
    """Activity of each class in each frame, from events of these classes.

    Parameters
    ----------
    events : iterable of (onset, offset, class)
        In seconds; others are passed over.
    classes : sequence of str
        One column each.
    frames : int
        Number of frames; frame i lasts from i * step to (i + 1) * step.
    step : float
        Duration of a frame in seconds.

    Returns
    -------
    ndarray of uint8, shape (frames, classes)
        1 where the middle of the frame lies within an event. An event too short to hold any middle is given
        the frame that it starts in.

    Examples
    --------
    >>> raster([(0.0, 0.02, "a"), (0.01, 0.03, "b")], ["a", "b"], frames=3, step=0.01).tolist()
    [[1, 0], [1, 1], [0, 1]]
    """
    # one column in a row while it is filled: frames of an event then lie side by side
    columns = np.zeros((len(classes), frames), dtype=np.uint8)
    place = {name: column for column, name in enumerate(classes)}
    for onset, offset, name in events:
        if name in place:
            first, last = frame_range(onset, offset, step)
            columns[place[name], first:last] = 1
    return np.ascontiguousarray(columns.T)


def _spans(events: Iterable[Event], least: int) -> list[tuple[float, float]]:
    """Spans in which at least `least` different labels are active."""
    changes = sorted(
        change for onset, offset, label in events for change in ((onset, 1, label), (offset, -1, label))
    )
    active: Counter[str] = Counter()
    spans: list[tuple[float, float]] = []
    since: float | None = None
    for time, together in groupby(changes, key=itemgetter(0)):
        for _, change, label in together:
            active[label] += change
            if active[label] == 0:
                del active[label]
        if since is None and len(active) >= least:
            since = time
        elif since is not None and len(active) < least:
            spans.append((since, time))
            since = None
    return spans


def frame_range(onset: float, offset: float, step: float) -> tuple[int, int]:
    """First frame of an event, and the first one after it.

    A frame belongs to the event if its middle lies in [onset, offset).

    Parameters
    ----------
    onset, offset : float
        In seconds.
    step : float
        Duration of a frame in seconds.

    Examples
    --------
    >>> frame_range(0.0, 1.0, step=0.25)
    (0, 4)
    >>> frame_range(0.13, 0.14, step=0.25)
    (0, 1)
    """
    # a tiny slack makes an onset that was written with rounding land where it was meant
    first = max(0, int(np.ceil(onset / step - 0.5 - 1e-6)))
    last = max(0, int(np.ceil(offset / step - 0.5 - 1e-6)))
    if last <= first:
        first = max(0, int(onset / step + 1e-6))
        last = first + 1
    return first, last
