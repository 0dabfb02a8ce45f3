"""Results of `apply` in a folder, compared with what the training and their provenance say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pyannote.audio.applications.applied_lists import EventLists, read_lists
from pyannote.audio.applications.options import SUBSETS
from pyannote.audio.applications.terminal import warn
from pyannote.audio.core.errors import CheckpointError, DataError, UsageError
from pyannote.audio.core.overlaps import merged
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.inference.stored_config import stored_config, stored_spelling
from pyannote.audio.io.apply_folders import EVENTS, REFERENCE, RTTM, AppliedRun, ApplyFolder
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.lines import quoted

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
