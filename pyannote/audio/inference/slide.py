"""Scores of a whole recording, from chunks that slide over its features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.windows import chunk_starts, overlap_add
from pyannote.audio.models.base import Base as Model


@dataclass
class Slide:
    """Applies a model to chunks of one duration, and averages where they overlap.

    Parameters
    ----------
    model : Model
        The network, in evaluation mode while it is applied.
    frames : int
        Feature frames of a chunk.
    step : float
        From one chunk to the next, as a share of the chunk, in (0, 1]. It is rounded to whole output
        frames, so that the outputs of all chunks fall on one grid.
    batch_size : int
        Chunks that are computed at once.
    """

    model: Model
    frames: int
    step: float = 0.25
    batch_size: int = 32

    def __post_init__(self) -> None:
        if self.frames < self.model.resolution:
            raise UsageError(
                f"A chunk of {self.frames} frames is shorter than one output frame of this model, which is "
                f"{self.model.resolution} frames.",
                fix="Set a longer --duration.",
            )

    @property
    def chunk_outputs(self) -> int:
        """Output frames of one chunk."""
        return self.frames // self.model.resolution

    @property
    def step_outputs(self) -> int:
        """Output frames from one chunk to the next."""
        return min(self.chunk_outputs, max(1, round(self.step * self.frames / self.model.resolution)))

    def __call__(self, inputs: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Scores of each class in each output frame.

        Parameters
        ----------
        inputs : mapping of str to ndarray
            "X" of shape (frames, dimension), at least one frame; other inputs of shape (dimension,).

        Returns
        -------
        ndarray of float32, shape (ceil(frames / resolution), classes)
            Between 0 and 1. Beyond its end, a recording is continued by its mirror image.
        """
        features, resolution = inputs["X"], self.model.resolution
        outputs = -(-len(features) // resolution)
        starts = chunk_starts(outputs, self.chunk_outputs, self.step_outputs)
        missing = int(starts[-1]) * resolution + self.frames - len(features)
        if missing > 0:
            features = np.pad(features, ((0, missing), (0, 0)), mode="symmetric")
        windows = np.lib.stride_tricks.sliding_window_view(features, self.frames, axis=0).swapaxes(1, 2)
        device = next(self.model.parameters()).device
        others = {name: torch.from_numpy(value).to(device) for name, value in inputs.items() if name != "X"}
        chunks = []
        self.model.eval()
        with torch.inference_mode():
            for first in range(0, len(starts), self.batch_size):
                batch = starts[first : first + self.batch_size] * resolution
                tensors = {name: value.expand(len(batch), -1) for name, value in others.items()}
                tensors["X"] = torch.from_numpy(np.ascontiguousarray(windows[batch])).to(device)
                chunks.append(torch.sigmoid(self.model(tensors)).cpu().numpy())
        return overlap_add(np.concatenate(chunks), starts, outputs)
