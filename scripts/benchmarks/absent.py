"""Empty modules in place of libraries of audio, where these are not installed and nothing calls them."""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


class Absent(ModuleType):
    """A module from which any class can be imported."""

    def __getattr__(self, name: str) -> type:
        """An empty class of that name; who inspects modules is told the truth."""
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


for library in ("soundfile", "soxr", "docopt", "pyannote.core", "pyannote.database"):
    try:
        importlib.import_module(library)
    except ImportError:
        sys.modules[library] = Absent(library)
        sys.modules[library].__spec__ = ModuleSpec(library, None)
