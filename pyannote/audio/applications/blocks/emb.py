"""Block `emb`: speaker embedding."""

from __future__ import annotations

from dataclasses import replace

from pyannote.audio.applications.blocks.base import Block, Command
from pyannote.audio.applications.options import (
    ApplyOptions,
    CompareOptions,
    EmbeddingOptions,
    OldApplyOptions,
    OldCompareOptions,
    OldTrainOptions,
    OldValidateOptions,
    TrainOptions,
)


def _train(options: TrainOptions) -> None:
    from pyannote.audio.applications.embedding.experiment import EmbeddingExperiment
    from pyannote.audio.applications.train import train

    train(EmbeddingExperiment, options)


def _validate(options: EmbeddingOptions) -> None:
    from pyannote.audio.applications.embedding.experiment import EmbeddingExperiment
    from pyannote.audio.applications.validate import validate

    validate(EmbeddingExperiment, options)


def _apply(options: ApplyOptions) -> None:
    from pyannote.audio.applications.embedding.apply import apply

    apply(options)


def _compare(options: CompareOptions) -> None:
    from pyannote.audio.applications.embedding.compare import compare

    compare(options)


BLOCK = Block(
    "Speaker embedding.",
    {
        "train": Command("Train a speaker embedding as <root>/config.yml says.", TrainOptions, _train),
        "validate": Command(
            "Find the best epoch, beside a training or after it: by the equal error rate of trials (a "
            "protocol of the task SpeakerVerification), or by clustering the turns of each file "
            "(SpeakerDiarization; "
            "where each file has one speaker only, pairs of files are compared instead).",
            EmbeddingOptions,
            _validate,
        ),
        "apply": Command(
            "Embed the files of a protocol, or one audio file, on a sliding window, with the epoch that a "
            "validation has chosen. The folder of the validation may be named as "
            "<root>/validate/<protocol>.<subset> as well, where there is only one of that name.",
            ApplyOptions,
            _apply,
        ),
        "compare": Command(
            "Decide whether two audio files are of the same speaker, by the threshold of a validation.",
            CompareOptions,
            _compare,
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
