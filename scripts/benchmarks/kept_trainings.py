"""Trainings that the tables of detectors and embeddings keep, each in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout
from pathlib import Path
from time import process_time
from typing import Any

import yaml

from pyannote.audio.applications.blocks.base import block
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import TrainOptions
from pyannote.audio.applications.train import train
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.schema import load_config
from pyannote.audio.database.protocols import Recording
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
