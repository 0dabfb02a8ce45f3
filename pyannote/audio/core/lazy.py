"""Names that are imported when they are first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """`__getattr__` of a package that offers classes of its files without importing them.

    Parameters
    ----------
    package : str
        Name of the package.
    modules : mapping of str to str
        Dotted module of each name.

    Examples
    --------
    >>> get = lazy_names("pyannote.audio.core", {"Specifications": "pyannote.audio.core.specifications"})
    >>> get("Specifications").__name__
    'Specifications'
    """

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(modules[name]), name)

    return get
