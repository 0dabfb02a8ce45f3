"""Experiments that detect what is heard when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.applications.experiment import Experiment, Kind
from pyannote.audio.applications.options import DetectionOptions
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import Recording
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.labeling.tasks.base import Task
from pyannote.audio.report.figures import batch_figure
from pyannote.audio.store.feature_store import FeatureStore

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from pyannote.audio.applications.labeling.validator import DetectionValidator
    from pyannote.audio.train.trainer import EpochReport

PICTURE_EVERY = 10
"""Epochs from one picture of a batch to the next."""


def inputs_of(
    store: FeatureStore, file: Recording, specifications: Specifications
) -> dict[str, NDArray[np.float32]]:
    """Inputs of a model for a whole recording, from a store of features."""
    inputs = {"X": store.read(file)}
    if "long_term" in specifications.inputs:
        inputs["long_term"] = store.long_term(file)
    return inputs


class LabelingExperiment(Experiment):
    """Experiment on a task of `labeling.tasks`."""

    kind: ClassVar[Kind] = "task"
    task: Task

    def inputs(self, file: Recording, specifications: Specifications) -> dict[str, NDArray[np.float32]]:
        """Inputs of a model for a whole recording."""
        return inputs_of(self.store, file, specifications)

    def log(self, writer: SummaryWriter, report: EpochReport, specifications: Specifications) -> None:
        """Draw inputs, targets and scores of a batch."""
        if report.epoch == 1 or report.epoch % PICTURE_EVERY == 0:
            figure = batch_figure(report.features, report.targets, report.outputs, specifications)
            writer.add_figure("train/batch", figure, report.epoch)

    def validator(self, bundle: Bundle, options: Any) -> DetectionValidator:
        """Make what finds thresholds and the best epoch of each class."""
        from pyannote.audio.applications.labeling.validator import DetectionValidator

        return DetectionValidator(self, bundle, options)

    def validate_options(self, train: Path, protocol: str, **compute: Any) -> DetectionOptions:
        """Options of a validation within a training."""
        return DetectionOptions(train=train, protocol=protocol, **compute)
