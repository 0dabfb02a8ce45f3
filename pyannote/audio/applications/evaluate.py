"""`pyannote-audio <block> evaluate`: one evaluation of the results of several folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from pyannote.audio.applications.applied_results import Results, read_folder
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
from pyannote.audio.applications.options import EvaluateOptions
from pyannote.audio.applications.pooled_intervals import intervals
from pyannote.audio.applications.terminal import say, say_table, warn
from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError
from pyannote.audio.inference.stored_config import trained_on
from pyannote.audio.io.apply_folders import AppliedRun
from pyannote.audio.io.lines import quoted, safe_name
from pyannote.audio.io.storage import write_text
from pyannote.audio.metrics.official import evaluate as official
from pyannote.audio.metrics.psds import Score, psds


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
    say_table(intervals(reference, estimate, classes))
    tell_unannotated(reference, classes)
    if options.output is not None:
        write_text(options.output, figures_json(results, scores))


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
    numbers = sorted({_trainings(one) for one in options})
    if len(numbers) > 1:
        warn(f"these folders hold means of the scores of {' and of '.join(map(str, numbers))} trainings.")


def _trainings(scores: Mapping[str, Any]) -> int:
    """Number of trainings whose scores are averaged."""
    others = scores.get("mean_with")
    return 1 + (len(others) if isinstance(others, list) else 0)


def _places(found: Iterable[Results]) -> str:
    return ", ".join(str(one.folder.path) for one in found)


def _counted(one: Results) -> str:
    """The number of files and the names of the first ones, also of those that `apply` has left out."""
    left_out = () if one.run is None else one.run.left_out
    more = f", and {len(left_out)} left out (--unannotated=skip: {enumerated(left_out)})" if left_out else ""
    return f"{counted(len(one.reference), 'file')} ({enumerated(one.reference)}){more}"
