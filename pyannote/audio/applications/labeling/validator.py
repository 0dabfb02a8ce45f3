"""Scores of development files, epoch by epoch, and what is written and shown of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from torch.utils.tensorboard import SummaryWriter

from pyannote.audio.applications.labeling.experiment import LabelingExperiment
from pyannote.audio.applications.options import DetectionOptions
from pyannote.audio.applications.signals import uninterrupted
from pyannote.audio.applications.validate import Validator
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.contents import contents_of
from pyannote.audio.inference.bundle import Bundle, load_weights
from pyannote.audio.inference.slide import Inputs, Slide
from pyannote.audio.io.yaml_files import write_yaml
from pyannote.audio.pipeline.binarize import Binarize
from pyannote.audio.report.figures import event_roll
from pyannote.audio.validation.detection import DetectionValidation, Scores
from pyannote.audio.validation.records import Records
from pyannote.audio.validation.reference import Reference, frames_of
from pyannote.audio.validation.selection import ClassChoice, Criterion, Selection


class DetectionValidator(Validator):
    """Scores development files with the weights of an epoch, and keeps what is best.

    Parameters
    ----------
    experiment : LabelingExperiment
        Configuration of the training.
    bundle : Bundle
        The training whose epochs are validated.
    options : DetectionOptions
        What the command line says.
    """

    def __init__(
        self,
        experiment: LabelingExperiment,
        bundle: Bundle,
        options: DetectionOptions,
    ) -> None:
        self.bundle, self.specifications = bundle, bundle.specifications
        self.checkpoints, specifications = bundle.checkpoints, bundle.specifications
        criterion = Criterion(options.criterion, options.precision, options.prior, options.tolerance)
        self.name = f"{options.protocol}.{options.subset}"
        self.folder = bundle.folder.path / f"validate_{criterion.name}" / self.name
        self.device = experiment.device
        model = experiment.model(specifications).to(self.device)
        frames = (
            specifications.frames
            if options.duration is None
            else round(options.duration / specifications.step)
        )
        if frames < model.resolution:
            raise UsageError(
                f"--duration={options.duration:g} is shorter than one output frame of this model."
            )
        self.slide = Slide(model, frames, options.step, options.batch)
        self.frame_step = self.slide.resolution * specifications.step
        self.files = experiment.recordings(options.protocol, options.subset)
        experiment.prepare_features(self.files)
        self.contents = contents_of(self.files, experiment.store.contents(self.files))
        self.features = experiment.store.lazily(self.files)
        outputs = [self.slide.outputs(int(frames)) for frames in self.features.frames]
        events = [experiment.task.reference(file["events"] or (), specifications) for file in self.files]
        self.validation = DetectionValidation(
            Reference(self.files, specifications.classes, events, self.frame_step, outputs),
            Records(self.folder / "scores", self._settings(options, outputs), self.checkpoints.version),
            criterion,
            options.unit,
            (0.0, options.shortest) if options.shortest else (0.0,),
        )

    def recall(self, epochs: Sequence[int]) -> set[int]:
        """Evaluate epochs that an earlier validation has scored, and return them."""
        kept = self.validation.records.kept(epochs)
        self.validation.recall(kept)
        return set(kept)

    @property
    def validated(self) -> list[int]:
        """Epochs that have been validated, in rising order."""
        return sorted(self.validation.history)

    @property
    def best(self) -> Mapping[str, int]:
        """Best epoch of each class so far."""
        return self.validation.selection().peaks

    def opening(self) -> str:
        """Say what is validated on."""
        return f"Validating on {len(self.files)} files."

    def validate(self, epoch: int, writer: SummaryWriter) -> str:
        """Score an epoch, write what is best now, log it, and say how it went."""
        scores = self.validation.add(epoch, lambda: self.scores(epoch))
        selection = self.validation.selection()
        with uninterrupted():
            self.write(selection)
            self._log(writer, epoch, scores, selection)
        return (
            f"Epoch {epoch}: {self.validation.criterion.name} {self.validation.average(epoch):.3f} "
            f"(chosen so far: epoch {selection.epoch}, {selection.value:.3f})"
        )

    def summary(self) -> str:
        """Table of what was selected."""
        selection = self.validation.selection()
        width = max(len(name) for name in selection.class_wise) + 2
        lines = [
            f"Epoch for all classes: {selection.epoch}, "
            f"{self.validation.criterion.name} {selection.value:.3f}",
            f"{'class':<{width}}{'epoch':>6}{'threshold':>11}{'shortest':>10}{'F-score':>9}{'precision':>11}"
            f"{'recall':>8}",
        ]
        for name, choice in selection.class_wise.items():
            lines.append(
                f"{name:<{width}}{choice.epoch:>6}{choice.threshold:>11.3f}{choice.shortest:>10g}"
                f"{choice.fscore:>9.3f}{choice.precision:>11.3f}{choice.recall:>8.3f}"
            )
        return "\n".join(lines)

    def scores(self, epoch: int) -> Scores:
        """Scores of all files with the weights of an epoch."""
        weights = self.checkpoints.load_weights(epoch, self.device)
        load_weights(self.slide.model, weights, self.checkpoints.weights(epoch))
        return self.finite(epoch, chain.from_iterable(self.slide.batches(self._inputs())))

    def _inputs(self) -> Iterator[Inputs]:
        """Inputs of each recording, none of which is kept."""
        for place in range(len(self.features)):
            inputs = {"X": self.features[place]}
            if "long_term" in self.specifications.inputs:
                inputs["long_term"] = self.features.long_term(place)
            yield inputs

    def write(self, selection: Selection | None = None) -> None:
        """Write params.yml, with what tells the weights of its epochs from others."""
        selection = selection or self.validation.selection()
        epochs = {selection.epoch, *(choice.epoch for choice in selection.class_wise.values())}
        write_yaml(
            self.folder / "params.yml",
            {
                "epoch": selection.epoch,
                "metric": self.validation.criterion.name,
                "value": round(selection.value, 6),
                "unit": self.validation.unit,
                "provenance": {
                    "model": self.bundle.digest,
                    "code": self.bundle.code,
                    "files": digest(self.contents),
                },
                "weights": {epoch: self.checkpoints.version(epoch) for epoch in sorted(epochs)},
                "params": {name: self._dumped(choice) for name, choice in selection.single.items()},
                "class_wise": {name: self._dumped(choice) for name, choice in selection.class_wise.items()},
            },
        )

    def _binarize(self, choice: ClassChoice) -> Binarize:
        # half a frame less, so that rounding cannot decide whether an event is long enough
        shortest = max(0.0, frames_of(choice.shortest, self.frame_step) - 0.5) * self.frame_step
        return Binarize(choice.threshold, choice.threshold, round(shortest, 6), round(shortest, 6))

    def _dumped(self, choice: ClassChoice) -> dict[str, float]:
        scores = {"fscore": choice.fscore, "precision": choice.precision, "recall": choice.recall}
        return {
            "epoch": choice.epoch,
            **self._binarize(choice).dump(),
            **{name: round(value, 6) for name, value in scores.items()},
        }

    def _settings(self, options: DetectionOptions, outputs: Sequence[int]) -> dict[str, object]:
        files = zip(self.contents.items(), outputs, strict=True)
        return {
            "model": self.bundle.digest,
            "files": [[name, content.audio, count] for (name, content), count in files],
            "classes": list(self.specifications.classes),
            "frames": self.slide.frames,
            "step": options.step,
        }

    def _log(self, writer: SummaryWriter, epoch: int, scores: Scores, selection: Selection) -> None:
        prefix, reference = f"validate/{self.name}", self.validation.reference
        items = reference.items(scores, self.validation.unit)
        writer.add_scalar(f"{prefix}/{self.validation.criterion.name}", self.validation.average(epoch), epoch)
        for column, (name, found) in enumerate(self.validation.history[epoch].items()):
            total = found.precision + found.recall
            values = {
                "fscore": 2 * found.precision * found.recall / total if total else 0.0,
                "precision": found.precision,
                "recall": found.recall,
                "threshold": found.threshold,
            }
            for measure, value in values.items():
                writer.add_scalar(f"{prefix}/{name}/{measure}", value, epoch)
            writer.add_pr_curve(
                f"{prefix}/{name}", items.target[:, column], items.scores[:, column].clip(0, 1), epoch
            )
        if selection.epoch == epoch:
            writer.add_figure(f"{prefix}/events", self._roll(scores, selection), epoch)
        writer.flush()

    def _roll(self, scores: Scores, selection: Selection) -> object:
        file, reference = self.files[0], self.validation.reference
        estimate = [
            (onset, offset, name)
            for column, (name, choice) in enumerate(selection.single.items())
            for onset, offset in self._binarize(choice)(
                scores[0][:, column], self.frame_step, file["duration"]
            )
        ]
        return event_roll(
            f"{file['uri']}, epoch {selection.epoch}",
            reference.classes,
            file["duration"],
            estimate,
            reference.events[0],
            scores[0],
            self.frame_step,
        )
