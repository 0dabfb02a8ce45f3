"""TUT Sound Events 2017, or any data set in its layout, as a database of pyannote.database.

The layout is described in `pyannote.audio.database.corpora.tut2017_layout`. The protocols, each to be
called by `TUT2017.SpeakerDiarization.<Protocol>`:

* `MyProtocol`: train is what fold 1 trains on, development and test what it is evaluated on. Whatever is
  selected on development is therefore optimistic on test.
* `Fold1`, `Fold2`...: test is what the fold is evaluated on; a third of what it trains on is development, the
  rest train. Figures on test are honest.
* `Evaluation`, where the evaluation set is at hand: that is test; a third of the development set is
  development, the rest train.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.corpora.held_out_recordings import hold_out
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.tut2017_layout import (
    Fold,
    Listed,
    below_audio,
    find_sets,
    read_evaluation,
    read_folds,
)
from pyannote.audio.database.corpora.writing import (
    AnnotatedFile,
    Protocols,
    absolute,
    audio_duration,
    clip,
    write_database,
)

DATABASE = "TUT2017"
DEVELOPMENT_SHARE = 1 / 3
"""Share of a fold's training files on which epochs and thresholds are selected."""


def prepare(root: Path | str, output: Path | str) -> Path:
    """Write RTTM, UEM, LST and database.yml for TUT Sound Events 2017.

    Parameters
    ----------
    root : path
        The development folder, or a folder that holds it and the evaluation folder.
    output : path
        Folder to write to, as `pyannote.audio.database.corpora.writing` explains.

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
    """
    development, evaluation = find_sets(absolute(root))
    folds = read_folds(development)
    untouched = read_evaluation(evaluation) if evaluation else {}
    # a file is tested in one fold and trained on in others: its test lists come first and define its events
    lists = [fold.test for fold in folds.values()] + [fold.train for fold in folds.values()] + [untouched]
    names = {path: below_audio(path, development) for listed in lists[:-1] for path in listed}
    names |= {path: f"evaluation/{below_audio(path, evaluation)}" for path in untouched if evaluation}
    uris = name_recordings(names)
    recordings = {path: _recording(path, uri, lists) for path, uri in uris.items()}
    return write_database(output, DATABASE, recordings.values(), _protocols(folds, untouched, recordings))


def _recording(path: Path, uri: str, lists: Iterable[Listed]) -> AnnotatedFile:
    duration = audio_duration(path)
    versions = [listed[path] for listed in lists if path in listed]
    clipped = [None if events is None else [clip(event, duration) for event in events] for events in versions]
    return AnnotatedFile(uri, path, duration, clipped[0] or [], annotated=clipped[0] is not None)


def _protocols(
    folds: Mapping[int, Fold], untouched: Listed, recordings: Mapping[Path, AnnotatedFile]
) -> Protocols:
    def uris(paths: Iterable[Path]) -> list[str]:
        return [recordings[path].uri for path in paths]

    def honest(train: Iterable[Path], test: Iterable[Path]) -> dict[str, list[str]]:
        seconds = {recordings[path].uri: recordings[path].seconds() for path in train}
        if len(seconds) < 2:
            found = (
                f"A fold trains on one recording, '{next(iter(seconds))}', which leaves none for development."
            )
            raise DataError(found, fix="Give each fold two training files or more.")
        kept, held_out = hold_out(seconds, DEVELOPMENT_SHARE)
        return {"train": kept, "development": held_out, "test": uris(test)}

    first = folds[min(folds)]
    protocols = {
        "MyProtocol": {"train": uris(first.train), "development": uris(first.test), "test": uris(first.test)}
    }
    protocols |= {f"Fold{number}": honest(fold.train, fold.test) for number, fold in folds.items()}
    if untouched:
        everything = dict.fromkeys(path for fold in folds.values() for path in [*fold.train, *fold.test])
        protocols["Evaluation"] = honest(everything, untouched)
    return protocols
