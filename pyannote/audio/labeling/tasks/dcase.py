"""Sound event detection with a short-term and a long-term input, after DCASE 2017 task 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.labeling.tasks._class_weights import Weights
from pyannote.audio.labeling.tasks._targets import Target
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection
from pyannote.audio.store.packs import Pack
from pyannote.audio.store.statistics import mean_and_deviation


class Dcase(MultilabelDetection):
    """Multilabel detection whose network also reads the average log-mel of the whole recording.

    Parameters
    ----------
    labels_spec, duration, batch_size, per_epoch, target, class_weights, applied_duration
        As in `MultilabelDetection`.
    logavgmel : bool
        Whether batches contain the long-term input "long_term" of shape (batch, dimension).

    References
    ----------
    Jeong, Lee, Han and Lee, "Audio Event Detection Using Multiple-Input Convolutional Neural
    Network", DCASE 2017.

    Examples
    --------
    >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
    >>> Dcase({"regular": ["car", "children"]}).specifications(LibrosaMelSpectrogram(n_mels=40)).inputs
    {'X': 40, 'long_term': 40}
    """

    def __init__(
        self,
        labels_spec: Mapping[str, Any],
        logavgmel: bool = True,
        duration: float = 2.0,
        batch_size: int = 32,
        per_epoch: float = 1.0,
        target: Target = "majority",
        class_weights: Weights = None,
        applied_duration: float | None = None,
    ) -> None:
        super().__init__(
            labels_spec, duration, batch_size, per_epoch, target, class_weights, applied_duration
        )
        self.logavgmel = logavgmel

    def inputs(self, extraction: FeatureExtraction) -> dict[str, int]:
        """Dimension of "X", and of "long_term" of shape (batch, dimension).

        Examples
        --------
        >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
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
