"""Networks with a local first part, which is computed once for all chunks that overlap."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from pyannote.audio.models.base import Batch, Model


class LocalModel(Model):
    """Network of two parts, the first of which looks at a few frames around each of its outputs.

    In evaluation mode, what the first part gives depends on its position in a chunk only where it sees the
    zeros beyond an end of the chunk. All else is the same in every chunk, and is computed once for all of
    them (see `pyannote.audio.inference.chunks`).

    Examples
    --------
    >>> import torch
    >>> class Smooth(LocalModel):
    ...     resolution, local_resolution, context = 1, 1, (1, 1)
    ...
    ...     def local(self, frames: Tensor) -> Tensor:
    ...         return torch.nn.functional.avg_pool1d(frames.transpose(1, 2), 3, 1, 1).transpose(1, 2)
    ...
    ...     def rest(self, local: Tensor, batch: Batch) -> Tensor:
    ...         return local.log()
    >>> from pyannote.audio.core.specifications import Specifications
    >>> model = Smooth(Specifications("Dcase", {"X": 2}, ("low", "high"), 2.0, 0.01, 16000))
    >>> tuple(model({"X": torch.rand(4, 200, 2)}).shape)
    (4, 200, 2)
    """

    local_resolution: int
    """Feature frames of one local frame, a divisor of `resolution`."""

    context: tuple[int, int]
    """Feature frames that a local frame sees before its own ones, and after them, at most."""

    @abstractmethod
    def local(self, frames: Tensor) -> Tensor:
        """First part: normalisation, convolutions, poolings.

        Parameters
        ----------
        frames : Tensor, shape (batch, frames, dimension)
            The input "X".

        Returns
        -------
        Tensor, shape (batch, frames // local_resolution, features)
            Local frames. Those that an incomplete one at the end would follow are not changed by it.
        """

    @abstractmethod
    def rest(self, local: Tensor, batch: Batch) -> Tensor:
        """Second part: logits of whole chunks, of the shape that `Model.forward` tells.

        Parameters
        ----------
        local : Tensor, shape (batch, local frames, features)
            What `local` gives for these chunks.
        batch : mapping of str to Tensor
            Other inputs, of shape (batch, dimension).
        """

    def forward(self, batch: Batch) -> Tensor:
        """Logits of the shape that `Model.forward` tells."""
        return self.rest(self.local(batch["X"]), batch)
