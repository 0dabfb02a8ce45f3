"""What folders of trainings and validations hold, checked when it is read."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyannote.audio.config.registry import build, find
from pyannote.audio.config.schema import Config
from pyannote.audio.config.strict_yaml import checked_text, plain
from pyannote.audio.core.errors import CheckpointError, ConfigError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.embedding.backends.base import Base as Backend
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.sealed import is_intact
from pyannote.audio.models.base import Base as Model


def load_weights(model: Model, weights: Mapping[str, Any], file: Path) -> None:
    """Give a model trained weights.

    Raises
    ------
    CheckpointError
        If they are those of another architecture.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).strip().split("\n")[-1].strip()
        raise CheckpointError(
            f"These weights do not fit the architecture of config.yml ({reason}).",
            file=file,
            fix="Use the configuration that they were trained with.",
        ) from None


def load_specifications(train: Path) -> Specifications:
    """Specifications of a training folder.

    Raises
    ------
    CheckpointError
        If they are missing or damaged.
    """
    path = train / "specs.yml"
    return Specifications.load(load_yaml(path, "Train first."), file=str(path))


def backend_of(config: Config, default: str, metric: str | None = None) -> Backend:
    """How embeddings are compared, as a configuration says.

    Parameters
    ----------
    config : Config
        The configuration.
    default : {"cosine", "euclidean", "angular"}
        Metric, where neither the configuration nor `metric` names one.
    metric : {"cosine", "euclidean", "angular"}, optional
        Metric instead of that of the configuration.

    Raises
    ------
    ConfigError
        If there is no such back-end, or it compares by another metric.
    """
    block = config.backend
    found = find("backend", block.name, config.document, (*block.where, "name"))
    if "metric" in inspect.signature(found).parameters:
        params = {"metric": default, **block.params, **({} if metric is None else {"metric": metric})}
        block = replace(block, params=params)
    backend: Backend = build("backend", block, config.document)
    if metric not in (None, backend.metric):
        raise config.document.error(
            block.where, f"{block.name} compares embeddings by {backend.metric}.", fix="Leave --metric out."
        )
    return backend


def check_version(params: Mapping[str, Any], epoch: int, checkpoints: Checkpoints, validate: Path) -> None:
    """Refuse weights that were trained after the validation that has chosen them.

    Parameters
    ----------
    params : mapping
        Content of params.yml of the validation.
    epoch : int
        That it has chosen.
    checkpoints : Checkpoints
        Epochs of the training.
    validate : Path
        Folder of the validation.

    Raises
    ------
    CheckpointError
        If the weights of the epoch are others now.
    """
    weights = params.get("weights")
    validated = weights.get(epoch) if isinstance(weights, Mapping) else None
    if validated is not None and validated != checkpoints.version(epoch):
        raise CheckpointError(
            f"Epoch {epoch} has been trained again since this validation.",
            file=validate / "params.yml",
            fix="Run `validate` again.",
        )


def load_yaml(path: Path, fix: str) -> dict[str, Any]:
    """Content of a file that a command has written.

    Raises
    ------
    CheckpointError
        If it is missing, damaged or changed; `fix` says what to do.
    """
    try:
        text = checked_text(path)
        content = plain(text, path) if is_intact(text) else None
    except ConfigError as error:
        raise CheckpointError(error.found, file=path, line=error.line, fix=fix) from None
    if not is_intact(text):
        raise CheckpointError(
            "This file has changed since it was written.",
            file=path,
            fix="Let it be written again, or remove its last line if it was you who changed it.",
        )
    if not isinstance(content, dict):
        raise CheckpointError("This file is damaged.", file=path, fix=fix)
    return content
