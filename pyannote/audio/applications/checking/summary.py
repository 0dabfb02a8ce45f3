"""Result of `check` as plain values, for `--json` and for tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from pyannote.audio.applications.checking.dry_run import Batch
from pyannote.audio.applications.checking.epoch import Epoch, seconds_of
from pyannote.audio.applications.checking.result import Check
from pyannote.audio.applications.checking.storage import Storage
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.core.labels import Event
from pyannote.audio.database.checks.recordings import Activity
from pyannote.audio.database.checks.subsets import Subset


def summary(result: Check) -> dict[str, Any]:
    """Everything, in plain values.

    Returns
    -------
    dict
        `status` (the exit status), `findings` (level, kind, what, mend, file, line), and what could be
        learned of the `configuration`, the `subsets`, a `batch`, an `epoch` and the `storage`, or null.
    """
    corpus, options = result.corpus, result.options
    return {
        "root": str(options.root),
        "protocol": options.protocol,
        "status": result.status,
        "findings": [finding.as_dict() for finding in result.findings],
        "configuration": None if corpus is None else _configuration(corpus),
        "subsets": None if result.data is None else _subsets(result),
        "batch": None if result.batch is None else _batch(result.batch),
        "epoch": None if result.epoch is None else _epoch(result.epoch, options.last),
        "storage": None if result.storage is None else _storage(result.storage),
    }


def _configuration(corpus: Corpus) -> dict[str, Any]:
    config, extraction, task = corpus.recipe.config, corpus.recipe.extraction, corpus.recipe.task
    return {
        "kind": corpus.recipe.shelf,
        "task": config.task.name,
        "classes": None if task.speakers else list(task.labels.classes),
        "chunk_seconds": list(task.chunk_seconds),
        "chunks_per_batch": task.chunks,
        "feature_extraction": config.feature_extraction.name,
        "dimension": extraction.dimension,
        "step_seconds": extraction.sliding_window.step,
        "sample_rate": extraction.sample_rate,
        "architecture": config.architecture.name,
    }


def _subsets(result: Check) -> dict[str, Any]:
    assert result.data is not None
    trials, corpus = result.data.trials, result.corpus
    return {
        subset.name: {
            **_files(subset),
            "classes": classes_of(subset, corpus),
            "trials": len(trials[subset.name].targets) if subset.name in trials else None,
            "target_trials": int(trials[subset.name].targets.sum()) if subset.name in trials else None,
        }
        for subset in result.data.subsets
    }


def _files(subset: Subset) -> dict[str, Any]:
    formats = Counter((one.sample_rate, one.channels, one.format) for one in subset.headers.values())
    return {
        "recordings": len(subset.uris),
        "readable": len(subset.headers),
        "seconds": round(sum(one.duration for one in subset.headers.values()), 3),
        "annotated_seconds": round(seconds_of(subset.files), 3),
        "formats": [
            {"sample_rate": rate, "channels": channels, "format": name, "files": count}
            for (rate, channels, name), count in sorted(formats.items())
        ],
    }


def classes_of(subset: Subset, corpus: Corpus | None) -> dict[str, dict[str, float]]:
    """Figures of each class and unknown label of a subset, or of each speaker; none without annotation."""
    files: Sequence[Sequence[Event]] = [file["events"] for file in subset.files if file["events"] is not None]
    if corpus is not None and not corpus.recipe.task.speakers:
        task = corpus.recipe.task
        unknown = ([event for event in events if not task.expects(event[2])] for events in files)
        files = [
            [*task.labels.events(events), *others] for events, others in zip(files, unknown, strict=True)
        ]
    activity = Activity(files)
    return {
        label: {
            "events": activity.events[label],
            "files": activity.files[label],
            "seconds": round(activity.seconds[label], 3),
            "overlap_with_others": _share(activity.with_others[label], activity.seconds[label]),
            "overlap_with_itself": _share(activity.with_itself[label], activity.seconds[label]),
            "median_event_seconds": round(median(activity.durations[label]), 3),
        }
        for label in sorted(activity.events)
    }


def _share(part: float, whole: float) -> float:
    # events of less than a millisecond last no time at all
    return round(part / whole, 4) if whole else 0.0


def _batch(batch: Batch) -> dict[str, Any]:
    return {
        "shapes": batch.shapes,
        "loss": batch.loss if batch.loss == batch.loss and abs(batch.loss) != float("inf") else None,
        "parameters": batch.parameters,
        "without_gradient": batch.without_gradient,
        "output_seconds": batch.frame,
        "bytes": batch.nbytes,
    }


def _epoch(epoch: Epoch, last: int | None) -> dict[str, Any]:
    known = epoch.duration is not None
    return {
        "batches": epoch.batches,
        "audio_seconds": epoch.seconds,
        "passes": epoch.passes,
        "seconds_per_batch": epoch.of_a_batch,
        "measured_batches": epoch.measured,
        "measured_on": epoch.on or None,
        "seconds": epoch.duration,
        "speakers": epoch.speakers,
        "turns": epoch.turns,
        "turns_too_short": epoch.too_short,
        "epochs": last,
        "total_seconds": epoch.duration * last if known and last and epoch.duration else None,
    }


def _storage(storage: Storage) -> dict[str, Any]:
    return {**asdict(storage), "folder": str(storage.folder)}
