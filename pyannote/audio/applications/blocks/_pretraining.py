"""Measure of pretraining."""

from __future__ import annotations

from copy import deepcopy

from pyannote.audio.applications.checking.applied import warn_of_validation
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import EpochOptions
from pyannote.audio.core.digests import digest
from pyannote.audio.core.windows import DAY
from pyannote.audio.database.contents import contents_of
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.labeling.tasks.masked_prediction import MaskedPrediction
from pyannote.audio.validation.masked_loss import MaskedLoss


def pretraining_measure(corpus: Corpus, bundle: Bundle, options: EpochOptions) -> MaskedLoss:
    """Loss on as many chunks as the recordings of a protocol have room for."""
    files = corpus.recordings(options.protocol, options.subset)
    warn_of_validation(corpus, files, options.protocol, options.subset, bundle.trained_on())
    model = corpus.recipe.model(bundle.specifications).to(corpus.device)
    # the network has drawn the grid of its output frames; a training goes on with its own chunks
    task: MaskedPrediction = deepcopy(corpus.recipe.task)
    task.batch_size = options.batch
    task.per_epoch = sum(end - start for file in files for start, end in file["regions"]) / DAY
    corpus.prepare_features(files)
    # clean features, whatever augments those of the training
    task.prepare(files, corpus.store.pack(files), bundle.specifications)
    data = {
        "files": digest(contents_of(files, corpus.store.contents(files))),
        "task": bundle.config.task.as_dict(),
        "batch": options.batch,
    }
    return MaskedLoss(bundle, model, task, data)
