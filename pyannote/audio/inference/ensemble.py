"""Scores of several models: of one training, an epoch for each class; of several trainings, their mean."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, tee

import numpy as np

from pyannote.audio.inference.slide import Inputs, Scores, Slide


class Ensemble:
    """Models of several epochs, each of which computes the scores of some classes.

    Parameters
    ----------
    slides : mapping of int to Slide
        Model of each epoch.
    epochs : sequence of int
        Epoch of each class.

    Examples
    --------
    >>> slide = getfixture("detection").slide
    >>> ensemble = Ensemble({1: slide, 2: slide}, epochs=[2, 1])
    >>> ensemble({"X": np.zeros((400, 8), np.float32)}).shape
    (100, 2)
    """

    def __init__(self, slides: Mapping[int, Slide], epochs: Sequence[int]) -> None:
        self.slides = slides
        self.epochs = np.asarray(epochs)

    @property
    def resolution(self) -> int:
        """Feature frames of one row of the scores, shape (outputs, classes); see `Slide.resolution`.

        Examples
        --------
        >>> Ensemble({1: getfixture("detection").slide}, epochs=[1, 1]).resolution
        4
        """
        return next(iter(self.slides.values())).resolution

    def __call__(self, inputs: Inputs) -> Scores:
        """Scores of a recording, shape (outputs, classes); each epoch is computed once."""
        return next(chain.from_iterable(self.batches([inputs])))

    def batches(self, recordings: Iterable[Inputs]) -> Iterator[list[Scores]]:
        """Scores of recordings, each of shape (outputs, classes), batch by batch (see `Slide.batches`).

        Examples
        --------
        >>> ensemble = Ensemble({1: getfixture("detection").slide}, epochs=[1, 1])
        >>> recordings = ({"X": np.zeros((frames, 8), np.float32)} for frames in (400, 200))
        >>> [scores.shape for batch in ensemble.batches(recordings) for scores in batch]
        [(100, 2), (50, 2)]
        """
        copies = tee(recordings, len(self.slides))
        epochs = [slide.batches(copy) for slide, copy in zip(self.slides.values(), copies, strict=True)]
        # chunks of all models are equally long, so that their batches complete the same recordings
        for completed in zip(*epochs, strict=True):
            yield [self._columns(scores) for scores in zip(*completed, strict=True)]

    def count(self, frames: Iterable[int]) -> int:
        """Number of batches of recordings, given the feature frames of each.

        Examples
        --------
        >>> Ensemble({1: getfixture("detection").slide}, epochs=[1, 1]).count([400, 200])
        1
        """
        slide = next(iter(self.slides.values()))
        return -(-sum(len(slide.starts(length)) for length in frames) // slide.batch_chunks)

    def _columns(self, scores: Sequence[Scores]) -> Scores:
        """Column of each class from the scores of its epoch."""
        by_epoch = dict(zip(self.slides, scores, strict=True))
        return np.stack([by_epoch[epoch][:, column] for column, epoch in enumerate(self.epochs)], axis=1)


class MeanScores:
    """Mean of the scores of several trainings, which have the same classes and outputs.

    Parameters
    ----------
    members : sequence of (Ensemble, collection of str)
        Models of each training, and names of their inputs.

    References
    ----------
    L. K. Hansen, P. Salamon: Neural network ensembles. IEEE Transactions on Pattern Analysis and Machine
    Intelligence 12(10), 1990. The mean of the scores is the "sum rule" of J. Kittler, M. Hatef, R. Duin,
    J. Matas: On combining classifiers, ibid. 20(3), 1998.

    Examples
    --------
    >>> slide = getfixture("detection").slide
    >>> members = [Ensemble({1: slide}, epochs=[1, 1]), Ensemble({2: slide}, epochs=[2, 2])]
    >>> mean = MeanScores([(member, ["X"]) for member in members])
    >>> mean({"X": np.zeros((400, 8), np.float32)}).shape
    (100, 2)
    """

    def __init__(self, members: Sequence[tuple[Ensemble, Collection[str]]]) -> None:
        self.members = members

    @property
    def resolution(self) -> int:
        """Feature frames of one row of the scores, shape (outputs, classes); the same for all members."""
        return self.members[0][0].resolution

    def __call__(self, inputs: Inputs) -> Scores:
        """Scores of a recording, shape (outputs, classes)."""
        return next(chain.from_iterable(self.batches([inputs])))

    def batches(self, recordings: Iterable[Inputs]) -> Iterator[list[Scores]]:
        """Scores of recordings, each of shape (outputs, classes), one after the other.

        Chunks may have another duration in each member, so that batches complete other recordings.
        """
        copies = tee(recordings, len(self.members))
        scores = [
            chain.from_iterable(member.batches(_only(copy, names)))
            for copy, (member, names) in zip(copies, self.members, strict=True)
        ]
        for own in zip(*scores, strict=True):
            yield [np.stack(own).mean(axis=0, dtype=np.float64).astype(np.float32)]

    def count(self, frames: Iterable[int]) -> int:
        """Number of recordings, given the feature frames of each: `batches` gives one after the other.

        Examples
        --------
        >>> MeanScores([(Ensemble({1: getfixture("detection").slide}, [1, 1]), ["X"])]).count([400, 200])
        2
        """
        return sum(1 for _ in frames)


def _only(recordings: Iterable[Inputs], names: Collection[str]) -> Iterator[Inputs]:
    """Inputs of recordings that a model has; another one may have more."""
    return ({name: inputs[name] for name in names} for inputs in recordings)
