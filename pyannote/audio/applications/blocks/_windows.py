"""Application of embeddings to recordings, on a sliding window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from pyannote.audio.applications.blocks._applied_runs import run_of, tell_seen
from pyannote.audio.applications.corpus import Corpus, applied_batches
from pyannote.audio.applications.options import ApplyOptions
from pyannote.audio.applications.terminal import bar, say
from pyannote.audio.core.counted import counted
from pyannote.audio.database.protocols import Recording
from pyannote.audio.inference.embedder import Embeddings
from pyannote.audio.inference.speaker_embedding import SpeakerEmbedding
from pyannote.audio.io.apply_folders import PROVENANCE, AppliedRun, ApplyFolder
from pyannote.audio.io.error_context import error_context
from pyannote.audio.store.feature_store import FeatureStore

if TYPE_CHECKING:
    from pyannote.core import SlidingWindow


class EmbeddingApplier:
    """Embedding that writes a vector for each window.

    Parameters
    ----------
    validate : Path
        Folder of the validation.
    options : ApplyOptions
    device : torch.device
    """

    classes: list[str] | None = None

    def __init__(self, validate: Path, options: ApplyOptions, device: torch.device) -> None:
        self.options = options
        self.embedding = SpeakerEmbedding(validate, options.duration, options.batch, device)
        self.embedding.step = options.step_seconds or options.step * self.embedding.duration
        self.bundles = (self.embedding.bundle,)
        self.folder = f"{self.embedding.epoch:04d}"

    @property
    def sliding_window(self) -> SlidingWindow:
        """Position of windows in time."""
        return self.embedding.sliding_window

    @property
    def dimension(self) -> int:
        """Dimension of an embedding."""
        return self.embedding.dimension

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Model, weights, back-end and options that embeddings depend on."""
        return self.embedding.provenance

    def open(
        self, folder: ApplyFolder, name: str, files: Sequence[Recording], corpus: Corpus
    ) -> EmbeddingRun:
        """Embeddings have no results beside their provenance."""
        return EmbeddingRun(self, folder, name, run_of(self, files, corpus))

    def each(self, files: Sequence[Recording], corpus: Corpus) -> Iterator[Embeddings]:
        """Embeddings of each recording, in order."""
        for file in bar(files, total=len(files), description="Applying"):
            yield self.one(file, corpus.store)

    def one(self, file: Recording, store: FeatureStore) -> Embeddings:
        """Embeddings of a recording, of shape (windows, dimension)."""
        with error_context(file), applied_batches(self.options.batch):
            return self.embedding.windows(store.get(file))

    def answer(self, frames: Embeddings, file: Recording) -> int:
        """Number of windows."""
        return len(frames)


class EmbeddingRun:
    """Embeddings of the recordings of a protocol and subset.

    Parameters
    ----------
    applier : EmbeddingApplier
    folder : ApplyFolder
    name : str
        Of the recordings, such as `<Protocol>.<subset>`.
    provenance : AppliedRun
    """

    def __init__(
        self, applier: EmbeddingApplier, folder: ApplyFolder, name: str, provenance: AppliedRun
    ) -> None:
        self.applier, self.folder, self.name, self.provenance = applier, folder, name, provenance
        own = folder.result(name, PROVENANCE)
        # what they tell of is no longer there when embeddings of other weights or options replace it
        outdated = [path for path in folder.outdated(provenance) if path != own]
        self.results: Sequence[Path] = [*outdated, own]

    def close(self, answers: Sequence[int]) -> None:
        """Write the provenance, and say how many windows there are."""
        self.folder.write_provenance(self.name, self.provenance)
        embedding = self.applier.embedding
        say(
            f"{counted(len(answers), 'file')}, {counted(sum(answers), 'window')} of {embedding.duration:g} s "
            f"each {embedding.step:g} s, epoch {embedding.epoch}. Embeddings of {self.name} are in "
            f"{self.folder.path}"
        )
        tell_seen(self.provenance)
