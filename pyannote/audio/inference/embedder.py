"""Embeddings of excerpts of recordings, and of sliding windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray

from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.models.base import Model

Features = NDArray[np.float32]
Embeddings = NDArray[np.float32]
Ranges = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Excerpt:
    """Segments of a recording in which one speaker speaks.

    Parameters
    ----------
    uri : str
        Name of the recording.
    features : float32, shape (frames, dimension)
        Features of the whole recording; may be a memory map, of which only the segments are read.
    ranges : sequence of (first, last)
        Frames of each segment, the last one excluded; at least one segment of at least one frame.
    content : str
        Digest of the audio of the recording, if it is known.

    Examples
    --------
    >>> excerpt = Excerpt("a001", np.zeros((1000, 40), np.float32), [(100, 300), (500, 650)])
    >>> sum(last - first for first, last in excerpt.ranges)
    350
    """

    uri: str
    features: Features
    ranges: Ranges
    content: str = ""


@dataclass
class Embedder:
    """Embeds excerpts chunk by chunk.

    Parameters
    ----------
    model : Model
        Network that gives vectors; set to evaluation mode.
    frames : int
        Feature frames of a chunk; chunks at the end of a segment may be shorter.
    step : int
        Feature frames from one chunk to the next.
    batch_size : int
        Chunks of equal length in a batch.

    Examples
    --------
    >>> embedder = getfixture("embedding_measure").embedder
    >>> features = np.zeros((200, embedder.model.specifications.inputs["X"]), np.float32)
    >>> embedder([Excerpt("a001", features, [(0, 50), (80, 200)])]).shape == (1, embedder.model.dimension)
    True
    """

    model: Model
    frames: int
    step: int
    batch_size: int = 32

    def __call__(self, excerpts: Sequence[Excerpt], progress: Progress = silent) -> Embeddings:
        """Embedding of each excerpt: the mean of the embeddings e of its chunks, weighted by their lengths n.

            sum(n * e) / sum(n)

        A segment that is shorter than a chunk is one shorter chunk.

        Returns
        -------
        float32, shape (excerpts, dimension)
        """
        chunks = [
            (last - first, index, first)
            for index, excerpt in enumerate(excerpts)
            for first, last in self._chunks(excerpt.ranges)
        ]
        total = np.zeros((len(excerpts), self.model.dimension))
        weight = np.zeros((len(excerpts), 1))
        batches = list(self._batches(sorted(chunks)))
        for length, indices, starts in progress(batches, total=len(batches), description="Embedding"):
            parts = [
                excerpts[index].features[start : start + length]
                for index, start in zip(indices, starts, strict=True)
            ]
            np.add.at(total, indices, length * self.embed(np.stack(parts)))
            np.add.at(weight, indices, length)
        return (total / weight).astype(np.float32)

    def slide(self, features: Features, starts: NDArray[np.int64]) -> Iterator[Embeddings]:
        """Embeddings of sliding windows, batch by batch.

        Parameters
        ----------
        features : float32, shape (frames, dimension)
            Features of a whole recording.
        starts : int64, shape (windows,)
            First frame of each window, in rising order. Windows are cut at the end of the recording.

        Yields
        ------
        float32, shape (windows of a batch, dimension)

        Examples
        --------
        >>> embedder = getfixture("embedding_measure").embedder
        >>> features = np.zeros((200, embedder.model.specifications.inputs["X"]), np.float32)
        >>> [batch.shape for batch in embedder.slide(features, np.array([0, 50, 100]))]
        [(3, 8)]
        """
        ends = np.minimum(starts + self.frames, len(features))
        chunks = [(int(end - start), 0, int(start)) for start, end in zip(starts, ends, strict=True)]
        for length, _, begins in self._batches(chunks):
            yield self.embed(np.stack([features[begin : begin + length] for begin in begins]))

    def embed(self, chunks: Features) -> Embeddings:
        """Embeddings of chunks of equal length.

        Parameters
        ----------
        chunks : float32, shape (chunks, frames, dimension of features)
            Chunks that are too short for the network are repeated until they are long enough.

        Returns
        -------
        float32, shape (chunks, dimension of embeddings)

        Examples
        --------
        >>> embedder = getfixture("embedding_measure").embedder
        >>> embedder.embed(np.zeros((4, 50, embedder.model.specifications.inputs["X"]), np.float32)).shape
        (4, 8)
        """
        if chunks.shape[1] < self.model.resolution:
            chunks = chunks[:, np.arange(self.model.resolution) % chunks.shape[1]]
        device = next(self.model.parameters()).device
        self.model.eval()
        with torch.inference_mode():
            batch = {"X": torch.from_numpy(np.ascontiguousarray(chunks)).to(device)}
            embeddings: Embeddings = self.model(batch).float().cpu().numpy()
        return embeddings

    def _chunks(self, ranges: Ranges) -> Iterator[tuple[int, int]]:
        """First and last frame of each chunk; the last chunk of a segment ends with it."""
        for first, last in ranges:
            starts = [*range(first, last - self.frames, self.step), max(first, last - self.frames)]
            yield from ((start, min(start + self.frames, last)) for start in starts)

    def _batches(
        self, chunks: Sequence[tuple[int, int, int]]
    ) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """Batches of chunks of equal length: the length, and excerpt and first frame of each chunk."""
        for length, group in groupby(chunks, key=lambda chunk: chunk[0]):
            rows = np.array(list(group), dtype=np.int64)
            for first in range(0, len(rows), self.batch_size):
                _, indices, starts = rows[first : first + self.batch_size].T
                yield length, indices, starts
