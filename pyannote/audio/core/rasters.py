"""Activity of classes in frames, from events in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


def raster(
    events: Iterable[tuple[float, float, str]], classes: Sequence[str], frames: int, step: float
) -> NDArray[np.uint8]:
    """Activity of each class in each frame, from events of these classes.

    Parameters
    ----------
    events : iterable of (onset, offset, class)
        In seconds; events of other classes are ignored.
    classes : sequence of str
        One column each.
    frames : int
        Number of frames; frame i lasts from i * step to (i + 1) * step.
    step : float
        Duration of a frame in seconds.

    Returns
    -------
    ndarray of uint8, shape (frames, classes)
        1 where the middle of the frame lies within an event. An event too short to hold any middle is
        active in the frame that it starts in.

    Examples
    --------
    >>> raster([(0.0, 0.02, "a"), (0.01, 0.03, "b")], ["a", "b"], frames=3, step=0.01).tolist()
    [[1, 0], [1, 1], [0, 1]]
    """
    # transposed while it is filled, so that the frames of an event are contiguous
    columns = np.zeros((len(classes), frames), dtype=np.uint8)
    positions = {name: column for column, name in enumerate(classes)}
    for onset, offset, name in events:
        if name in positions:
            first, last = frame_range(onset, offset, step)
            columns[positions[name], first:last] = 1
    return np.ascontiguousarray(columns.T)


def frame_range(onset: float, offset: float, step: float) -> tuple[int, int]:
    """First frame of an event, and the first frame after it.

    Frame i belongs to the event if its middle, (i + 0.5) * step, lies in [onset, offset).

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
    # the tolerance of 1e-6 frames compensates the rounding of times in annotation files
    first = max(0, int(np.ceil(onset / step - 0.5 - 1e-6)))
    last = max(0, int(np.ceil(offset / step - 0.5 - 1e-6)))
    if last <= first:
        first = max(0, int(onset / step + 1e-6))
        last = first + 1
    return first, last
