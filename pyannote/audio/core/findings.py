"""Findings: errors and warnings about a configuration or a data set, with file and line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from os import PathLike
from typing import Any, Literal

from pyannote.audio.core.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    StorageError,
    ToolkitError,
    UsageError,
)

Level = Literal["error", "warning"]

ERRORS: dict[int, type[ToolkitError]] = {
    one.code: one for one in (UsageError, ConfigError, DataError, StorageError, CheckpointError)
}
"""Errors of commands that refuse a finding, by their exit status."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or probably not meant.

    Parameters
    ----------
    kind : str
        A word for what it is, the same for all findings of its kind.
    what : str
        What was found, as a sentence.
    mend : str
        What the user can do about it, as a sentence.
    file : path, optional
        The file in which it was found.
    line : int, optional
        The line of `file`, counted from 1.
    code : int
        Exit status of a command that refuses it; 0 where commands would go on.
    keys : tuple of (str or int), optional
        Entry of the configuration that it is about, below the block of the task, such as
        `("params", "per_fold")`: its line is added where the configuration is known.
    label : str, optional
        Label that it is about: the line of its first event is added where the annotation is known.

    Examples
    --------
    >>> print(Finding("silent", "All samples are 0.", "Record it again.", file="a.wav"))
    a.wav: All samples are 0. Record it again.
    """

    kind: str
    what: str
    mend: str
    file: str | PathLike[str] | None = None
    line: int | None = None
    code: int = 0
    keys: tuple[str | int, ...] | None = None
    label: str | None = None

    @classmethod
    def of(cls, kind: str, error: ToolkitError, mend: str = "Correct it.") -> Finding:
        """An error that a command would end with; `mend` stands in where the error names none."""
        return cls(kind, error.found, error.fix or mend, error.file, error.line, error.code)

    @property
    def level(self) -> Level:
        """An error is what a command would refuse."""
        return "error" if self.code else "warning"

    def error(self) -> ToolkitError:
        """Error of a command that refuses it, with the same sentence, file and line."""
        kind = ERRORS.get(self.code, ToolkitError)
        return kind(self.what, file=self.file, line=self.line, fix=self.mend)

    def __str__(self) -> str:
        return str(self.error())

    def described(self) -> dict[str, Any]:
        """Plain mapping, with the level instead of the exit status."""
        plain = asdict(self)
        for name in ("code", "keys", "label"):
            del plain[name]
        return {"level": self.level, **plain, "file": None if self.file is None else str(self.file)}


def status(findings: Iterable[Finding], only_warnings: int) -> int:
    """Exit status that findings come to: that of the configuration before that of the data, and 0 for none.

    Examples
    --------
    >>> warning = Finding("silent", "All samples are 0.", "Record it again.")
    >>> error = Finding.of("key", ConfigError("There is no key 'tsak'."))
    >>> status([], 10), status([warning], 10), status([warning, error], 10)
    (0, 10, 3)
    """
    found = list(findings)
    codes = {finding.code for finding in found if finding.code}
    if codes:
        return ConfigError.code if ConfigError.code in codes else DataError.code
    return only_warnings if found else 0


def raise_first(findings: Iterable[Finding]) -> list[Finding]:
    """Raise the first finding that is an error; without one, return all of them, which are warnings.

    Raises
    ------
    ToolkitError
        Of the kind that the exit status of the finding stands for.

    Examples
    --------
    >>> raise_first([Finding("key", "There is no key 'tsak'.", "Use task.", "config.yml", 3, code=3)])
    Traceback (most recent call last):
    ...
    pyannote.audio.core.errors.ConfigError: config.yml, line 3: There is no key 'tsak'. Use task.
    """
    result = list(findings)
    for finding in result:
        if finding.code:
            raise finding.error()
    return result
