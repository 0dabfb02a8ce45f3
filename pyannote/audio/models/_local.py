"""Networks with a local first part, which is computed once for overlapping chunks."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from pyannote.audio.models.base import Batch, Model


class LocalModel(Model):
    """Network of two parts, the first of which has a small receptive field.

    In evaluation mode, the outputs of the first part depend on their position in a chunk only where zero
    padding lies in the receptive field. All other outputs are equal in overlapping chunks, and are computed
    once (see `pyannote.audio.inference.chunks`).

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
    """Largest numbers of feature frames in the receptive field before and after those of a local frame."""

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
            Local frames. An incomplete local frame at the end is dropped.
        """

    @abstractmethod
    def rest(self, local: Tensor, batch: Batch) -> Tensor:
        """Second part: logits of whole chunks, of the shape of `Model.forward`.

        Parameters
        ----------
        local : Tensor, shape (batch, local frames, features)
            Result of `local` for these chunks.
        batch : mapping of str to Tensor
            Other inputs, of shape (batch, dimension).
        """

    def forward(self, batch: Batch) -> Tensor:
        """Logits, of the shape of `Model.forward`."""
        return self.rest(self.local(batch["X"]), batch)
