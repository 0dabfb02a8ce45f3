"""Block `emb`: speaker embedding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyannote.audio.applications.blocks.base import Block, Command
from pyannote.audio.applications.options import (
    ApplyOptions,
    CompareOptions,
    EmbeddingOptions,
    TrainOptions,
)
from pyannote.audio.applications.options_2019 import (
    OldApplyOptions,
    OldCompareOptions,
    OldTrainOptions,
    OldValidateOptions,
)

if TYPE_CHECKING:
    import torch

    from pyannote.audio.applications.blocks._windows import EmbeddingApplier
    from pyannote.audio.applications.corpus import Corpus
    from pyannote.audio.inference.bundle import Bundle
    from pyannote.audio.validation.embeddings import EmbeddingMeasure


def _measure(corpus: Corpus, bundle: Bundle, options: EmbeddingOptions) -> EmbeddingMeasure:
    from pyannote.audio.applications.blocks._embedding import embedding_measure

    return embedding_measure(corpus, bundle, options)


def _applier(validate: Sequence[Path], options: ApplyOptions, device: torch.device) -> EmbeddingApplier:
    from pyannote.audio.applications.blocks._windows import EmbeddingApplier

    (folder,) = validate
    return EmbeddingApplier(folder, options, device)


BLOCK = Block(
    "Speaker embedding.",
    "approach",
    _measure,
    _applier,
    {
        "train": Command("Train a speaker embedding as <root>/config.yml says.", TrainOptions),
        "validate": Command(
            "Find the best epoch, beside a training or after it: by the equal error rate of trials (a "
            "protocol of the task SpeakerVerification), or by clustering the turns of each file "
            "(SpeakerDiarization; "
            "where each file has one speaker only, pairs of files are compared instead).",
            EmbeddingOptions,
        ),
        "apply": Command(
            "Embed the files of a protocol, or one audio file, on a sliding window, with the epoch that a "
            "validation has chosen. The folder of the validation may be named as "
            "<root>/validate/<protocol>.<subset> as well, where there is only one of that name.",
            ApplyOptions,
        ),
        "compare": Command(
            "Decide whether two audio files are of the same speaker, by the threshold of a validation.",
            CompareOptions,
        ),
    },
)

OLD_OPTIONS = {
    "train": OldTrainOptions,
    "validate": OldValidateOptions,
    "apply": OldApplyOptions,
    "compare": OldCompareOptions,
}
OLD = replace(
    BLOCK,
    commands={name: replace(command, options=OLD_OPTIONS[name]) for name, command in BLOCK.commands.items()},
)
"""The block with the options of the command of 2019."""
