"""The registry of pyannote.database, filled from checked `database.yml` files."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from pyannote.audio.core.errors import ConfigError, DataError, UsageError
from pyannote.audio.database.channels import share_channels
from pyannote.audio.io.lines import quoted
from pyannote.audio.io.templates import invalid_field, strings_in
from pyannote.audio.io.yaml_files import read_plain

VARIABLE = "PYANNOTE_DATABASE_CONFIG"
"""Environment variable that names `database.yml` files, separated by semicolons."""

ADVICE = "does not define the 'scope'"
"""Part of a line that pyannote.database prints for each protocol without a scope, also if it needs none."""

DEFAULTS = (Path("~/.pyannote/database.yml"), Path("database.yml"))
"""Files that pyannote.database reads first."""


def known_protocols() -> Any:
    """Registry of pyannote.database.

    Raises
    ------
    UsageError
        If the environment variable names a file that does not exist.
    DataError
        If a `database.yml` is damaged.

    Examples
    --------
    >>> known_protocols().__class__.__name__
    'Registry'
    """
    named = [Path(name).expanduser() for name in os.environ.get(VARIABLE, "").split(";") if name]
    for path in named:
        # pyannote.database would ignore it silently
        if not path.is_file():
            raise UsageError(
                f"{VARIABLE} names this file, which does not exist.", file=path, fix="Correct the variable."
            )
    if "pyannote.database" not in sys.modules:
        _check([path for path in DEFAULTS if path.expanduser().is_file()] + named)
    try:
        with _channels_known(), _without_advice():
            from pyannote.database import registry
    except ImportError:
        raise
    except Exception as error:
        raise _damaged(error) from error
    for config in registry.configs.values():
        share_channels(config)
    return registry


@contextmanager
def _channels_known() -> Iterator[None]:
    """Keep pyannote.database from warning of the key `channel:` of a protocol, which it does not know."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Ignoring '[^']*\.channel' found")
        yield


def load_database(path: str) -> None:
    """Add the protocols of one more `database.yml` to the registry.

    Raises
    ------
    DataError
        If it is missing or damaged.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "database.yml"
    >>> _ = path.write_text("Protocols: {Demo: {Collection: {Empty: {uri: a.lst}}}}")
    >>> load_database(str(path))
    >>> "Demo.Collection.Empty" in known_protocols()
    True
    """
    registry = known_protocols()
    _check([Path(path)])
    try:
        with _channels_known(), _without_advice():
            registry.load_database(path)
    except Exception as error:
        raise _damaged(error) from error
    known_protocols()


@contextmanager
def _without_advice() -> Iterator[None]:
    """Context in which pyannote.database does not print that a scope is missing (see `scopes`)."""
    with redirect_stdout(StringIO()) as printed:
        yield
    sys.stdout.writelines(line for line in printed.getvalue().splitlines(True) if ADVICE not in line)


def _check(paths: Sequence[Path]) -> None:
    """Refuse files, and those that they require, with templates that take pyannote.database for ever."""
    waiting, seen = list(paths), set()
    while waiting:
        path = waiting.pop().expanduser().resolve()
        if path in seen:
            continue
        seen.add(path)
        try:
            content = read_plain(path)
        except ConfigError as error:
            raise DataError(error.message, file=path, line=error.line, fix=error.fix) from None
        if not isinstance(content, dict):
            raise DataError(
                "The file has no `Protocols:`.", file=path, fix="See the tutorials for a complete file."
            )
        _check_channels(content, path)
        for text in strings_in(content):
            if (invalid := invalid_field(text)) is not None:
                raise DataError(
                    f"The braces contain {invalid!r}, which is not a plain name.",
                    file=path,
                    fix="Write {uri}.",
                )
        required = content.get("Requirements") or []
        waiting += [
            path.parent / str(one) for one in (required if isinstance(required, list) else [required])
        ]


def _check_channels(content: dict[Any, Any], path: Path) -> None:
    protocols = content.get("Protocols")
    tasks = protocols.get("X") if isinstance(protocols, dict) else None
    for task in tasks.values() if isinstance(tasks, dict) else ():
        for name, entries in task.items() if isinstance(task, dict) else ():
            if isinstance(entries, dict) and "channel" in entries:
                raise DataError(
                    f"{quoted(str(name))} has the key `channel:`, but consists of other protocols.",
                    file=path,
                    fix="Move it to these protocols.",
                )


def _damaged(error: Exception) -> DataError:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return DataError(
            f"pyannote.database cannot read a database.yml ({type(error).__name__}: {error}).",
            fix=f"Correct the files named in {VARIABLE}, ~/.pyannote/database.yml, or ./database.yml.",
        )
    return DataError(
        f"The file is not valid YAML ({getattr(error, 'problem', error)}).",
        file=mark.name,
        line=mark.line + 1,
        fix="Correct the line, or the one before it.",
    )
