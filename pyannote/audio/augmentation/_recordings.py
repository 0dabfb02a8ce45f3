"""Base class of augmentations of the list of training files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from pyannote.audio.database.protocols import Recording


class RecordingAugmentation(ABC):
    """Changes the list of training files, of shape (files,), before features are computed.

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
        """Training files that replace the given ones.

        Parameters
        ----------
        training : sequence of Recording, shape (files,)
            They are not modified.

        Returns
        -------
        files : list of Recording, shape (new files,)
        """
