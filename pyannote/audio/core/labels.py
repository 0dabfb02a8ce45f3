"""Classes of a model as unions, intersections and counts of the labels of an annotation."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.rasters import raster

Event = tuple[float, float, str]
"""Onset and offset in seconds, and a label."""


@dataclass(frozen=True)
class ClassDefinition:
    """A class that is active where at least `least` of its labels are active at once.

    Parameters
    ----------
    name : str
        Name of the class.
    labels : tuple of str, optional, shape (labels,)
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
        """Whether the class is one label, so that its events are those of the label.

        Examples
        --------
        >>> ClassDefinition("speech", ("man",)).is_plain, ClassDefinition("speech").is_plain
        (True, False)
        """
        return self.labels is not None and len(self.labels) == 1

    def includes(self, label: str) -> bool:
        """Whether a label belongs to this class.

        Examples
        --------
        >>> ClassDefinition("speech", ("man", "woman")).includes("dog")
        False
        """
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
            For a class of one label, the events of the label unchanged; otherwise the disjoint spans in which
            at least `least` different labels are active.

        Examples
        --------
        >>> ClassDefinition("speech").events([(1.0, 3.0, "bob"), (0.0, 2.0, "ann")])
        [(0.0, 3.0, 'speech')]
        """
        included = [event for event in events if self.includes(event[2])]
        if self.is_plain:
            return [(onset, offset, self.name) for onset, offset, _ in sorted(included)]
        return [(onset, offset, self.name) for onset, offset in _spans(included, self.least)]


@dataclass(frozen=True)
class Composition:
    """Definitions of all classes of a model, in the order of the output columns.

    Parameters
    ----------
    definitions : tuple of ClassDefinition
        With different names.

    Raises
    ------
    ConfigError
        If two classes have the same name, or a class has no labels, or fewer labels than `least`.

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
                    f"The class {one.name!r} is active where {one.least} different labels are, and has "
                    f"{'any' if one.labels is None else len(set(one.labels))}.",
                    fix="Set a number from 1 to the number of its labels.",
                )

    @classmethod
    def of_labels(
        cls,
        regular: Sequence[str] = (),
        union: Mapping[str, Sequence[str]] | None = None,
        intersection: Mapping[str, Sequence[str]] | None = None,
    ) -> Composition:
        """Classes from `labels_spec` of a configuration: regular, then union, then intersection.

        Parameters
        ----------
        regular : sequence of str, shape (labels,)
            Labels that are classes themselves.
        union : mapping of str to sequence of str
            Classes that are active where at least one of their labels is.
        intersection : mapping of str to sequence of str
            Classes that are active where all of their labels are.

        Examples
        --------
        >>> Composition.of_labels(["man"], intersection={"both": ["man", "woman"]}).definitions[1]
        ClassDefinition(name='both', labels=('man', 'woman'), least=2)
        """
        definitions = [ClassDefinition(label, (label,)) for label in regular]
        for name, labels in (union or {}).items():
            definitions.append(ClassDefinition(name, tuple(dict.fromkeys(labels))))
        for name, labels in (intersection or {}).items():
            definitions.append(ClassDefinition(name, tuple(dict.fromkeys(labels)), max(1, len(set(labels)))))
        return cls(tuple(definitions))

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the output columns, shape (classes,).

        Examples
        --------
        >>> Composition.of_labels(["man"], union={"speech": ["man", "woman"]}).classes
        ('man', 'speech')
        """
        return tuple(one.name for one in self.definitions)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels that are named by any class, without repetitions, shape (labels,).

        Examples
        --------
        >>> Composition.of_labels(["man"], union={"speech": ["man", "woman"]}).labels
        ('man', 'woman')
        """
        return tuple(dict.fromkeys(label for one in self.definitions for label in one.labels or ()))

    def spelled(self, spelling: Mapping[str, str]) -> dict[str, str]:
        """Original spelling of the classes that are called after one of their labels.

        Parameters
        ----------
        spelling : mapping of str to str
            Original spelling of labels.

        Examples
        --------
        >>> composition = Composition.of_labels(["big_dog"], union={"big_cat": ["lion", "tiger"]})
        >>> composition.spelled({"big_dog": "big dog", "big_cat": "big cat"})
        {'big_dog': 'big dog'}
        """
        return {
            one.name: spelling[one.name]
            for one in self.definitions
            if one.name in spelling and one.name in (one.labels or ())
        }

    def includes(self, label: str) -> bool:
        """Whether a label belongs to any class.

        Examples
        --------
        >>> Composition.of_labels(["man"]).includes("woman")
        False
        """
        return any(one.includes(label) for one in self.definitions)

    def examples(self) -> tuple[str, ...]:
        """Labels that activate every class at once: those named, and invented ones for "any label".

        Returns
        -------
        labels : tuple of str, shape (labels,)

        Examples
        --------
        >>> Composition((ClassDefinition("overlap", least=2),)).examples()
        ('label 1', 'label 2')
        """
        count = max((one.least for one in self.definitions if one.labels is None), default=0)
        return (*self.labels, *(f"label {number}" for number in range(1, count + 1)))

    def events(self, events: Iterable[Event]) -> list[Event]:
        """Events of all classes: unchanged for classes of one label, otherwise spans of activity.

        Parameters
        ----------
        events : iterable of (onset, offset, label)
            In seconds; labels of no class are ignored.

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
            included = chain.from_iterable(by_label.get(label, ()) for label in one.labels or by_label)
            (plain if one.is_plain else spans).extend(one.events(included))
        return sorted(plain) + spans

    def raster(self, events: Iterable[Event], frames: int, step: float) -> NDArray[np.uint8]:
        """Activity of each class in each frame: uint8 of shape (frames, classes), see `rasters.raster`.

        Examples
        --------
        >>> Composition.of_labels(["a"]).raster([(0.0, 0.2, "a")], frames=3, step=0.1).tolist()
        [[1], [1], [0]]
        """
        return raster(self.events(events), self.classes, frames, step)


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
