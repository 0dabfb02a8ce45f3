"""Measure of embeddings: a comparison of excerpts by a back-end, at each epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.config.schema import Block
from pyannote.audio.core.digests import arrays_digest
from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.embedder import Embedder, Embeddings, Excerpt
from pyannote.audio.io.storage import write_with
from pyannote.audio.validation.comparison import Comparison
from pyannote.audio.validation.detection import not_finite
from pyannote.audio.validation.measure import Measure, Record

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

Teachers = Callable[[], tuple[list[Excerpt], NDArray[np.int64]]]
"""Gives excerpts of training speakers, and the speaker of each."""


class EmbeddingMeasure(Measure):
    """Best epoch by a comparison of embeddings.

    Parameters
    ----------
    bundle : Bundle
        The training.
    embedder : Embedder
        Its network, applied to chunks.
    comparison : Comparison
        Excerpts, and the value of their embeddings.
    backend : Backend
        Compares embeddings.
    block : Block
        Name and parameters of the back-end.
    chunk : mapping
        "duration" in seconds and "step" as a share of it.
    teachers : callable
        Excerpts that a back-end learns from, if it learns.
    """

    def __init__(
        self,
        bundle: Bundle,
        embedder: Embedder,
        comparison: Comparison,
        backend: Backend,
        block: Block,
        chunk: Mapping[str, float],
        teachers: Teachers,
    ) -> None:
        self.name = comparison.name
        self.bundle, self.embedder, self.comparison = bundle, embedder, comparison
        self.backend, self.block, self.chunk = backend, block, dict(chunk)
        self.history: dict[int, Record] = {}
        self.values: dict[int, float] = {}
        self.teachers = teachers
        self._taught = ""
        self._written: set[Path] = set()
        self._learned: tuple[str, dict[str, NDArray[Any]]] = ("", {})

    def described(self) -> str:
        """Number of trials or turns."""
        return self.comparison.described()

    def settings(self) -> dict[str, Any]:
        """Excerpts, truth, chunks and back-end, with the training files that it learns from."""
        stored = self.bundle.config.provenance or {}
        return {
            "taught_by": stored.get("files") if self.backend.learns else None,
            "measure": self.comparison.fingerprint(),
            **self.chunk,
            "metric": self.backend.metric,
            "backend": self.block.as_dict(),
        }

    def score(self, epoch: int) -> Record:
        """Record of the comparison, with the weights of an epoch."""
        backend = self.ready(epoch)
        embeddings = self._finite(epoch, self.embedder(self.comparison.excerpts))
        return self.comparison.record(backend.transform(embeddings), backend)

    def add(self, epoch: int, record: Record) -> None:
        """Evaluate the record of an epoch."""
        self.history[epoch], self.values[epoch] = record, self.comparison.value(record)

    @property
    def epochs(self) -> list[int]:
        """Epochs that have been evaluated, in rising order."""
        return sorted(self.history)

    @property
    def best(self) -> Mapping[str, int]:
        """The best epoch so far; of equally good ones the earliest."""
        return {self.name: self.comparison.best(self.epochs, key=lambda epoch: self.values[epoch])}

    def chosen(self) -> dict[str, Any]:
        """Epoch, threshold and figures, and how embeddings are compared."""
        epoch = self.best[self.name]
        return {
            "epoch": epoch,
            "metric": self.name,
            "value": round(self.values[epoch], 6),
            "provenance": {
                "files": self.comparison.fingerprint(),
                "backend": arrays_digest(self._state(epoch)) if self.backend.learns else None,
            },
            "epochs": {epoch},
            "distance": self.backend.metric,
            "backend": self.block.as_dict(),
            "chunk": self.chunk,
            "params": self.comparison.results(self.history[epoch]),
        }

    def write_files(self, folder: Path) -> None:
        """Write what the back-end has learned at the best epoch."""
        if not self.backend.learns:
            return
        epoch = self.best[self.name]
        state = self._state(epoch)
        path = folder / "backend" / f"{epoch:04d}.{self._learned[0]}.npz"
        if path not in self._written:
            write_with(path, lambda stream: np.savez(stream, allow_pickle=False, **state))
            self._written.add(path)

    def sentence(self, epoch: int) -> str:
        """Value of an epoch, and of the best one."""
        best = self.best[self.name]
        return f"{self.name} {self.values[epoch]:.4f} (best so far: epoch {best}, {self.values[best]:.4f})"

    def summary(self) -> str:
        """All figures of the best epoch."""
        epoch = self.best[self.name]
        results = self.comparison.results(self.history[epoch])
        intervals = results.pop("intervals", {})
        lines = [f"Best epoch: {epoch}"]
        for name, value in results.items():
            low, high = intervals.get(name, (None, None))
            interval = "" if low is None else f"   95 % interval {low:.4f} to {high:.4f}"
            shown = f"{value:.4f}" if isinstance(value, float) else str(value)
            lines.append(f"  {name:<20}{shown:>10}{interval}")
        return "\n".join(lines)

    def log(self, writer: SummaryWriter, prefix: str, epoch: int, record: Record) -> None:
        """Figures of an epoch, and its picture if it is the best one."""
        for name, value in self.comparison.curves(record).items():
            writer.add_scalar(f"{prefix}/{name}", value, epoch)
        if self.best[self.name] == epoch:
            writer.add_figure(f"{prefix}/picture", self.comparison.picture(record), epoch)

    def ready(self, epoch: int) -> Backend:
        """The back-end, taught with the weights of an epoch, which the embedder then has as well."""
        version = self.bundle.checkpoints.version(epoch)
        if version != self._taught:
            self.bundle.load(self.embedder.model, epoch)
            if self.backend.learns:
                excerpts, speakers = self.teachers()
                self.backend.fit(self._finite(epoch, self.embedder(excerpts)), speakers)
            self._taught = version
        return self.backend

    def _state(self, epoch: int) -> dict[str, NDArray[Any]]:
        """Arrays that the back-end has learned with the weights of an epoch, computed once in a row."""
        version = self.bundle.checkpoints.version(epoch)
        if self._learned[0] != version:
            self._learned = version, dict(self.ready(epoch).state())
        return self._learned[1]

    def _finite(self, epoch: int, embeddings: Embeddings) -> Embeddings:
        if not np.isfinite(embeddings).all():
            raise not_finite(self.bundle, epoch)
        return embeddings
