"""Features of several recordings in one array, from which batches are gathered, on host or device."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.features.frames import Features

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SHARE = 0.5
"""Share of the free memory of a GPU that features may take; the rest is for the network."""


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
    >>> import torch
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
        import torch

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
        import torch

        starts = torch.as_tensor(starts, device=self.device)[chosen]
        last = self.ends.index_select(0, torch.searchsorted(self.ends, starts, right=True)) - 1
        index = starts[:, None] + torch.arange(frames, device=self.device)
        return rows(self.frames, torch.minimum(index, last[:, None]))


def rows(values: Tensor, index: Tensor) -> Tensor:
    """Rows of a matrix, in the shape of their indices: several times as fast as to index with them.

    Examples
    --------
    >>> import torch
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
    >>> import torch
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
    import torch

    return device.type != "cuda" or pack.nbytes <= SHARE * torch.cuda.mem_get_info(device)[0]
