"""Measure of embeddings: a comparison of excerpts by a back-end at each epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
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
from pyannote.audio.metrics.intervals import spelled
from pyannote.audio.validation.comparison import Comparison
from pyannote.audio.validation.measure import Measure, Record, not_finite
from pyannote.audio.validation.teaching import TrainingExcerpts, teach
from pyannote.audio.validation.trial_scores import write_scores

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class EmbeddingMeasure(Measure):
    """Selection of an epoch by a comparison of embeddings.

    Parameters
    ----------
    bundle : Bundle
        Trained model.
    embedder : Embedder
        Its network, applied to chunks.
    comparison : Comparison
        Excerpts, and the value of their embeddings.
    backend : Backend
        Compares embeddings of shape (excerpts, dimension).
    block : Block
        Name and parameters of the back-end.
    chunk : mapping
        "duration" in seconds and "step" as a fraction of it.
    training_excerpts : callable
        Excerpts to fit a trainable back-end to, and their speakers.

    Examples
    --------
    >>> measure = getfixture("embedding_measure")  # one epoch is evaluated on two trials
    >>> measure.best
    {'equal_error_rate': 1}
    """

    def __init__(
        self,
        bundle: Bundle,
        embedder: Embedder,
        comparison: Comparison,
        backend: Backend,
        block: Block,
        chunk: Mapping[str, float],
        training_excerpts: TrainingExcerpts,
    ) -> None:
        self.name = comparison.name
        self.bundle, self.embedder, self.comparison = bundle, embedder, comparison
        self.backend, self.block, self.chunk = backend, block, dict(chunk)
        self.history: dict[int, Record] = {}
        self.values: dict[int, float] = {}
        self.training_excerpts = training_excerpts
        self._fitted_version = ""
        self._written: set[Path] = set()
        self._listed: Record | None = None
        self._learned: tuple[str, dict[str, NDArray[Any]], dict[str, Any]] = ("", {}, {})

    def described(self) -> str:
        """Number of trials or turns.

        Examples
        --------
        >>> getfixture("embedding_measure").described()
        '2 trials (1 target) of 3 recordings'
        """
        return self.comparison.described()

    def settings(self) -> dict[str, Any]:
        """Digest of excerpts and ground truth, chunks, and back-end with the files that it is fitted to.

        Examples
        --------
        >>> getfixture("embedding_measure").settings()["backend"]
        {'name': 'Direct'}
        """
        stored = self.bundle.config.provenance or {}
        return {
            "taught_by": stored.get("files") if self.backend.needs_training else None,
            "measure": self.comparison.digest(),
            **self.chunk,
            "metric": self.backend.metric,
            "backend": self.block.as_dict(),
        }

    def score(self, epoch: int) -> Record:
        """Record of the comparison with the weights of an epoch.

        Returns
        -------
        ndarray
            For trials, scores of shape (trials,).

        Raises
        ------
        CheckpointError
            If the epoch is damaged, or its embeddings are not finite.

        Examples
        --------
        >>> getfixture("embedding_measure").score(1).shape
        (2,)
        """
        backend = self.fitted_backend(epoch)
        embeddings = self._embed(epoch, self.comparison.excerpts)
        return self.comparison.record(backend.transform(embeddings), backend)

    def add(self, epoch: int, record: Record) -> None:
        """Evaluate the record of an epoch, of the shape that `score` gives.

        Examples
        --------
        >>> measure = getfixture("embedding_measure")
        >>> measure.add(2, np.array([0.1, 0.9]))
        >>> measure.values
        {1: 0.0, 2: 1.0}
        """
        self.history[epoch], self.values[epoch] = record, self.comparison.value(record)

    @property
    def epochs(self) -> list[int]:
        """Evaluated epochs, in rising order.

        Examples
        --------
        >>> getfixture("embedding_measure").epochs
        [1]
        """
        return sorted(self.history)

    @property
    def best(self) -> Mapping[str, int]:
        """Best epoch so far; of equally good ones the earliest.

        Examples
        --------
        >>> getfixture("embedding_measure").best
        {'equal_error_rate': 1}
        """
        return {self.name: self.comparison.best(self.epochs, key=lambda epoch: self.values[epoch])}

    def chosen(self) -> dict[str, Any]:
        """Content of params.yml: epoch, threshold, figures, back-end and chunks.

        Examples
        --------
        >>> getfixture("embedding_measure").chosen()["params"]["threshold"]
        0.5
        """
        epoch = self.best[self.name]
        return {
            "epoch": epoch,
            "metric": self.name,
            "value": round(self.values[epoch], 6),
            "provenance": {
                "files": self.comparison.digest(),
                "backend": arrays_digest(self._learn(epoch)[1]) if self.backend.needs_training else None,
            },
            "epochs": {epoch},
            "distance": self.backend.metric,
            "backend": {**self.block.as_dict(), **self._learn(epoch)[2]},
            "chunk": self.chunk,
            "params": self.comparison.results(self.history[epoch]),
        }

    def write_files(self, folder: Path) -> None:
        """Write the scores of trials at the best epoch, and the state of a trainable back-end.

        Examples
        --------
        >>> folder = getfixture("tmp_path")
        >>> getfixture("embedding_measure").write_files(folder)
        >>> [path.name for path in folder.iterdir()]  # the back-end Direct has no state
        ['trial_scores.0001.txt']
        """
        self._write_scores(folder)
        self._write_backend(folder)

    def _write_scores(self, folder: Path) -> None:
        epoch = self.best[self.name]
        record = self.history[epoch]
        if self._listed is not record and (text := self.comparison.scores(record)) is not None:
            self.scores_path, self._listed = write_scores(folder, epoch, text), record

    def _write_backend(self, folder: Path) -> None:
        if not self.backend.needs_training:
            return
        epoch = self.best[self.name]
        version, state, _ = self._learn(epoch)
        path = folder / "backend" / f"{epoch:04d}.{version}.npz"
        if path not in self._written:
            write_with(path, lambda stream: np.savez(stream, allow_pickle=False, **state))
            self._written.add(path)

    def sentence(self, epoch: int) -> str:
        """Value of an epoch, and of the best one.

        Examples
        --------
        >>> getfixture("embedding_measure").sentence(1)
        'equal_error_rate 0.0000 (best so far: epoch 1, 0.0000)'
        """
        best = self.best[self.name]
        return f"{self.name} {self.values[epoch]:.4f} (best so far: epoch {best}, {self.values[best]:.4f})"

    def summary(self) -> str:
        """Table of all figures of the best epoch.

        Examples
        --------
        >>> print(getfixture("embedding_measure").summary().splitlines()[0])
        Best epoch: 1
        """
        epoch = self.best[self.name]
        results = self.comparison.results(self.history[epoch])
        intervals = results.pop("intervals", {})
        lines = [f"Best epoch: {epoch}"]
        for name, value in results.items():
            interval = f"   95 % interval {spelled(intervals[name], 4)}" if name in intervals else ""
            shown = f"{value:.4f}" if isinstance(value, float) else str(value)
            lines.append(f"  {name:<20}{shown:>10}{interval}")
        lines += [f"  {name:<20}{value!s:>10}   (chosen)" for name, value in self._learn(epoch)[2].items()]
        return "\n".join(lines)

    def log(self, writer: SummaryWriter, prefix: str, epoch: int, record: Record) -> None:
        """Write figures of an epoch to tensorboard, and its picture if it is the best one.

        Parameters
        ----------
        writer : SummaryWriter
        prefix : str
            Start of all names.
        epoch : int
        record : ndarray, of the shape that `score` gives
        """
        for name, value in self.comparison.curves(record).items():
            writer.add_scalar(f"{prefix}/{name}", value, epoch)
        if self.best[self.name] == epoch:
            writer.add_figure(f"{prefix}/picture", self.comparison.picture(record), epoch)

    def fitted_backend(self, epoch: int) -> Backend:
        """Load the weights of an epoch into the embedder, and fit the back-end to its embeddings.

        Returns
        -------
        Backend
            If it is trainable: fitted to embeddings of training excerpts, shape (excerpts, dimension).

        Examples
        --------
        >>> type(getfixture("embedding_measure").fitted_backend(1)).__name__
        'Direct'
        """
        version = self.bundle.checkpoints.version(epoch)
        if version != self._fitted_version:
            self.bundle.load(self.embedder.model, epoch)
            if self.backend.needs_training:
                excerpts, speakers = self.training_excerpts()
                frames = self.bundle.specifications.frames
                teach(self.backend, partial(self._embed, epoch), excerpts, speakers, frames)
            self._fitted_version = version
        return self.backend

    def _learn(self, epoch: int) -> tuple[str, dict[str, NDArray[Any]], dict[str, Any]]:
        """Version of the weights of an epoch, and what the back-end learns and chooses with them.

        That of the last epoch is cached.
        """
        version = self.bundle.checkpoints.version(epoch)
        if not self.backend.needs_training:
            return version, {}, {}
        if self._learned[0] != version:
            backend = self.fitted_backend(epoch)
            self._learned = version, dict(backend.state()), dict(backend.chosen())
        return self._learned

    def _embed(self, epoch: int, excerpts: Sequence[Excerpt]) -> Embeddings:
        """Embeddings of excerpts, shape (excerpts, dimension), with the weights of an epoch."""
        embeddings = self.embedder(excerpts)
        if not np.isfinite(embeddings).all():
            raise not_finite(self.bundle, epoch)
        return embeddings
