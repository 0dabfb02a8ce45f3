"""A trained model, read from the folder of its training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.models.base import Model


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
