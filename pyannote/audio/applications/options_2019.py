"""Options of the command of 2019, `pyannote-speaker-embedding`, that differ from those of `emb`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyannote.audio.applications.arguments import argument, option, whole
from pyannote.audio.applications.options import (
    ApplyOptions,
    CompareOptions,
    EmbeddingOptions,
    TrainOptions,
    seconds,
)


def _step_seconds() -> Any:
    return seconds("--step", "S", "From one window to the next, in seconds (default: a quarter of it)")


def _database() -> Any:
    return option("--database", "A database.yml, instead of those that the environment names", "FILE")


@dataclass(frozen=True, kw_only=True)
class OldTrainOptions(TrainOptions):
    """Options of `train` in the command of 2019."""

    root: Path = argument("<experiment_dir>", Path)
    last: int | None = option("--to", "Train up to this epoch (default: no end)", "N", read=whole(1))
    database: str | None = _database()


@dataclass(frozen=True, kw_only=True)
class OldValidateOptions(EmbeddingOptions):
    """Options of `validate` in the command of 2019."""

    train: Path = argument("<train_dir>", Path)
    evergreen: bool = option(
        "--chronological", "Take the oldest epoch first, instead of the newest", negated=True
    )
    step: float = 0.25
    step_seconds: float | None = _step_seconds()
    folder: str | None = "validate"
    database: str | None = _database()


@dataclass(frozen=True, kw_only=True)
class OldApplyOptions(ApplyOptions):
    """Options of `apply` in the command of 2019."""

    validate: tuple[Path, ...] = argument("<validate_dir>", lambda given: (Path(given),))
    step: float = 0.25
    step_seconds: float | None = _step_seconds()
    database: str | None = _database()


@dataclass(frozen=True, kw_only=True)
class OldCompareOptions(CompareOptions):
    """Options of `compare` in the command of 2019."""

    validate: Path = argument("<validate_dir>", Path)
