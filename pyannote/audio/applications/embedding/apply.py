"""`apply`: embeddings of recordings on a sliding window."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from uuid import uuid4

import torch

from pyannote.audio.applications.cluster import apply_on_cluster
from pyannote.audio.applications.embedding.experiment import EmbeddingExperiment
from pyannote.audio.applications.embedding.validations import validation_folder
from pyannote.audio.applications.experiment import choose_device
from pyannote.audio.applications.files import check_paths, files_of
from pyannote.audio.applications.memory import applied_batches
from pyannote.audio.applications.options import ApplyOptions
from pyannote.audio.applications.outputs import new_scores
from pyannote.audio.applications.terminal import bar, say, warn
from pyannote.audio.core.digests import digest
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.inference.speaker_embedding import SpeakerEmbedding
from pyannote.audio.io.about import about
from pyannote.audio.io.locks import FolderLock
from pyannote.audio.store.feature_store import FeatureStore


def apply(options: ApplyOptions) -> None:
    """Embed the recordings of a protocol, or one audio file, with the epoch that a validation has chosen."""
    validate = validation_folder(options.validate)
    device = choose_device(options.cpu, options.gpu)
    embedding = _embedding(options, validate, device)
    for remark in embedding.bundle.remarks:
        warn(remark)
    experiment = EmbeddingExperiment(embedding.bundle.config, options.parallel, device, options.scheduler)
    files, name = files_of(options.protocol, options.subset, experiment)
    experiment.prepare_features(files)
    # where the user asks for it, even if the validation itself lies elsewhere
    output = options.validate.resolve() / "apply" / f"{embedding.epoch:04d}"
    with FolderLock(output, purpose="apply"), new_scores(output) as scratch:
        precomputed = Precomputed.create(
            scratch,
            embedding.sliding_window,
            embedding.dimension,
            provenance=digest(embedding.provenance),
        )
        check_paths(files, precomputed, output)
        if options.scheduler is not None:
            cache = experiment.store.folder.parent
            work = partial(apply_one, options, validate, scratch, cache, uuid4().hex)
            windows = sum(apply_on_cluster(options.scheduler, work, files))
        else:
            windows = 0
            for file in bar(files, total=len(files), description="Applying"):
                windows += _dump(file, embedding, experiment.store, precomputed, options)
    say(
        f"{len(files)} files, {windows} windows of {embedding.duration:g} s each {embedding.step:g} s, epoch "
        f"{embedding.epoch}. Embeddings of {name} are in {output}"
    )


def apply_one(
    options: ApplyOptions, validate: Path, output: Path, cache: Path, run: str, file: Recording
) -> int:
    """Write the embeddings of a recording, and return how many; this is what a worker of a cluster does.

    Parameters
    ----------
    options : ApplyOptions
    validate : Path
        Folder of the validation.
    output : Path
        Folder of embeddings, as `Precomputed`.
    cache : Path
        Folder of stored features.
    run : str
        Name of the command that asks: a worker loads the model anew for each.
    file : Recording
    """
    embedding = _embedding_once(options, validate, run)
    store = FeatureStore(embedding.extraction, cache)
    return _dump(file, embedding, store, Precomputed(output), options)


def _dump(
    file: Recording,
    embedding: SpeakerEmbedding,
    store: FeatureStore,
    precomputed: Precomputed,
    options: ApplyOptions,
) -> int:
    """Write the embeddings of a recording, and return how many."""
    with about(file), applied_batches(options.batch):
        embeddings = embedding.windows(store.get(file))
        precomputed.dump(file, embeddings)
    return len(embeddings)


def _embedding(options: ApplyOptions, validate: Path, device: torch.device) -> SpeakerEmbedding:
    embedding = SpeakerEmbedding(validate, options.duration, options.batch, device)
    embedding.step = options.step_seconds or options.step * embedding.duration
    return embedding


@lru_cache(maxsize=1)
def _embedding_once(options: ApplyOptions, validate: Path, run: str) -> SpeakerEmbedding:
    return _embedding(options, validate, choose_device(options.cpu, options.gpu))
