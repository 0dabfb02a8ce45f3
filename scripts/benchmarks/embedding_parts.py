"""What trainings of embedding_table.py compare, and error rates with each back-end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from detection_runs import PACKAGE, source_digest
from embedding_runs import ARRAYS
from numpy.typing import NDArray

from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import DataError
from pyannote.audio.embedding.backends import PLDA, WCCN, Direct
from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.io.arrays import load_arrays, save_arrays
from pyannote.audio.metrics.trial_bootstrap import resampled
from pyannote.audio.metrics.verification import DetCurve, det_curve

BACKENDS: dict[str, Callable[[], Backend]] = {
    "cosine": Direct,
    "WCCN": lambda: WCCN(cohort=0),
    "PLDA": lambda: PLDA(cohort=0),
    "WCCN, cohort": WCCN,
    "PLDA, cohort": PLDA,
}
RESAMPLES = 1000
COMPARED_BY = [Path(__file__), PACKAGE / "embedding" / "backends", PACKAGE / "metrics"]
"""Code that decides what scores and rates are made of embeddings."""


@cache
def _code() -> str:
    return source_digest(COMPARED_BY)


def _rate(curve: DetCurve) -> float:
    return curve.equal_error_rate().value


@dataclass
class Part:
    """What one training compares: trials of test speakers, or pairs of a fold of training speakers.

    Parameters
    ----------
    path : Path
        Embeddings of the training.
    domain : str, optional
        Beginning of the uris of the trials that count.
    """

    path: Path
    domain: str = ""

    @cached_property
    def content(self) -> dict[str, NDArray[Any]]:
        """Embeddings and pairs."""
        arrays = load_arrays(self.path, *ARRAYS)
        if arrays is None:
            raise DataError(
                "These embeddings are missing or damaged.",
                file=self.path,
                fix="Remove the folder, and run this again.",
            )
        return dict(zip(ARRAYS, arrays, strict=True))

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Pairs that count: those of the domain on both sides."""
        inside = np.char.startswith(self.content["uris"], self.domain)
        found: NDArray[np.bool_] = inside[self.content["first"]] & inside[self.content["second"]]
        return found

    @property
    def compares(self) -> bool:
        """Whether pairs of one speaker and of two count."""
        return len(np.unique(self.pairs("targets"))) == 2

    def pairs(self, name: str) -> NDArray[Any]:
        """Array of the pairs that count."""
        return self.content[name][self.inside]

    def scores(self, name: str) -> NDArray[np.float32]:
        """Scores of the pairs that count, with a back-end; they are computed once."""
        key = digest([name, _code()])[:12]
        path = self.path.with_name(f"{self.path.stem}-scores-{key}.npz")
        kept = load_arrays(path, "scores")
        if kept is None:
            kept = [self._scored(BACKENDS[name]())]
            save_arrays(path, {"scores": kept[0]})
        scores: NDArray[np.float32] = kept[0][self.inside]
        return scores

    def _scored(self, backend: Backend) -> NDArray[np.float32]:
        """Scores of all pairs."""
        content = self.content
        if backend.needs_training:
            backend.fit(content["turns"], content["speakers"], content["parts"])
        points = backend.transform(content["compared"])
        return backend.similarity(points, content["first"], content["second"])

    def rate(self, name: str) -> float:
        """Equal error rate with a back-end."""
        return _rate(det_curve(self.scores(name), self.pairs("targets")))

    def resamples(self, name: str) -> NDArray[np.float64]:
        """Equal error rates of resamples of the speakers, the same ones for each training."""
        groups = self.pairs("groups")
        return resampled(self.scores(name), self.pairs("targets"), {"": _rate}, groups, RESAMPLES)[""]


@dataclass
class MeanPart:
    """What several trainings compare together: the mean of their scores of the same pairs."""

    parts: Sequence[Part]

    @property
    def compares(self) -> bool:
        """Whether pairs of one speaker and of two count."""
        return all(part.compares for part in self.parts)

    def rate(self, name: str) -> float:
        """Equal error rate of the mean of the scores with a back-end."""
        scores = np.mean([part.scores(name) for part in self.parts], axis=0)
        return _rate(det_curve(scores, self.parts[0].pairs("targets")))
