"""Features of chunks whose waveforms change each time that they are seen, made where they are learned from.

What `AugmentedPack` does on the host, in torch: the waveforms of all recordings lie on the device; excerpts
are taken, changed, and turned into features there, without a copy from the host and without waiting for the
device. Shapes therefore depend on no data: all chunks are computed, those that nothing has changed as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pyannote.audio.core.devices import joined
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.store.packs import Pack
from pyannote.audio.store.tensor_packs import rows

if TYPE_CHECKING:
    from pyannote.audio.store.augmented_packs import AugmentedPack

BLOCK = 1 << 25
"""Samples that are changed at once, which bounds the memory that a large batch needs."""


class ChangesTensors(Protocol):
    """What changes a batch of waveforms, of shape (batch, samples), on the device where they are."""

    def __call__(self, waveforms: Tensor, random: torch.Generator) -> Tensor:
        """Changed copy of a batch, drawn from `random` alone."""


@runtime_checkable
class Movable(Protocol):
    """What changes waveforms on the host, and can do so on a device."""

    @property
    def nbytes(self) -> int:
        """Memory that it needs there."""

    def to(self, device: torch.device) -> ChangesTensors:
        """Do the same on a device."""


@dataclass(frozen=True)
class AugmentedTensors(Pack):
    """A pack that gathers features of changed waveforms on a device.

    Parameters
    ----------
    data, offsets, long_term
        See `Pack`.
    extraction : FeatureExtraction
        What `data` was computed by.
    samples : Tensor of float32, shape (samples of all recordings,)
    bounds : Tensor of int64, shape (2, recordings + 1)
        Where recordings begin in `data` and in `samples`.
    augmentations : sequence of callable
        Applied one after the other.
    """

    extraction: FeatureExtraction
    samples: Tensor
    bounds: Tensor
    augmentations: Sequence[ChangesTensors]

    @classmethod
    def of(cls, pack: AugmentedPack, device: torch.device) -> AugmentedTensors:
        """Move the waveforms of a pack, and what changes them, to a device."""
        lengths = [len(waveform) for waveform in pack.waveforms]
        bounds = np.stack([pack.offsets, np.cumsum([0, *lengths])])
        return cls(
            pack.data,
            pack.offsets,
            pack.long_term,
            pack.extraction,
            joined(pack.waveforms, device),
            torch.from_numpy(bounds).to(device),
            [one.to(device) for one in pack.augmentations if isinstance(one, Movable)],
            moments=pack.moments,
        )

    @property
    def device(self) -> torch.device:
        """Where chunks are computed."""
        return self.samples.device

    def gather(
        self,
        starts: NDArray[np.int64] | Tensor,
        frames: int,
        random: np.random.Generator,
        chosen: slice = slice(None),
    ) -> Tensor:
        """Chunks of a batch, computed from changed waveforms (see `Pack.gather`)."""
        generator = torch.Generator(self.device).manual_seed(int(random.integers(2**63)))
        places = torch.as_tensor(starts, device=self.device)
        framing = self.extraction.framing
        most = max(1, BLOCK // framing.samples(frames + 2 * framing.neighbours))
        # what is drawn on a device is drawn for all
        return torch.cat([self._chunks(part, frames, generator) for part in places.split(most)])[chosen]

    def _chunks(self, starts: Tensor, frames: int, random: torch.Generator) -> Tensor:
        framing = self.extraction.framing
        files = torch.searchsorted(self.bounds[0], starts, right=True) - 1
        (offset, sound), (stop, end) = self.bounds[:, files], self.bounds[:, files + 1]
        first, total = starts - offset, stop - offset
        # as in AugmentedPack: what derivatives see of the ends of an excerpt are those of its recording
        longest = frames + 2 * framing.neighbours
        length = total.clamp(max=longest)
        begin = (first - framing.neighbours).clamp(min=0).minimum(total - length)
        place = (sound + begin * framing.hop - framing.before)[:, None]
        index = place + torch.arange(framing.samples(longest), device=starts.device)
        features = self.extraction.of_tensors(self._changed(index, sound, end, random), length)
        frame = (first[:, None] + torch.arange(frames, device=starts.device)).minimum(total[:, None] - 1)
        within = (frame - begin[:, None])[..., None]
        return features.gather(1, within.expand(-1, -1, features.shape[-1]))

    def _changed(self, index: Tensor, first: Tensor, end: Tensor, random: torch.Generator) -> Tensor:
        """Samples at some places, changed; silence where those are not between the ends of a recording."""
        silent = (index < first[:, None]) | (index >= end[:, None])
        place = index.clamp(0, len(self.samples) - 1)
        waveforms = rows(self.samples, place).masked_fill_(silent, 0)
        for augmentation in self.augmentations:
            waveforms = augmentation(waveforms, random)
        return waveforms.masked_fill(silent, 0)
