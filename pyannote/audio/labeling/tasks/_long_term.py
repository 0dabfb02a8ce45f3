"""Long-term input of a task: the average over time of the features of the whole recording."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.labeling.tasks.base import Task
from pyannote.audio.store.packs import Pack
from pyannote.audio.store.statistics import mean_and_deviation


class LongTermInput(Task):
    """Task whose batches contain "long_term" of shape (batch, dimension), if `logavgmel` says so."""

    logavgmel: bool
    """Whether batches contain it."""

    def inputs(self, extraction: FeatureExtraction) -> dict[str, int]:
        """Dimension of "X", and of "long_term" of shape (batch, dimension).

        Examples
        --------
        >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
        >>> from pyannote.audio.labeling.tasks.dcase import Dcase
        >>> Dcase({"regular": ["car"]}, logavgmel=False).inputs(LibrosaMelSpectrogram(n_mels=40))
        {'X': 40}
        """
        short = super().inputs(extraction)
        return {**short, "long_term": extraction.dimension} if self.logavgmel else short

    def prepare(self, files: Sequence[Recording], pack: Pack, specifications: Specifications) -> None:
        """Store the long-term vectors of all files, shape (files, dimension), as well."""
        super().prepare(files, pack, specifications)
        self._long_term = torch.from_numpy(pack.long_term).to(pack.device)

    def statistics(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation of each input, of shape (dimension,), over frames or files."""
        short = super().statistics()
        return (
            {**short, "long_term": mean_and_deviation(self._training.pack.long_term)}
            if self.logavgmel
            else short
        )

    def extra_inputs(self, files: Tensor) -> dict[str, Tensor]:
        """Long-term vector of the file of each chunk, shape (batch, dimension)."""
        return {"long_term": self._long_term.index_select(0, files)} if self.logavgmel else {}
