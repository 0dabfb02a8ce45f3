"""Named configurations of detection_table.py."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pyannote.audio.core.errors import UsageError

ROW_OPTIONS = ("--duration", "--epochs", "--shuffled")


@dataclass(frozen=True)
class Row:
    """A named configuration.

    Parameters
    ----------
    name : str
    config : str
        Path of a config.yml.
    changes : tuple of (str, str)
        Entries that are set, such as ("task.params.logavgmel", "False").
    duration : float, optional
        Seconds of a chunk when it is applied; default: as in training.
    epochs : int, optional
        Epochs of a training; default: as for all rows.
    shuffled : bool
        Whether each file has the long-term vector of another one.
    """

    name: str
    config: str
    changes: tuple[tuple[str, str], ...] = ()
    duration: float | None = None
    epochs: int | None = None
    shuffled: bool = False

    @classmethod
    def of(cls, text: str) -> Row:
        """Read `NAME=CONFIG [KEY=VALUE]... [--duration=D] [--epochs=N] [--shuffled]`.

        Raises
        ------
        UsageError
            If it is none.

        Examples
        --------
        >>> Row.of("8 s=config.yml task.params.batch_size=16 --duration=8").duration
        8.0
        """
        name, _, rest = text.partition("=")
        config, *words = shlex.split(rest) or [""]
        if not name.strip() or not Path(config).is_file():
            raise UsageError(
                f"--row={text!r} names no configuration.",
                fix="Give NAME=CONFIG with the path of a config.yml, such as --row=Crnn=config.crnn.yml.",
            )
        pairs = [(key, value) for key, _, value in (word.partition("=") for word in words)]
        options = {key: value for key, value in pairs if key.startswith("--")}
        if unknown := sorted(set(options) - set(ROW_OPTIONS)):
            raise UsageError(f"A row has no option {unknown[0]}; there are {', '.join(ROW_OPTIONS)}.")
        try:
            duration = float(options["--duration"]) if "--duration" in options else None
            epochs = int(options["--epochs"]) if "--epochs" in options else None
        except ValueError:
            raise UsageError(f"--row={text!r} has an option that is no number.") from None
        changes = tuple(pair for pair in pairs if not pair[0].startswith("--"))
        return cls(name.strip(), config, changes, duration, epochs, "--shuffled" in options)

    def content(self, labels: Sequence[str] | None) -> dict[str, Any]:
        """Content of its config.yml, with its changes, and with labels of the data if they are given."""
        content: dict[str, Any] = yaml.safe_load(Path(self.config).read_text(encoding="utf-8"))
        if labels is not None:
            content["task"]["params"]["labels_spec"] = {"regular": list(labels)}
        for where, value in self.changes:
            _set(content, where, yaml.safe_load(value))
        return content


def _set(content: dict[str, Any], where: str, value: Any) -> None:
    """Set an entry of a configuration; numbers are places of a list."""
    *path, last = (int(part) if part.isdigit() else part for part in where.split("."))
    entry: Any = content
    try:
        for part in path:
            entry = entry.setdefault(part, {}) if isinstance(entry, dict) else entry[part]
        entry[last] = value
    except (AttributeError, IndexError, TypeError):
        raise UsageError(f"There is no entry {where} to set.", fix="Name keys, with dots between.") from None


def named_rows(texts: Sequence[str]) -> list[Row]:
    """Rows of different names.

    Raises
    ------
    UsageError
        If a text is no row (see `Row.of`), or two rows have one name.
    """
    rows = [Row.of(text) for text in texts]
    if len({row.name for row in rows}) < len(rows):
        raise UsageError("Two rows have one name.", fix="Give each a name of its own.")
    return rows
