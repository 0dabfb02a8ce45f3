"""Augmentations that depend on the epoch, or on the training set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from pyannote.audio.augmentation.base import TrainingFrames
from pyannote.audio.train.interfaces import Augmentation, Task


@runtime_checkable
class EpochAugmentation(Protocol):
    """Augmentation that depends on the epoch, or on the training set.

    Examples
    --------
    >>> from pyannote.audio.augmentation.event_paste import EventPaste
    >>> isinstance(EventPaste(), EpochAugmentation)
    True
    """

    def begin(self, training: TrainingFrames | None, epoch: int, planned: int | None) -> None:
        """Prepare for an epoch, counted from 1, of those that are planned, if their number is known."""


def begin_epoch(augmentations: Iterable[Augmentation], task: Task, epoch: int, planned: int | None) -> None:
    """Prepare augmentations for the batches of a task in an epoch, counted from 1.

    Examples
    --------
    >>> begin_epoch([], getfixture("trainer").task, epoch=1, planned=20)
    """
    for augmentation in augmentations:
        if isinstance(augmentation, EpochAugmentation):
            augmentation.begin(task.training_frames(), epoch, planned)
