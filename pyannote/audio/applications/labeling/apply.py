"""`pyannote-audio <block> apply`: scores, events and official figures of recordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from pyannote.audio.applications.labeling.results import write_evaluation, write_events
from pyannote.audio.applications.memory import applied_batches
from pyannote.audio.applications.options import DetectionApplyOptions
from pyannote.audio.applications.outputs import new_scores
from pyannote.audio.applications.terminal import bar, say, warn
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.labels import Event
from pyannote.audio.database.contents import Content, contents_of, seen_before
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.inference.pretrained import PARAMETERS, Pretrained
from pyannote.audio.inference.slide import Scores
from pyannote.audio.io.apply_folders import AppliedRun, ApplyFolder
from pyannote.audio.io.experiment_folders import ValidateFolder
from pyannote.audio.io.lines import quoted
from pyannote.audio.io.locks import FolderLock
from pyannote.audio.pipeline.binarize import Binarize
from pyannote.audio.store.feature_store import FeatureStore


def apply(options: DetectionApplyOptions) -> None:
    """Apply the models that a validation has chosen, and evaluate them where there is annotation."""
    options = replace(options, validate=ValidateFolder(options.validate).path)
    device = choose_device(options.cpu, options.gpu)
    pretrained = _pretrained(options, device)
    for remark in pretrained.bundle.remarks:
        warn(remark)
    experiment = LabelingExperiment(pretrained.bundle.config, options.parallel, device, options.scheduler)
    files, name = files_of(options.protocol, options.subset, experiment)
    experiment.prepare_features(files)
    run = _run(files, pretrained, experiment, options.step)
    folder = ApplyFolder(options.validate / "apply" / _folder_name(pretrained))
    annotated = all(file["events"] is not None for file in files)
    with FolderLock(folder.path, purpose="apply"):
        _tell_replaced(folder, name, run)
        with new_scores(folder.path, folder.results(name, pretrained.classes, annotated)) as scratch:
            estimate = _apply_all(files, options, pretrained, experiment, scratch, folder.path, run)
        write_events(folder, name, estimate, pretrained.classes)
        figures = None
        if annotated:
            reference = {
                file["uri"]: experiment.task.reference(file["events"] or (), pretrained.specifications)
                for file in files
            }
            figures = write_evaluation(folder, name, reference, estimate, pretrained.classes)
        folder.write_provenance(name, run)
    count = sum(map(len, estimate.values()))
    say(f"{len(files)} files, {count} events. Results are in {folder.path}, as {name}.*")
    if figures is not None:
        say(figures)
    _tell_seen(run, len(files), options.subset if annotated else None)


def _run(
    files: Sequence[Recording], pretrained: Pretrained, experiment: LabelingExperiment, step: float
) -> AppliedRun:
    """Provenance of applying a model to files."""
    bundle, slides = pretrained.bundle, pretrained.ensemble.slides
    contents = contents_of(files, experiment.store.contents(files))
    trained_on = bundle.trained_on()
    known = None if trained_on is None else {name: Content(*own) for name, own in trained_on.items()}
    return AppliedRun(
        classes=pretrained.classes,
        scores={
            "model": bundle.digest,
            "code": bundle.code,
            "weights": {str(epoch): bundle.checkpoints.version(epoch) for epoch in slides},
            "epochs": {name: pretrained.chosen[name]["epoch"] for name in pretrained.classes},
            "frames": next(iter(slides.values())).frames,
            "step": step,
        },
        pipeline={
            label: {name: pretrained.chosen[label][name] for name in PARAMETERS}
            for label in pretrained.classes
        },
        files=contents,
        seen=None if known is None else seen_before(known, contents),
    )


def _tell_replaced(folder: ApplyFolder, name: str, run: AppliedRun) -> None:
    """Warn that results of an earlier run with the same names but other options are replaced."""
    try:
        before = folder.run(name)
    except DataError:
        # what is damaged is replaced
        return
    if before is not None and (before.scores, before.pipeline) != (run.scores, run.pipeline):
        warn(f"results called {name} of other weights, options or thresholds are replaced.")


def _tell_seen(run: AppliedRun, count: int, subset: str | None) -> None:
    """Tell how many files the model was trained on: figures of those are better than those of others.

    Parameters
    ----------
    run : AppliedRun
    count : int
        Files that the model was applied to.
    subset : str, optional
        That was named, if figures were computed.
    """
    if not run.seen:
        return
    share = f"{len(run.seen)} of {count} files"
    if subset == "train":
        say(f"These are figures of training files: the model was trained on {share}.")
    else:
        figures = "" if subset is None else " The figures above are not those of unseen recordings."
        warn(f"the model was trained on {share}, such as {quoted(run.seen[0])}.{figures}")


def _apply_all(
    files: Sequence[Recording],
    options: DetectionApplyOptions,
    pretrained: Pretrained,
    experiment: LabelingExperiment,
    scratch: Path,
    output: Path,
    run: AppliedRun,
) -> dict[str, list[Event]]:
    """Write the scores of files into a temporary folder, and give the events of each by its uri."""
    precomputed = Precomputed.create(
        scratch,
        pretrained.sliding_window,
        len(pretrained.classes),
        classes=list(pretrained.classes),
        provenance=digest(run.scores),
    )
    check_paths(files, precomputed, output)
    check_uris(files)
    if options.scheduler is not None:
        cache = experiment.store.folder.parent
        work = partial(apply_one, options, scratch, cache, uuid4().hex)
        events = apply_on_cluster(options.scheduler, work, files)
        return {file["uri"]: found for file, found in zip(files, events, strict=True)}
    estimate = {}
    with applied_batches(options.batch):
        for file, scores in zip(files, _scores(files, pretrained, experiment), strict=True):
            precomputed.dump(file, scores)
            estimate[file["uri"]] = events_of(scores, pretrained, file)
    return estimate


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
