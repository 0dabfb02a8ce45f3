"""Write the stubs (`__init__.pyi`) of packages whose names are imported when asked for, for type checkers.

    python scripts/write_stubs.py

To be run when a class of the package, or a package, is added, renamed or removed; a test compares.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pyannote.audio

HEADER = "# Written by scripts/write_stubs.py\n"


def stubs() -> Iterator[tuple[Path, str]]:
    """Path and text of each stub."""
    names = [module.name for module in pkgutil.walk_packages(pyannote.audio.__path__, "pyannote.audio.")]
    for package in map(importlib.import_module, ["pyannote.audio", *names]):
        if hasattr(package, "__path__") and hasattr(package, "__getattr__"):
            yield Path(str(package.__file__)).with_suffix(".pyi"), _stub(package)


def _stub(package: ModuleType) -> str:
    lines = sorted(_line(package.__name__, name, getattr(package, name)) for name in package.__all__)
    # ruff wants relative imports last, apart from the others
    parts = [[line for line in lines if line.startswith("from .") == relative] for relative in (False, True)]
    if hasattr(package, "__version__"):
        parts.append(["__version__: str\n"])
    return "\n".join([HEADER, *("".join(part) for part in parts if part)])


def _line(package: str, name: str, value: object) -> str:
    module = "." if inspect.ismodule(value) else value.__module__.replace(f"{package}.", ".")
    # "as" tells type checkers that the name is there to be imported from here
    return f"from {module} import {name} as {name}\n"


if __name__ == "__main__":
    for path, text in stubs():
        path.write_text(text, encoding="utf-8")
