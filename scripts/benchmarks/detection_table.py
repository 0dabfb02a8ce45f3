"""What helps a sound event detector, and what does not: inputs, selection, thresholds, architecture.

Every row is trained on each fold and applied to its test files; the counts of all folds are pooled, as the
challenge does, and scored in segments of 1 s (error rate and F1 as sed_eval defines them).

Usage: detection_table.py [options] <database.yml> <output>

  --folds=N           Folds Fold1 ... FoldN of the protocol [default: 4].
  --seeds=N           Trainings of each row [default: 2].
  --rows=NAMES        Rows to train, separated by semicolons (default: all).
  --epochs=N          Epochs of each training [default: 20].
  --protocol=P        Database and task of the folds [default: TUT2017.SpeakerDiarization].
  --config=DIR        Folder with config.yml and config.crnn.yml [default: tutorials/models/dcase].
  --rescore           Score again what has been trained.
  --only-table        Print the table of what has been trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import docopt
import numpy as np
import yaml

from pyannote.audio.applications import corpus as corpus_module
from pyannote.audio.applications.blocks._events import detection_measure
from pyannote.audio.applications.blocks.base import block
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import DetectionOptions, TrainOptions
from pyannote.audio.applications.train import train
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.database.protocols import labels_of, recordings
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.slide import Inputs
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.metrics.segment_based import SegmentCounts, count
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.store.packs import Pack
from pyannote.audio.validation.criterion import Criterion
from pyannote.audio.validation.reference import Items
from pyannote.audio.validation.selection import evaluate, select

SHORTEST = (0.0, 0.5)


@dataclass(frozen=True)
class Way:
    """How epochs and thresholds are selected on the development files."""

    criterion: Criterion
    single: bool
    shortest: tuple[float, ...] = (0.0,)


# a prior without mercy leaves the threshold at 0.5
FIXED = Criterion("fscore", prior=1e9, tolerance=0)
PLAIN = Criterion("fscore", prior=0, tolerance=0)
WAYS = {
    "one epoch, 0.5": Way(FIXED, single=True),
    "class-wise, 0.5": Way(FIXED, single=False),
    "one epoch, best F-score": Way(PLAIN, single=True),
    "class-wise, best F-score": Way(PLAIN, single=False),
    "one epoch, default": Way(Criterion(), single=True, shortest=SHORTEST),
    "class-wise, default": Way(Criterion(), single=False, shortest=SHORTEST),
}
ROWS: dict[str, dict[str, Any]] = {
    "Dcase, short-term input alone": {"config": "config.yml", "long_term": False},
    "Dcase, with long-term input": {"config": "config.yml"},
    "Dcase, long-term input shuffled between files": {"config": "config.yml", "shuffled": True},
    "Crnn, with long-term input": {"config": "config.crnn.yml"},
}


class ShuffledStore(FeatureStore):
    """A store that gives each file the long-term vector of another file of its subset."""

    def pack(self, files: Any, augmentations: Any = ()) -> Pack:
        """Pack of files, with their long-term vectors in another order."""
        pack = super().pack(files)
        return replace(pack, long_term=np.roll(pack.long_term, 1, axis=0))


@dataclass(frozen=True)
class Run:
    """One training: a row of the table, a fold and a seed."""

    row: str
    fold: int
    seed: int

    def folder(self, output: Path) -> Path:
        """Where the experiment is."""
        name = "".join(character if character.isalnum() else "_" for character in self.row)
        return output / name / f"seed{self.seed}" / f"fold{self.fold}"


def prepare(run: Run, output: Path, configs: Path, protocol: str) -> Path:
    """Write the configuration of a run, with the labels of the data."""
    row = ROWS[run.row]
    config = yaml.safe_load((configs / row["config"]).read_text())
    config["task"]["params"]["labels_spec"] = {"regular": labels_of(recordings(protocol, "train"))}
    config["task"]["params"]["logavgmel"] = row.get("long_term", True)
    folder = run.folder(output)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    return folder


def shuffled(inputs: Iterable[Inputs]) -> list[Inputs]:
    """The same inputs with the long-term vector of the file before each."""
    found = list(inputs)
    vectors = [one["long_term"] for one in found]
    return [
        {**one, "long_term": vector} for one, vector in zip(found, vectors[-1:] + vectors[:-1], strict=True)
    ]


def score(run: Run, root: Path, protocol: str) -> None:
    """Score development and test files with each epoch, and keep segments of 1 s for the table."""
    folder = TrainFolder(root / "train" / f"{protocol}.train")
    bundle = Bundle.of(folder)
    corpus = Corpus(Recipe(bundle.config))
    content: dict[str, Any] = {}
    for subset in ("development", "test"):
        options = DetectionOptions(train=folder.path, protocol=protocol, subset=subset)
        measure = detection_measure(corpus, bundle, options)
        if ROWS[run.row].get("shuffled"):
            inputs = shuffled(measure.inputs())
            measure.inputs = lambda inputs=inputs: inputs
        epochs = bundle.checkpoints.epochs()
        reference = measure.reference
        bounds = np.cumsum(reference.outputs)[:-1]
        scores = [np.split(measure.score(epoch), bounds) for epoch in epochs]
        for shortest in SHORTEST:
            items = [reference.items(one, "segments", shortest) for one in scores]
            content[f"{subset}_scores_{shortest}"] = np.stack([item.scores for item in items])
        content[f"{subset}_target"] = items[0].target
        content["epochs"] = np.array(epochs)
    np.savez(root / "segments.npz", **content)


def selections(content: Mapping[str, Any]) -> Iterator[tuple[str, SegmentCounts]]:
    """Counts on the test files of each way to select epochs and thresholds on the development files."""
    names = tuple(map(str, range(content["development_target"].shape[1])))
    epochs = content["epochs"].tolist()
    for title, way in WAYS.items():
        history = {}
        for index, epoch in enumerate(epochs):
            items = {
                shortest: Items(
                    content[f"development_scores_{shortest}"][index], content["development_target"]
                )
                for shortest in way.shortest
            }
            history[epoch] = evaluate(items, names, way.criterion)
        selection = select(history, way.criterion)
        chosen = selection.single if way.single else selection.class_wise
        columns = [
            content[f"test_scores_{choice.shortest}"][epochs.index(choice.epoch)][:, column]
            >= choice.threshold
            for column, choice in enumerate(chosen.values())
        ]
        yield title, count(content["test_target"], np.stack(columns, axis=1))


def table(output: Path, runs: list[Run]) -> str:
    """Error rate and F1 of each row and selection, as two tables of means over seeds."""
    pooled: dict[tuple[str, str, int], SegmentCounts] = {}
    for run in runs:
        path = run.folder(output) / "segments.npz"
        if path.exists():
            for title, counts in selections(np.load(path)):
                key = (run.row, title, run.seed)
                pooled[key] = pooled[key] + counts if key in pooled else counts
    errors = {key: counts.overall.error_rate for key, counts in pooled.items()}
    f_measures = {key: counts.overall.f_measure for key, counts in pooled.items()}
    return f"{means('Error rate', errors)}\n\n{means('F1', f_measures)}"


def means(measure: str, figures: Mapping[tuple[str, str, int], float]) -> str:
    """Table of one measure: the mean over seeds of each row and selection."""
    rows = list(dict.fromkeys(row for row, _, _ in figures))
    titles = list(dict.fromkeys(title for _, title, _ in figures))
    lines = [f"| {measure} | " + " | ".join(titles) + " |", "|---|" + "---|" * len(titles)]
    for row in rows:
        cells = [
            np.mean([value for (name, way, _), value in figures.items() if (name, way) == (row, title)])
            for title in titles
        ]
        lines.append(f"| {row} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Train what is missing, and print the table."""
    from pyannote.database import registry

    arguments = docopt.docopt(__doc__)
    output = Path(arguments["<output>"])
    registry.load_database(arguments["<database.yml>"])
    rows = arguments["--rows"].split(";") if arguments["--rows"] else list(ROWS)
    runs = [
        Run(row, fold, seed)
        for seed in range(int(arguments["--seeds"]))
        for row in rows
        for fold in range(1, int(arguments["--folds"]) + 1)
    ]
    for run in runs:
        protocol, root = f"{arguments['--protocol']}.Fold{run.fold}", run.folder(output)
        if arguments["--rescore"] and (root / "segments.npz").exists():
            score(run, root, protocol)
        if arguments["--only-table"] or (root / "segments.npz").exists():
            continue
        prepare(run, output, Path(arguments["--config"]), protocol)
        store = ShuffledStore if ROWS[run.row].get("shuffled") else FeatureStore
        with patch.object(corpus_module, "FeatureStore", store):
            train(
                block("dcase"),
                TrainOptions(root=root, protocol=protocol, last=int(arguments["--epochs"]), seed=run.seed),
            )
        score(run, root, protocol)
    text = table(output, runs)
    print(text)
    (output / "table.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
