"""Trained detectors, to be applied to recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from pyannote.audio.core.compositions import dump_composition
from pyannote.audio.core.errors import CheckpointError, UsageError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.inference.detection_params import averaged
from pyannote.audio.inference.ensemble import Ensemble, MeanScores
from pyannote.audio.inference.validated import Validated
from pyannote.audio.io.experiment_folders import ValidateFolder
from pyannote.audio.store.statistics import long_term_average

if TYPE_CHECKING:
    from pyannote.core import SlidingWindow, SlidingWindowFeature


class Pretrained:
    """Trained detector, with the epochs that a validation has selected.

    User classes that its configuration names must have been loaded by `config.classes.load_code`.

    Several validations, such as those of trainings with different seeds or on different folds, give one
    detector: the mean of their scores, with the mean of their thresholds and other parameters.

    Parameters
    ----------
    validate_dir : path, or sequence of paths
        Folder of a validation, with params.yml, or those of several trainings.
    selection : {"class-wise", "global"}
        Best epoch of each class, or best single epoch.
    step : float
        Step from one chunk to the next, as a fraction of the chunk, in (0, 1].
    batch_size : int
        Chunks of a batch.
    device : torch.device or str
        Device of the models.
    duration : float, optional
        Duration of a chunk in seconds, which must be that of the validation: its thresholds belong to it.
        Defaults to that of the validation; where an earlier version has not stored it, to that of training.

    Raises
    ------
    CheckpointError
        If a folder holds no validation, a training is damaged, or trainings have no common scores: other
        classes, features or steps.
    UsageError
        If a validation has found its thresholds with chunks of another duration, none is named, or one is
        named twice.

    Examples
    --------
    >>> import numpy as np
    >>> detector = Pretrained(getfixture("detector"))
    >>> waveform = np.zeros(16000, dtype=np.float32)
    >>> detector({"waveform": waveform, "sample_rate": 16000}).data.shape
    (26, 2)
    """

    def __init__(
        self,
        validate_dir: str | Path | Sequence[str | Path],
        selection: str = "class-wise",
        step: float = 0.25,
        batch_size: int = 32,
        device: torch.device | str = "cpu",
        duration: float | None = None,
    ) -> None:
        named = [validate_dir] if isinstance(validate_dir, str | Path) else list(validate_dir)
        folders = [ValidateFolder(Path(one)) for one in named]
        _refuse_doubled(folders)
        self.members = tuple(
            Validated(folder, selection, step, batch_size, device, duration) for folder in folders
        )
        for member in self.members[1:]:
            _refuse_other(member, self.members[0])
        self.bundles = tuple(member.bundle for member in self.members)
        self.bundle = self.bundles[0]
        self.specifications = _common([member.specifications for member in self.members])
        self.extraction: FeatureExtraction = self.members[0].extraction
        self.parameters: dict[str, dict[str, Any]] = averaged([member.chosen for member in self.members])
        members = [(member.ensemble, list(member.specifications.inputs)) for member in self.members]
        self.ensemble: Ensemble | MeanScores = members[0][0] if len(members) == 1 else MeanScores(members)

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


def _refuse_doubled(folders: Sequence[ValidateFolder]) -> None:
    """Refuse a validation that is named twice, which would count twice, and none at all."""
    if not folders:
        raise UsageError("No validation is named.", fix="Name the folder of at least one.")
    paths = [folder.path.resolve() for folder in folders]
    for place, path in enumerate(paths):
        if path in paths[:place]:
            raise UsageError(f"{folders[place].path} is named twice.", fix="Name each validation once.")


def _refuse_other(member: Validated, first: Validated) -> None:
    """Refuse a training whose scores have no mean with those of the first one."""
    described, expected = _described(member), _described(first)
    for what, own in described.items():
        if own != expected[what] and None not in (own, expected[what]):
            raise CheckpointError(
                f"Its scores have no mean with those of {first.folder.path}: its {what} are {own}, and those "
                f"of the other one are {expected[what]}.",
                file=member.folder.path,
                fix="Name validations of trainings that differ in seed, files or architecture alone.",
            )


def _described(member: Validated) -> dict[str, str | None]:
    """All that must be the same for a mean of scores; None where an earlier version has not stored it."""
    specifications, config = member.specifications, member.bundle.config
    made_of = specifications.composition
    return {
        "classes": ", ".join(specifications.classes),
        "labels of classes": None if made_of is None else str(dump_composition(made_of)),
        "features": str(member.extraction.parameters),
        "preprocessors": str(dict(config.preprocessors)),
        "output frames": f"{member.ensemble.resolution * specifications.step:g} s long",
    }


def _common(specifications: Sequence[Specifications]) -> Specifications:
    """Those of the first training, with the inputs of all."""
    inputs = {name: size for one in specifications for name, size in one.inputs.items()}
    return replace(specifications[0], inputs=inputs)
