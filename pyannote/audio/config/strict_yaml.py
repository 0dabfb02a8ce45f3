"""The one way to YAML: text that is small and plain enough is looked at before anything is built from it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import yaml

from pyannote.audio.core.errors import ConfigError

LARGEST = 1 << 26
DEEPEST = 50

# that of libyaml is many times faster, where there is one
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_plain(file: Path) -> Any:
    """Read mappings, lists and values that a program has written, or that another one will read.

    Parameters
    ----------
    file : Path
        A file of at most 64 MiB and 50 levels, without aliases or tags.

    Raises
    ------
    ConfigError
        If it is missing or is not such a file; with the line, where there is one.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "specs.yml"
    >>> path.write_text("task: Dcase")
    11
    >>> read_plain(path)
    {'task': 'Dcase'}
    """
    return plain(checked_text(file), file)


def plain(text: str, file: Path) -> Any:
    """Mappings, lists and values of a text that was checked; see `read_plain`."""
    try:
        # a SafeLoader: it builds plain values only
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise not_valid(file, error) from None


def checked_text(file: Path, largest: int = LARGEST) -> str:
    """Text of a YAML file without aliases or tags, of at most `largest` bytes and 50 levels.

    Raises
    ------
    ConfigError
        If it is missing, no plain file, too large, no UTF-8, no YAML, or has what is not allowed.
    """
    text = _text(file, largest)
    try:
        _refuse_hostile(text, file)
    except yaml.YAMLError as error:
        raise not_valid(file, error) from None
    return text


def not_valid(file: Path, error: Exception) -> ConfigError:
    """Sentence for what PyYAML says of a file."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    return ConfigError(
        f"This is not valid YAML ({problem}).",
        file=file,
        line=None if mark is None else mark.line + 1,
        fix="Check indentation, colons and brackets.",
    )


def _text(file: Path, largest: int) -> str:
    try:
        # a pipe or a device could keep its reader for ever
        if not stat.S_ISREG(file.stat().st_mode):
            raise ConfigError("It cannot be read (it is no plain file).", file=file, fix="Check the path.")
        with file.open("rb") as stream:
            data = stream.read(largest + 1)
        if len(data) > largest:
            raise ConfigError(f"It is larger than {largest} bytes.", file=file, fix="Name another file.")
        return data.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError("There is no such file.", file=file, fix="Check the path.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"It is not text in UTF-8 (byte {error.start}).", file=file, fix="Save it as UTF-8."
        ) from None
    except OSError as error:
        raise ConfigError(
            f"It cannot be read ({error.strerror}).", file=file, fix="Check path and permissions."
        ) from None


def _refuse_hostile(text: str, file: Path) -> None:
    """Look at the events alone, before anything is built from them."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            raise ConfigError(
                "Aliases (*name) are not allowed here.", file=file, line=line, fix="Write the value out."
            )
        if getattr(event, "tag", None) is not None:
            raise ConfigError(
                "Tags (!name) are not allowed here.", file=file, line=line, fix="Remove the tag."
            )
        if depth > DEEPEST:
            raise ConfigError(
                f"More than {DEEPEST} levels are nested.",
                file=file,
                line=line,
                fix="Check the indentation and the brackets.",
            )
