"""Which classes of a file of one's own a configuration can name."""

from __future__ import annotations

import inspect
from types import ModuleType


def own_classes(module: ModuleType, folder: str) -> list[type]:
    """Classes that a module defines, and that derive from one of a folder of the toolkit.

    Abstract ones, and those whose name begins with an underscore, are left out.

    Parameters
    ----------
    module : ModuleType
    folder : str
        Dotted name, such as "pyannote.audio.models".
    """
    return [
        found
        for name, found in vars(module).items()
        if inspect.isclass(found)
        and found.__module__ == module.__name__
        and name == found.__name__
        and not name.startswith("_")
        and not inspect.isabstract(found)
        and any(base.__module__.startswith(f"{folder}.") for base in found.__mro__)
    ]
