"""Logits of overlapping chunks, equal to those of each chunk alone.

Overlapping chunks share the local part of a network that has one (see `LocalModel`). The local part pads its
input with zeros: computed over a long sequence of frames, it differs from that of a chunk only in the few
outputs whose receptive field crosses an edge of the chunk. These are computed again from excerpts that start,
or end, where the chunk does. No chunk needs outputs at the edges of the sequence, so that the frames of
several recordings can be concatenated.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from pyannote.audio.models._local import LocalModel
from pyannote.audio.models.base import Model


def logits(
    model: Model, frames: Tensor, starts: Tensor, length: int, other_inputs: Mapping[str, Tensor]
) -> Tensor:
    """Logits of chunks of frames.

    Parameters
    ----------
    model : Model
        In evaluation mode.
    frames : Tensor, shape (frames, dimension)
        Frames of all chunks.
    starts : Tensor of int64, shape (chunks,)
        First frame of each chunk, a multiple of the resolution of the model.
    length : int
        Frames of a chunk.
    other_inputs : mapping of str to Tensor
        Other inputs, each of shape (chunks, dimension).

    Returns
    -------
    Tensor, shape (chunks, length // resolution, classes)
        Equal to those of each chunk alone, up to rounding.

    Examples
    --------
    >>> model = getfixture("detection").bundle.network().eval()
    >>> frames, starts = torch.randn(100, 8), torch.tensor([0, 24, 48])
    >>> outputs = logits(model, frames, starts, 50, {})
    >>> tuple(outputs.shape)
    (3, 12, 2)
    >>> torch.allclose(outputs[1], model({"X": frames[None, 24:74]})[0], atol=1e-6)
    True
    """
    if isinstance(model, LocalModel):
        edges = ChunkEdges(model, length)
        if edges.save_frames(len(frames), len(starts)):
            return model.rest(_local(model, edges, frames, starts), other_inputs)
    return model({"X": _excerpts(frames, starts, length), **other_inputs})


class ChunkEdges:
    """Local frames of a chunk, shape (outputs, features), whose receptive field crosses an edge of the chunk.

    Parameters
    ----------
    model : LocalModel
    length : int
        Feature frames of a chunk.

    Attributes
    ----------
    outputs : int
        Local frames of a chunk.
    left, right : int
        Number of those that cross its start, and of those that cross its end.
    start : int
        Feature frames at the start from which the left ones are computed.
    end : int
        First feature frame from which the right ones are computed; `length` if there are none.

    Examples
    --------
    >>> edges = ChunkEdges(getfixture("detection").bundle.network(), length=50)
    >>> edges.left + edges.right < edges.outputs
    True
    """

    def __init__(self, model: LocalModel, length: int) -> None:
        resolution, (before, after) = model.local_resolution, model.context
        self.length, self.resolution = length, resolution
        self.outputs = length // resolution
        self.left = -(-before // resolution)
        self.right = self.outputs - (length - after) // resolution
        self.start = self.left * resolution + after
        self.end = (self.outputs - self.right - self.left) * resolution if self.right else length

    def save_frames(self, frames: int, chunks: int) -> bool:
        """Whether sharing the local part takes fewer frames than computing each chunk alone.

        Parameters
        ----------
        frames : int
            Feature frames of the whole sequence.
        chunks : int
            Number of chunks in it.

        Examples
        --------
        >>> edges = ChunkEdges(getfixture("detection").bundle.network(), length=50)
        >>> edges.save_frames(frames=50, chunks=1), edges.save_frames(frames=1000, chunks=100)
        (False, True)
        """
        shared = frames + chunks * (self.start + self.length - self.end)
        return self.left + self.right < self.outputs and shared < chunks * self.length


def _local(model: LocalModel, edges: ChunkEdges, frames: Tensor, starts: Tensor) -> Tensor:
    """Local frames of each chunk, shape (chunks, outputs, features)."""
    inner = torch.arange(edges.left, edges.outputs - edges.right, device=frames.device)
    parts = [model.local(frames[None])[0][starts[:, None] // edges.resolution + inner]]
    if edges.left:
        parts.insert(0, model.local(_excerpts(frames, starts, edges.start))[:, : edges.left])
    if edges.right:
        parts.append(
            model.local(_excerpts(frames, starts + edges.end, edges.length - edges.end))[:, edges.left :]
        )
    return torch.cat(parts, dim=1)


def _excerpts(frames: Tensor, starts: Tensor, length: int) -> Tensor:
    """Excerpts of equal length, of shape (starts, length, dimension)."""
    return frames[starts[:, None] + torch.arange(length, device=frames.device)]
