"""Features of several recordings on a device, from which batches are gathered there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pyannote.audio.store.packs import Pack

SHARE = 0.5
"""Share of the free memory of a GPU that features may take; the rest is for the network."""


@dataclass(frozen=True)
class TensorPack(Pack):
    """A pack whose chunks are gathered on a device, with neither a copy from the host nor a wait for it.

    Parameters
    ----------
    data, offsets, long_term
        See `Pack`; they stay where they are.
    frames : Tensor of float32, shape (frames of all recordings, dimension)
        Copy of `data` on the device.
    ends : Tensor of int64, shape (recordings,)
        Frame after the last one of each recording.

    Examples
    --------
    >>> data, offsets = np.arange(5, dtype=np.float32)[:, None], np.array([0, 3, 5])
    >>> pack = Pack(data, offsets, long_term=np.array([[1.0], [3.5]], dtype=np.float32))
    >>> pack = TensorPack.of(pack, torch.device("cpu"))
    >>> pack.gather(pack.places(np.array([0, 4])), frames=2, random=np.random.default_rng(0))[..., 0]
    tensor([[0., 1.],
            [4., 4.]])
    """

    frames: Tensor
    ends: Tensor

    @classmethod
    def of(cls, pack: Pack, device: torch.device) -> TensorPack:
        """Copy a pack to a device."""
        ends = torch.from_numpy(pack.offsets[1:]).to(device)
        frames = torch.from_numpy(pack.data).to(device)
        return cls(pack.data, pack.offsets, pack.long_term, frames, ends, moments=pack.moments)

    @property
    def device(self) -> torch.device:
        """Where chunks are gathered."""
        return self.frames.device

    def gather(
        self,
        starts: NDArray[np.int64] | Tensor,
        frames: int,
        random: np.random.Generator,
        chosen: slice = slice(None),
    ) -> Tensor:
        """Chunks of a batch (see `Pack.gather`)."""
        starts = torch.as_tensor(starts, device=self.device)[chosen]
        last = self.ends.index_select(0, torch.searchsorted(self.ends, starts, right=True)) - 1
        index = starts[:, None] + torch.arange(frames, device=self.device)
        return rows(self.frames, torch.minimum(index, last[:, None]))


def rows(values: Tensor, index: Tensor) -> Tensor:
    """Rows of a matrix, in the shape of their indices: several times as fast as to index with them.

    Examples
    --------
    >>> rows(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1], [0]])).shape
    torch.Size([2, 1, 2])
    """
    return values.index_select(0, index.flatten()).view(*index.shape, *values.shape[1:])


def excerpts(values: Tensor, starts: Tensor, frames: int) -> Tensor:
    """Consecutive rows of a matrix: three times as fast as `rows`, and nothing may pass its end.

    Parameters
    ----------
    values : Tensor, shape (rows, dimension)
        Contiguous.
    starts : Tensor of int64, shape (excerpts,)
        First row of each excerpt.
    frames : int
        Rows of each excerpt.

    Returns
    -------
    Tensor, shape (excerpts, frames, dimension)

    Examples
    --------
    >>> excerpts(torch.arange(4.0)[:, None], torch.tensor([2, 0]), frames=2)[..., 0]
    tensor([[2., 3.],
            [0., 1.]])
    """
    dimension = values.shape[1]
    # each row of this view is a whole excerpt, so that it is copied in one piece
    windows = values.as_strided((len(values) - frames + 1, frames * dimension), (dimension, 1))
    return windows.index_select(0, starts).view(-1, frames, dimension)


def fits(pack: Pack, device: torch.device) -> bool:
    """Whether what a pack moves to a device leaves enough of its free memory."""
    return device.type != "cuda" or pack.nbytes <= SHARE * torch.cuda.mem_get_info(device)[0]
