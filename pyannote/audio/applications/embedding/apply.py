"""`apply`: embeddings of recordings on a sliding window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyannote.audio.applications.embedding.experiment import EmbeddingExperiment
from pyannote.audio.applications.embedding.validations import validation_folder
from pyannote.audio.applications.experiment import choose_device
from pyannote.audio.applications.files import files_of
from pyannote.audio.applications.terminal import bar, say
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.inference.speaker_embedding import SpeakerEmbedding
from pyannote.audio.io.locks import FolderLock


@dataclass(frozen=True)
class ApplyOptions:
    """What the command line of `apply` says; `step_seconds` is used instead of `step` if it is given."""

    validate: Path
    protocol: str
    subset: str = "test"
    cpu: bool = False
    gpu: bool = False
    parallel: int = 1
    batch: int = 32
    step: float = 0.25
    step_seconds: float | None = None
    duration: float | None = None


def apply(options: ApplyOptions) -> None:
    """Embed the recordings of a protocol, or one audio file, with the epoch that a validation has chosen."""
    validate = validation_folder(options.validate)
    device = choose_device(options.cpu, options.gpu)
    embedding = SpeakerEmbedding(validate, options.duration, options.batch, device)
    embedding.step = options.step_seconds or options.step * embedding.duration
    experiment = EmbeddingExperiment(validate.parents[3], options.parallel, device)
    files, _ = files_of(options.protocol, options.subset, experiment)
    experiment.prepare_features(files)
    # where the user asks for it, even if the validation itself lies elsewhere
    output = options.validate.resolve() / "apply" / f"{embedding.epoch:04d}"
    with FolderLock(output, purpose="apply"):
        precomputed = Precomputed.create(output, embedding.sliding_window, embedding.dimension)
        windows = 0
        for file in bar(files, total=len(files), description="Applying"):
            embeddings = embedding.windows(experiment.store.get(file))
            precomputed.dump(file, embeddings)
            windows += len(embeddings)
    say(
        f"{len(files)} files, {windows} windows of {embedding.duration:g} s each {embedding.step:g} s, epoch "
        f"{embedding.epoch}. Embeddings are in {output}"
    )
