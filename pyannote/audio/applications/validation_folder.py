"""Which folder of a validation a user means."""

from __future__ import annotations

import os
from pathlib import Path

from pyannote.audio.applications.terminal import say
from pyannote.audio.core.errors import UsageError
from pyannote.audio.io.experiment_folders import PARAMS, ValidateFolder


def validation_folder(named: Path) -> Path:
    """Folder of the validation that a path stands for.

    It is the path itself, if there was a validation. `<root>/validate/<protocol>.<subset>` stands for the one
    validation below `<root>/train/` with that protocol and subset; or else for the one with that database,
    name of a protocol and subset, whatever the task. Which one is taken is said.

    Raises
    ------
    UsageError
        If there is none, or more than one.
    """
    path = ValidateFolder(named).path
    if os.path.exists(path / PARAMS):  # noqa: PTH110  a name that is too long is no error here
        return path
    root = path.parent.parent
    all_found = sorted(file.parent for file in root.glob(f"train/*/validate*/*/{PARAMS}"))
    equal = [found for found in all_found if found.name == path.name]
    alike = [found for found in all_found if _without_task(found.name) == _without_task(path.name)]
    # the command of 2019 writes into folders that are called so
    found = [one for one in equal or alike if one.parent.name == "validate"] or equal or alike
    if path.parent.name != "validate" or not all_found:
        raise UsageError(
            f"{named} is no folder of a validation: there is no {PARAMS}.",
            fix="Run `validate` first, and name the folder that it prints.",
        )
    if len(found) != 1:
        listed = ", ".join(str(one) for one in found or all_found)
        raise UsageError(
            f"{named} stands for {len(found)} validations; there are {listed}.", fix="Name one of them."
        )
    say(f"Using the validation {found[0]}")
    return found[0]


def _without_task(name: str) -> tuple[str, ...]:
    """Database, protocol and subset."""
    database, *rest = name.split(".")
    return (database, *rest[1:])
