"""Packs whose chunks are computed from augmented waveforms, on a device.

The waveforms of all recordings lie on the device; excerpts are read, augmented, and turned into features
there, without a copy from the host and without waiting for the device. Shapes therefore depend on no data:
all chunks are computed, also unchanged ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.store.augmentations import MovableAugmentation, TensorAugmentation
from pyannote.audio.store.packs import Pack
from pyannote.audio.store.rows import rows

if TYPE_CHECKING:
    import torch
    from torch import Tensor

BLOCK = 1 << 25
"""Number of samples that are augmented at once, which limits the memory for a large batch."""


@dataclass(frozen=True)
class AugmentedTensors(Pack):
    """Pack whose chunks are features of waveforms that a device augments.

    Parameters
    ----------
    data, offsets, long_term
        See `Pack`.
    extraction : FeatureExtraction
        Extraction that `data` was computed by.
    samples : Tensor of float32, shape (samples of all recordings,)
    bounds : Tensor of int64, shape (2, recordings + 1)
        First position of each recording in `data` and in `samples`, and the ends of the last one.
    augmentations : sequence of callable
        Applied in this order.

    Examples
    --------
    >>> import torch
    >>> from pyannote.audio.features.raw_audio import RawAudio
    >>> samples = np.arange(5, dtype=np.float32)
    >>> pack = Pack(samples[:, None], np.array([0, 5]), np.zeros((1, 1), dtype=np.float32))
    >>> pack = AugmentedTensors.of(pack, RawAudio(), [samples], [], torch.device("cpu"))
    >>> pack.gather(np.array([1, 3]), frames=3, random=np.random.default_rng(0))[..., 0]
    tensor([[1., 2., 3.],
            [3., 4., 4.]])
    """

    extraction: FeatureExtraction
    samples: Tensor
    bounds: Tensor
    augmentations: Sequence[TensorAugmentation]

    @classmethod
    def of(
        cls,
        pack: Pack,
        extraction: FeatureExtraction,
        waveforms: Sequence[NDArray[np.float32]],
        augmentations: Sequence[MovableAugmentation],
        device: torch.device,
    ) -> AugmentedTensors:
        """Copy waveforms, each of shape (samples,), and augmentations to a device (see `AugmentedPack`)."""
        import torch

        from pyannote.audio.core.devices import concatenated

        lengths = [len(waveform) for waveform in waveforms]
        bounds = np.stack([pack.offsets, np.cumsum([0, *lengths])])
        return cls(
            pack.data,
            pack.offsets,
            pack.long_term,
            extraction,
            concatenated(waveforms, device),
            torch.from_numpy(bounds).to(device),
            [augmentation.to(device) for augmentation in augmentations],
            moments=pack.moments,
        )

    @property
    def device(self) -> torch.device:
        """Device that computes chunks."""
        return self.samples.device

    def gather(
        self,
        starts: NDArray[np.int64] | Tensor,
        frames: int,
        random: np.random.Generator,
        selection: slice = slice(None),
    ) -> Tensor:
        """Chunks of a batch of augmented waveforms, shape (batch, frames, dimension) (see `Pack.gather`)."""
        import torch

        generator = torch.Generator(self.device).manual_seed(int(random.integers(2**63)))
        places = torch.as_tensor(starts, device=self.device)
        framing = self.extraction.framing
        block = max(1, BLOCK // framing.samples(frames + 2 * framing.neighbours))
        # random numbers are drawn for all chunks, whichever are selected
        return torch.cat([self._chunks(part, frames, generator) for part in places.split(block)])[selection]

    def _chunks(self, starts: Tensor, frames: int, random: torch.Generator) -> Tensor:
        import torch

        framing = self.extraction.framing
        files = torch.searchsorted(self.bounds[0], starts, right=True) - 1
        (offset, sample), (stop, end) = self.bounds[:, files], self.bounds[:, files + 1]
        first, total = starts - offset, stop - offset
        # as in AugmentedPack: derivatives depend on the ends of an excerpt only where its recording ends
        longest = frames + 2 * framing.neighbours
        length = total.clamp(max=longest)
        begin = (first - framing.neighbours).clamp(min=0).minimum(total - length)
        place = (sample + begin * framing.hop - framing.before)[:, None]
        index = place + torch.arange(framing.samples(longest), device=starts.device)
        features = self.extraction.of_tensors(self._augmented(index, sample, end, random), length)
        frame = (first[:, None] + torch.arange(frames, device=starts.device)).minimum(total[:, None] - 1)
        within = (frame - begin[:, None])[..., None]
        return features.gather(1, within.expand(-1, -1, features.shape[-1]))

    def _augmented(self, index: Tensor, first: Tensor, end: Tensor, random: torch.Generator) -> Tensor:
        """Augmented samples at the indices; zeros where these lie outside of the recording."""
        outside = (index < first[:, None]) | (index >= end[:, None])
        place = index.clamp(0, len(self.samples) - 1)
        waveforms = rows(self.samples, place).masked_fill_(outside, 0)
        for augmentation in self.augmentations:
            waveforms = augmentation(waveforms, random)
        return waveforms.masked_fill(outside, 0)
