"""`pyannote-audio <block> apply`: scores, events and official figures of recordings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from uuid import uuid4

import torch

from pyannote.audio.applications.cluster import apply_on_cluster
from pyannote.audio.applications.experiment import choose_device
from pyannote.audio.applications.files import check_paths, check_uris, files_of
from pyannote.audio.applications.labeling.experiment import LabelingExperiment, inputs_of
from pyannote.audio.applications.memory import applied_batches
from pyannote.audio.applications.options import DetectionApplyOptions
from pyannote.audio.applications.outputs import new_scores
from pyannote.audio.applications.terminal import bar, say, warn
from pyannote.audio.core.labels import Event
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.inference.pretrained import PARAMETERS, Pretrained
from pyannote.audio.inference.slide import Scores
from pyannote.audio.io.event_lists import format_events
from pyannote.audio.io.experiment_folders import ValidateFolder
from pyannote.audio.io.locks import FolderLock
from pyannote.audio.io.rttm import write_rttm
from pyannote.audio.io.storage import inside, one_part, write_text
from pyannote.audio.metrics.official import evaluate, jsonable, table
from pyannote.audio.pipeline.binarize import Binarize
from pyannote.audio.store.feature_store import FeatureStore

EVENTS, REFERENCE = ".events.tsv", ".reference.tsv"


def apply(options: DetectionApplyOptions) -> None:
    """Apply the models that a validation has chosen, and evaluate them where there is annotation."""
    validate = ValidateFolder(options.validate).path
    device = choose_device(options.cpu, options.gpu)
    pretrained = _pretrained(options, device)
    for remark in pretrained.bundle.remarks:
        warn(remark)
    experiment = LabelingExperiment(pretrained.bundle.config, options.parallel, device, options.scheduler)
    files, name = files_of(options.protocol, options.subset, experiment)
    experiment.prepare_features(files)
    output, cache = validate / "apply" / _folder_name(pretrained), experiment.store.folder.parent
    annotated = all(file["events"] is not None for file in files)
    results = _results(output, name, pretrained.classes, annotated)
    with FolderLock(output, purpose="apply"):
        with new_scores(output, results) as scratch:
            precomputed = Precomputed.create(
                scratch, pretrained.sliding_window, len(pretrained.classes), classes=list(pretrained.classes)
            )
            check_paths(files, precomputed, output)
            check_uris(files)
            if options.scheduler is not None:
                work = partial(apply_one, replace(options, validate=validate), scratch, cache, uuid4().hex)
                events = apply_on_cluster(options.scheduler, work, files)
                estimate = {file["uri"]: found for file, found in zip(files, events, strict=True)}
            else:
                estimate = {}
                with applied_batches(options.batch):
                    for file, scores in zip(files, _scores(files, pretrained, experiment), strict=True):
                        precomputed.dump(file, scores)
                        estimate[file["uri"]] = events_of(scores, pretrained, file)
        _write(output, name, estimate, pretrained.classes)
        say(f"{len(files)} files, {sum(map(len, estimate.values()))} events. Results are in {output}")
        if annotated:
            reference = {
                file["uri"]: experiment.task.reference(file["events"] or (), pretrained.specifications)
                for file in files
            }
            _evaluate(output, name, reference, estimate, pretrained.classes)


def _scores(
    files: Sequence[Recording], pretrained: Pretrained, experiment: LabelingExperiment
) -> Iterator[Scores]:
    """Scores of each file, in order; chunks of short files share batches."""
    inputs = (experiment.inputs(file, pretrained.specifications) for file in files)
    frames = [round(file["duration"] / pretrained.specifications.step) for file in files]
    batches = bar(
        pretrained.ensemble.batches(inputs), total=pretrained.ensemble.count(frames), description="Applying"
    )
    return chain.from_iterable(batches)


def apply_one(
    options: DetectionApplyOptions, output: Path, cache: Path, run: str, file: Recording
) -> list[Event]:
    """Write the scores of a recording, and return its events; this is what a worker of a cluster does.

    Parameters
    ----------
    options : DetectionApplyOptions
    output : Path
        Folder of scores, as `Precomputed`.
    cache : Path
        Folder of stored features.
    run : str
        Name of the command that asks: a worker loads the models anew for each.
    file : Recording
    """
    pretrained = _pretrained_once(options, run)
    store = FeatureStore(pretrained.extraction, cache)
    with applied_batches(options.batch):
        scores = pretrained.ensemble(inputs_of(store, file, pretrained.specifications))
    Precomputed(output).dump(file, scores)
    return events_of(scores, pretrained, file)


def _pretrained(options: DetectionApplyOptions, device: torch.device) -> Pretrained:
    return Pretrained(
        options.validate, options.selection, options.step, options.batch, device, options.duration
    )


@lru_cache(maxsize=1)
def _pretrained_once(options: DetectionApplyOptions, run: str) -> Pretrained:
    return _pretrained(options, choose_device(options.cpu, options.gpu))


def events_of(scores: Scores, pretrained: Pretrained, file: Recording) -> list[Event]:
    """Events of a recording within its annotated regions, in order of onset."""
    events = []
    for column, label in enumerate(pretrained.classes):
        binarize = Binarize(**{name: float(pretrained.chosen[label][name]) for name in PARAMETERS})
        for onset, offset in binarize(scores[:, column], pretrained.frame_step, file["duration"]):
            # what is scored is what is written, to the millisecond
            parts = (
                (round(max(onset, start), 3), round(min(offset, end), 3)) for start, end in file["regions"]
            )
            events += [(start, end, label) for start, end in parts if end > start]
    return sorted(events)


def _folder_name(pretrained: Pretrained) -> str:
    epochs = sorted(pretrained.ensemble.slides)
    return f"{epochs[0]:04d}" if len(epochs) == 1 else "class-wise"


def _results(output: Path, name: str, classes: tuple[str, ...], annotated: bool) -> list[Path]:
    """Files that follow from the scores, in the order in which they are written."""
    first, last = (
        [inside(output, name, suffix) for suffix in suffixes]
        for suffixes in ((EVENTS, ".rttm"), (REFERENCE, ".eval"))
    )
    found = [*first, *(_label_file(output, name, label) for label in classes), *last]
    return [*found, output / "evaluation.json"] if annotated else found


def _label_file(output: Path, name: str, label: str) -> Path:
    return inside(output, f"{name}.{one_part(label)}", ".rttm")


def _write(output: Path, name: str, estimate: Mapping[str, list[Event]], classes: tuple[str, ...]) -> None:
    """Event list, RTTM of all labels, and RTTM of each."""
    write_text(inside(output, name, EVENTS), format_events(estimate))
    write_rttm(
        inside(output, name, ".rttm"), {uri: _annotation(uri, events) for uri, events in estimate.items()}
    )
    for label in classes:
        own = {
            uri: _annotation(uri, [event for event in events if event[2] == label])
            for uri, events in estimate.items()
        }
        write_rttm(_label_file(output, name, label), own)


def _annotation(uri: str, events: list[Event]) -> object:
    from pyannote.core import Annotation, Segment

    annotation = Annotation(uri=uri)
    for track, (onset, offset, label) in enumerate(events):
        annotation[Segment(onset, offset), track] = label
    return annotation


def _evaluate(
    output: Path,
    name: str,
    reference: Mapping[str, list[Event]],
    estimate: Mapping[str, list[Event]],
    classes: tuple[str, ...],
) -> None:
    """Official figures, as a table and as JSON with sed_eval's own names."""
    results = evaluate(reference, estimate, classes)
    text = table(results)
    write_text(inside(output, name, REFERENCE), format_events(reference))
    write_text(inside(output, name, ".eval"), text)
    write_text(output / "evaluation.json", json.dumps(jsonable(results), indent=1) + "\n")
    say(text)
