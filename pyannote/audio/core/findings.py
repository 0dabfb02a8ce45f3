"""Findings of checks of configurations and data sets: errors and warnings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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
    """An error, or a warning about a probable mistake.

    Parameters
    ----------
    kind : str
        Identifier that is shared by all findings of one rule, such as "silent".
    message : str
        A sentence that says what is wrong.
    fix : str
        A sentence that says how to correct it.
    file : path, optional
        The file that the finding is about.
    line : int, optional
        The line of `file`, counted from 1.
    code : int
        Exit status of a command that refuses it; 0 for a warning.
    keys : tuple of (str or int), optional
        Entry of the configuration that it is about, below the block of the task, such as
        `("params", "per_fold")`: its line is added where the configuration is known.
    label : str, optional
        Label that it is about: the line of its first event is added where the annotation is known.
    recording : str, optional
        Uri of the only recording that it is about, where a training can do without it.

    Examples
    --------
    >>> print(Finding("silent", "All samples are 0.", "Record it again.", file="a.wav"))
    a.wav: All samples are 0. Record it again.
    """

    kind: str
    message: str
    fix: str
    file: str | PathLike[str] | None = None
    line: int | None = None
    code: int = 0
    keys: tuple[str | int, ...] | None = None
    label: str | None = None
    recording: str | None = None

    @classmethod
    def of(cls, kind: str, error: ToolkitError, fix: str = "Correct it.") -> Finding:
        """Finding of an error that a command would end with.

        Parameters
        ----------
        kind : str
            Identifier of the rule.
        error : ToolkitError
        fix : str, optional
            Used if the error has none.

        Examples
        --------
        >>> print(Finding.of("key", ConfigError("There is no key 'tsak'.", line=1)))
        line 1: There is no key 'tsak'. Correct it.
        """
        return cls(kind, error.message, error.fix or fix, error.file, error.line, error.code)

    @property
    def level(self) -> Level:
        """Severity: "error" if commands refuse it, else "warning".

        Examples
        --------
        >>> Finding("silent", "All samples are 0.", "Record it again.").level
        'warning'
        """
        return "error" if self.code else "warning"

    def error(self) -> ToolkitError:
        """Error of a command that refuses it, with the same sentence, file and line."""
        kind = ERRORS.get(self.code, ToolkitError)
        return kind(self.message, file=self.file, line=self.line, fix=self.fix)

    def __str__(self) -> str:
        return str(self.error())

    def as_dict(self) -> dict[str, Any]:
        """Entry of the JSON output of `check`, with the level instead of the exit status.

        Examples
        --------
        >>> Finding("silent", "All samples are 0.", "Record it again.", "a.wav").as_dict()["file"]
        'a.wav'
        """
        return {
            "level": self.level,
            "kind": self.kind,
            "what": self.message,
            "mend": self.fix,
            "file": None if self.file is None else str(self.file),
            "line": self.line,
        }


def exit_status(findings: Iterable[Finding], only_warnings: int) -> int:
    """Exit status of `check`: 0 without findings, else 3 (configuration) before 4 (data).

    Parameters
    ----------
    findings : iterable of Finding
    only_warnings : int
        Exit status if there are warnings and no errors.

    Examples
    --------
    >>> warning = Finding("silent", "All samples are 0.", "Record it again.")
    >>> error = Finding.of("key", ConfigError("There is no key 'tsak'."))
    >>> exit_status([], 10), exit_status([warning], 10), exit_status([warning, error], 10)
    (0, 10, 3)
    """
    findings = list(findings)
    codes = {finding.code for finding in findings if finding.code}
    if codes:
        return ConfigError.code if ConfigError.code in codes else DataError.code
    return only_warnings if findings else 0


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
