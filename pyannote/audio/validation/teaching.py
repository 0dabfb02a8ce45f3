"""Teaches a back-end by turns of training speakers, and by parts of these turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.inference.embedder import Embeddings, Excerpt

TrainingExcerpts = Callable[[], tuple[list[Excerpt], NDArray[np.int64]]]
"""Gives excerpts of training speakers, and the index of the speaker of each, shape (excerpts,)."""

Embed = Callable[[Sequence[Excerpt]], Embeddings]
"""Gives the embeddings of excerpts, shape (excerpts, dimension)."""


def teach(
    backend: Backend, embed: Embed, excerpts: Sequence[Excerpt], speakers: NDArray[np.int64], frames: int
) -> None:
    """Fit a back-end.

    Parameters
    ----------
    backend : Backend
    embed : callable
    excerpts : sequence of Excerpt
        Turns of training speakers.
    speakers : int64, shape (excerpts,)
        Index of the speaker of each turn.
    frames : int
        Frames of a training segment, which is the size of a part.

    Raises
    ------
    DataError
        If the back-end cannot learn from these embeddings.

    Examples
    --------
    >>> from pyannote.audio.embedding.backends import WCCN
    >>> random, backend = np.random.default_rng(0), WCCN(shrinkage=0.5, cohort=0, domains=1)
    >>> excerpts = [Excerpt("a", random.normal(size=(90, 4)).astype(np.float32), [(0, 90)])] * 4
    >>> mean = lambda parts: np.array([one.features[slice(*one.ranges[0])].mean(axis=0) for one in parts])
    >>> teach(backend, mean, excerpts, np.array([0, 0, 1, 1]), frames=40)
    >>> backend.state()["projection"].shape
    (4, 4)
    """
    if backend.needs_parts:
        backend.fit(embed(excerpts), speakers, embed(middle_parts(excerpts, frames)))
    else:
        backend.fit(embed(excerpts), speakers)


def middle_parts(excerpts: Sequence[Excerpt], frames: int) -> list[Excerpt]:
    """The middle of each segment of excerpts.

    Parameters
    ----------
    excerpts : sequence of Excerpt
    frames : int
        Frames of a part, at most half of its segment.

    Examples
    --------
    >>> excerpt = Excerpt("a001", np.zeros((1000, 40), np.float32), [(100, 300), (500, 521)])
    >>> middle_parts([excerpt], frames=50)[0].ranges
    [(175, 225), (505, 516)]
    """
    return [replace(one, ranges=[_middle(*range_, frames) for range_ in one.ranges]) for one in excerpts]


def _middle(first: int, last: int, frames: int) -> tuple[int, int]:
    length = min(frames, (last - first + 1) // 2)
    start = first + (last - first - length) // 2
    return start, start + length
