"""Detection of several classes that may be active at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.labels import Composition
from pyannote.audio.core.spellings import spelled_alike
from pyannote.audio.database.protocols import Recording, labels_of
from pyannote.audio.io.lines import is_text, quoted, safe_names
from pyannote.audio.labeling.tasks._class_weights import Weights
from pyannote.audio.labeling.tasks._targets import Target
from pyannote.audio.labeling.tasks.base import Task

LABELS_KEYS = ("regular", "union", "intersection", "ignore")


class MultilabelDetection(Task):
    """Detection of classes that a configuration defines by labels.

    The classes are the columns of outputs and targets, of shape (batch, outputs, classes): first `regular`,
    then `union`, then `intersection`.

    Parameters
    ----------
    labels_spec : mapping
        `regular`: labels that are classes; `union`: classes that are active where one of several labels
        is; `intersection`: classes that are active where all of several labels are; `ignore`: labels of
        the data that are not used.
    duration, batch_size, per_epoch, target, class_weights, applied_duration
        As in `Task`.

    Examples
    --------
    >>> spec = {"regular": ["man", "woman"], "union": {"speech": ["man", "woman"]}, "ignore": ["dog"]}
    >>> task = MultilabelDetection(spec)
    >>> task.labels.classes, task.expects("dog"), task.expects("cat")
    (('man', 'woman', 'speech'), True, False)
    """

    def __init__(
        self,
        labels_spec: Mapping[str, Any],
        duration: float = 2.0,
        batch_size: int = 32,
        per_epoch: float = 1.0,
        target: Target = "majority",
        class_weights: Weights = None,
        applied_duration: float | None = None,
    ) -> None:
        self.labels, self.ignored = _labels(labels_spec)
        self._spec = labels_spec
        super().__init__(duration, batch_size, per_epoch, target, class_weights, applied_duration)

    def expects(self, label: str) -> bool:
        """Whether `labels_spec` contains a label.

        Examples
        --------
        >>> MultilabelDetection({"regular": ["car"], "ignore": ["dog"]}).expects("cat")
        False
        """
        return self.labels.includes(label) or label in self.ignored

    def keys_of(self, label: str) -> tuple[str | int, ...]:
        """Keys of the entry of `labels_spec` that names a label or class.

        Examples
        --------
        >>> MultilabelDetection({"regular": ["man", "woman"]}).keys_of("woman")
        ('params', 'labels_spec', 'regular', 1)
        """
        keys = ("params", "labels_spec")
        regular = self._spec.get("regular") or ()
        if label in regular:
            return (*keys, "regular", regular.index(label))
        for group in ("union", "intersection"):
            for name, parts in (self._spec.get(group) or {}).items():
                if label == name:
                    return (*keys, group, name)
                if label in parts:
                    return (*keys, group, name, parts.index(label))
        return keys

    def findings(self, files: Sequence[Recording]) -> Iterator[Finding]:
        """Errors about labels that only `labels_spec` or only the training files contain, and short files.

        Examples
        --------
        >>> files = [{"events": [(0.0, 1.0, "man")], "regions": [(0.0, 9.0)]}]
        >>> [finding.kind for finding in MultilabelDetection({"regular": ["woman"]}).findings(files)]
        ['absent', 'unknown']
        """
        yield from super().findings(files)
        held = labels_of(files)
        for label in self.labels.labels:
            if label not in held and not other_spelling(self.labels, label, held):
                yield Finding(
                    "absent",
                    f"labels_spec names {label!r}, which no training file contains; they contain "
                    f"{', '.join(held) or 'none'}.",
                    nearest(label, held) or "Remove it, or annotate some.",
                    code=DataError.code,
                    keys=self.keys_of(label),
                )
        for label in held:
            if not self.expects(label):
                close = nearest(label, self.labels.labels)
                choice = "dd it to `regular`, or to `ignore` to leave it out."
                yield Finding(
                    "unknown",
                    f"The training files contain {label!r}, which labels_spec does not name.",
                    f"{close} Otherwise, a{choice}" if close else f"A{choice}",
                    code=DataError.code,
                    label=label,
                )


def other_spelling(labels: Composition, label: str, held: Iterable[str]) -> bool:
    """Whether each class of a label is also made of another spelling of it, which some files contain.

    Parameters
    ----------
    labels : Composition
    label : str
    held : iterable of str
        Labels of the files.

    Examples
    --------
    >>> other_spelling(Composition.of_labels(union={"car": ["car", "Car"]}), "Car", ["car", "bus"])
    True
    """
    alike = [other for other in held if spelled_alike([label, other])]
    classes = [one for one in labels.definitions if one.includes(label)]
    return all(any(map(one.includes, alike)) for one in classes)


def nearest(label: str, others: Iterable[str]) -> str | None:
    """Question that proposes the label with the most similar spelling, whatever its case.

    Examples
    --------
    >>> nearest("Car", ["car", "children"])
    "Did you mean 'car'?"
    """
    folded = {other.casefold(): other for other in others if other != label}
    close = get_close_matches(label.casefold(), folded, n=1, cutoff=0.7)
    return f"Did you mean {folded[close[0]]!r}?" if close else None


def _labels(spec: Mapping[str, Any]) -> tuple[Composition, tuple[str, ...]]:
    for key in spec:
        if key not in LABELS_KEYS:
            close = get_close_matches(str(key), LABELS_KEYS, n=1)
            raise ConfigError(
                f"labels_spec has no key {key!r}; the keys are {', '.join(LABELS_KEYS)}.",
                fix=f"Did you mean {close[0]!r}?" if close else None,
            )
    parts = {key: spec.get(key) or {} for key in ("union", "intersection")}
    for key, groups in parts.items():
        if not isinstance(groups, Mapping) or not all(map(_are_names, [[*groups], *groups.values()])):
            raise ConfigError(
                f"{key} of labels_spec must map names of classes to lists of labels.",
                fix="Put names that YAML would read as a number, true or false in quotes.",
            )
    regular, ignored = spec.get("regular") or [], spec.get("ignore") or []
    if not (_are_names(regular) and _are_names(ignored)):
        raise ConfigError(
            "regular and ignore of labels_spec must be lists of labels.",
            fix="Put labels that YAML would read as a number, true or false in quotes.",
        )
    try:
        labels = Composition.of_labels(regular, **parts)
    except ConfigError as error:
        raise ConfigError(f"In labels_spec: {error.message}", fix=error.fix) from None
    if not labels.classes:
        raise ConfigError("labels_spec defines no class.", fix="List labels below `regular`.")
    _check_names(labels.classes)
    return labels, tuple(ignored)


def _check_names(classes: Sequence[str]) -> None:
    """Refuse, before training, classes whose names would be ambiguous in files of results."""
    for name in classes:
        # a line break or a tab would break the lines and columns of event lists
        if not (name.strip() and is_text(name)):
            raise ConfigError(
                f"{quoted(name)} cannot be the name of a class in labels_spec.",
                fix="Use letters, digits and blanks, without line breaks or tabs.",
            )
    try:
        safe_names(classes)
    except DataError as error:
        raise ConfigError(error.message, fix=error.fix) from None


def _are_names(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
