"""Block `pretrain`: training on audio without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyannote.audio.applications.blocks.base import Block, Command
from pyannote.audio.applications.options import EpochOptions, TrainOptions

if TYPE_CHECKING:
    from pyannote.audio.applications.corpus import Corpus
    from pyannote.audio.inference.bundle import Bundle
    from pyannote.audio.validation.masked_loss import MaskedLoss


def _measure(corpus: Corpus, bundle: Bundle, options: EpochOptions) -> MaskedLoss:
    from pyannote.audio.applications.blocks._pretraining import pretraining_measure

    return pretraining_measure(corpus, bundle, options)


BLOCK = Block(
    "Training on audio without labels, for `--pretrained` of other blocks.",
    "task",
    _measure,
    None,
    {
        "train": Command("Train a network without labels, as <root>/config.yml says.", TrainOptions),
        "validate": Command(
            "Find the epoch of the lowest loss, beside a training or after it.", EpochOptions
        ),
    },
    annotated=False,
)
