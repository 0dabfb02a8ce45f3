"""Errors of the toolkit: sentences that name the file and line and say how to fix the cause."""

from __future__ import annotations

from os import PathLike
from typing import ClassVar


class ToolkitError(Exception):
    """Base class of all errors that the toolkit raises on purpose.

    Parameters
    ----------
    message : str
        A sentence that says what is wrong and which values are allowed.
    file : path, optional
        The file that the error is about.
    line : int, optional
        The line of `file`, counted from 1.
    fix : str, optional
        A sentence that says how to correct it.

    Examples
    --------
    >>> print(DataError("The offset 1.0 lies before the onset 2.0.", file="a.rttm", line=3, fix="Swap them."))
    a.rttm, line 3: The offset 1.0 lies before the onset 2.0. Swap them.
    """

    code: ClassVar[int] = 1
    """Exit status of a command that ends with this error."""

    def __init__(
        self,
        message: str,
        *,
        file: str | PathLike[str] | None = None,
        line: int | None = None,
        fix: str | None = None,
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.fix = fix
        super().__init__(message)

    def __str__(self) -> str:
        location = "" if self.file is None else str(self.file)
        if self.line is not None:
            location = f"{location}, line {self.line}" if location else f"line {self.line}"
        sentences = self.message if self.fix is None else f"{self.message} {self.fix}"
        return f"{location}: {sentences}" if location else sentences


class UsageError(ToolkitError):
    """An argument of the command line names something that does not exist or does not fit.

    Examples
    --------
    >>> print(UsageError("--epoch must be a whole number, not 'ten'.", fix="Write --epoch=10."))
    --epoch must be a whole number, not 'ten'. Write --epoch=10.
    """

    code = 2


class ConfigError(ToolkitError):
    """A configuration has an unknown or missing key, or a value that is not allowed.

    Examples
    --------
    >>> print(ConfigError("There is no key 'tsak'.", file="config.yml", line=1, fix="Did you mean 'task'?"))
    config.yml, line 1: There is no key 'tsak'. Did you mean 'task'?
    """

    code = 3


class DataError(ToolkitError):
    """Annotation, lists of files or protocols are wrong, or contradict each other or the audio.

    Examples
    --------
    >>> print(DataError("'x' is not a time.", file="a.rttm", line=3))
    a.rttm, line 3: 'x' is not a time.
    """

    code = 4


class AudioError(DataError):
    """An audio file is missing, damaged, or in a format that cannot be read.

    Examples
    --------
    >>> issubclass(AudioError, DataError), AudioError.code
    (True, 4)
    """


class BusyError(ToolkitError):
    """Another process holds the lock of a folder.

    Examples
    --------
    >>> BusyError.code
    5
    """

    code = 5


class StorageError(ToolkitError):
    """A file cannot be written or read: full disk, read-only folder, no permission.

    Examples
    --------
    >>> StorageError.code
    6
    """

    code = 6


class OutOfMemoryError(ToolkitError):
    """The memory of the machine or of the device is too small.

    Examples
    --------
    >>> OutOfMemoryError.code
    7
    """

    code = 7


class CheckpointError(ToolkitError):
    """A checkpoint, or a file that is stored beside it, is missing, damaged, or of another model.

    Examples
    --------
    >>> CheckpointError.code
    8
    """

    code = 8


class PeerError(ToolkitError):
    """Another process of the same training has failed or ended, or no longer answers.

    Examples
    --------
    >>> PeerError.code
    9
    """

    code = 9
