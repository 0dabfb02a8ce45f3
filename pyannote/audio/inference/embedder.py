"""Embeddings of parts of recordings, and on a sliding window."""

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
    """Parts of a recording that one speaker is heard in.

    Parameters
    ----------
    uri : str
        Of the recording.
    features : float32, shape (frames, dimension)
        Of the whole recording; may be mapped into memory, so that only the parts are read.
    ranges : sequence of (first, last)
        Frames of each part, the last one excluded; at least one part of at least one frame.
    content : str
        Digest of the audio of the recording, where it is known.
    """

    uri: str
    features: Features
    ranges: Ranges
    content: str = ""


@dataclass
class Embedder:
    """Embeds chunks of at most one duration.

    Parameters
    ----------
    model : Model
        Gives vectors; in evaluation mode while it is applied.
    frames : int
        Feature frames of a chunk.
    step : int
        From one chunk to the next, in feature frames.
    batch_size : int
        Chunks of equal length that are computed at once.
    """

    model: Model
    frames: int
    step: int
    batch_size: int = 32

    def __call__(self, excerpts: Sequence[Excerpt], progress: Progress = silent) -> Embeddings:
        """One embedding for each excerpt: the mean over its chunks, each counted by its length.

        A part that is shorter than a chunk is a chunk of its own, of its own length.

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
        for length, owners, starts in progress(batches, total=len(batches), description="Embedding"):
            parts = [
                excerpts[owner].features[start : start + length]
                for owner, start in zip(owners, starts, strict=True)
            ]
            np.add.at(total, owners, length * self.embed(np.stack(parts)))
            np.add.at(weight, owners, length)
        return (total / weight).astype(np.float32)

    def slide(self, features: Features, starts: NDArray[np.int64]) -> Iterator[Embeddings]:
        """Embeddings of the windows that begin at some frames, batch by batch.

        Parameters
        ----------
        features : float32, shape (frames, dimension)
            Of a whole recording.
        starts : int64, shape (windows,)
            First frame of each window, in rising order. What passes the end of the recording is left out.

        Yields
        ------
        float32, shape (windows of a batch, dimension)
        """
        ends = np.minimum(starts + self.frames, len(features))
        chunks = [(int(end - start), 0, int(start)) for start, end in zip(starts, ends, strict=True)]
        for length, _, begins in self._batches(chunks):
            yield self.embed(np.stack([features[begin : begin + length] for begin in begins]))

    def embed(self, chunks: Features) -> Embeddings:
        """Embeddings of chunks of equal length, (chunks, frames, dimension) to (chunks, dimension).

        Chunks that are shorter than the network takes are repeated until they are long enough.
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
        """Chunks of each part; the last one ends where the part ends."""
        for first, last in ranges:
            starts = [*range(first, last - self.frames, self.step), max(first, last - self.frames)]
            yield from ((start, min(start + self.frames, last)) for start in starts)

    def _batches(
        self, chunks: Sequence[tuple[int, int, int]]
    ) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
        """Consecutive chunks of equal length: the length, and owner and first frame of each."""
        for length, group in groupby(chunks, key=lambda chunk: chunk[0]):
            rows = np.array(list(group), dtype=np.int64)
            for first in range(0, len(rows), self.batch_size):
                _, owners, starts = rows[first : first + self.batch_size].T
                yield length, owners, starts
