"""Measure and application of detectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from pyannote.audio.applications.blocks._applied_runs import run_of, tell_seen
from pyannote.audio.applications.checking.applied import warn_of_validation
from pyannote.audio.applications.corpus import Corpus, applied_batches, inputs_of
from pyannote.audio.applications.event_formats import check_formats, check_labels, earlier_files
from pyannote.audio.applications.event_results import EventResults, tell_unannotated
from pyannote.audio.applications.event_scores import (
    annotated_seconds,
    digests_of_scores,
    scored_recordings,
)
from pyannote.audio.applications.files import check_uris, is_audio
from pyannote.audio.applications.options import DetectionApplyOptions, DetectionOptions
from pyannote.audio.applications.terminal import bar, say, say_table, warn
from pyannote.audio.core.counted import counted
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.core.labels import Composition, Event
from pyannote.audio.core.overlaps import merged
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.contents import contents_of
from pyannote.audio.database.label_spelling import spelling_of
from pyannote.audio.database.protocols import Recording
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.pretrained import Pretrained
from pyannote.audio.inference.slide import Inputs, Scores, Slide
from pyannote.audio.inference.validated import Validated
from pyannote.audio.io.apply_folders import AppliedRun, ApplyFolder
from pyannote.audio.io.lines import safe_name
from pyannote.audio.metrics.psds import Score, psds
from pyannote.audio.pipeline.events import events_of
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.store.stored import LazyFeatures
from pyannote.audio.validation.criterion import Criterion
from pyannote.audio.validation.detection import Detection
from pyannote.audio.validation.reference import Reference

if TYPE_CHECKING:
    from pyannote.core import SlidingWindow


SHOWN = 8
"""Hexadecimal digits in the name of the folder of several trainings."""


def detection_measure(corpus: Corpus, bundle: Bundle, options: DetectionOptions) -> Detection:
    """Measure by the scores of the files of a protocol.

    Raises
    ------
    UsageError
        If chunks are shorter than an output of the network.
    """
    specifications = bundle.specifications
    model = corpus.recipe.model(specifications).to(corpus.device)
    frames = specifications.frames_of(options.duration)
    if frames < model.resolution:
        raise UsageError(
            f"--duration={options.duration:g} is shorter than one output frame of this model.",
            fix=f"Set {model.resolution * specifications.step:g} or more.",
        )
    slide = Slide(model, frames, options.step, options.batch)
    files = corpus.recordings(options.protocol, options.subset)
    corpus.prepare_features(files)
    warn_of_validation(corpus, files, options.protocol, options.subset, bundle.trained_on())
    features = corpus.store.lazy(files)
    outputs = [slide.outputs(int(frames)) for frames in features.frames]
    contents = contents_of(files, corpus.store.contents(files))

    events = [_reference(file, corpus.recipe.task, specifications) for file in files]
    step = slide.resolution * specifications.step
    return Detection(
        bundle,
        slide,
        partial(_inputs, features, specifications),
        Reference(files, specifications.classes, events, step, outputs),
        {
            "files": [
                [name, content.audio, count]
                for (name, content), count in zip(contents.items(), outputs, strict=True)
            ],
            "classes": list(specifications.classes),
            "frames": slide.frames,
            "step": options.step,
        },
        digest(contents),
        Criterion(options.criterion, options.precision, options.prior, options.tolerance),
        options.unit,
        (0.0, options.shortest) if options.shortest else (0.0,),
    )


def _inputs(features: LazyFeatures, specifications: Specifications) -> Iterator[Inputs]:
    """Inputs of each recording, none of which is kept in memory."""
    for place in range(len(features)):
        inputs = {"X": features[place]}
        if "long_term" in specifications.inputs:
            inputs["long_term"] = features.long_term(place)
        yield inputs


class EventApplier:
    """Detector that writes scores, events and, where there is annotation, official figures.

    Parameters
    ----------
    validate : sequence of Path
        Folders of the validations; the mean of the scores of several is taken.
    options : DetectionApplyOptions
    device : torch.device
    """

    def __init__(
        self, validate: Sequence[Path], options: DetectionApplyOptions, device: torch.device
    ) -> None:
        check_formats(options.formats)
        self.options = options
        self.pretrained = Pretrained(
            validate, options.selection, options.step, options.batch, device, options.duration
        )
        self.bundles = self.pretrained.bundles
        self.folder = _name_of(self.pretrained.members)
        self.classes: list[str] | None = list(self.pretrained.classes)

    @property
    def sliding_window(self) -> SlidingWindow:
        """Position of scores in time."""
        return self.pretrained.sliding_window

    @property
    def dimension(self) -> int:
        """Number of classes."""
        return len(self.pretrained.classes)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Model, weights and options that scores depend on: of the first training, and of any others."""
        first, *others = self.pretrained.members
        own = {**first.provenance, "step": self.options.step}
        if not others:
            return own
        named = [{"validation": member.name, **member.provenance} for member in others]
        return {"validation": first.name, **own, "mean_with": named}

    def open(self, folder: ApplyFolder, name: str, files: Sequence[Recording], corpus: Corpus) -> EventRun:
        """Refuse recordings that share a name: before the work."""
        check_uris(files)
        return EventRun(self, folder, name, files, corpus)

    def each(self, files: Sequence[Recording], corpus: Corpus) -> Iterator[Scores]:
        """Scores of each recording, in order; chunks of short ones share batches."""
        specifications, ensemble = self.pretrained.specifications, self.pretrained.ensemble
        inputs = (corpus.inputs(file, specifications) for file in files)
        frames = [round(file["duration"] / specifications.step) for file in files]
        with applied_batches(self.options.batch):
            batches = bar(ensemble.batches(inputs), total=ensemble.count(frames), description="Applying")
            yield from chain.from_iterable(batches)

    def one(self, file: Recording, store: FeatureStore) -> Scores:
        """Scores of a recording."""
        with applied_batches(self.options.batch):
            return self.pretrained.ensemble(inputs_of(store, file, self.pretrained.specifications))

    def answer(self, frames: Scores, file: Recording) -> list[Event]:
        """Events of a recording within its annotated regions."""
        step = self.pretrained.frame_step
        return events_of(frames, step, self.pretrained.parameters, file["duration"], file["regions"])


class EventRun:
    """Results of applying a detector to the recordings of a protocol and subset.

    Parameters
    ----------
    applier : EventApplier
    folder : ApplyFolder
        Folder of the results.
    name : str
        Of the results, such as `<Protocol>.<subset>`.
    files : sequence of Recording
    corpus : Corpus
    """

    def __init__(
        self,
        applier: EventApplier,
        folder: ApplyFolder,
        name: str,
        files: Sequence[Recording],
        corpus: Corpus,
    ) -> None:
        self.applier, self.folder, self.name, self.files = applier, folder, name, files
        self.recipe, self.classes = corpus.recipe, applier.pretrained.classes
        self.durations = {file["uri"]: file["duration"] for file in files}
        self.annotated = all(file["events"] is not None for file in files)
        self.results: Sequence[Path] = [
            *earlier_files(folder, name),
            *folder.results(name, self.classes, self.annotated),
        ]
        spelling = _spelling_of(applier)
        parameters = applier.pretrained.parameters
        self.provenance = run_of(applier, files, corpus, self.classes, parameters, spelling)
        self.scored = self.annotated and (applier.options.seen == "score" or not self.provenance.seen)
        self.written = EventResults(folder, name, self.classes, spelling)
        labels = [spelling.get(label, label) for label in self.classes]
        check_labels(applier.options.formats, labels, self.durations)
        _tell_replaced(folder, name, self.provenance)

    def close(self, answers: Sequence[list[Event]]) -> None:
        """Write events, figures where all recordings are annotated and unseen, and the provenance of both."""
        folder, name, files = self.folder, self.name, self.files
        estimate = {file["uri"]: events for file, events in zip(files, answers, strict=True)}
        self.written.write_events(estimate, self.durations, self.applier.options.formats)
        run = replace(self.provenance, arrays=digests_of_scores(folder, self.provenance.files))
        reference = self._reference() if self.scored else {}
        figures = None
        if self.scored:
            scores = self._psds(run, reference)
            figures = self.written.write_evaluation(reference, estimate, scores, run.seen or ())
        folder.write_provenance(name, run)
        count = sum(map(len, answers))
        done = f"{counted(len(files), 'file')}, {counted(count, 'event')}"
        if (trainings := len(self.applier.pretrained.members)) > 1:
            done += f", by the mean of the scores of {trainings} trainings"
        say(f"{done}. Results are in {folder.path}, as {name}.*")
        if figures is not None:
            say_table(figures)
            tell_unannotated(reference, self.classes)
        tell_seen(self.provenance, self.annotated, self.scored)

    def _reference(self) -> dict[str, list[Event]]:
        """Annotated events of the classes in each recording."""
        specifications, task = self.applier.pretrained.specifications, self.recipe.task
        return {file["uri"]: _reference(file, task, specifications) for file in self.files}

    def _psds(self, run: AppliedRun, reference: Mapping[str, list[Event]]) -> dict[str, Score]:
        """Polyphonic sound detection scores of the stored scores."""
        by_name = {safe_name(uri): events for uri, events in reference.items()}
        scored = scored_recordings(self.folder, run, by_name, self.classes)
        return psds(scored, self.classes, annotated_seconds(run))


def _reference(file: Recording, task: Any, specifications: Specifications) -> list[Event]:
    """Annotated events of the classes in a recording; those of one class that overlap are one."""
    return merged(task.reference(file["events"] or (), specifications))


def _spelling_of(applier: EventApplier) -> dict[str, str]:
    """Original spelling of classes that are called after one of their labels; that of the training counts."""
    specifications, protocol = applier.pretrained.specifications, applier.options.protocol
    # earlier versions do not tell what classes are made of
    composition = specifications.composition or Composition.of_labels(specifications.classes)
    given = {} if is_audio(protocol) else composition.spelled(spelling_of(protocol))
    for bundle in reversed(applier.bundles):
        given |= bundle.spelling
    return given


def _name_of(members: Sequence[Validated]) -> str:
    """Name of the folder of results: that of the epoch or epochs, or how many trainings, and which."""
    if len(members) == 1:
        slides = members[0].ensemble.slides
        return f"{next(iter(slides)):04d}" if len(slides) == 1 else "class-wise"
    key = digest([member.provenance for member in members])
    return f"mean-of-{len(members)}-{key[:SHOWN]}"


def _tell_replaced(folder: ApplyFolder, name: str, run: AppliedRun) -> None:
    """Warn that results of an earlier run with the same names but other options are replaced."""
    try:
        before = folder.run(name)
    except DataError:
        # what is damaged is replaced
        return
    if before is not None and (before.scores, before.pipeline) != (run.scores, run.pipeline):
        warn(f"results called {name} of other weights, options or thresholds are replaced.")
