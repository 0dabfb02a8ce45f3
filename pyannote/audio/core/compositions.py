"""Definitions of classes as the entry `y.made_of` of specs.yml."""

from __future__ import annotations

from typing import Any

from pyannote.audio.core.labels import ClassDefinition, Composition
from pyannote.audio.core.values import Values

MOST_AT_ONCE = 1000
"""Highest number of labels that a class of any label may require at once."""


def dump_composition(composition: Composition) -> dict[str, Any]:
    """Plain mapping for specs.yml.

    Examples
    --------
    >>> dump_composition(Composition((ClassDefinition("overlap", least=2),)))
    {'overlap': {'labels': 'any', 'least': 2}}
    """
    return {
        one.name: {
            "labels": "any" if one.labels is None else list(one.labels),
            **({} if one.least == 1 else {"least": one.least}),
        }
        for one in composition.definitions
    }


def load_composition(values: Values, classes: tuple[str, ...]) -> Composition:
    """Definitions of all classes, in the order of the output columns.

    Parameters
    ----------
    values : Values
        Content of specs.yml.
    classes : tuple of str, shape (classes,)
        Names of the classes.

    Raises
    ------
    CheckpointError
        If a key is missing or unknown, or a value is not allowed.

    Examples
    --------
    >>> content = {"y": {"made_of": {"overlap": {"labels": "any", "least": 2}}}}
    >>> load_composition(Values(content, "specs.yml", "Correct it."), ("overlap",)).definitions[0].least
    2
    """
    values.only("y", "made_of", allowed=classes)
    definitions = []
    for name in classes:
        location = ("y", "made_of", name)
        values.only(*location, allowed=("labels", "least"))
        labels = None if values.get(*location, "labels") == "any" else values.texts(*location, "labels")
        most = MOST_AT_ONCE if labels is None else len(labels)
        has_least = "least" in values.names(*location)
        least = values.whole(*location, "least", low=1, high=most) if has_least else 1
        definitions.append(ClassDefinition(name, labels, least))
    return Composition(tuple(definitions))
