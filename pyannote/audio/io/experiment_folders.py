"""Folders of trainings and validations: where each file lies, checked when it is read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import CheckpointError, ConfigError, UsageError
from pyannote.audio.core.specifications import OutputKind, Specifications
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.storage import write_text
from pyannote.audio.io.yaml_files import load_yaml, write_yaml

CONFIG, FILES, LEFT_OUT = "config.yml", "files.json", "left_out.yml"
"""Stored configuration, digests of training files, and training files that were left out."""

SPECS, PARAMS = "specs.yml", "params.yml"
"""Inputs and classes of a trained model, and what a validation has chosen."""


class TrainFolder:
    """Folder of a training, `<root>/train/<Protocol>.<subset>`.

    Parameters
    ----------
    path : Path
        The folder. It may be reached by links: `root` is what its path names, not what links lead to.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100  resolving would follow links
        self.root = self.path.parents[1] if len(self.path.parents) > 1 else self.path
        self.weights = self.path / "weights"
        self.config = self.path / CONFIG
        self.files = self.path / FILES

    @classmethod
    def existing(cls, path: Path) -> TrainFolder:
        """A folder that `train` has made.

        Raises
        ------
        UsageError
            If neither a stored configuration nor that of an earlier version is where it should be.
        """
        folder = cls(path)
        if not ((folder.path / SPECS).exists() or (folder.root / CONFIG).exists()):
            raise UsageError(
                f"{path} is no training folder: it holds no {SPECS}.",
                fix="Name <root>/train/<Protocol>.<subset>, as `train` has printed it.",
            )
        return folder

    def specifications(self, kind: OutputKind = "frames") -> Specifications:
        """Specifications of the trained model (see `load_specifications`)."""
        return load_specifications(self.path, kind)

    def write_specifications(self, specifications: Specifications) -> None:
        """Keep the specifications beside the weights."""
        write_yaml(self.path / SPECS, specifications.dump())

    def write_files(self, contents: Mapping[str, Sequence[str]]) -> str:
        """Keep the digests of training files by their names, and give the digest of the whole table."""
        text = json.dumps(contents, indent=0, sort_keys=True) + "\n"
        write_text(self.files, text)
        return digest(contents)

    def trained_on(self, expected: str) -> dict[str, tuple[str, ...]]:
        """Digests of training files by their names.

        Parameters
        ----------
        expected : str
            Digest of the table, as the stored configuration has it.

        Raises
        ------
        CheckpointError
            If the table is missing or another one.
        """
        try:
            text = self.files.read_text(encoding="utf-8") if self.files.is_file() else None
            contents = None if text is None else json.loads(text)
        except (OSError, ValueError, RecursionError):
            contents = None
        if not isinstance(contents, dict) or digest(contents) != expected:
            raise CheckpointError(
                "This table of training files is missing, damaged or that of another training.",
                file=self.files,
                fix="Copy it from where the training was made, or go on training with --from=last "
                "--accept-changes, which writes it anew.",
            )
        return {name: tuple(values) for name, values in contents.items()}

    def left_out(self) -> dict[str, str]:
        """Training files that were left out, by name, and why."""
        path = self.path / LEFT_OUT
        return load_yaml(path, "Run `train` again, with --from=last.") if path.exists() else {}

    def write_left_out(self, reasons: Mapping[str, str]) -> None:
        """Keep which training files are left out, and why."""
        write_yaml(self.path / LEFT_OUT, reasons)

    def check_specifications(self, specifications: Specifications) -> None:
        """Refuse to go on with a model of other inputs or classes."""
        changed = self.specifications(specifications.output.kind).changes(specifications)
        if changed:
            raise ConfigError(
                f"The configuration has changed since this training began ({', '.join(changed)}).",
                file=self.root / CONFIG,
                fix="Undo the change, or train in another folder.",
            )


class ValidateFolder:
    """Folder of a validation, `<train>/validate_<metric>/<Protocol>.<subset>`.

    Parameters
    ----------
    path : Path
        The folder. A link to it stands for what it leads to.
    """

    def __init__(self, path: Path) -> None:
        lexical = Path(os.path.abspath(path))  # noqa: PTH100  `<root>/train` may be a link
        known = len(lexical.parents) > 1 and (lexical.parents[1] / SPECS).exists()
        self.path = lexical if known else path.resolve()
        self.params = self.path / PARAMS

    @property
    def train(self) -> TrainFolder:
        """The training that was validated."""
        return TrainFolder(self.path.parents[1] if len(self.path.parents) > 1 else self.path)


def load_specifications(train: Path, kind: OutputKind = "frames") -> Specifications:
    """Specifications of a training folder.

    Parameters
    ----------
    train : Path
        The folder.
    kind : {"frames", "vector", "chunk"}
        Output of its model, if that was trained by a version that did not write it down.

    Raises
    ------
    CheckpointError
        If they are missing or damaged.
    """
    path = train / SPECS
    return Specifications.load(load_yaml(path, "Train first."), path, kind)


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
