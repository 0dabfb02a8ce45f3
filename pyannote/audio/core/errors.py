"""One tree of errors, each of which is a sentence that a user can act on."""

from __future__ import annotations

from os import PathLike
from typing import ClassVar


class ToolkitError(Exception):
    """What was found, where, and how to mend it.

    Parameters
    ----------
    found : str
        What is wrong and what would be allowed, as a sentence.
    file : path, optional
        The file in which it was found.
    line : int, optional
        The line of `file`, counted from 1.
    fix : str, optional
        What the user can do about it, as a sentence.

    Examples
    --------
    >>> print(DataError("The offset 1.0 lies before the onset 2.0.", file="a.rttm", line=3, fix="Swap them."))
    a.rttm, line 3: The offset 1.0 lies before the onset 2.0. Swap them.
    """

    code: ClassVar[int] = 1
    """Exit status of a command that ends with this error."""

    def __init__(
        self,
        found: str,
        *,
        file: str | PathLike[str] | None = None,
        line: int | None = None,
        fix: str | None = None,
    ) -> None:
        self.found = found
        self.file = file
        self.line = line
        self.fix = fix
        super().__init__(found)

    def __str__(self) -> str:
        where = "" if self.file is None else str(self.file)
        if self.line is not None:
            where = f"{where}, line {self.line}" if where else f"line {self.line}"
        sentences = self.found if self.fix is None else f"{self.found} {self.fix}"
        return f"{where}: {sentences}" if where else sentences


class UsageError(ToolkitError):
    """The command line asks for something that does not exist or does not fit."""

    code = 2


class ConfigError(ToolkitError):
    """A configuration file says something that has no meaning here."""

    code = 3


class DataError(ToolkitError):
    """Annotation, lists or protocols do not fit each other or the audio."""

    code = 4


class AudioError(DataError):
    """An audio file is missing, damaged or of a kind that cannot be read."""


class BusyError(ToolkitError):
    """Another process works in the same folder."""

    code = 5


class StorageError(ToolkitError):
    """A file cannot be written: full disk, read-only folder, no permission."""

    code = 6


class OutOfMemoryError(ToolkitError):
    """The machine or the device has too little memory for what was asked."""

    code = 7


class CheckpointError(ToolkitError):
    """A checkpoint is missing, damaged, or belongs to another model."""

    code = 8


class PeerError(ToolkitError):
    """Another process of the same training has failed, ended or fallen silent."""

    code = 9
