"""Python files of one's own, which only a command line or a program may name: a configuration cannot."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from hashlib import blake2b
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from pyannote.audio.core.errors import ConfigError, UsageError

PREFIX = "user_code_"

_modules: dict[Path, ModuleType] = {}
"""Module of each file that was imported."""


class _Source(SourceFileLoader):
    """Reads the source itself, and leaves nothing beside it.

    Python takes bytecode for that of a source of the same size and second, though it may have been changed
    within the second.
    """

    def path_stats(self, path: Any) -> Any:
        raise OSError


def import_file(file: Path) -> ModuleType:
    """Import a Python file; the same content is imported once.

    Parameters
    ----------
    file : Path
        It is run, and may do whatever Python can do.

    Raises
    ------
    UsageError
        There is no such file.
    ConfigError
        It cannot be imported; with the line.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "mine.py"
    >>> path.write_text("answer = 42")
    11
    >>> import_file(path).answer, import_file(path) is import_file(path)
    (42, True)
    """
    path = Path(file).expanduser().resolve()
    if not path.is_file():
        raise UsageError(f"There is no file {file}, which should hold code.", fix="Check the path.")
    name = PREFIX + blake2b(path.read_bytes(), digest_size=8).hexdigest()
    known = _modules.get(path)
    if known is None or known.__name__ != name:
        _modules[path] = _imported(path, name)
    return _modules[path]


def user_modules() -> Mapping[Path, ModuleType]:
    """Module of each file that was imported, in their order."""
    return MappingProxyType(_modules)


def user_code_digest(module: str) -> str | None:
    """What tells the content of an imported file from what it was before a change.

    Parameters
    ----------
    module : str
        Name of a module.

    Returns
    -------
    str or None
        16 hexadecimal digits; None for a module that is none of one's own.

    Examples
    --------
    >>> user_code_digest("pathlib") is None
    True
    """
    return module.removeprefix(PREFIX) if module.startswith(PREFIX) else None


def _imported(path: Path, name: str) -> ModuleType:
    spec = spec_from_loader(name, _Source(name, str(path)))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    # classes ask for their module by its name
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        text = " ".join(str(error).split())
        raise ConfigError(
            f"This code cannot be imported ({type(error).__name__}: {text}).",
            file=path,
            line=_line(error, path),
            fix="Correct it; --debug shows where it fails.",
        ) from error
    return module


def _line(error: BaseException, path: Path) -> int | None:
    """Line of a file at which an error arose."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return lines[-1] if lines else None
