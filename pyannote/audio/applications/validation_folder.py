"""Folder of a validation or of a training, from the path that a user names."""

from __future__ import annotations

import os
from pathlib import Path

from pyannote.audio.applications.terminal import say, warn
from pyannote.audio.core.errors import UsageError
from pyannote.audio.inference.unvalidated import THRESHOLD
from pyannote.audio.io.experiment_folders import PARAMS, ValidateFolder
from pyannote.audio.io.locks import is_locked


def validation_folder(named: Path) -> Path:
    """Folder of the validation that a path names.

    It is the path itself, if there was a validation. `<root>/validate/<protocol>.<subset>` stands for the one
    validation below `<root>/train/` with that protocol and subset; or else for the one with that database,
    name of a protocol and subset, whatever the task. The chosen one is printed.

    Raises
    ------
    UsageError
        If there is none, or more than one.
    """
    path = ValidateFolder(named).path
    if os.path.exists(path / PARAMS):  # noqa: PTH110  a name that is too long is no error here
        return path
    root = path.parent.parent
    validations = sorted(file.parent for file in root.glob(f"train/*/validate*/*/{PARAMS}"))
    equal = [one for one in validations if one.name == path.name]
    alike = [one for one in validations if _without_task(one.name) == _without_task(path.name)]
    # the command of 2019 writes into folders that are called so
    chosen = [one for one in equal or alike if one.parent.name == "validate"] or equal or alike
    if path.parent.name != "validate" or not validations:
        raise UsageError(
            f"{named} is no folder of a validation: there is no {PARAMS}.",
            fix="Run `validate` first, and name the folder that it prints.",
        )
    if len(chosen) != 1:
        listed = ", ".join(str(one) for one in chosen or validations)
        raise UsageError(
            f"{named} names {len(chosen)} validations; there are {listed}.", fix="Name one of them."
        )
    say(f"Using the validation {chosen[0]}")
    return chosen[0]


def applied_folder(named: Path) -> Path:
    """Folder that `apply` reads: that of a training as it is, or else that of a validation.

    Raises
    ------
    UsageError
        If it is neither (see `validation_folder`).
    """
    folder = ValidateFolder(named)
    return folder.path if folder.is_training else validation_folder(named)


def tell_unvalidated(folder: ValidateFolder, epoch: int) -> None:
    """Say that nothing was chosen on development files, where a folder is that of a training.

    Parameters
    ----------
    folder : ValidateFolder
    epoch : int
        Epoch that is applied.
    """
    if not folder.is_training:
        return
    if is_locked(folder.path, "train"):
        warn(f"{folder.path} is still being trained: epoch {epoch} is its last one so far.")
    say(f"Epoch {epoch}, the last one, with the threshold {THRESHOLD:g}: no validation has chosen any.")


def _without_task(name: str) -> tuple[str, ...]:
    """Database, protocol and subset."""
    database, *rest = name.split(".")
    return (database, *rest[1:])
