"""From labels of an annotation to columns of a model's output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import ConfigError

Event = tuple[float, float, str]


@dataclass(frozen=True)
class LabelsSpecification:
    """Which labels make up each class, the `labels_spec` of a configuration.

    Parameters
    ----------
    regular : sequence of str
        Labels that are classes themselves.
    union : mapping of str to sequence of str
        Class that is active where at least one of its labels is.
    intersection : mapping of str to sequence of str
        Class that is active where all of its labels are.

    Examples
    --------
    >>> spec = LabelsSpecification(regular=["man", "woman"], union={"speech": ["man", "woman"]})
    >>> spec.classes
    ('man', 'woman', 'speech')
    >>> spec.raster([(0.0, 0.02, "man"), (0.01, 0.03, "woman")], frames=4, step=0.01).T
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [1, 1, 1, 0]], dtype=uint8)
    """

    regular: Sequence[str] = ()
    union: Mapping[str, Sequence[str]] = field(default_factory=dict)
    intersection: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        doubled = sorted({name for name in self.classes if self.classes.count(name) > 1})
        if doubled:
            raise ConfigError(
                f"labels_spec names the class {doubled[0]!r} more than once.", fix="Give each class one name."
            )
        for name, parts in (*self.union.items(), *self.intersection.items()):
            if not parts:
                raise ConfigError(f"The class {name!r} of labels_spec has no labels.", fix="List its labels.")

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the columns: regular, then union, then intersection."""
        return (*self.regular, *self.union, *self.intersection)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the annotation that any class is made of, each once."""
        parts = [
            label
            for group in (self.union, self.intersection)
            for labels in group.values()
            for label in labels
        ]
        return tuple(dict.fromkeys([*self.regular, *parts]))

    def events(self, events: Iterable[Event]) -> list[Event]:
        """Events of each class: those of regular labels as they are, others as spans of activity.

        Examples
        --------
        >>> spec = LabelsSpecification(["a"], union={"any": ["a", "b"]}, intersection={"both": ["a", "b"]})
        >>> spec.events([(0.0, 2.0, "a"), (1.0, 3.0, "b")])
        [(0.0, 2.0, 'a'), (0.0, 3.0, 'any'), (1.0, 2.0, 'both')]
        """
        given, regular = sorted(events), set(self.regular)
        found = [event for event in given if event[2] in regular]
        for name, parts in self.union.items():
            found += [(onset, offset, name) for onset, offset in _spans(given, parts, 1)]
        for name, parts in self.intersection.items():
            found += [(onset, offset, name) for onset, offset in _spans(given, parts, len(set(parts)))]
        return found

    def raster(self, events: Iterable[Event], frames: int, step: float) -> NDArray[np.uint8]:
        """Activity of each class in each frame.

        Parameters
        ----------
        events : iterable of (onset, offset, label)
            In seconds; labels that no class is made of are passed over.
        frames : int
            Number of frames; frame i lasts from i * step to (i + 1) * step.
        step : float
            Duration of a frame in seconds.

        Returns
        -------
        ndarray of uint8, shape (frames, classes)
            1 where the middle of the frame lies within an event. An event too short to hold any
            middle is given the frame that it starts in.
        """
        active = {label: np.zeros(frames, dtype=np.uint8) for label in self.labels}
        for onset, offset, label in events:
            if label in active:
                first, last = frame_range(onset, offset, step)
                active[label][first:last] = 1
        columns = [active[label] for label in self.regular]
        columns += [np.maximum.reduce([active[label] for label in parts]) for parts in self.union.values()]
        columns += [
            np.minimum.reduce([active[label] for label in parts]) for parts in self.intersection.values()
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((frames, 0), dtype=np.uint8)


def _spans(events: Iterable[Event], labels: Collection[str], least: int) -> list[tuple[float, float]]:
    """Spans in which at least `least` different labels are active."""
    changes = sorted(
        change
        for onset, offset, label in events
        if label in labels
        for change in ((onset, 1, label), (offset, -1, label))
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
