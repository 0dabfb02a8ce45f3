"""Trainings of detection_table.py: each is trained once, and the scores of its epochs are kept."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from detection_configs import Row
from detection_scores import Scored, save
from kept_trainings import corpus_of, finished, train_in

from pyannote.audio.applications import corpus as corpus_module
from pyannote.audio.applications.blocks._events import detection_measure
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import DetectionOptions, TrainOptions
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.resolved import code_of, dumped
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import DataError
from pyannote.audio.database.contents import contents_of, seen_before
from pyannote.audio.database.protocols import labels_of, recordings
from pyannote.audio.database.sources import entries_of
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.slide import Inputs
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.store.packs import Pack

PACKAGE = Path(corpus_module.__file__).parents[1]
TRAINED_BY = ("augmentation", "config", "core", "features", "labeling", "models", "store", "train")
"""Folders of the package whose code decides what a training learns."""


@dataclass(frozen=True)
class Run:
    """One training of a row: a protocol and a seed.

    Parameters
    ----------
    row : Row
    protocol : str
    seed : int
    epochs : int
    labels : tuple of str, optional
        Classes instead of those of the configuration.
    every : int
        Epochs that are multiples of it are scored, and the last one.
    output : Path
        Folder of the table.
    keep : bool
        Whether a training by earlier code of the package is taken.
    """

    row: Row
    protocol: str
    seed: int
    epochs: int
    labels: tuple[str, ...] | None
    every: int
    output: Path
    keep: bool = False

    def folder(self) -> Path:
        """Folder of its training, named after digests of what it depends on and of the package's code.

        Rows that differ in how they are applied alone share their trainings.
        """
        folder = self.output / "runs"
        corpus = corpus_of(self.row.content(self.labels), self.output)
        files = corpus.recordings(self.protocol, "train")
        depends = {
            "config": dumped(corpus.recipe.resolved),
            "code": code_of(corpus.recipe.resolved, corpus.recipe.shelf),
            "files": contents_of(files, corpus.store.contents(files)),
            "protocol": self.protocol,
            "seed": self.seed,
            "epochs": self.epochs,
            "shuffled": self.row.shuffled,
        }
        key = digest(depends)[:16]
        now = folder / f"{key}-{package_digest()[:8]}"
        earlier = sorted(folder.glob(f"{key}-*/training.json"), key=lambda path: path.stat().st_mtime)
        if self.keep and earlier and not (now / "training.json").exists():
            return earlier[-1].parent
        return now

    def scores(self, folder: Path) -> Path:
        """File of the scores of its epochs."""
        applied = digest([self.row.duration, self.every, source_digest([PACKAGE / "inference"])])[:12]
        return folder / f"scores-{applied}.npz"


@cache
def package_digest() -> str:
    """Digest of the code of the package that trains."""
    return source_digest([PACKAGE / folder for folder in TRAINED_BY])


def source_digest(places: Iterable[Path]) -> str:
    """Digest of Python files and folders, without comments and docstrings, in 32 hexadecimal digits."""
    state = blake2b(digest_size=16)
    files = [path for place in places for path in ([place] if place.is_file() else place.rglob("*.py"))]
    for path in sorted(files):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
                node.body[0] = ast.Pass()
        state.update(f"{path.name} {ast.dump(tree)}".encode())
    return state.hexdigest()


class ShuffledStore(FeatureStore):
    """A store that gives each file the long-term vector of another file of its subset."""

    def pack(self, files: Any, augmentations: Any = ()) -> Pack:
        """Pack of files, with their long-term vectors in another order."""
        pack = super().pack(files, augmentations)
        return replace(pack, long_term=np.roll(pack.long_term, 1, axis=0))


def _shuffled(inputs: Iterable[Inputs]) -> list[Inputs]:
    """The same inputs with the long-term vector of the file before each."""
    found = list(inputs)
    vectors = [one["long_term"] for one in found]
    return [
        {**one, "long_term": vector} for one, vector in zip(found, vectors[-1:] + vectors[:-1], strict=True)
    ]


def finish(run: Run) -> Path:
    """Train and score what has not been trained and scored, and return the folder of the training."""
    folder = run.folder()
    return finished(folder, partial(_train, run, folder), run.scores(folder), partial(_score, run, folder))


def _train(run: Run, folder: Path) -> None:
    options = TrainOptions(
        root=folder, protocol=run.protocol, first="last", last=run.epochs, seed=run.seed, cpu=True
    )
    described = {
        "row": run.row.name,
        "protocol": run.protocol,
        "seed": run.seed,
        "epochs": run.epochs,
        "package": package_digest(),
    }
    store = ShuffledStore if run.row.shuffled else FeatureStore
    train_in(
        "dcase",
        options,
        run.row.content(run.labels),
        lambda corpus: corpus.recordings(run.protocol, "train"),
        patch.object(corpus_module, "FeatureStore", store),
        described,
    )


def _score(run: Run, folder: Path) -> None:
    """Score development files, if the protocol has any, and test files with each epoch."""
    trained = TrainFolder(folder / "train" / f"{run.protocol}.train")
    bundle = Bundle.of(trained)
    corpus = Corpus(Recipe(bundle.config))
    subsets: dict[str, Scored] = {}
    for subset in ("development", "test"):
        if subset == "development" and not entries_of(run.protocol, subset)[1]:
            continue
        _refuse_seen(corpus, bundle, run.protocol, subset)
        options = DetectionOptions(
            train=trained.path, protocol=run.protocol, subset=subset, duration=run.row.duration
        )
        measure = detection_measure(corpus, bundle, options)
        if run.row.shuffled:
            inputs = _shuffled(measure.inputs())
            measure.inputs = lambda inputs=inputs: inputs
        subsets[subset] = _scored(measure, _epochs(bundle.checkpoints.epochs(), run.every))
    save(run.scores(folder), subsets)


def _epochs(found: Sequence[int], every: int) -> list[int]:
    return [epoch for epoch in found if epoch % every == 0 or epoch == found[-1]]


def _scored(measure: Any, epochs: Sequence[int]) -> Scored:
    reference = measure.reference
    files = [
        {**{key: file[key] for key in ("uri", "duration", "regions")}, "events": events, "outputs": outputs}
        for file, events, outputs in zip(reference.files, reference.events, reference.outputs, strict=True)
    ]
    scores = np.stack([measure.score(epoch) for epoch in epochs])
    return Scored(tuple(epochs), reference.classes, reference.step, files, scores)


def _refuse_seen(corpus: Corpus, bundle: Bundle, protocol: str, subset: str) -> None:
    """Refuse figures of files that the model was trained on."""
    files = corpus.recordings(protocol, subset)
    contents = contents_of(files, corpus.store.contents(files))
    if seen := seen_before(bundle.trained_on() or {}, contents):
        raise DataError(
            f"The {subset} files of {protocol} have {seen[0]}, which the model was trained on.",
            fix="Take it out of one of the lists.",
        )


def common_labels(protocols: Iterable[str]) -> tuple[str, ...]:
    """Labels of the training files of all protocols, in order of their names."""
    return tuple(labels_of([file for name in protocols for file in recordings(name, "train")]))
