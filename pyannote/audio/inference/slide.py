"""Scores of whole recordings by a model that is applied to overlapping chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import UsageError
from pyannote.audio.core.windows import OverlapAdd, chunk_starts
from pyannote.audio.inference.chunks import logits
from pyannote.audio.io.arrays import release
from pyannote.audio.models._local import LocalModel
from pyannote.audio.models._outputs import chunk_logits, scores_chunks
from pyannote.audio.models.base import Model

Inputs = Mapping[str, NDArray[np.float32]]
Scores = NDArray[np.float32]


@dataclass
class Slide:
    """Applies a model to chunks of equal duration, and averages the scores of overlapping chunks.

    Parameters
    ----------
    model : Model
        Network; set to evaluation mode.
    frames : int
        Feature frames of a chunk.
    step : float
        Step from one chunk to the next, as a fraction of the chunk, in (0, 1]. It is rounded to whole output
        frames of the model, so that the outputs of all chunks lie on one grid.
    batch_size : int
        Chunks of a batch. If overlapping chunks share computation (see `pyannote.audio.inference.chunks`),
        a batch holds all chunks that lie in the frames of so many.

    Notes
    -----
    If the model gives one score for a whole chunk, the grid is that of the steps: the score of a step is the
    mean over all chunks that cover it.

    Examples
    --------
    >>> from pyannote.audio.core.specifications import Specifications
    >>> from pyannote.audio.models.dcase import Dcase
    >>> specs = Specifications("MultilabelDetection", {"X": 40}, ("car", "children"), 2.0, 0.01, 44100)
    >>> slide = Slide(Dcase(specs), frames=specs.frames)
    >>> slide({"X": np.zeros((1000, 40), dtype=np.float32)}).shape == (slide.outputs(1000), 2)
    True
    """

    model: Model
    frames: int
    step: float = 0.25
    batch_size: int = 32

    def __post_init__(self) -> None:
        if self.frames < self.model.resolution:
            raise UsageError(
                f"A chunk of {counted(self.frames, 'frame')} is shorter than one output frame of this model, "
                f"which is {counted(self.model.resolution, 'frame')}.",
                fix="Set a longer --duration.",
            )

    @cached_property
    def chunk_level(self) -> bool:
        """Whether the model gives one score for a whole chunk, shape (chunks, classes).

        Examples
        --------
        >>> getfixture("detection").slide.chunk_level
        False
        """
        return scores_chunks(self.model)

    @cached_property
    def resolution(self) -> int:
        """Feature frames of one row of the scores, shape (outputs, classes)."""
        return self.model.resolution * (self._steps if self.chunk_level else 1)

    @cached_property
    def chunk_outputs(self) -> int:
        """Rows of the scores of one chunk, shape (outputs, classes); at least 1.

        Examples
        --------
        >>> getfixture("detection").slide.chunk_outputs
        12
        """
        if self.chunk_level:
            return max(1, round(self.frames / self.resolution))
        return self.frames // self.resolution

    @cached_property
    def step_outputs(self) -> int:
        """Rows of the scores, shape (outputs, classes), from one chunk to the next."""
        return 1 if self.chunk_level else self._steps

    @property
    def _steps(self) -> int:
        """Output frames of the model from one chunk to the next."""
        most = self.frames // self.model.resolution
        return min(most, max(1, round(self.step * self.frames / self.model.resolution)))

    @property
    def batch_chunks(self) -> int:
        """Chunks of a batch.

        Examples
        --------
        >>> getfixture("detection").slide.batch_chunks
        64
        """
        shared = isinstance(self.model, LocalModel)
        return self.batch_size * (self.chunk_outputs if shared else self.step_outputs) // self.step_outputs

    def outputs(self, frames: int) -> int:
        """Number of rows of the scores of a recording, shape (outputs, classes); the last may pass its end.

        Parameters
        ----------
        frames : int
            Feature frames of the recording.

        Examples
        --------
        >>> getfixture("detection").slide.outputs(401)
        101
        """
        return -(-frames // self.resolution)

    def starts(self, frames: int) -> NDArray[np.int64]:
        """First feature frame of each chunk of a recording, shape (chunks,).

        Parameters
        ----------
        frames : int
            Feature frames of the recording.

        Examples
        --------
        >>> getfixture("detection").slide.starts(100).tolist()
        [0, 24, 48, 72]
        """
        return chunk_starts(self.outputs(frames), self.chunk_outputs, self.step_outputs) * self.resolution

    def __call__(self, inputs: Inputs) -> Scores:
        """Scores of each class in each output of a recording.

        Parameters
        ----------
        inputs : mapping of str to ndarray
            "X" of shape (frames, dimension), at least one frame; other inputs of shape (dimension,).

        Returns
        -------
        ndarray of float32, shape (outputs, classes)
            Between 0 and 1. A recording is padded at its end by its mirror image.
        """
        return next(chain.from_iterable(self.batches([inputs])))

    def batches(self, recordings: Iterable[Inputs]) -> Iterator[list[Scores]]:
        """Scores of recordings; chunks of short recordings share batches.

        The last bits of a score (1e-7 or less) depend on the other chunks of its batch: the same recordings
        in the same order have the same scores, and one of them alone may differ by so much.

        Parameters
        ----------
        recordings : iterable of mapping of str to ndarray
            Inputs of each (see `__call__`). The next one is read when there is room in the batch.

        Yields
        ------
        list of ndarray, each of shape (outputs, classes)
            After each batch, the scores of the recordings that it completes, in order; often none.

        Examples
        --------
        >>> recordings = ({"X": np.zeros((frames, 8), np.float32)} for frames in (400, 200))
        >>> batches = getfixture("detection").slide.batches(recordings)
        >>> [scores.shape for batch in batches for scores in batch]
        [(100, 2), (50, 2)]
        """
        self.model.eval()
        for stretches in self._filled(recordings):
            scores = self._scores(stretches)
            bounds = np.cumsum([0, *(len(stretch.starts) for stretch in stretches)])
            for stretch, (first, last) in zip(stretches, pairwise(bounds), strict=True):
                stretch.recording.add(scores[first:last])
            yield [stretch.recording.scores for stretch in stretches if stretch.last]

    def _filled(self, recordings: Iterable[Inputs]) -> Iterator[list[_Stretch]]:
        """Stretches of chunks, batch by batch."""
        batch: list[_Stretch] = []
        room = self.batch_chunks
        for inputs in recordings:
            starts = self.starts(len(inputs["X"]))
            recording = _Recording(inputs, self.outputs(len(inputs["X"])), self.step_outputs)
            while len(starts):
                batch.append(_Stretch(recording, starts[:room], len(starts) <= room))
                room, starts = room - len(batch[-1].starts), starts[room:]
                if not room:
                    yield batch
                    batch, room = [], self.batch_chunks
        if batch:
            yield batch

    def _scores(self, stretches: list[_Stretch]) -> Scores:
        """Scores of all chunks of some stretches, shape (chunks, outputs, classes)."""
        device = next(self.model.parameters()).device
        features = [self._features(stretch) for stretch in stretches]
        offsets = np.cumsum([0, *map(len, features[:-1])])
        starts = [
            offset + stretch.starts - stretch.starts[0]
            for stretch, offset in zip(stretches, offsets, strict=True)
        ]
        counts = torch.tensor(list(map(len, starts)))
        other_inputs = {
            name: torch.from_numpy(np.stack([stretch.recording.inputs[name] for stretch in stretches]))
            .repeat_interleave(counts, dim=0)
            .to(device)
            for name in stretches[0].recording.inputs
            if name != "X"
        }
        frames = torch.from_numpy(np.concatenate(features)).to(device)
        with torch.inference_mode():
            first_frames = torch.from_numpy(np.concatenate(starts)).to(device)
            outputs = logits(self.model, frames, first_frames, self.frames, other_inputs)
            if self.chunk_level:
                outputs = chunk_logits(outputs)
            scores: Scores = torch.sigmoid(outputs).cpu().numpy()
        return np.repeat(scores, self.chunk_outputs, axis=1) if self.chunk_level else scores

    def _features(self, stretch: _Stretch) -> NDArray[np.float32]:
        """Frames of the chunks of a stretch, padded to a multiple of the resolution."""
        features, first = stretch.recording.inputs["X"], int(stretch.starts[0])
        needed = int(stretch.starts[-1]) - first + self.frames
        last = first + -(-needed // self.model.resolution) * self.model.resolution
        inside = np.array(features[first:last])
        release(features)
        return np.concatenate([inside, features[_mirrored(first + len(inside), last, len(features))]])


@dataclass
class _Recording:
    """Scores of a recording, some chunks of which are computed."""

    inputs: Inputs
    outputs: int
    step: int
    parts: list[Scores] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mean = OverlapAdd(self.step)

    def add(self, chunks: Scores) -> None:
        """Add the scores of the next chunks, shape (chunks, outputs, classes)."""
        self.parts.append(self.mean.add(chunks))

    @property
    def scores(self) -> Scores:
        """Scores of all outputs, shape (outputs, classes), after the last chunk."""
        return np.concatenate([*self.parts, self.mean.rest()])[: self.outputs]


@dataclass(frozen=True)
class _Stretch:
    """Consecutive chunks of a recording; `last` if they are its last ones."""

    recording: _Recording
    starts: NDArray[np.int64]
    last: bool


def _mirrored(first: int, last: int, frames: int) -> NDArray[np.int64]:
    """Indices of the frames that mirror those from `first` to `last`, beyond the end of a recording.

    Examples
    --------
    >>> _mirrored(3, 9, frames=3).tolist()
    [2, 1, 0, 0, 1, 2]
    """
    positions = np.arange(first, last) % (2 * frames)
    return np.minimum(positions, 2 * frames - 1 - positions)
