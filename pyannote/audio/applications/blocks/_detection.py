"""Commands, measure and pipeline that blocks of event detection share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyannote.audio.applications.blocks.base import Block, Command
from pyannote.audio.applications.options import (
    DetectionApplyOptions,
    DetectionOptions,
    EvaluateOptions,
    TrainOptions,
)

if TYPE_CHECKING:
    import torch

    from pyannote.audio.applications.blocks._events import EventApplier
    from pyannote.audio.applications.corpus import Corpus
    from pyannote.audio.inference.bundle import Bundle
    from pyannote.audio.validation.detection import Detection


def _measure(corpus: Corpus, bundle: Bundle, options: DetectionOptions) -> Detection:
    from pyannote.audio.applications.blocks._events import detection_measure

    return detection_measure(corpus, bundle, options)


def _applier(validate: Sequence[Path], options: DetectionApplyOptions, device: torch.device) -> EventApplier:
    from pyannote.audio.applications.blocks._events import EventApplier

    return EventApplier(validate, options, device)


COMMANDS = {
    "train": Command("Train a model as <root>/config.yml says.", TrainOptions),
    "validate": Command(
        "Find the best epoch and threshold of each class, beside a training or after it.",
        DetectionOptions,
    ),
    "apply": Command(
        "Apply the choice of a validation to the files of a protocol, or to one audio file. Of several "
        "validations, such as those of trainings with different seeds, the mean of the scores is taken.",
        DetectionApplyOptions,
    ),
    "evaluate": Command(
        "Pool folders of `apply`, such as those of several folds, into one official evaluation.",
        EvaluateOptions,
    ),
}


def detection_block(about: str) -> Block:
    """Block that detects events.

    Parameters
    ----------
    about : str
        A line of `pyannote-audio --help`.
    """
    return Block(about, "task", _measure, _applier, COMMANDS)
