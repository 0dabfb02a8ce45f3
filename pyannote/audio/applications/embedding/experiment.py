"""Experiments that learn embeddings of speakers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pyannote.audio.applications.experiment import Experiment, Kind
from pyannote.audio.applications.options import EmbeddingOptions
from pyannote.audio.config.registry import find
from pyannote.audio.config.resolved import filled, resolved
from pyannote.audio.config.schema import Block, Config
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.faults import without_faults
from pyannote.audio.database.protocols import Recording, Unusable
from pyannote.audio.embedding.approaches.base import Approach
from pyannote.audio.embedding.backends._build import backend_of, block_of_option
from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.features.base import Features
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.embedder import Excerpt
from pyannote.audio.models.base import Model

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from pyannote.audio.applications.embedding.validator import EmbeddingValidator
    from pyannote.audio.train.trainer import EpochReport

Parts = Sequence[tuple[float, float]]
"""Start and end of each part of a recording, in seconds."""

PICTURE_EVERY = 10
"""Epochs from one snapshot of embeddings to the next."""


class EmbeddingExperiment(Experiment):
    """Experiment on an approach of `embedding.approaches`."""

    kind: ClassVar[Kind] = "approach"
    task: Approach

    def check_config(self) -> None:
        """Refuse a back-end that does not exist, and augmentation that segments of speakers cannot take."""
        self.backend()
        for block in self.config.data_augmentation:
            self._refuse_mixing(block)

    def _refuse_mixing(self, block: Block) -> None:
        found = find("data_augmentation", block.name, self.config.document, block.where)
        if getattr(found, "changes_annotation", False):
            raise self.config.document.error(
                (*block.where, "name"),
                f"{block.name} changes what is active when, and a segment of a speaker has no such thing.",
                fix="Take it out; it is made for the detection of sounds.",
            )

    def training_files(self, protocol: str, subset: str) -> tuple[list[Recording], list[Unusable]]:
        """Files of a protocol in which somebody may be heard, and the others."""
        files, unreadable = super().training_files(protocol, subset)
        sound, faulty = without_faults(files)
        return sound, [*unreadable, *faulty]

    def model(self, specifications: Specifications) -> Model:
        """Network with fresh weights; what the loss learns beside it is made as well."""
        model = super().model(specifications)
        shortest = specifications.frames_of(self.task.segments.min_duration)
        if shortest < model.resolution:
            raise self.config.document.error(
                (*self.config.task.where, "params", "min_duration"),
                f"Segments of {self.task.segments.min_duration:g} s are {shortest} frames, and "
                f"{self.config.architecture.name} takes {model.resolution} or more.",
                fix=f"Set min_duration to {model.resolution * specifications.step:g} or more.",
            )
        self.task.head = self.task.make_head(model.dimension, len(specifications.classes))
        return model

    @property
    def resolved(self) -> Config:
        """The configuration with all defaults; back-ends compare by the metric of the approach."""
        return resolved(self.config, self.kind, {"backend": {"metric": self.task.metric}})

    def backend(self, metric: str | None = None, option: str | None = None) -> tuple[Backend, Block]:
        """Back-end by which embeddings are compared, and its resolved block.

        `metric` replaces that of the approach, and `option` is what a command line names instead of the
        configuration.
        """
        block, document = (
            (self.config.backend, self.config.document) if option is None else block_of_option(option)
        )
        backend = backend_of(block, document, self.task.metric, metric)
        return backend, filled("backend", block, document, {"metric": backend.metric})

    def excerpts(self, chosen: Sequence[tuple[Recording, Parts]]) -> list[Excerpt]:
        """Parts of recordings, in seconds, as frames of their features, which are computed where need be."""
        files = {(file["database"], file["uri"]): file for file, _ in chosen}
        self.prepare_features(list(files.values()))
        data, offsets = self.store.concatenate(list(files.values()))
        features = {key: data[slice(*bounds)] for key, bounds in zip(files, pairwise(offsets), strict=True)}
        contents = dict(zip(files, self.store.contents(list(files.values())), strict=True))
        keys = [(file["database"], file["uri"]) for file, _ in chosen]
        return [
            self._excerpt(file, features[key], parts, contents[key])
            for key, (file, parts) in zip(keys, chosen, strict=True)
        ]

    def _excerpt(self, file: Recording, features: Features, parts: Parts, content: str) -> Excerpt:
        step = self.extraction.sliding_window.step
        ranges = []
        for start, end in parts:
            first = min(round(start / step), len(features) - 1)
            ranges.append((first, max(first + 1, min(round(end / step), len(features)))))
        return Excerpt(file["uri"], features, ranges, content)

    def log(self, writer: SummaryWriter, report: EpochReport, specifications: Specifications) -> None:
        """Show distances of positives and negatives, and now and then where embeddings lie."""
        from pyannote.audio.report.embeddings import log_distances, log_projection

        log_distances(writer, report, self.task.metric)
        if report.epoch == 1 or report.epoch % PICTURE_EVERY == 0:
            log_projection(writer, report, specifications)

    def validator(self, bundle: Bundle, options: Any) -> EmbeddingValidator:
        """Make what finds the best epoch."""
        from pyannote.audio.applications.embedding.validator import EmbeddingValidator

        return EmbeddingValidator(self, bundle, options)

    def validate_options(self, train: Path, protocol: str, **compute: Any) -> EmbeddingOptions:
        """Options of a validation within a training."""
        return EmbeddingOptions(train=train, protocol=protocol, **compute)
