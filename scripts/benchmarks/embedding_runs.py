"""Trainings of embedding_table.py: each is trained once, and its embeddings are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from detection_configs import Row
from detection_runs import PACKAGE, TRAINED_BY, source_digest
from kept_trainings import corpus_of, finished, train_in

from pyannote.audio.applications import corpus as corpus_module
from pyannote.audio.applications.blocks._embedding import embedding_measure
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import EmbeddingOptions, TrainOptions
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.resolved import code_of, dumped
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.contents import contents_of
from pyannote.audio.database.protocols import Found, Recording, name_of
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.embedder import Excerpt
from pyannote.audio.io.arrays import save_arrays
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.validation.pairs import all_pairs
from pyannote.audio.validation.teaching import middle_parts
from pyannote.audio.validation.verification import Verification

WHOLE = 3600.0
"""Seconds of a chunk that no recording reaches."""

APPROACHES = "embedding/approaches"
EMBEDDED_BY = [PACKAGE / "inference", PACKAGE / "embedding" / "turns.py", Path(__file__)]
"""Code that decides what is kept of a training."""


@dataclass(frozen=True)
class Run:
    """One training of a row: a seed, and the fold of speakers that it leaves out.

    Parameters
    ----------
    row : Row
    protocol : str
    seed : int
    fold : int, optional
        Fold of training speakers that is left out and compared. Default: nobody is left out, and the trials
        of the test subset are scored.
    folds : int
    output : Path
        Folder of the table.
    """

    row: Row
    protocol: str
    seed: int
    fold: int | None
    folds: int
    output: Path

    @property
    def part(self) -> str:
        """Name of what is compared."""
        return "trials" if self.fold is None else f"fold {self.fold + 1} of {self.folds}"

    def left_out(self, file: Recording, speakers: Sequence[str]) -> bool:
        """Whether the speaker of a file is in the fold."""
        return self.fold is not None and speakers.index(speaker_of(file)) % self.folds == self.fold

    def folder(self) -> Path:
        """Folder of its training, named after digests of what it depends on and of the package's code."""
        corpus = corpus_of(self.row.content(None), self.output)
        files = corpus.recordings(self.protocol, "train")
        depends = {
            "config": {**dumped(corpus.recipe.resolved), "backend": None},
            "code": code_of(corpus.recipe.resolved, corpus.recipe.shelf),
            "files": contents_of(files, corpus.store.contents(files)),
            "protocol": self.protocol,
            "seed": self.seed,
            "epochs": self.epochs(),
            "part": self.part,
        }
        return self.output / "runs" / f"{digest(depends)[:16]}-{package_digest()[:8]}"

    def epochs(self) -> int:
        """Epochs of the row, or those of one cycle of its learning rate."""
        scheduler = self.row.content(None).get("scheduler", {}).get("params", {})
        found = self.row.epochs or scheduler.get("epochs_per_cycle") or scheduler.get("epochs")
        if not found:
            raise UsageError(
                f"The row {self.row.name} names no number of epochs.", fix="Add --epochs=N to it."
            )
        return int(found)


@cache
def package_digest() -> str:
    """Digest of the code of the package that trains."""
    return source_digest([PACKAGE / folder for folder in (*TRAINED_BY, APPROACHES)])


ARRAYS = ("turns", "parts", "speakers", "compared", "uris", "first", "second", "targets", "groups")
"""What is kept of a training: embeddings of training turns and their parts, and of what is compared."""


@cache
def _embedding_digest() -> str:
    return source_digest(EMBEDDED_BY)


def embeddings_of(folder: Path) -> Path:
    """File of the embeddings of a training."""
    return folder / f"embeddings-{_embedding_digest()[:12]}.npz"


def speaker_of(file: Recording) -> str:
    """The speaker of a file.

    Raises
    ------
    DataError
        If there is none, or there are several.
    """
    names = {label for _, _, label in file["events"] or ()}
    if len(names) != 1:
        raise DataError(
            f"{name_of(file)} has {len(names)} speakers; folds of speakers need files of one speaker each.",
            fix="Use --folds=0, which leaves nobody out.",
        )
    return str(names.pop())


def finish(run: Run) -> Path:
    """Train and embed what has not been trained and embedded, and return the folder of the training."""
    folder = run.folder()
    return finished(folder, partial(_train, run, folder), embeddings_of(folder), partial(_embed, run, folder))


def _without(run: Run) -> Any:
    """Context in which the training subset lacks the speakers of the fold."""
    read = corpus_module.readable_recordings

    def reduced(protocol: str, subset: str, *args: Any, **options: Any) -> Found:
        found = read(protocol, subset, *args, **options)
        if run.fold is None or (protocol, subset) != (run.protocol, "train"):
            return found
        speakers = sorted({speaker_of(file) for file in found.readable})
        kept = [file for file in found.readable if not run.left_out(file, speakers)]
        return found._replace(readable=kept)

    return patch.object(corpus_module, "readable_recordings", reduced)


def _train(run: Run, folder: Path) -> None:
    options = TrainOptions(
        root=folder, protocol=run.protocol, first="last", last=run.epochs(), seed=run.seed, cpu=True
    )
    described = {
        "row": run.row.name,
        "protocol": run.protocol,
        "seed": run.seed,
        "part": run.part,
        "epochs": run.epochs(),
        "package": package_digest(),
    }
    train_in(
        "emb",
        options,
        run.row.content(None),
        lambda corpus: corpus.augmented(corpus.recordings(run.protocol, "train")),
        _without(run),
        described,
    )


def _embed(run: Run, folder: Path) -> None:
    """Keep embeddings of the last epoch: of training turns and their parts, and of what is compared."""
    trained = TrainFolder(folder / "train" / f"{run.protocol}.train")
    bundle = Bundle.of(trained)
    corpus = Corpus(Recipe(bundle.config))
    options = EmbeddingOptions(train=trained.path, protocol=run.protocol, subset="test", duration=WHOLE)
    with _without(run):
        measure = embedding_measure(corpus, bundle, options)
        excerpts, speakers = measure.training_excerpts()
    comparison = measure.comparison if run.fold is None else _pairs(run, corpus)
    assert isinstance(comparison, Verification), "checked by the table"
    bundle.load(measure.embedder.model, bundle.checkpoints.epochs()[-1])
    parts = middle_parts(excerpts, bundle.specifications.frames)
    kept = {
        "turns": measure.embedder(excerpts),
        "parts": measure.embedder(parts),
        "speakers": speakers,
        "compared": measure.embedder(comparison.excerpts),
        "uris": np.array([excerpt.uri for excerpt in comparison.excerpts]),
        "first": comparison.first,
        "second": comparison.second,
        "targets": comparison.targets,
        "groups": comparison.groups,
    }
    save_arrays(embeddings_of(folder), kept)


def _pairs(run: Run, corpus: Corpus) -> Verification:
    """All pairs of files of the speakers of the fold."""
    files = corpus.recordings(run.protocol, "train")
    speakers = sorted({speaker_of(file) for file in files})
    files = [file for file in files if run.left_out(file, speakers)]
    turns = [[(start, end) for start, end, _ in file["events"]] for file in files]
    pairs = all_pairs([speaker_of(file) for file in files], [name_of(file) for file in files])
    excerpts: list[Excerpt] = corpus.excerpts(list(zip(files, turns, strict=True)))
    return Verification(excerpts, pairs.first, pairs.second, pairs.targets)
