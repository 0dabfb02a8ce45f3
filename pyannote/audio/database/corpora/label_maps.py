"""Maps of labels to classes, by which preparing commands merge spellings and leave labels out.

people_talking: people talking       original spelling: class
coq: Coq
noise: null                          left out
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.spellings import spelled_alike, visible
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile
from pyannote.audio.io.lines import AnnotatedEvent, is_text, quoted
from pyannote.audio.io.yaml_files import read_plain


@dataclass
class LabelMap:
    """Class of labels; labels that it does not name stay as they are.

    Parameters
    ----------
    classes : mapping of str to str, optional
        Class of each label, None for those that are left out.
    file : Path
        File of the map, for errors.

    Attributes
    ----------
    renamed, left_out : Counter of str
        Events of each label that has another class, or that is left out, in all calls of `apply`.

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> event = AnnotatedEvent("a", Segment(0, 1), "coq", Path("a.rttm"), 1)
    >>> labels = LabelMap({"coq": "Coq"}, Path("labels.yml"))
    >>> [event.label for event in labels.apply([event])], labels.renamed
    (['Coq'], Counter({'coq': 1}))
    """

    classes: Mapping[str, str | None]
    file: Path
    renamed: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, path: Path) -> LabelMap:
        r"""Read a map.

        Raises
        ------
        DataError
            If it is no map of labels to names of classes.

        Examples
        --------
        >>> path = getfixture("tmp_path") / "labels.yml"
        >>> _ = path.write_text("coq: Coq\nnoise: null")
        >>> LabelMap.read(path).classes
        {'coq': 'Coq', 'noise': None}
        """
        fix = (
            "Write lines such as `coq: Coq`, or `noise: null` to leave a label out; names that YAML would "
            "read as a number, true or false need quotes."
        )
        try:
            content = read_plain(path)
        except ConfigError as error:
            raise DataError(error.message, file=path, line=error.line, fix=error.fix) from None
        if not isinstance(content, Mapping):
            raise DataError("This is no map of labels to classes.", file=path, fix=fix)
        for label, name in content.items():
            named = name is None or (isinstance(name, str) and name.strip() and is_text(name))
            if not (isinstance(label, str) and named):
                raise DataError(
                    f"{quoted(str(label))} is mapped to {quoted(str(name))}, or one of them is no name.",
                    file=path,
                    fix=fix,
                )
        return cls(content, path)

    def apply(self, events: Iterable[AnnotatedEvent]) -> list[AnnotatedEvent]:
        """Events with their classes as labels, without those that are left out.

        Parameters
        ----------
        events : iterable of AnnotatedEvent, shape (events,)
        """
        mapped = []
        for event in events:
            name = self.classes.get(event.label, event.label)
            if name is None:
                self.left_out[event.label] += 1
                continue
            self.renamed[event.label] += name != event.label
            mapped.append(event._replace(label=name))
        self.renamed += Counter()
        return mapped

    def check(self, labels: Iterable[str]) -> None:
        """Refuse a map that names a label which the annotation has not.

        Raises
        ------
        DataError
            With the nearest label.
        """
        known = set(labels)
        for label in self.classes:
            if label not in known:
                close = get_close_matches(label, known, n=1)
                raise DataError(
                    f"No event has the label {quoted(label)}.",
                    file=self.file,
                    fix=f"Did you mean {quoted(close[0])}?" if close else "Remove the line.",
                )

    def remarks(self) -> list[str]:
        """Sentences that say how many events were renamed and left out."""
        renamed = (
            f"{_events(count)} of {visible(label)} count as {visible(str(self.classes[label]))}."
            for label, count in self.renamed.items()
        )
        left_out = (
            f"{_events(count)} of {visible(label)} are left out." for label, count in self.left_out.items()
        )
        return [*renamed, *left_out]


def mapped(recordings: Sequence[AnnotatedFile], labels: LabelMap | None) -> list[AnnotatedFile]:
    """Recordings whose events have the classes of a map, if there is one, as labels.

    Parameters
    ----------
    recordings : sequence of AnnotatedFile, shape (files,)
    labels : LabelMap, optional

    Returns
    -------
    recordings : list of AnnotatedFile, shape (files,)
        As many as there were, in the same order.

    Raises
    ------
    DataError
        If the map names a label that no event has, or two classes are one in different spellings.

    Examples
    --------
    >>> mapped([AnnotatedFile("a", Path("a.wav"), 1.0)], None)[0].uri
    'a'
    """
    recordings = list(recordings)
    if labels is not None:
        labels.check(event.label for recording in recordings for event in recording.events)
        recordings = [replace(one, events=labels.apply(one.events)) for one in recordings]
    check_spellings(event for recording in recordings for event in recording.events)
    return recordings


def check_spellings(events: Iterable[AnnotatedEvent]) -> None:
    r"""Refuse labels that are one label in different spellings.

    Parameters
    ----------
    events : iterable of AnnotatedEvent, shape (events,)

    Raises
    ------
    DataError
        With both spellings, the file and line of the first event of each, and how many there are.

    Examples
    --------
    >>> from pyannote.core import Segment
    >>> labels = enumerate(["Coq", "coq", "Coq"], start=1)
    >>> check_spellings(AnnotatedEvent("a", Segment(0, 1), one, Path("a.rttm"), line) for line, one in labels)
    Traceback (most recent call last):
    pyannote.audio.core.errors.DataError: a.rttm, line 1: 'Coq' (2 events) and 'coq' (1 event, the ...
    """
    counts: Counter[str] = Counter()
    first: dict[str, AnnotatedEvent] = {}
    for event in events:
        counts[event.label] += 1
        first.setdefault(event.label, event)
    for group in spelled_alike(counts):
        # what most events are called is the likely class
        usual, *others = sorted(group, key=lambda label: -counts[label])
        told = " and ".join(
            f"{visible(label)} ({_events(counts[label])}, the first in {first[label].file.name}, line "
            f"{first[label].line})"
            for label in others
        )
        # JSON is YAML, with characters escaped that look like others
        lines = ", ".join(f"{json.dumps(label)}: {json.dumps(usual)}" for label in others)
        raise DataError(
            f"{visible(usual)} ({_events(counts[usual])}) and {told} differ in case, blanks, hyphens or the "
            "form of Unicode alone.",
            file=first[usual].file,
            line=first[usual].line,
            fix=f"Correct them; or make them one class by --labels=FILE, where FILE contains `{lines}`.",
        )


def _events(count: int) -> str:
    return f"{count} event{'s' * (count != 1)}"
