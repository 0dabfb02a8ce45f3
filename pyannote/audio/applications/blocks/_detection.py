"""Commands of the blocks that detect events."""

from __future__ import annotations

from pyannote.audio.applications.blocks.base import Command
from pyannote.audio.applications.options import (
    DetectionApplyOptions,
    DetectionOptions,
    EvaluateOptions,
    TrainOptions,
)


def _train(options: TrainOptions) -> None:
    from pyannote.audio.applications.labeling.experiment import LabelingExperiment
    from pyannote.audio.applications.train import train

    train(LabelingExperiment, options)


def _validate(options: DetectionOptions) -> None:
    from pyannote.audio.applications.labeling.experiment import LabelingExperiment
    from pyannote.audio.applications.validate import validate

    validate(LabelingExperiment, options)


def _apply(options: DetectionApplyOptions) -> None:
    from pyannote.audio.applications.labeling.apply import apply

    apply(options)


def _evaluate(options: EvaluateOptions) -> None:
    from pyannote.audio.applications.labeling.evaluate import evaluate

    evaluate(options)


DETECTION = {
    "train": Command("Train a model as <root>/config.yml says.", TrainOptions, _train),
    "validate": Command(
        "Find the best epoch and threshold of each class, beside a training or after it.",
        DetectionOptions,
        _validate,
    ),
    "apply": Command(
        "Apply the choice of a validation to the files of a protocol, or to one audio file.",
        DetectionApplyOptions,
        _apply,
    ),
    "evaluate": Command(
        "Pool folders of `apply`, such as those of several folds, into one official evaluation.",
        EvaluateOptions,
        _evaluate,
    ),
}
