"""Whatever goes wrong with a recording is told with its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.foreign_errors import named, within_memory
from pyannote.audio.io.waveform import AudioFile


def name_of(file: AudioFile) -> str:
    """What a recording is called in a sentence: its path, or else its uri.

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
    """Let errors within name a recording, unless they name a file already.

    Raises
    ------
    OutOfMemoryError
        Memory has run out.
    ToolkitError
        What was raised within, or what nobody foresaw, as a sentence.

    Examples
    --------
    >>> with error_context("a.wav"):
    ...     raise ValueError("too small")
    Traceback (most recent call last):
    pyannote.audio.core.errors.ToolkitError: a.wav: An unexpected error occurred (ValueError: too small). ...
    """
    name, fix = name_of(file), "Set a smaller --parallel, so that fewer are read at once."
    with named(name), within_memory("this file", file=name, fix=fix):
        try:
            yield
        except DataError as error:
            # others, such as those of a configuration, are not about a recording
            error.file = error.file or name
            raise
