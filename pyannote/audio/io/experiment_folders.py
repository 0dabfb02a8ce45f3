"""Folders of trainings and validations: where each file lies, checked when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyannote.audio.core.errors import CheckpointError, ConfigError, UsageError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.yaml_files import load_yaml, write_yaml

LEFT_OUT = "left_out.yml"


class TrainFolder:
    """`<root>/train/<Protocol>.<subset>`: where a training lives.

    Parameters
    ----------
    path : Path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parents[1] if len(path.parents) > 1 else path
        self.weights = path / "weights"

    @classmethod
    def existing(cls, path: Path) -> TrainFolder:
        """A folder that `train` has made.

        Raises
        ------
        UsageError
            If there is no configuration where it should be.
        """
        folder = cls(path.resolve())
        if not (folder.root / "config.yml").exists():
            raise UsageError(
                f"{path} is no training folder: there is no {folder.root / 'config.yml'}.",
                fix="Name <root>/train/<Protocol>.<subset>, as `train` has printed it.",
            )
        return folder

    def specifications(self) -> Specifications:
        """Inputs and classes of the trained model."""
        return load_specifications(self.path)

    def write_specifications(self, specifications: Specifications) -> None:
        """Keep the specifications beside the weights."""
        write_yaml(self.path / "specs.yml", specifications.dump())

    def left_out(self) -> dict[str, str]:
        """Training files that were left out, by name, and why."""
        path = self.path / LEFT_OUT
        return load_yaml(path, "Run `train` again, with --from=last.") if path.exists() else {}

    def write_left_out(self, reasons: Mapping[str, str]) -> None:
        """Keep which training files are left out, and why."""
        write_yaml(self.path / LEFT_OUT, reasons)

    def check_specifications(self, specifications: Specifications) -> None:
        """Refuse to go on with a model of other inputs or classes."""
        before = self.specifications()
        if before != specifications:
            changed = [name for name, value in vars(before).items() if value != vars(specifications)[name]]
            raise ConfigError(
                f"The configuration has changed since this training began ({', '.join(changed)}).",
                file=self.root / "config.yml",
                fix="Undo the change, or train in another folder.",
            )


def load_specifications(train: Path) -> Specifications:
    """Specifications of a training folder.

    Raises
    ------
    CheckpointError
        If they are missing or damaged.
    """
    path = train / "specs.yml"
    return Specifications.load(load_yaml(path, "Train first."), file=str(path))


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
