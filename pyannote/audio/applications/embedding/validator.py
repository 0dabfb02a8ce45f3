"""Embeddings of validation files, epoch by epoch, and which epoch is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter

from pyannote.audio.applications.embedding.experiment import EmbeddingExperiment
from pyannote.audio.applications.embedding.measures import Record
from pyannote.audio.applications.embedding.measuring import measure_of
from pyannote.audio.applications.options import EmbeddingOptions
from pyannote.audio.applications.signals import uninterrupted
from pyannote.audio.applications.validate import Validator
from pyannote.audio.core.attempts import together
from pyannote.audio.core.digests import arrays_digest
from pyannote.audio.core.errors import DataError
from pyannote.audio.database.contents import Content, changes, contents_of
from pyannote.audio.database.protocols import Recording, name_of
from pyannote.audio.embedding.approaches._segments import Speakers
from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.inference.bundle import Bundle, load_weights
from pyannote.audio.inference.embedder import Embedder, Excerpt
from pyannote.audio.io.storage import write_with
from pyannote.audio.io.yaml_files import write_yaml
from pyannote.audio.validation.records import Records

TEACHERS, TURNS = 1000, 20
"""Training speakers that a backend learns from, and turns of each of them, at most."""


class EmbeddingValidator(Validator):
    """Compares embeddings of validation files with the weights of each epoch, and keeps what is best.

    Parameters
    ----------
    experiment : EmbeddingExperiment
        Configuration of the training.
    bundle : Bundle
        The training whose epochs are validated.
    options : EmbeddingOptions
        What the command line says.
    """

    def __init__(
        self,
        experiment: EmbeddingExperiment,
        bundle: Bundle,
        options: EmbeddingOptions,
    ) -> None:
        self.experiment, self.bundle, self.options = experiment, bundle, options
        self.checkpoints, specifications = bundle.checkpoints, bundle.specifications
        self.measure = measure_of(experiment, options.protocol, options.subset, options.purity)
        self.name = f"{options.protocol}.{options.subset}"
        self.folder = bundle.folder.path / (options.folder or f"validate_{self.measure.name}") / self.name
        self.device = experiment.device
        self.duration = options.duration or specifications.duration
        self.step = options.step if options.step_seconds is None else options.step_seconds / self.duration
        model = experiment.model(specifications).to(self.device)
        frames = specifications.frames_of(self.duration)
        self.embedder = Embedder(model, frames, max(1, round(self.step * frames)), options.batch)
        self.backend, self.backend_block = experiment.backend(options.metric, options.backend)
        self.records = Records(self.folder / "scores", self._settings(), self.checkpoints.version)
        self.history: dict[int, Record] = {}
        self.values: dict[int, float] = {}
        self._teachers: tuple[list[Excerpt], NDArray[np.int64]] | None = None
        self._taught = self._kept = self._learned = ""

    @property
    def validated(self) -> list[int]:
        """Epochs that have been validated, in rising order."""
        return sorted(self.history)

    @property
    def best(self) -> Mapping[str, int]:
        """The best epoch so far; of equally good ones the earliest."""
        return {self.measure.name: self.measure.best(self.validated, key=lambda epoch: self.values[epoch])}

    def opening(self) -> str:
        """Say what is validated on."""
        return f"Validating on {self.measure.described()}."

    def recall(self, epochs: Sequence[int]) -> set[int]:
        """Evaluate epochs that an earlier validation has scored, and return them."""
        kept = self.records.kept(epochs)
        for epoch in kept:
            self._remember(epoch, self.records.read(epoch))
        return set(kept)

    def validate(self, epoch: int, writer: SummaryWriter) -> str:
        """Embed and compare with the weights of an epoch, write what is best now, and log it."""
        backend = self.ready(epoch)
        (embeddings,) = self.finite(epoch, [self.embedder(self.measure.excerpts)])
        record = self.measure.record(backend.transform(embeddings), backend)
        with uninterrupted():
            self.records.save(epoch, [record])
            self._remember(epoch, record)
            self.write()
            self._log(writer, epoch, record)
        best = self.best[self.measure.name]
        return (
            f"Epoch {epoch}: {self.measure.name} {self.values[epoch]:.4f} "
            f"(best so far: epoch {best}, {self.values[best]:.4f})"
        )

    def _log(self, writer: SummaryWriter, epoch: int, record: Record) -> None:
        for name, value in self.measure.curves(record).items():
            writer.add_scalar(f"validate/{self.name}/{name}", value, epoch)
        if self.best[self.measure.name] == epoch:
            writer.add_figure(f"validate/{self.name}/picture", self.measure.picture(record), epoch)
        writer.flush()

    def write(self) -> None:
        """Write params.yml, and what the backend has learned at the best epoch."""
        epoch = self.best[self.measure.name]
        record = self.history[epoch]
        learned = self._keep_backend(epoch) if self.backend.learns else None
        write_yaml(
            self.folder / "params.yml",
            {
                "epoch": epoch,
                "metric": self.measure.name,
                "value": round(self.values[epoch], 6),
                "provenance": {
                    "model": self.bundle.digest,
                    "code": self.bundle.code,
                    "files": self.measure.fingerprint(),
                    "backend": learned,
                },
                "weights": {epoch: self.checkpoints.version(epoch)},
                "distance": self.backend.metric,
                "backend": self.backend_block.described(),
                "chunk": {"duration": self.duration, "step": self.step},
                "params": self.measure.results(record),
            },
        )

    def summary(self) -> str:
        """All figures of the best epoch."""
        epoch = self.best[self.measure.name]
        results = self.measure.results(self.history[epoch])
        intervals = results.pop("intervals", {})
        lines = [f"Best epoch: {epoch}"]
        for name, value in results.items():
            low, high = intervals.get(name, (None, None))
            interval = "" if low is None else f"   95 % interval {low:.4f} to {high:.4f}"
            shown = f"{value:.4f}" if isinstance(value, float) else str(value)
            lines.append(f"  {name:<20}{shown:>10}{interval}")
        return "\n".join(lines)

    def _remember(self, epoch: int, record: Record) -> None:
        self.history[epoch], self.values[epoch] = record, self.measure.value(record)

    def ready(self, epoch: int) -> Backend:
        """The backend, taught with the weights of an epoch, which the embedder has as well."""
        version = self.checkpoints.version(epoch)
        if version == self._taught:
            return self.backend
        # weights that do not fit are taken in part before they are refused
        self._taught = ""
        self.load(epoch)
        if self.backend.learns:
            excerpts, speakers = self.training_excerpts()
            (embeddings,) = self.finite(epoch, [self.embedder(excerpts)])
            self.backend.fit(embeddings, speakers)
        self._taught = version
        return self.backend

    def load(self, epoch: int) -> None:
        """Give the embedder the weights of an epoch."""
        weights = self.checkpoints.load_weights(epoch, self.device)
        load_weights(self.embedder.model, weights, self.checkpoints.weights(epoch))

    def _keep_backend(self, epoch: int) -> str:
        """Write what the back-end has learned, once in each validation, and give its digest."""
        version = self.checkpoints.version(epoch)
        if version != self._kept:
            state = self.ready(epoch).state()
            path = self.folder / "backend" / f"{epoch:04d}.{version}.npz"
            write_with(path, lambda stream: np.savez(stream, allow_pickle=False, **state))
            self._kept, self._learned = version, arrays_digest(state)
        return self._learned

    def training_excerpts(self) -> tuple[list[Excerpt], NDArray[np.int64]]:
        """Turns of training speakers, evenly spaced over all that they have said, and who speaks in each."""
        if self._teachers is None:
            protocol, _, subset = self.bundle.folder.path.name.rpartition(".")
            files = self._trained_on(protocol, subset)
            turns = Speakers.of(
                files, self.experiment.task.segments.min_duration, label_min_duration=0.0
            ).turns
            chosen = [
                (turn, index)
                for index, name in enumerate(_spread(list(turns), TEACHERS))
                for turn in _spread(turns[name], TURNS)
            ]
            excerpts = self.experiment.excerpts(
                [(files[file], [(start, end)]) for (file, start, end), _ in chosen]
            )
            self._teachers = excerpts, np.array([index for _, index in chosen])
        return self._teachers

    def _trained_on(self, protocol: str, subset: str) -> list[Recording]:
        """Training files, without those that the training has left out."""
        files, unusable = self.experiment.training_files(protocol, subset)
        left_out = self.bundle.folder.left_out()
        if errors := [one.reason for one in unusable if one.name not in left_out]:
            raise together(errors)
        files = [file for file in files if name_of(file) not in left_out]
        self._compare(files)
        return files

    def _compare(self, files: list[Recording]) -> None:
        """Refuse training files that the training has not seen, or not so."""
        known = self.bundle.trained_on()
        if known is None:
            return
        now = contents_of(files, self.experiment.store.contents(files))
        found = list(changes({name: Content(*values) for name, values in known.items()}, now))
        if found:
            more = f" and {len(found) - 1} more changes" if found[1:] else ""
            raise DataError(
                f"The back-end learns from the training files, and since the training, {found[0]}{more}.",
                file=self.bundle.folder.path,
                fix="Undo the change, or train again.",
            )

    def _settings(self) -> dict[str, object]:
        """All that the record of an epoch depends on, beside its weights."""
        return {
            "model": self.bundle.digest,
            "taught_by": (self.bundle.config.provenance or {}).get("files") if self.backend.learns else None,
            "measure": self.measure.fingerprint(),
            "duration": self.duration,
            "step": self.step,
            "metric": self.backend.metric,
            "backend": self.backend_block.described(),
        }


def _spread(items: list[Any], most: int) -> list[Any]:
    """At most so many items, evenly spaced."""
    count = min(most, len(items))
    return [items[round(index)] for index in np.linspace(0, len(items) - 1, count)]
