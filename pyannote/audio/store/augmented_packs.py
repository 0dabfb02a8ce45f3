"""Features of chunks whose waveforms change each time that they are seen.

Augmentation of waveforms and features that are computed once live side by side. The clean features stay in
the store: they give statistics (mean and deviation of each input), and all that is not training, such as
validation, sees nothing else. What a training draws is computed batch by batch instead: the samples of the
chunks are read from waveforms that were decoded and resampled once and are mapped into memory, changed, and
turned into features together. Those that no augmentation has changed, as where it leaves some out at random,
come from the store. No file is decoded in training, with or without augmentation.

A chunk is read with the samples that its first and last frame look at, and with the frames that their
derivatives look at, so that without any change its features equal those of the store. Beyond the ends of a
recording there is silence, as there is for the store, whatever an augmentation adds there.

`AugmentedTensors` does the same in torch where the network is: the waveforms of all recordings lie on the
device; excerpts are taken, changed, and turned into features there, without a copy from the host and without
waiting for the device. Shapes therefore depend on no data: all chunks are computed, also unchanged ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.features._threads import single_blas_thread
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.store.packs import Pack, rows

if TYPE_CHECKING:
    import torch
    from torch import Tensor


BLOCK = 1 << 25
"""Samples that are changed at once, which bounds the memory that a large batch needs."""


class ChangesWaveforms(Protocol):
    """What changes a batch of waveforms, of shape (batch, samples), into another one of the same shape."""

    def __call__(self, waveforms: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        """Changed copy of a batch, drawn from `random` alone."""


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
class AugmentedPack(Pack):
    """A pack that gathers features of changed waveforms; `data` and `long_term` are those of clean ones.

    Parameters
    ----------
    data, offsets, long_term
        See `Pack`.
    extraction : FeatureExtraction
        What `data` was computed by.
    waveforms : sequence of float32, each of shape (samples,)
        Mono waveform of each recording, at the rate of the extraction.
    augmentations : sequence of callable
        Applied one after the other.

    Examples
    --------
    >>> from pyannote.audio.features.raw_audio import RawAudio
    >>> samples = np.arange(5, dtype=np.float32)
    >>> pack = AugmentedPack(samples[:, None], np.array([0, 5]), np.zeros((1, 1), dtype=np.float32),
    ...     RawAudio(), [samples], [lambda waveforms, random: -waveforms])
    >>> pack.gather(np.array([1, 3]), frames=3, random=np.random.default_rng(0))[..., 0]
    tensor([[-1., -2., -3.],
            [-3., -4., -4.]])
    """

    ahead: ClassVar[int] = 2
    """Batches that are worth gathering ahead: features of changed waveforms take long to compute."""

    extraction: FeatureExtraction
    waveforms: Sequence[NDArray[np.float32]]
    augmentations: Sequence[ChangesWaveforms]

    @property
    def nbytes(self) -> int:
        """Memory that waveforms and what changes them take on a device."""
        return sum(waveform.nbytes for waveform in self.waveforms) + sum(
            getattr(one, "nbytes", 0) for one in self.augmentations
        )

    def to(self, device: torch.device) -> Pack:
        """Pack whose chunks are changed on a device; this one, where an augmentation knows the CPU alone."""
        if device.type == "cpu" or not all(isinstance(one, Movable) for one in self.augmentations):
            return self
        return AugmentedTensors.of(self, device)

    def gather(
        self,
        starts: NDArray[np.int64] | Tensor,
        frames: int,
        random: np.random.Generator,
        chosen: slice = slice(None),
    ) -> Tensor:
        """Chunks of a batch, at least one, computed from changed waveforms (see `Pack.gather`)."""
        import torch

        starts = np.asarray(starts)
        framing = self.extraction.framing
        files = self.recordings(starts)
        first, total = starts - self.offsets[files], np.diff(self.offsets)[files]
        # At an end of the recording, more is read on the other side: then the ends of what is read are either
        # those of the recording, or too far away for derivatives to tell.
        length = np.minimum(total, frames + 2 * framing.neighbours)
        begin = np.clip(first - framing.neighbours, 0, total - length)
        places = begin * framing.hop - framing.before
        clean, waveforms = self._changed(files, places, int(length.max()), random)
        within = np.minimum(first[:, None] + np.arange(frames), total[:, None] - 1) - begin[:, None]
        # all waveforms are changed, since they are drawn for together; features, which take longer, are not
        starts, length, within = starts[chosen], length[chosen], within[chosen]
        clean, waveforms = clean[chosen], waveforms[chosen]
        new = (waveforms != clean).any(axis=1)
        # NumPy alone: threads of torch would be woken beside those that train
        chunks = np.empty((len(starts), frames, self.data.shape[1]), dtype=np.float32)
        chunks[~new] = self.data[self._index(starts[~new], frames)]
        with single_blas_thread():
            for common in np.unique(length[new]):
                same = np.flatnonzero(new & (length == common))
                excerpts = waveforms[same, : framing.samples(int(common))]
                computed = self.extraction.of_excerpts(excerpts)
                chunks[same] = computed[np.arange(len(same))[:, None], within[same]]
        return torch.from_numpy(chunks)

    def _changed(
        self, files: NDArray[np.int64], starts: NDArray[np.int64], frames: int, random: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Samples that so many frames look at, from sample `starts` of each file on, and changed ones."""
        clean = np.zeros((len(files), self.extraction.framing.samples(frames)), dtype=np.float32)
        parts = [self._inside(*place, clean.shape[1]) for place in zip(files, starts, strict=True)]
        for waveform, file, start, part in zip(clean, files, starts, parts, strict=True):
            waveform[part] = self.waveforms[file][start + part.start : start + part.stop]
        waveforms = clean
        for augmentation in self.augmentations:
            waveforms = augmentation(waveforms, random)
        for waveform, part in zip(waveforms, parts, strict=True):
            waveform[: part.start] = waveform[part.stop :] = 0
        return clean, waveforms

    def _inside(self, file: int, start: int, samples: int) -> slice:
        """Part of an excerpt that lies within its recording."""
        first = min(max(0, -start), samples)
        return slice(first, max(first, min(samples, len(self.waveforms[file]) - start)))


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
        import torch

        from pyannote.audio.core.devices import concatenated

        lengths = [len(waveform) for waveform in pack.waveforms]
        bounds = np.stack([pack.offsets, np.cumsum([0, *lengths])])
        return cls(
            pack.data,
            pack.offsets,
            pack.long_term,
            pack.extraction,
            concatenated(pack.waveforms, device),
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
        import torch

        generator = torch.Generator(self.device).manual_seed(int(random.integers(2**63)))
        places = torch.as_tensor(starts, device=self.device)
        framing = self.extraction.framing
        most = max(1, BLOCK // framing.samples(frames + 2 * framing.neighbours))
        # what is drawn on a device is drawn for all
        return torch.cat([self._chunks(part, frames, generator) for part in places.split(most)])[chosen]

    def _chunks(self, starts: Tensor, frames: int, random: torch.Generator) -> Tensor:
        import torch

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
