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
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.features._threads import single_blas_thread
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.store.packs import Pack

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class ChangesWaveforms(Protocol):
    """What changes a batch of waveforms, of shape (batch, samples), into another one of the same shape."""

    def __call__(self, waveforms: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
        """Changed copy of a batch, drawn from `random` alone."""


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
        from pyannote.audio.store.augmented_tensors import AugmentedTensors, Movable

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
