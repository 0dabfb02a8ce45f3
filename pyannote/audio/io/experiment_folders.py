"""Folders of trainings and validations: paths of their files, and checked reading."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyannote.audio.core.contents import Content, Contents
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import CheckpointError, ConfigError, UsageError
from pyannote.audio.core.outputs import OutputKind
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.storage import write_text
from pyannote.audio.io.yaml_files import load_yaml, write_yaml

CONFIG, FILES, LEFT_OUT = "config.yml", "files.json", "left_out.yml"
"""Stored configuration, digests of training files, and excluded training files."""

SPECS, PARAMS = "specs.yml", "params.yml"
"""Inputs and classes of a trained model, and epoch and parameters that a validation has chosen."""


class TrainFolder:
    """Folder of a training, `<root>/train/<Protocol>.<subset>`.

    Parameters
    ----------
    path : Path
        The folder. It may be reached by links: `root` is derived from the path without following them.

    Examples
    --------
    >>> folder = TrainFolder(Path("/experiment/train/Street.Events.All.train"))
    >>> folder.root.as_posix(), folder.weights.name, folder.config.name
    ('/experiment', 'weights', 'config.yml')
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100  resolving would follow links
        self.root = self.path.parents[1] if len(self.path.parents) > 1 else self.path
        self.weights = self.path / "weights"
        self.config = self.path / CONFIG
        self.files = self.path / FILES

    @classmethod
    def existing(cls, path: Path) -> TrainFolder:
        """Folder of a training that exists.

        Raises
        ------
        UsageError
            If there is neither `specs.yml` nor the `config.yml` of an earlier version.

        Examples
        --------
        >>> TrainFolder.existing(Path("/nowhere"))
        Traceback (most recent call last):
        pyannote.audio.core.errors.UsageError: /nowhere is no training folder: it holds no specs.yml. Name ...
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
        """Store the specifications beside the weights.

        Examples
        --------
        >>> folder = TrainFolder(getfixture("tmp_path"))
        >>> folder.write_specifications(Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100))
        >>> folder.specifications().classes
        ('car',)
        """
        write_yaml(self.path / SPECS, specifications.dump())

    def write_files(self, contents: Contents) -> str:
        """Store the digests of training files by their names, and return the digest of the whole table.

        It has 32 hexadecimal digits.

        Examples
        --------
        >>> folder = TrainFolder(getfixture("tmp_path"))
        >>> expected = folder.write_files({"Street/a": Content("1f", "2e")})
        >>> folder.trained_on(expected)
        {'Street/a': Content(audio='1f', annotation='2e')}
        """
        text = json.dumps(contents, indent=0, sort_keys=True) + "\n"
        write_text(self.files, text)
        return digest(contents)

    def trained_on(self, expected: str) -> dict[str, Content]:
        """Digests of training files by their names.

        Parameters
        ----------
        expected : str
            Digest of the table, from the stored configuration: 32 hexadecimal digits.

        Raises
        ------
        CheckpointError
            If the table is missing, damaged, or of another training.
        """
        try:
            text = self.files.read_text(encoding="utf-8") if self.files.is_file() else None
            contents = None if text is None else json.loads(text)
        except (OSError, ValueError, RecursionError):
            contents = None
        if not isinstance(contents, dict) or digest(contents) != expected:
            raise CheckpointError(
                "This table of training files is missing, damaged or of another training.",
                file=self.files,
                fix="Copy it from the original training folder, or continue the training with --from=last "
                "--accept-changes, which writes it again.",
            )
        return {name: Content(*values) for name, values in contents.items()}

    def left_out(self) -> dict[str, str]:
        """Reasons for which training files were excluded, by file name.

        Examples
        --------
        >>> folder = TrainFolder(getfixture("tmp_path"))
        >>> folder.write_left_out({"a": "It is empty."})
        >>> folder.left_out()
        {'a': 'It is empty.'}
        """
        path = self.path / LEFT_OUT
        return load_yaml(path, "Run `train` again, with --from=last.") if path.exists() else {}

    def write_left_out(self, reasons: Mapping[str, str]) -> None:
        """Store the reasons for which training files are excluded."""
        write_yaml(self.path / LEFT_OUT, reasons)

    def check_specifications(self, specifications: Specifications) -> None:
        """Refuse to resume the training of a model with other inputs or classes.

        Raises
        ------
        ConfigError
            With the names of the specifications that differ.
        """
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
        The folder, or a link to it.

    Examples
    --------
    >>> folder = ValidateFolder(Path("/experiment/train/P.train/validate_f1/P.development"))
    >>> folder.params.name, folder.train.path.as_posix()
    ('params.yml', '/experiment/train/P.train')
    """

    def __init__(self, path: Path) -> None:
        lexical = Path(os.path.abspath(path))  # noqa: PTH100  `<root>/train` may be a link
        trained = [lexical, *lexical.parents[1:2]]
        known = any(os.path.exists(folder / SPECS) for folder in trained)  # noqa: PTH110  of any length
        self.path = lexical if known else path.resolve()
        self.params = self.path / PARAMS

    @property
    def train(self) -> TrainFolder:
        """Training that was validated.

        Examples
        --------
        >>> ValidateFolder(Path("/P.train/validate_f1/P.development")).train.path.as_posix()
        '/P.train'
        """
        if self.is_training or len(self.path.parents) < 2:
            return TrainFolder(self.path)
        return TrainFolder(self.path.parents[1])

    @property
    def is_training(self) -> bool:
        """Whether it is the folder of a training itself, of which no validation has chosen an epoch.

        Examples
        --------
        >>> folder = ValidateFolder(getfixture("detector"))
        >>> folder.is_training, ValidateFolder(folder.train.path).is_training
        (False, True)
        """
        return os.path.exists(self.path / SPECS)  # noqa: PTH110  a name that is too long is no error here


def load_specifications(train: Path, kind: OutputKind = "frames") -> Specifications:
    """Specifications of a training folder.

    Parameters
    ----------
    train : Path
        The folder.
    kind : {"frames", "vector", "chunk"}
        Output of its model, if `specs.yml` of an earlier version does not define it.

    Raises
    ------
    CheckpointError
        If they are missing or damaged.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> specifications = Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100)
    >>> TrainFolder(folder).write_specifications(specifications)
    >>> load_specifications(folder).inputs
    {'X': 40}
    """
    path = train / SPECS
    return Specifications.load(load_yaml(path, "Train first."), path, kind)


def check_version(params: Mapping[str, Any], epoch: int, checkpoints: Checkpoints, validate: Path) -> None:
    """Refuse weights that were trained again after the validation that has chosen them.

    Parameters
    ----------
    params : mapping
        Content of params.yml of the validation.
    epoch : int
        Epoch that it has chosen.
    checkpoints : Checkpoints
        Epochs of the training.
    validate : Path
        Folder of the validation.

    Raises
    ------
    CheckpointError
        If the weights of the epoch have changed.
    """
    weights = params.get("weights")
    validated = weights.get(epoch) if isinstance(weights, Mapping) else None
    if validated is not None and validated != checkpoints.version(epoch):
        raise CheckpointError(
            f"Epoch {epoch} has been trained again since this validation.",
            file=validate / PARAMS,
            fix="Run `validate` again.",
        )
