"""Reading and writing of YAML: safe parsing, limits of size and depth, and checksums."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pyannote.audio.core.errors import CheckpointError, ConfigError
from pyannote.audio.io.storage import write_text

_CHECKSUM = "# sha256: "
LARGEST = 1 << 26
"""Highest number of bytes of a file that a program has written."""

DEEPEST = 50
"""Highest number of nested levels."""

FLOAT = re.compile(
    r"^[-+]?(?:(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.(?:inf|Inf)|\.(?:nan|NaN))$"
)
"""Floats of YAML 1.2, such as `1e2`, which is a string in YAML 1.1."""


class _Dumper(yaml.SafeDumper):
    """Quotes strings that a reader of YAML 1.1 or of YAML 1.2 would take for numbers."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+0123456789."))

# the loader of libyaml, if available, is many times faster
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_plain(file: Path) -> Any:
    """Read mappings, lists and values of a file that programs write.

    Parameters
    ----------
    file : Path
        A file of at most 64 MiB and 50 levels, without aliases or tags.

    Raises
    ------
    ConfigError
        If the file is missing or not valid.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "specs.yml"
    >>> path.write_text("task: Dcase")
    11
    >>> read_plain(path)
    {'task': 'Dcase'}
    """
    return parse_yaml(checked_text(file), file)


def parse_yaml(text: str, file: Path) -> Any:
    """Mappings, lists and values of a YAML text.

    Examples
    --------
    >>> parse_yaml("task: Dcase", Path("specs.yml"))
    {'task': 'Dcase'}
    """
    try:
        # a SafeLoader: it builds plain values only
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError) as error:
        raise invalid_yaml(file, error) from None


def checked_text(file: Path, largest: int = LARGEST) -> str:
    """Text of a YAML file without aliases or tags, of at most `largest` bytes and 50 levels.

    Parameters
    ----------
    file : Path
    largest : int
        Highest number of bytes.

    Raises
    ------
    ConfigError
        If the file is missing, not a regular file, too large, not UTF-8, not YAML, or too deep, or has
        aliases or tags.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "specs.yml"
    >>> _ = path.write_text("task: &name Dcase")
    >>> checked_text(path)
    'task: &name Dcase'
    """
    text = _text(file, largest)
    try:
        _refuse_hostile(text, file)
    except yaml.YAMLError as error:
        raise invalid_yaml(file, error) from None
    return text


def invalid_yaml(file: Path, error: Exception) -> ConfigError:
    """Translate an error of PyYAML about a file.

    Examples
    --------
    >>> print(invalid_yaml(Path("a.yml"), ValueError("month must be in 1..12")))
    a.yml: This is not valid YAML (month must be in 1..12). Check indentation, colons and brackets.
    """
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
        # reading a pipe or a device could block forever
        if not stat.S_ISREG(file.stat().st_mode):
            raise ConfigError(
                "It cannot be read (it is not a regular file).", file=file, fix="Check the path."
            )
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
    """Check the parser events, before any object is built."""
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


def load_yaml(path: Path, fix: str) -> dict[str, Any]:
    """Content of a file of `write_yaml`, checked by its checksum.

    Parameters
    ----------
    path : Path
    fix : str
        A sentence for errors, which says how to get the file.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged or changed.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "params.yml"
    >>> write_yaml(path, {"epoch": 3})
    >>> load_yaml(path, fix="Run `validate` first.")
    {'epoch': 3}
    """
    try:
        text = checked_text(path)
        content = parse_yaml(text, path) if is_intact(text) else None
    except ConfigError as error:
        raise CheckpointError(error.message, file=path, line=error.line, fix=fix) from None
    if not is_intact(text):
        raise CheckpointError(
            "This file has changed since it was written.",
            file=path,
            fix="Run the command that writes it again, or, if you have edited it, remove its last line.",
        )
    if not isinstance(content, dict):
        raise CheckpointError("This file is damaged.", file=path, fix=fix)
    return content


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping in its order, with a checksum by which readers notice damage.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "params.yml"
    >>> write_yaml(path, {"epoch": 3})
    >>> path.read_text().splitlines()[0]
    'epoch: 3'
    """
    text = yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    write_text(path, with_checksum(text))


def with_checksum(text: str) -> str:
    r"""Append a line with the SHA-256 of a text of complete lines.

    Examples
    --------
    >>> print(with_checksum("epoch: 3\n"), end="")
    epoch: 3
    # sha256: 36a06a87c925f9e0e8ac8b9ef616cf3b29905254695fff0876e54f8f82553fdb
    """
    return f"{text}{_CHECKSUM}{_digest(text)}\n"


def has_checksum(text: str) -> bool:
    r"""Whether a text has a checksum, right or wrong.

    Examples
    --------
    >>> has_checksum(with_checksum("epoch: 3\n")), has_checksum("epoch: 3\n")
    (True, False)
    """
    return _CHECKSUM in text


def is_intact(text: str) -> bool:
    r"""Whether the checksum of a text is right; a text without a checksum is intact.

    Examples
    --------
    >>> text = with_checksum("epoch: 3\n")
    >>> is_intact(text), is_intact(text.replace("3", "2", 1))
    (True, False)
    >>> is_intact("epoch: 2\n")
    True
    """
    content, checksum, digest = text.rpartition(_CHECKSUM)
    return not checksum or digest == f"{_digest(content)}\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
