"""Sound event detection with a short-term and a long-term input, after DCASE 2017 task 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyannote.audio.labeling.tasks._class_weights import Weights
from pyannote.audio.labeling.tasks._long_term import LongTermInput
from pyannote.audio.labeling.tasks._targets import Target
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection


class Dcase(LongTermInput, MultilabelDetection):
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
