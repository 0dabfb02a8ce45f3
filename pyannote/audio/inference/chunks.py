"""Logits of chunks that may overlap, each of which is computed as if it were alone.

Where a network has a local part (see `LocalModel`), overlapping chunks share it. It sees zeros beyond the
ends of what it is given: computed over a whole stretch of frames, it differs from that of a chunk in the few
outputs from which an end of the chunk can be seen, and in no other. These are computed from excerpts that
start, or end, exactly where the chunk does. What is next to an end of the stretch is needed by no chunk, so
that stretches of several recordings can lie one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from pyannote.audio.models._local import LocalModel
from pyannote.audio.models.base import Model


def logits(model: Model, frames: Tensor, starts: Tensor, length: int, others: Mapping[str, Tensor]) -> Tensor:
    """Logits of chunks of frames.

    Parameters
    ----------
    model : Model
        In evaluation mode.
    frames : Tensor, shape (frames, dimension)
        That the chunks lie in.
    starts : Tensor of int64, shape (chunks,)
        First frame of each chunk, a multiple of the resolution of the model.
    length : int
        Frames of a chunk.
    others : mapping of str to Tensor
        Other inputs, of shape (chunks, dimension).

    Returns
    -------
    Tensor, shape (chunks, length // resolution, classes)
        Whatever chunks are computed together, to the precision of its numbers.
    """
    if isinstance(model, LocalModel) and (ends := Ends(model, length)).pay(len(frames), len(starts)):
        return model.rest(_local(model, ends, frames, starts), others)
    return model({"X": _excerpts(frames, starts, length), **others})


class Ends:
    """Local frames of a chunk from which an end of the chunk can be seen.

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
        Those that see its start, and those that see its end.
    start : int
        Feature frames from the start that the left ones are computed from.
    end : int
        First feature frame that the right ones are computed from; `length` if there are none.
    """

    def __init__(self, model: LocalModel, length: int) -> None:
        resolution, (before, after) = model.local_resolution, model.context
        self.length, self.resolution = length, resolution
        self.outputs = length // resolution
        self.left = -(-before // resolution)
        self.right = self.outputs - (length - after) // resolution
        self.start = self.left * resolution + after
        self.end = (self.outputs - self.right - self.left) * resolution if self.right else length

    def pay(self, frames: int, chunks: int) -> bool:
        """Whether chunks that share what they can need fewer frames than chunks that do not."""
        shared = frames + chunks * (self.start + self.length - self.end)
        return self.left + self.right < self.outputs and shared < chunks * self.length


def _local(model: LocalModel, ends: Ends, frames: Tensor, starts: Tensor) -> Tensor:
    """Local frames of each chunk, shape (chunks, outputs, features)."""
    inner = torch.arange(ends.left, ends.outputs - ends.right, device=frames.device)
    parts = [model.local(frames[None])[0][starts[:, None] // ends.resolution + inner]]
    if ends.left:
        parts.insert(0, model.local(_excerpts(frames, starts, ends.start))[:, : ends.left])
    if ends.right:
        parts.append(
            model.local(_excerpts(frames, starts + ends.end, ends.length - ends.end))[:, ends.left :]
        )
    return torch.cat(parts, dim=1)


def _excerpts(frames: Tensor, starts: Tensor, length: int) -> Tensor:
    """Excerpts of equal length, of shape (starts, length, dimension)."""
    return frames[starts[:, None] + torch.arange(length, device=frames.device)]
