"""Import of users' Python files (`--code`). Configurations cannot name such files."""

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
"""Imported modules by the paths of their files."""


class _Source(SourceFileLoader):
    """Loader that neither reads nor writes bytecode.

    Python would use the bytecode of a source that has changed within the same second and kept its size.
    """

    def path_stats(self, path: Any) -> Any:
        raise OSError


def import_file(file: Path) -> ModuleType:
    """Import a Python file; the same content is imported once.

    Parameters
    ----------
    file : Path
        The file. Its code is run with all rights of the process.

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
        raise UsageError(f"There is no file {file} with code.", fix="Check the path.")
    name = PREFIX + blake2b(path.read_bytes(), digest_size=8).hexdigest()
    known = _modules.get(path)
    if known is None or known.__name__ != name:
        _modules[path] = _imported(path, name)
    return _modules[path]


def user_modules() -> Mapping[Path, ModuleType]:
    """Imported modules by the paths of their files, in the order of import.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "net.py"
    >>> _ = path.write_text("layers = 3")
    >>> module = import_file(path)
    >>> user_modules()[path.resolve()] is module
    True
    """
    return MappingProxyType(_modules)


def user_code_digest(module: str) -> str | None:
    """Digest (BLAKE2b) of the content of a user's file that was imported.

    Parameters
    ----------
    module : str
        Name of a module.

    Returns
    -------
    str or None
        16 hexadecimal digits; None for any other module.

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
    """Line of a file at which an error was raised."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return lines[-1] if lines else None
