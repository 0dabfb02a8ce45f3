"""What every augmentation of recordings has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from pyannote.audio.database.protocols import Recording


class RecordingAugmentation(ABC):
    """Changes what the training files are, before anything else is done with them."""

    @abstractmethod
    def __call__(self, training: Sequence[Recording]) -> list[Recording]:
        """Files that the training has instead of its own.

        Parameters
        ----------
        training : sequence of Recording
            Stay as they are.
        """
