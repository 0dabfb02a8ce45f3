"""Base class of augmentations of training files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from pyannote.audio.database.protocols import Recording


class RecordingAugmentation(ABC):
    """Changes what the training files are, before anything else is done with them.

    Examples
    --------
    >>> class Twice(RecordingAugmentation):
    ...     def __call__(self, training: Sequence[Recording]) -> list[Recording]:
    ...         return [file for file in training for _ in range(2)]
    >>> len(Twice()([{"uri": "a"}]))
    2
    """

    acts_on: ClassVar[str] = "recordings"
    """Data that is changed: the list of training files."""

    @abstractmethod
    def __call__(self, training: Sequence[Recording]) -> list[Recording]:
        """Files that the training has instead of its own.

        Parameters
        ----------
        training : sequence of Recording
            Stay as they are.
        """
