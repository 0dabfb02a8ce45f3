"""Trainings that the tables of detectors and embeddings keep, each in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from time import process_time
from typing import Any, Protocol, TypeVar

import yaml
from detection_configs import Row

from pyannote.audio.applications.blocks.base import block
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import TrainOptions
from pyannote.audio.applications.train import train
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.schema import load_config
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.protocols import Recording
from pyannote.audio.io.json_files import parse_json
from pyannote.audio.io.storage import write_text


def finished(folder: Path, train_it: Callable[[], None], result: Path, score: Callable[[], None]) -> Path:
    """Folder of a training, after it was trained and scored, if it was not yet; the log is a file in it.

    Parameters
    ----------
    folder : Path
    train_it, score : callable
    result : Path
        File that `score` writes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "log.txt").open("a", encoding="utf-8") as log,
        redirect_stdout(log),
        redirect_stderr(log),
    ):
        if not (folder / "training.json").exists():
            train_it()
        if not result.exists():
            score()
    return folder


def train_in(
    name: str,
    options: TrainOptions,
    content: Mapping[str, Any],
    files: Callable[[Corpus], Sequence[Recording]],
    within: AbstractContextManager[Any],
    described: Mapping[str, Any],
) -> None:
    """Train, or go on with what was interrupted, and write what has been trained to training.json.

    Parameters
    ----------
    name : {"dcase", "emb"}
        Block that trains.
    options : TrainOptions
        Their root is the folder of the training.
    content : mapping
        Content of config.yml.
    files : callable
        Recordings whose features are computed before, once for all trainings.
    within : context manager
        Entered for the training alone.
    described : mapping
        What is written, beside CPU seconds.
    """
    config = options.root / "config.yml"
    write_text(config, yaml.safe_dump(dict(content), sort_keys=False))
    corpus = Corpus(Recipe(load_config(config)))
    corpus.prepare_features(files(corpus))
    resumed = (options.root / "train").exists()
    started = process_time()
    with within:
        train(block(name), options)
    # of an interrupted training, nobody knows
    seconds = None if resumed else process_time() - started
    text = json.dumps({**described, "cpu_seconds": seconds}, indent=1)
    write_text(options.root / "training.json", text)


def described(folder: Path) -> Mapping[str, Any]:
    """What has been trained in a folder."""
    content: dict[str, Any] = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    return content


def corpus_of(content: Mapping[str, Any], output: Path) -> Corpus:
    """Corpus of the content of a config.yml, which is written to a folder of the table to be checked."""
    scratch = output / "configs" / f"{digest(content)}.yml"
    write_text(scratch, yaml.safe_dump(dict(content), sort_keys=False))
    return Corpus(Recipe(load_config(scratch)))


class KeptRows:
    """Rows of a folder and their trainings, in the file rows.json.

    Parameters
    ----------
    output : Path
        Folder of the table.
    """

    trainings: str
    """Key of a row whose entry is its trainings."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.path = output / "rows.json"
        self.rows: dict[str, dict[str, Any]] = {}
        if self.path.exists():
            self.rows = dict(parse_json(self.path.read_text(encoding="utf-8"), self.path))

    def put(self, row: Row, content: Any, seed: int, key: str, training: Any) -> None:
        """Remember a training of a row; those of other content of the same name are forgotten."""
        known, now = self.rows.get(row.name), digest(content)
        if known is None or known["content"] != now:
            known = {"content": now, "described": asdict(row), self.trainings: {}}
            self.rows[row.name] = known
        known[self.trainings].setdefault(str(seed), {})[key] = training
        write_text(self.path, json.dumps(self.rows, indent=1))


class Named(Protocol):
    """Figures of a row."""

    @property
    def name(self) -> str:
        """Name of the row."""


N = TypeVar("N", bound=Named)


def row_named(rows: Sequence[N], name: str | None) -> N | None:
    """The row that others are compared with; none if no name is given.

    Raises
    ------
    UsageError
        If there is no such row.
    """
    named = {row.name: row for row in rows}
    if name is not None and name not in named:
        raise UsageError(f"--against={name!r} is no row; there are {'; '.join(named)}.")
    return None if name is None else named[name]
