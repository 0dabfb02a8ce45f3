"""Features of several recordings in one array, from which batches are gathered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.features.base import Features

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Pack:
    """Features of several recordings, one after the other in one array.

    Parameters
    ----------
    data : float32, shape (frames of all recordings, dimension)
        Contiguous. Frames of recording i are ``data[offsets[i] : offsets[i + 1]]``.
    offsets : int64, shape (recordings + 1,)
    long_term : float32, shape (recordings, dimension)
        Average over time of each recording.
    moments : float32, shape (2, dimension), optional
        Mean and standard deviation of `data`, if they are known.

    Examples
    --------
    >>> data = np.arange(5, dtype=np.float32)[:, None]
    >>> pack = Pack(data, offsets=np.array([0, 3, 5]), long_term=np.array([[1.0], [3.5]], dtype=np.float32))
    >>> pack.gather(np.array([0, 4]), frames=2, random=np.random.default_rng(0))[..., 0]
    tensor([[0., 1.],
            [4., 4.]])
    """

    ahead: ClassVar[int] = 0
    """Batches that are worth gathering ahead, in a thread: none, since features are there."""

    data: Features
    offsets: NDArray[np.int64]
    long_term: NDArray[np.float32]
    moments: NDArray[np.float32] | None = field(default=None, kw_only=True)

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each value over all frames, each of shape (dimension,)."""
        import torch

        from pyannote.audio.store.statistics import mean_and_deviation

        if self.moments is None:
            return mean_and_deviation(self.data)
        mean, deviation = torch.from_numpy(self.moments)
        return mean, deviation

    @property
    def device(self) -> torch.device:
        """Where chunks are gathered: on the CPU."""
        import torch

        return torch.device("cpu")

    @property
    def nbytes(self) -> int:
        """Memory that it takes on a device."""
        return self.data.nbytes

    def to(self, device: torch.device) -> Pack:
        """The same pack, whose chunks are gathered on a device."""
        from pyannote.audio.store.tensor_packs import TensorPack

        return self if device.type == "cpu" else TensorPack.of(self, device)

    def places(self, starts: NDArray[np.int64]) -> NDArray[np.int64] | Tensor:
        """Starts of the chunks of many batches, brought at once to where `gather` reads some of them."""
        import torch

        return starts if self.device.type == "cpu" else torch.from_numpy(starts).to(self.device)

    def gather(
        self,
        starts: NDArray[np.int64] | Tensor,
        frames: int,
        random: np.random.Generator,
        chosen: slice = slice(None),
    ) -> Tensor:
        """Chunks of a batch.

        Parameters
        ----------
        starts : int64, shape (batch,)
            First frame of each chunk, counted from the start of `data`; some of what `places` gave.
        frames : int
            Length of all chunks. What would pass the end of a recording repeats its last frame.
        random : numpy.random.Generator
            For those packs which change what they give; this one does not draw from it.
        chosen : slice
            Chunks that are asked for. What is drawn is drawn for all.

        Returns
        -------
        Tensor of float32, shape (batch, frames, dimension)
            A copy; of fewer chunks, if `chosen` says so.
        """
        import torch

        from pyannote.audio.store.tensor_packs import excerpts, rows

        data, starts = torch.from_numpy(self.data), np.asarray(starts)[chosen]
        if (starts + frames <= self._ends(starts)).all():
            return excerpts(data, torch.from_numpy(starts), frames)
        return rows(data, torch.from_numpy(self._index(starts, frames)))

    def _index(self, starts: NDArray[np.int64], frames: int) -> NDArray[np.int64]:
        return np.minimum(starts[:, None] + np.arange(frames), self._ends(starts)[:, None] - 1)

    def _ends(self, starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Frame after the last one of the recording that each chunk starts in."""
        return self.offsets[1:][self.recordings(starts)]

    def recordings(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index of the recording to which each frame of `data` belongs, of the same shape."""
        return np.searchsorted(self.offsets, frames, side="right") - 1
