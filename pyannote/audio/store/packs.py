"""Packs: features of several recordings in one array, from which batches are gathered on host or device."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.features.frames import Features
from pyannote.audio.store.rows import excerpts, rows

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MEMORY_SHARE = 0.5
"""Largest share of the free memory of a GPU for features; the rest is for the network."""


@dataclass(frozen=True)
class Pack:
    """Features of several recordings, one after the other in one array.

    Parameters
    ----------
    data : float32, shape (frames of all recordings, dimension)
        Contiguous. Frames of recording i are ``data[offsets[i] : offsets[i + 1]]``.
    offsets : int64, shape (recordings + 1,)
        First frame of each recording, and the end of the last one.
    long_term : float32, shape (recordings, dimension)
        Average over time of each recording.
    moments : float32, shape (2, dimension), optional
        Mean and standard deviation of `data`, if known.

    Examples
    --------
    >>> data = np.arange(5, dtype=np.float32)[:, None]
    >>> pack = Pack(data, offsets=np.array([0, 3, 5]), long_term=np.array([[1.0], [3.5]], dtype=np.float32))
    >>> pack.gather(np.array([0, 4]), frames=2, random=np.random.default_rng(0))[..., 0]
    tensor([[0., 1.],
            [4., 4.]])
    """

    prefetch: ClassVar[int] = 0
    """Number of batches to prefetch in a thread: none, since features are in memory."""

    data: Features
    offsets: NDArray[np.int64]
    long_term: NDArray[np.float32]
    moments: NDArray[np.float32] | None = field(default=None, kw_only=True)

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each value over all frames, each of shape (dimension,).

        Examples
        --------
        >>> data = np.array([[1.0], [3.0]], dtype=np.float32)
        >>> mean, deviation = Pack(data, np.array([0, 2]), data.mean(axis=0)[None]).statistics()
        >>> mean.item(), deviation.item()
        (2.0, 1.0)
        """
        import torch

        from pyannote.audio.store.statistics import mean_and_deviation

        if self.moments is None:
            return mean_and_deviation(self.data)
        mean, deviation = torch.from_numpy(self.moments)
        return mean, deviation

    @property
    def device(self) -> torch.device:
        """Device that gathers chunks: the CPU."""
        import torch

        return torch.device("cpu")

    @property
    def nbytes(self) -> int:
        """Memory in bytes that the pack takes on a device.

        Examples
        --------
        >>> data = np.zeros((5, 2), dtype=np.float32)
        >>> Pack(data, np.array([0, 5]), data[:1]).nbytes
        40
        """
        return self.data.nbytes

    def to(self, device: torch.device) -> Pack:
        """The same pack on a device, which gathers chunks of shape (batch, frames, dimension) there.

        Examples
        --------
        >>> import torch
        >>> data = np.zeros((5, 2), dtype=np.float32)
        >>> Pack(data, np.array([0, 5]), data[:1]).to(torch.device("cpu")).device
        device(type='cpu')
        """
        return self if device.type == "cpu" else TensorPack.of(self, device)

    def places(self, starts: NDArray[np.int64]) -> NDArray[np.int64] | Tensor:
        """Copy the starts of the chunks of many batches to the device at once.

        Parameters
        ----------
        starts : int64, shape (chunks,)

        Returns
        -------
        places : array or Tensor of int64, shape (chunks,)
            Parts of it are given to `gather`.

        Examples
        --------
        >>> data = np.zeros((5, 2), dtype=np.float32)
        >>> Pack(data, np.array([0, 5]), data[:1]).places(np.array([3, 0]))
        array([3, 0])
        """
        import torch

        return starts if self.device.type == "cpu" else torch.from_numpy(starts).to(self.device)

    def gather(
        self,
        starts: NDArray[np.int64] | Tensor,
        frames: int,
        random: np.random.Generator,
        selection: slice = slice(None),
    ) -> Tensor:
        """Chunks of a batch.

        Parameters
        ----------
        starts : int64, shape (batch,)
            Row of `data` of the first frame of each chunk; part of the result of `places`.
        frames : int
            Length of all chunks. Beyond the end of a recording, its last frame is repeated.
        random : numpy.random.Generator
            Source of random numbers for packs that augment chunks; not used by this one.
        selection : slice
            Chunks of the batch to gather. Random numbers are drawn for the whole batch.

        Returns
        -------
        Tensor of float32, shape (batch, frames, dimension)
            A copy; of fewer chunks, depending on `selection`.

        Examples
        --------
        >>> data = np.arange(5, dtype=np.float32)[:, None]
        >>> pack = Pack(data, np.array([0, 5]), np.array([[2.0]], dtype=np.float32))
        >>> pack.gather(np.array([0, 1]), 3, np.random.default_rng(0), slice(1, 2))[..., 0]
        tensor([[1., 2., 3.]])
        """
        import torch

        data, starts = torch.from_numpy(self.data), np.asarray(starts)[selection]
        if (starts + frames <= self._ends(starts)).all():
            return excerpts(data, torch.from_numpy(starts), frames)
        return rows(data, torch.from_numpy(self._index(starts, frames)))

    def _index(self, starts: NDArray[np.int64], frames: int) -> NDArray[np.int64]:
        return np.minimum(starts[:, None] + np.arange(frames), self._ends(starts)[:, None] - 1)

    def _ends(self, starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Frame after the last one of the recording that each chunk starts in."""
        return self.offsets[1:][self.recordings(starts)]

    def recordings(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index of the recording of each of some frames (rows of `data`), of the same shape.

        Examples
        --------
        >>> data = np.zeros((5, 2), dtype=np.float32)
        >>> Pack(data, np.array([0, 3, 5]), data[:2]).recordings(np.array([0, 2, 3]))
        array([0, 0, 1])
        """
        return np.searchsorted(self.offsets, frames, side="right") - 1


@dataclass(frozen=True)
class TensorPack(Pack):
    """Pack whose chunks are gathered on a device, without a copy from the host or a synchronization.

    Parameters
    ----------
    data, offsets, long_term
        See `Pack`; they stay on the host.
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
        """Copy the features of a pack, shape (frames of all recordings, dimension), to a device."""
        import torch

        ends = torch.from_numpy(pack.offsets[1:]).to(device)
        frames = torch.from_numpy(pack.data).to(device)
        return cls(pack.data, pack.offsets, pack.long_term, frames, ends, moments=pack.moments)

    @property
    def device(self) -> torch.device:
        """Device that gathers chunks."""
        return self.frames.device

    def gather(
        self,
        starts: NDArray[np.int64] | Tensor,
        frames: int,
        random: np.random.Generator,
        selection: slice = slice(None),
    ) -> Tensor:
        """Chunks of a batch, shape (batch, frames, dimension) (see `Pack.gather`)."""
        import torch

        starts = torch.as_tensor(starts, device=self.device)[selection]
        last = self.ends.index_select(0, torch.searchsorted(self.ends, starts, right=True)) - 1
        index = starts[:, None] + torch.arange(frames, device=self.device)
        return rows(self.frames, torch.minimum(index, last[:, None]))


def fits(pack: Pack, device: torch.device) -> bool:
    """Whether a pack takes at most half of the free memory of a GPU; always true of the CPU.

    Examples
    --------
    >>> import torch
    >>> data = np.zeros((5, 2), dtype=np.float32)
    >>> fits(Pack(data, np.array([0, 5]), data[:1]), torch.device("cpu"))
    True
    """
    import torch

    return device.type != "cuda" or pack.nbytes <= MEMORY_SHARE * torch.cuda.mem_get_info(device)[0]
