"""Features and activity of training files, from which batches of chunks are gathered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from pyannote.audio.augmentation.base import TrainingFrames
from pyannote.audio.core.labels import Event
from pyannote.audio.core.randomness import generator
from pyannote.audio.core.ranks import WHOLE, Rank
from pyannote.audio.core.rasters import raster
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import Recording
from pyannote.audio.labeling.tasks._chunks import ChunkSampler
from pyannote.audio.store.packs import Pack, TensorPack
from pyannote.audio.store.rows import excerpts


class TrainingSet:
    """Training files, with the activity of each class in each feature frame.

    Parameters
    ----------
    files : sequence of Recording
        Training files.
    pack : Pack
        Their features, of shape (frames of all files, dimension), in the same order.
    specifications : Specifications
        Classes, duration of a chunk and step of the feature frames.
    reference : callable
        Events of classes from the annotation of a file, both lists of (onset, offset, name), in seconds.

    Raises
    ------
    DataError
        If no annotated region is as long as a chunk.

    Examples
    --------
    >>> pack = Pack(np.arange(20, dtype=np.float32)[:, None], np.array([0, 20]), np.zeros((1, 1), np.float32))
    >>> files = [{"regions": [(0.0, 2.0)], "events": [(0.0, 1.0, "car")]}]
    >>> specifications = Specifications("Dcase", {"X": 1}, ("car",), 0.5, 0.1, 16000)
    >>> training = TrainingSet(files, pack, specifications, reference=list)
    >>> training.shares, [tuple(batch["X"].shape) for batch in training.batches(4, 2, epoch=1, seed=0)]
    (array([0.5]), [(4, 5, 1), (4, 5, 1)])
    """

    def __init__(
        self,
        files: Sequence[Recording],
        pack: Pack,
        specifications: Specifications,
        reference: Callable[[Iterable[Event]], list[Event]],
    ) -> None:
        self.pack, self.frames = pack, specifications.frames
        classes, step = specifications.classes, specifications.step
        self._sampler = ChunkSampler(files, pack.offsets, self.frames, step)
        rasters = [
            raster(reference(file["events"] or ()), classes, int(last - first), step)
            for file, first, last in zip(files, pack.offsets[:-1], pack.offsets[1:], strict=True)
        ]
        activity = np.concatenate(rasters)
        self.shares = activity.mean(axis=0)
        self._activity = torch.from_numpy(activity).to(pack.device)
        data = pack.frames if isinstance(pack, TensorPack) else torch.from_numpy(pack.data)
        self.training_frames = TrainingFrames(data, self._activity, pack.offsets.tolist(), step)

    def batches(
        self,
        size: int,
        count: int,
        epoch: int,
        seed: int,
        rank: Rank = WHOLE,
        extra_inputs: Callable[[Tensor], dict[str, Tensor]] = lambda files: {},
    ) -> Iterator[dict[str, Tensor]]:
        """Batches of an epoch, gathered on the device of the features.

        Parameters
        ----------
        size, count : int
            Chunks of a batch, and batches.
        epoch, seed : int
            Each sample depends on them and on its index alone.
        rank : Rank
            Rank whose rows of each batch get inputs; all rows by default.
        extra_inputs : callable
            Further inputs from indices of files, of shape (rows,).

        Yields
        ------
        dict of str to Tensor
            "X" of shape (rows, frames, dimension), further inputs, and the activity of all rows, "y" of
            shape (size, frames, classes).
        """
        pack, rows = self.pack, rank.rows(size)
        drawn = self._sampler.draw(count * size, epoch, seed)
        # indices are moved to the device once an epoch
        places, (files, starts) = pack.places(drawn[1]), torch.from_numpy(np.stack(drawn)).to(pack.device)
        for index in range(count):
            batch = slice(index * size, (index + 1) * size)
            yield {
                "X": pack.gather(places[batch], self.frames, generator(seed, epoch, index, 1), rows),
                **extra_inputs(files[batch][rows]),
                "y": excerpts(self._activity, starts[batch], self.frames).float(),
            }
