"""Packs whose chunks are computed from augmented waveforms, on the host.

The features of the original recordings stay in the store: they give statistics (mean and deviation of each
input), and are used by everything except training, such as validation. The chunks of a training batch are
computed instead: samples are read from waveforms that were decoded and resampled once and are memory-mapped,
augmented, and turned into features together. Chunks that no augmentation has changed, as where it skips some
at random, come from the store. No file is decoded during training, with or without augmentation.

A chunk is read with all samples of its first and last frame, and with the frames that their derivatives
depend on, so that without any change its features equal those of the store. Recordings are padded with zeros
at both ends, as in the store, and these zeros are restored after augmentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.features._threads import single_blas_thread
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.store.augmentations import MovableAugmentation, WaveformAugmentation
from pyannote.audio.store.augmented_tensors import AugmentedTensors
from pyannote.audio.store.packs import Pack

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class AugmentedPack(Pack):
    """Pack whose chunks are features of augmented waveforms.

    Parameters
    ----------
    data, offsets, long_term
        See `Pack`; features of the original waveforms.
    extraction : FeatureExtraction
        Extraction that `data` was computed by.
    waveforms : sequence of float32, each of shape (samples,)
        Mono waveform of each recording, at the rate of the extraction.
    augmentations : sequence of callable
        Applied in this order.

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

    prefetch: ClassVar[int] = 2
    """Number of batches to prefetch: features of augmented waveforms take long to compute."""

    extraction: FeatureExtraction
    waveforms: Sequence[NDArray[np.float32]]
    augmentations: Sequence[WaveformAugmentation]

    @property
    def nbytes(self) -> int:
        """Memory in bytes that waveforms and augmentations take on a device.

        Examples
        --------
        >>> from pyannote.audio.features.raw_audio import RawAudio
        >>> samples, offsets = np.zeros(5, dtype=np.float32), np.array([0, 5])
        >>> AugmentedPack(samples[:, None], offsets, samples[:1, None], RawAudio(), [samples], []).nbytes
        20
        """
        return sum(waveform.nbytes for waveform in self.waveforms) + sum(
            getattr(one, "nbytes", 0) for one in self.augmentations
        )

    def to(self, device: torch.device) -> Pack:
        """Pack whose chunks are augmented on a device; this pack, if an augmentation runs on the CPU only."""
        movable = [one for one in self.augmentations if isinstance(one, MovableAugmentation)]
        if device.type == "cpu" or len(movable) < len(self.augmentations):
            return self
        return AugmentedTensors.of(self, self.extraction, self.waveforms, movable, device)

    def gather(
        self,
        starts: NDArray[np.int64] | Tensor,
        frames: int,
        random: np.random.Generator,
        selection: slice = slice(None),
    ) -> Tensor:
        """Chunks of a batch, shape (batch, frames, dimension), computed from augmented waveforms.

        See `Pack.gather`; `starts` has at least one chunk.
        """
        import torch

        starts = np.asarray(starts)
        framing = self.extraction.framing
        files = self.recordings(starts)
        first, total = starts - self.offsets[files], np.diff(self.offsets)[files]
        # At an end of the recording, more frames are read on the other side: the ends of an excerpt are then
        # either those of the recording, or too far away to affect derivatives.
        length = np.minimum(total, frames + 2 * framing.neighbours)
        begin = np.clip(first - framing.neighbours, 0, total - length)
        places = begin * framing.hop - framing.before
        clean, waveforms = self._augmented(files, places, int(length.max()), random)
        within = np.minimum(first[:, None] + np.arange(frames), total[:, None] - 1) - begin[:, None]
        # all waveforms are augmented, since random numbers are drawn for the batch; features are computed for
        # the selection
        starts, length, within = starts[selection], length[selection], within[selection]
        clean, waveforms = clean[selection], waveforms[selection]
        changed = (waveforms != clean).any(axis=1)
        # NumPy only: threads of torch would compete with those that train
        chunks = np.empty((len(starts), frames, self.data.shape[1]), dtype=np.float32)
        chunks[~changed] = self.data[self._index(starts[~changed], frames)]
        with single_blas_thread():
            for common in np.unique(length[changed]):
                same = np.flatnonzero(changed & (length == common))
                excerpts = waveforms[same, : framing.samples(int(common))]
                computed = self.extraction.of_excerpts(excerpts)
                chunks[same] = computed[np.arange(len(same))[:, None], within[same]]
        return torch.from_numpy(chunks)

    def _augmented(
        self, files: NDArray[np.int64], starts: NDArray[np.int64], frames: int, random: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Samples of `frames` frames from sample `starts` of each file on, and their augmented copies."""
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
