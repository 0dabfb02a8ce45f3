"""Errors in the processing of a recording, with its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.foreign_errors import error_subject, within_memory
from pyannote.audio.io.waveform import AudioFile


def name_of(file: AudioFile) -> str:
    """Name of a recording in messages: its path, or else its uri.

    Examples
    --------
    >>> name_of({"uri": "a", "audio": "audio/a.wav"}), name_of({"uri": "b"}), name_of("c.wav")
    ('audio/a.wav', 'b', 'c.wav')
    """
    if not isinstance(file, Mapping):
        return str(file)
    return str(file.get("audio") or file.get("uri") or "waveform")


@contextmanager
def error_context(file: AudioFile) -> Iterator[None]:
    """Context that adds the name of a recording to errors that name no file.

    Raises
    ------
    OutOfMemoryError
        Memory has run out.
    ToolkitError
        An error of the toolkit, or an unexpected exception, with the name of the recording.

    Examples
    --------
    >>> with error_context("a.wav"):
    ...     raise ValueError("too small")
    Traceback (most recent call last):
    pyannote.audio.core.errors.ToolkitError: a.wav: An unexpected error occurred (ValueError: too small). ...
    """
    name, fix = name_of(file), "Set a smaller --parallel, so that fewer are read at once."
    with error_subject(name), within_memory("this file", file=name, fix=fix):
        try:
            yield
        except DataError as error:
            # other classes, such as ConfigError, are not about the recording
            error.file = error.file or name
            raise
