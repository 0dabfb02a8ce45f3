"""`pyannote-audio <block> evaluate`: one evaluation of the results of several folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from pyannote.audio.applications.applied_lists import EventLists, read_lists
from pyannote.audio.applications.blocks.base import Block
from pyannote.audio.applications.event_results import (
    figures_json,
    figures_table,
    respelled,
    respelled_scores,
    tell_unannotated,
)
from pyannote.audio.applications.event_scores import annotated_seconds, check_scores, scored_recordings
from pyannote.audio.applications.names import enumerated
from pyannote.audio.applications.options import SUBSETS, EvaluateOptions
from pyannote.audio.applications.terminal import say, say_table, warn
from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import CheckpointError, DataError, UsageError
from pyannote.audio.core.overlaps import merged
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.inference.stored_config import stored_config, stored_spelling, trained_on
from pyannote.audio.io.apply_folders import EVENTS, REFERENCE, RTTM, AppliedRun, ApplyFolder
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.lines import quoted, safe_name
from pyannote.audio.io.storage import write_text
from pyannote.audio.metrics import event_based, segment_based
from pyannote.audio.metrics.confidence import bootstrap
from pyannote.audio.metrics.intervals import spelled
from pyannote.audio.metrics.official import evaluate as official
from pyannote.audio.metrics.psds import Score, psds

SHOWN = 10
"""Files of a folder whose names are printed."""


class Results(NamedTuple):
    """Results of one protocol and subset in a folder of `apply`.

    Parameters
    ----------
    folder : ApplyFolder
    name : str
        `<Protocol>.<subset>`.
    run : AppliedRun, optional
        Their provenance; None where there is none.
    spelling : mapping of str to str
        Original spelling of classes, where it is another one.
    classes : tuple of str
    reference, estimate : dict of str to list of (onset, offset, label)
        Annotated and detected events of each file, in seconds.
    """

    folder: ApplyFolder
    name: str
    run: AppliedRun | None
    spelling: Mapping[str, str]
    classes: tuple[str, ...]
    reference: EventLists
    estimate: EventLists


def evaluate(block: Block, options: EvaluateOptions) -> None:
    """Pool results that `apply` has written in several folders into one evaluation."""
    found = [read_folder(folder, options.subset, options.protocol) for folder in options.folders]
    _refuse_doubled(found)
    classes = _same_classes(found)
    _refuse_seen(found)
    _tell_other_options(found)
    reference = {file: events for one in found for file, events in one.reference.items()}
    estimate = {file: events for one in found for file, events in one.estimate.items()}
    spelling = {label: name for one in found for label, name in one.spelling.items()}
    results = respelled(official(reference, estimate, classes), spelling)
    scores = respelled_scores(_psds(found, classes), spelling)
    for one in found:
        say(f"{one.folder.path}: {one.name}, {_counted(one)}")
    say_table(f"{counted(len(found), 'folder')}, {counted(len(reference), 'file')}\n")
    say_table(figures_table(results, scores))
    say_table(_intervals(reference, estimate, classes))
    tell_unannotated(reference, classes)
    if options.output is not None:
        write_text(options.output, figures_json(results, scores))


def read_folder(path: Path, subset: str = "test", protocol: str | None = None) -> Results:
    """Results of one subset in a folder of `apply`, compared with their provenance.

    Parameters
    ----------
    path : Path
        The folder.
    subset : {"train", "development", "test"}
    protocol : str, optional
        Needed where the folder holds several protocols with that subset.

    Raises
    ------
    UsageError
        If there is no evaluation of that subset in it, or those of several protocols.
    DataError
        If results were changed since `apply` has written them.
    CheckpointError
        If they are those of another model than the training.
    """
    folder = ApplyFolder(path)
    name = f"{_protocol(folder, subset, protocol)}.{subset}"
    run = folder.run(name)
    if not folder.result(name, EVENTS).is_file():
        raise DataError(
            "There is a reference, but no event list of detections.",
            file=folder.result(name, EVENTS),
            fix="Run `apply` again; if it is given --format, name tsv as well.",
        )
    if run is not None:
        _refuse_other_training(folder, name, run)
    lists = read_lists(
        folder.result(name, REFERENCE),
        folder.result(name, EVENTS),
        run.classes if run is not None else _classes(path),
        spelling := run.spelling if run is not None else _spelling(folder),
        ours=run is not None,
    )
    own, reference, estimate = lists
    reference = _merged(reference, folder.result(name, REFERENCE))
    return Results(folder, name, run, spelling, own, reference, estimate)


def _classes(path: Path) -> list[str]:
    """Classes of the scores in a folder; none if it holds none."""
    return (Precomputed(path).classes or []) if (path / "metadata.yml").exists() else []


def _spelling(folder: ApplyFolder) -> dict[str, str]:
    """Original spelling of the classes of the training that a folder lies in."""
    config = stored_config(folder.train)
    return {} if config is None else stored_spelling(config)


def _merged(reference: EventLists, path: Path) -> EventLists:
    """Reference in which overlapping events of one label are one; earlier versions stored each of them."""
    joined = {file: merged(events) for file, events in reference.items()}
    fewer = sum(len(events) - len(joined[file]) for file, events in reference.items())
    if fewer:
        warn(f"{path}: {fewer} events overlap others of the same class. Each group counts as one event.")
    return joined


def _psds(found: Sequence[Results], classes: Sequence[str]) -> dict[str, Score]:
    """Polyphonic sound detection scores from the stored scores; none where these are missing."""
    try:
        runs = [_known(one) for one in found]
        for one, run in zip(found, runs, strict=True):
            check_scores(one.folder, run)
        scored = chain.from_iterable(
            scored_recordings(one.folder, run, one.reference, classes)
            for one, run in zip(found, runs, strict=True)
        )
        return psds(scored, classes, sum(map(annotated_seconds, runs)))
    except DataError as error:
        warn(f"PSDS is left out, because it needs the scores that belong to these events. {error}")
        return {}


def _known(one: Results) -> AppliedRun:
    if one.run is None:
        raise DataError(
            "An earlier version has stored no provenance of these results.",
            file=one.folder.path,
            fix="Run `apply` again.",
        )
    return one.run


def _protocol(folder: ApplyFolder, subset: str, protocol: str | None) -> str:
    """The protocol that was applied to a subset, or the one that is asked for."""
    found = folder.evaluated(subset)
    chosen = [one for one in found if protocol in (None, one)]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        raise UsageError(
            f"{folder.path} holds the subset {subset!r} of {len(chosen)} protocols: {', '.join(chosen)}.",
            fix="Choose one with --protocol.",
        )
    others = [f"{one}.{other}" for other in SUBSETS for one in folder.evaluated(other)]
    held = f" It holds those of {', '.join(map(quoted, others))}." if others else _without_reference(folder)
    asked = f"the subset {subset!r}" + (f" of {quoted(protocol)}" if protocol else "")
    raise UsageError(
        f"{folder.path} holds no evaluation of {asked}.{held}",
        fix="Choose another with --subset and --protocol."
        if others
        else "Name folders that `apply` has written for annotated files, such as .../apply/class-wise.",
    )


def _without_reference(folder: ApplyFolder) -> str:
    """Sentence about event lists in a folder that are no evaluation."""
    names = sorted(path.name for end in (EVENTS, RTTM) for path in folder.path.glob(f"*{end}"))
    if not names:
        return ""
    return (
        f" It holds {', '.join(map(quoted, names[:SHOWN]))}, and an evaluation needs "
        f"<Protocol>.<subset>{EVENTS} and <Protocol>.<subset>{REFERENCE}."
    )


def _refuse_other_training(folder: ApplyFolder, name: str, run: AppliedRun) -> None:
    """Refuse results of other weights than those of the training that the folder lies in.

    Epochs that are no longer there cannot be compared, and neither can a folder that was moved.
    """
    train = folder.train
    config = stored_config(train)
    model = None if config is None else (config.provenance or {}).get("model")
    checkpoints, weights = Checkpoints(train.weights), run.scores.get("weights", {})
    now = {str(epoch): checkpoints.version(epoch) for epoch in checkpoints.epochs() if str(epoch) in weights}
    if model not in (None, run.scores.get("model")) or any(
        now.get(epoch, version) != version for epoch, version in weights.items()
    ):
        raise CheckpointError(
            f"The training in {train.path} has other weights than those that gave the results called {name}.",
            file=folder.path,
            fix="Run `validate` and `apply` again, or copy trainings as whole folders.",
        )


def _refuse_doubled(found: Sequence[Results]) -> None:
    pooled: set[str] = set()
    for one in found:
        doubled = sorted(pooled & set(one.reference))
        if doubled:
            raise DataError(
                f"The file {quoted(doubled[0])} was already evaluated in another of these folders.",
                file=one.folder.path,
                fix="Name each fold once, with files that no other fold tests.",
            )
        pooled.update(one.reference)


def _same_classes(found: Sequence[Results]) -> tuple[str, ...]:
    first = found[0].classes
    for one in found:
        if set(one.classes) != set(first):
            raise DataError(
                f"Its classes are {', '.join(one.classes)}, and those of the first folder are "
                f"{', '.join(first)}.",
                file=one.folder.path,
                fix="Pool folds of one task.",
            )
    return first


def _refuse_seen(found: Sequence[Results]) -> None:
    """Refuse files that the training of their folder has seen, and warn once where that cannot be told."""
    for one in found:
        if seen := _seen(one):
            raise DataError(
                f"The model was trained on {len(seen)} of these {len(one.reference)} files of {one.name}, "
                f"such as {quoted(seen[0])}.",
                file=one.folder.path,
                fix="Evaluate files that it was not trained on; see --seen of `apply` for the others.",
            )
    unknown = [one for one in found if one.run is None]
    if unknown:
        warn(
            f"{_places(unknown)}: there is no provenance of these results: an earlier version, another "
            "program or a hand has written them. Whether they belong together, and whether the model was "
            "trained on these files, cannot be told."
        )
    earlier = [one for one in found if one.run is not None and one.run.seen is None]
    if earlier:
        warn(
            f"{_places(earlier)}: an earlier version has trained this model. Whether it was trained on these "
            "files cannot be told."
        )


def _seen(one: Results) -> list[str]:
    """Names of the files that the model was trained on, as far as can be told."""
    if one.run is not None:
        return list(one.run.seen or ())
    # without provenance, event lists tell the uri alone
    names = trained_on(one.folder.train) or {}
    uris = {safe_name(name.partition("/")[2]) for name in names}
    return [uri for uri in one.reference if uri in uris]


def _tell_other_options(found: Sequence[Results]) -> None:
    """Warn where folders were applied with different options."""
    options = [one.run.scores for one in found if one.run is not None]
    changed = [name for name in ("frames", "step") if len({str(one.get(name)) for one in options}) > 1]
    if changed:
        words = {"frames": "--duration", "step": "--step"}
        warn(f"these folders were applied with different {' and '.join(words[name] for name in changed)}.")


def _places(found: Iterable[Results]) -> str:
    return ", ".join(str(one.folder.path) for one in found)


def _counted(one: Results) -> str:
    """The number of files and the names of the first ones, also of those that `apply` has left out."""
    left_out = () if one.run is None else one.run.left_out
    more = f", and {len(left_out)} left out (--unannotated=skip: {enumerated(left_out)})" if left_out else ""
    return f"{counted(len(one.reference), 'file')} ({enumerated(one.reference)}){more}"


def _intervals(reference: EventLists, estimate: EventLists, classes: Sequence[str]) -> str:
    """95 % bootstrap intervals over files of the overall figures."""
    segments, events = [], []
    for file, own in reference.items():
        found = estimate.get(file, [])
        segments.append(
            segment_based.count(segment_based.activity(own, classes), segment_based.activity(found, classes))
        )
        events.append(event_based.count(own, found, classes))
    lines = ["95 % intervals (bootstrap over files)"]
    for title, counts in (("segment-based", segments), ("event-based, onset and offset", events)):
        # insertions may raise an error rate above 1
        for name, measure, bounded in (("ER", _error_rate, False), ("F1", _f_measure, True)):
            interval = bootstrap(counts, measure, bounded=bounded)
            lines.append(f"  {title} {name}: {spelled(interval, 3)}")
    return "\n".join(lines) + "\n"


def _error_rate(counts: Any) -> Any:
    return counts.overall.error_rate


def _f_measure(counts: Any) -> Any:
    return counts.overall.f_measure
