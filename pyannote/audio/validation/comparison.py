"""Comparisons of embeddings: excerpts, and the value of their embeddings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.inference.embedder import Embeddings, Excerpt
from pyannote.audio.validation.measure import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Comparison(ABC):
    """A value of each epoch, from embeddings of excerpts."""

    name: str
    """Of the value, and of the folder of the validation."""

    best: Any
    """`min` or `max`."""

    excerpts: list[Excerpt]

    @abstractmethod
    def described(self) -> str:
        """Say what is measured on."""

    @abstractmethod
    def truth(self) -> NDArray[Any]:
        """What embeddings are compared with."""

    def fingerprint(self) -> str:
        """Word that tells these excerpts and this truth from others."""
        excerpts = [(excerpt.uri, excerpt.content, list(excerpt.ranges)) for excerpt in self.excerpts]
        content = repr(excerpts).encode()
        return blake2b(content + self.truth().tobytes(), digest_size=16).hexdigest()

    @abstractmethod
    def record(self, embeddings: Embeddings, backend: Backend) -> Record:
        """What is to be kept of an epoch, given transformed embeddings of all excerpts."""

    @abstractmethod
    def value(self, record: Record) -> float:
        """Value of an epoch."""

    @abstractmethod
    def results(self, record: Record) -> dict[str, Any]:
        """All figures of an epoch, for params.yml; among them the calibrated `threshold`."""

    @abstractmethod
    def picture(self, record: Record) -> Figure:
        """Draw the operating points of an epoch."""

    def curves(self, record: Record) -> Mapping[str, float]:
        """Figures of an epoch that tensorboard shows over all epochs."""
        return numbers(self.results(record))


def numbers(results: Mapping[str, Any]) -> dict[str, float]:
    """Those of some results that are curves over epochs."""
    return {name: value for name, value in results.items() if isinstance(value, float)}
