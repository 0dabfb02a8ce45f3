"""Preparation of TUT Sound Events 2017, or of any data set in its layout, as a database of pyannote.database.

The layout is described in `pyannote.audio.database.corpora.tut2017_layout`. The protocols are
named `TUT2017.SpeakerDiarization.<Protocol>`:

* `MyProtocol`: the training files of fold 1 are train, its evaluation files both development and test. Scores
  on test are therefore optimistic, because epochs and thresholds are selected on the same files.
* `Fold1`, `Fold2`...: the evaluation files of the fold are test, those of the next fold are development, and
  the other files train. Lists of the challenge keep recordings of one place in one fold, so that no two of
  the three subsets share a place: scores on test are unbiased, and epochs and thresholds are selected on
  unknown places.
* `Evaluation`, if the evaluation set is present: it is test; the evaluation files of one fold are
  development, those of the other folds train.

Where the next fold would leave a class without training files, or has none of a class itself, another fold is
taken. With a single other fold, which would leave nothing to train on, a third of the training files is
development, drawn at random.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.corpora.annotated_file import (
    CUT,
    AnnotatedFile,
    absolute,
    audio_duration,
    cut_events,
)
from pyannote.audio.database.corpora.held_out_recordings import hold_out, hold_out_group
from pyannote.audio.database.corpora.label_maps import LabelMap, mapped
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.tut2017_layout import (
    Fold,
    Listed,
    below_audio,
    find_sets,
    read_evaluation,
    read_folds,
)
from pyannote.audio.database.corpora.writing import Protocols, write_database
from pyannote.audio.io.lines import AnnotatedEvent

DATABASE = "TUT2017"
DEVELOPMENT_SHARE = 1 / 3
"""Share of a fold's training files that are development where no other fold can be."""

DIFFERING = "recordings whose events differ between lists: those of the list that evaluates them count"
AT_RANDOM = (
    "protocols whose development files are drawn at random, and may share places with training files: there "
    "are too few folds to take those of another one"
)
"""What `left_out` counts."""


def prepare(
    root: Path | str,
    output: Path | str,
    labels: LabelMap | None = None,
    left_out: Counter[str] | None = None,
) -> Path:
    """Write RTTM, UEM, LST and database.yml for TUT Sound Events 2017.

    Parameters
    ----------
    root : path
        The development folder, or a folder that holds it and the evaluation folder.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains.
    labels : LabelMap, optional
        Classes of labels that are merged or left out.
    left_out : Counter of str, optional
        Gets what was not used of the lists, in a few words, and how often.

    Returns
    -------
    path : Path
        The file `database.yml`.

    Raises
    ------
    DataError
        If a list or an audio file is missing or wrong.
    StorageError
        If `output` cannot be written.

    Examples
    --------
    >>> from pyannote.audio.database.synthetic.street import make_demonstration
    >>> folder = getfixture("tmp_path")
    >>> path = prepare(make_demonstration(folder / "tut", files=8, seconds=10), folder / "out")
    >>> len((folder / "out" / "lists" / "MyProtocol.train.lst").read_text().split())
    6
    """
    development, evaluation = find_sets(absolute(root))
    folds = read_folds(development)
    evaluated = read_evaluation(evaluation) if evaluation else {}
    # a file is evaluated in one fold and trained on in others: its evaluation lists define its events
    lists = [fold.test for fold in folds.values()] + [fold.train for fold in folds.values()] + [evaluated]
    names = {path: below_audio(path, development) for listed in lists[:-1] for path in listed}
    names |= {path: f"evaluation/{below_audio(path, evaluation)}" for path in evaluated if evaluation}
    uris = name_recordings(names)
    left_out = Counter() if left_out is None else left_out
    listed_files = [_recording(path, uri, lists, left_out) for path, uri in uris.items()]
    recordings = dict(zip(uris, mapped(listed_files, labels), strict=True))
    protocols = _protocols(folds, evaluated, recordings, left_out)
    return write_database(output, DATABASE, recordings.values(), protocols)


def _recording(path: Path, uri: str, lists: Iterable[Listed], left_out: Counter[str]) -> AnnotatedFile:
    duration = audio_duration(path)
    versions = [listed[path] for listed in lists if path in listed]
    clipped = [None if events is None else cut_events(events, duration) for events in versions]
    first, *others = [None if one is None else _plain(one[0]) for one in clipped]
    left_out[DIFFERING] += any(other not in (None, first) for other in others)
    events, cut = clipped[0] or ([], 0)
    left_out[CUT] += cut
    return AnnotatedFile(uri, path, duration, events, annotated=clipped[0] is not None, cut=cut)


def _plain(events: Iterable[AnnotatedEvent]) -> list[tuple[float, float, str]]:
    return sorted((event.segment.start, event.segment.end, event.label) for event in events)


def _protocols(
    folds: Mapping[int, Fold],
    evaluated: Listed,
    recordings: Mapping[Path, AnnotatedFile],
    left_out: Counter[str],
) -> Protocols:
    def uris(paths: Iterable[Path]) -> list[str]:
        return [recordings[path].uri for path in paths]

    def with_development(
        train: Iterable[Path], test: Iterable[Path], others: Iterable[Fold]
    ) -> dict[str, list[str]]:
        seconds = {recordings[path].uri: recordings[path].seconds() for path in train}
        if len(seconds) < 2:
            name = next(iter(seconds))
            found = f"'{name}' is the only training file of a fold, which leaves none for development."
            raise DataError(found, fix="Give each fold two training files or more.")
        divided = hold_out_group(seconds, [uris(other.test) for other in others])
        left_out[AT_RANDOM] += divided is None
        remaining, held_out = divided or hold_out(seconds, DEVELOPMENT_SHARE)
        return {"train": remaining, "development": held_out, "test": uris(test)}

    first = folds[min(folds)]
    protocols = {
        "MyProtocol": {"train": uris(first.train), "development": uris(first.test), "test": uris(first.test)}
    }
    ordered = list(folds.values())
    for place, (number, fold) in enumerate(folds.items()):
        others = ordered[place + 1 :] + ordered[:place]
        protocols[f"Fold{number}"] = with_development(fold.train, fold.test, others)
    if evaluated:
        everything = dict.fromkeys(path for fold in folds.values() for path in [*fold.train, *fold.test])
        protocols["Evaluation"] = with_development(everything, evaluated, ordered)
    return protocols
