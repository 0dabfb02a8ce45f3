"""Trained detectors, to be applied to recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, tee
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.values import LAST_EPOCH, Values
from pyannote.audio.core.windows import DAY
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.inference.bundle import Bundle, bundle_of
from pyannote.audio.inference.slide import Inputs, Scores, Slide
from pyannote.audio.inference.unvalidated import last_epoch
from pyannote.audio.io.experiment_folders import ValidateFolder, check_version
from pyannote.audio.io.yaml_files import load_yaml
from pyannote.audio.store.statistics import long_term_average

if TYPE_CHECKING:
    from pyannote.core import SlidingWindow, SlidingWindowFeature

PARAMETERS = {
    # a threshold just above 1 detects nothing
    "onset": (0.0, 1.001),
    "offset": (0.0, 1.001),
    "min_duration_on": (0.0, DAY),
    "min_duration_off": (0.0, DAY),
    "pad_onset": (-DAY, DAY),
    "pad_offset": (-DAY, DAY),
}
"""Smallest and largest value of each parameter of event detection; see `pipeline.binarize`."""


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


class Pretrained:
    """Trained detector, with the epochs that a validation has selected, or with its last epoch.

    User classes that its configuration names must have been loaded by `config.classes.load_code`.

    Parameters
    ----------
    validate_dir : path
        Folder of a validation, with params.yml. Given the folder of a training, it takes the last epoch and
        the threshold 0.5 for all classes.
    selection : {"class-wise", "global"}
        Best epoch of each class, or best single epoch.
    step : float
        Step from one chunk to the next, as a fraction of the chunk, in (0, 1].
    batch_size : int
        Chunks of a batch.
    device : torch.device or str
        Device of the models.
    duration : float, optional
        Duration of a chunk in seconds. Defaults to that of training.

    Raises
    ------
    CheckpointError
        If the folder holds no validation, or its training is damaged.

    Examples
    --------
    >>> detector = Pretrained(getfixture("detector"))
    >>> waveform = np.zeros(16000, dtype=np.float32)
    >>> detector({"waveform": waveform, "sample_rate": 16000}).data.shape
    (26, 2)
    """

    def __init__(
        self,
        validate_dir: str | Path,
        selection: str = "class-wise",
        step: float = 0.25,
        batch_size: int = 32,
        device: torch.device | str = "cpu",
        duration: float | None = None,
    ) -> None:
        folder = ValidateFolder(Path(validate_dir))
        if folder.is_training:
            self.bundle = Bundle.of(folder.train)
            self.params = last_epoch(self.bundle)
        else:
            self.params = load_params(folder.path)
            self.bundle = bundle_of(folder, self.params)
        self.specifications = self.bundle.specifications
        self.extraction: FeatureExtraction = self.bundle.extraction()
        self.chosen: dict[str, Any] = self.params["class_wise" if selection == "class-wise" else "params"]
        if set(self.chosen) != set(self.classes):
            raise _damaged_params(folder.params)
        epochs = [self.chosen[name]["epoch"] for name in self.classes]
        frames = self.specifications.frames_of(duration)
        slides = {}
        for epoch in sorted(set(epochs)):
            check_version(self.params, epoch, self.bundle.checkpoints, folder.path)
            model = self.bundle.load(self.bundle.network(), epoch)
            slides[epoch] = Slide(model.to(device), frames, step, batch_size)
        self.ensemble = Ensemble(slides, epochs)

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes, in the order of the columns of the scores, shape (frames, classes).

        Examples
        --------
        >>> Pretrained(getfixture("detector")).classes
        ('car', 'children')
        """
        return self.specifications.classes

    @property
    def frame_step(self) -> float:
        """Duration of a row of the scores, shape (frames, classes), in seconds.

        Examples
        --------
        >>> Pretrained(getfixture("detector")).frame_step
        0.04
        """
        return self.ensemble.resolution * self.specifications.step

    @property
    def sliding_window(self) -> SlidingWindow:
        """Sliding window of the rows of the scores, shape (frames, classes).

        Examples
        --------
        >>> Pretrained(getfixture("detector")).sliding_window[10].start
        0.4
        """
        from pyannote.core import SlidingWindow

        return SlidingWindow(start=0.0, duration=self.frame_step, step=self.frame_step)

    def __call__(self, file: Any) -> SlidingWindowFeature:
        """Scores of a recording.

        Parameters
        ----------
        file : path or mapping
            A path, a file of a protocol, or a mapping with "waveform" and "sample_rate".

        Returns
        -------
        SlidingWindowFeature
            Scores of shape (frames, classes), between 0 and 1.
        """
        from pyannote.core import SlidingWindowFeature

        features = self.extraction(file).data
        inputs = {"X": features}
        if "long_term" in self.specifications.inputs:
            inputs["long_term"] = long_term_average(features)
        return SlidingWindowFeature(self.ensemble(inputs), self.sliding_window, labels=list(self.classes))


def load_params(validate: Path) -> dict[str, Any]:
    """Read the params.yml of a validation of a detector.

    Parameters
    ----------
    validate : Path
        Folder of the validation.

    Returns
    -------
    dict
        "params" and "class_wise" map each class to its epoch and its `PARAMETERS`.

    Raises
    ------
    CheckpointError
        If it is missing or damaged, or a value is invalid; it names the key.

    Examples
    --------
    >>> load_params(getfixture("detector"))["class_wise"]["car"]["onset"]
    0.5
    """
    path = validate / "params.yml"
    params = load_yaml(path, "Run `validate` first, and name the folder that it prints.")
    if "distance" in params:
        raise CheckpointError(
            "This is a validation of embeddings, which give no scores of classes.",
            file=path,
            fix="Use `pyannote-audio emb`, or pyannote.audio.inference.speaker_embedding.SpeakerEmbedding.",
        )
    values = Values(params, path, "Correct it, or run `validate` again.")
    for part in ("params", "class_wise"):
        for name in values.names(part):
            values.whole(part, name, "epoch", low=1, high=LAST_EPOCH)
            for parameter, (low, high) in PARAMETERS.items():
                values.number(part, name, parameter, low=low, high=high)
    return params


def _damaged_params(path: Path) -> CheckpointError:
    return CheckpointError("This file of parameters is damaged.", file=path, fix="Run `validate` again.")
