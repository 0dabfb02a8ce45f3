"""Event lists of files, and their checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError

Events: TypeAlias = Sequence[tuple[float, float, str]]
"""Onset and offset in seconds, and label, of every event of one file, in any order."""


def as_arrays(
    events: Events, labels: Sequence[str], file: str | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Check an event list and split it into columns.

    Parameters
    ----------
    events : sequence of (onset, offset, label)
        Onset and offset in seconds, ``0 <= onset <= offset``.
    labels : sequence of str
        The labels that may occur, each once.
    file : str, optional
        Name of the file, for messages.

    Returns
    -------
    onsets, offsets : float array, shape (events,)
        Seconds.
    columns : int array, shape (events,)
        Position of each event's label in `labels`.

    Raises
    ------
    DataError
        If a label occurs twice in `labels`, an event has a label that is not there, or its times are not
        finite, negative, or in the wrong order.

    Examples
    --------
    >>> onsets, offsets, columns = as_arrays([(0.5, 2.0, "car")], ["bird", "car"])
    >>> float(onsets[0]), float(offsets[0]), int(columns[0])
    (0.5, 2.0, 1)
    """
    column = {label: position for position, label in enumerate(labels)}
    if len(column) < len(labels):
        raise DataError(f"A label occurs twice in {list(labels)}.", fix="Name each class once.")
    for onset, offset, label in events:
        if label not in column:
            known = ", ".join(labels)
            raise DataError(
                f"The label '{label}' is not one of: {known}.",
                file=file,
                fix="Add it to the labels, or rename it.",
            )
        if not 0 <= onset <= offset < np.inf:
            raise DataError(
                f"An event '{label}' has the onset {onset} s and the offset {offset} s.",
                file=file,
                fix="Give times in seconds, with 0 <= onset <= offset.",
            )
    times = np.array([event[:2] for event in events], dtype=np.float64).reshape(-1, 2)
    return times[:, 0], times[:, 1], np.array([column[label] for *_, label in events], dtype=np.intp)
