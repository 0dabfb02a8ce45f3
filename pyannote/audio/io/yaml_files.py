"""The one reader and writer of YAML: safe to parse, limited in size, and sealed by a checksum."""

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

_SEAL = "# sha256: "
LARGEST = 1 << 26
DEEPEST = 50

FLOAT = re.compile(
    r"^[-+]?(?:(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.(?:inf|Inf)|\.(?:nan|NaN))$"
)
"""Numbers of YAML 1.2, such as `1e2`, which is a word in YAML 1.1."""


class _Dumper(yaml.SafeDumper):
    """Puts words in quotes that a reader of YAML 1.1 or of YAML 1.2 would take for numbers."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+0123456789."))

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
        raise invalid_yaml(file, error) from None


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
        raise invalid_yaml(file, error) from None
    return text


def invalid_yaml(file: Path, error: Exception) -> ConfigError:
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


def load_yaml(path: Path, fix: str) -> dict[str, Any]:
    """Content of a file that a command has written.

    Raises
    ------
    CheckpointError
        If it is missing, damaged or changed; `fix` says what to do.
    """
    try:
        text = checked_text(path)
        content = plain(text, path) if is_intact(text) else None
    except ConfigError as error:
        raise CheckpointError(error.message, file=path, line=error.line, fix=fix) from None
    if not is_intact(text):
        raise CheckpointError(
            "This file has changed since it was written.",
            file=path,
            fix="Let it be written again, or remove its last line if it was you who changed it.",
        )
    if not isinstance(content, dict):
        raise CheckpointError("This file is damaged.", file=path, fix=fix)
    return content


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping in its own order, for people, sealed so that damage is noticed when it is read."""
    text = yaml.dump(dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True)
    write_text(path, sealed(text))


def sealed(text: str) -> str:
    r"""A text of whole lines, and a last one with the digest of all before it.

    Examples
    --------
    >>> print(sealed("epoch: 3\n"), end="")
    epoch: 3
    # sha256: 36a06a87c925f9e0e8ac8b9ef616cf3b29905254695fff0876e54f8f82553fdb
    """
    return f"{text}{_SEAL}{_digest(text)}\n"


def has_checksum(text: str) -> bool:
    r"""Whether a text has a seal, intact or not.

    Examples
    --------
    >>> has_checksum(sealed("epoch: 3\n")), has_checksum("epoch: 3\n")
    (True, False)
    """
    return _SEAL in text


def is_intact(text: str) -> bool:
    r"""Whether a text is as it was sealed; one without a seal has nothing that could be broken.

    Examples
    --------
    >>> is_intact(sealed("epoch: 3\n")), is_intact(sealed("epoch: 3\n").replace("3", "2", 1))
    (True, False)
    >>> is_intact("epoch: 2\n")
    True
    """
    content, seal, digest = text.rpartition(_SEAL)
    return not seal or digest == f"{_digest(content)}\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
