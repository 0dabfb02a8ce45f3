"""Classes by name: `SomeName` of the file `some_name.py` in its kind's folder, or of a file of one's own."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from types import ModuleType

from pyannote.audio.core.class_files import classes_in
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.user_code import import_file, user_modules

FOLDERS = {
    "task": "pyannote.audio.labeling.tasks",
    "approach": "pyannote.audio.embedding.approaches",
    "backend": "pyannote.audio.embedding.backends",
    "feature_extraction": "pyannote.audio.features",
    "data_augmentation": "pyannote.audio.augmentation",
    "architecture": "pyannote.audio.models",
    "scheduler": "pyannote.audio.train.schedulers",
    "optimizer": "pyannote.audio.train.optimizers",
    "callbacks": "pyannote.audio.train.callbacks",
}


def available(kind: str) -> dict[str, str]:
    """Name of each class of a kind, and the module that holds it; those of `load_code` come last.

    Examples
    --------
    >>> available("architecture")["Dcase"]
    'pyannote.audio.models.dcase'
    """
    own = (_own(module, FOLDERS[kind]) for module in user_modules().values())
    return _built_in(kind) | {found.__name__: found.__module__ for classes in own for found in classes}


def load_code(file: str | Path) -> None:
    """Make classes of one's own known by their names, until the process ends.

    A class is known that derives from one of the toolkit, unless it is abstract or its name begins with an
    underscore: from `models.base.Model` as an architecture, from `features.base.FeatureExtraction` as a
    feature extraction, and so on.

    Parameters
    ----------
    file : path
        A Python file. It is run.

    Raises
    ------
    UsageError
        There is no such file.
    ConfigError
        It cannot be imported, has no such class, or one whose name is taken.
    """
    module = import_file(Path(file))
    path = Path(str(module.__file__))
    others = [other for other in user_modules().values() if other is not module]
    count = 0
    for kind, folder in FOLDERS.items():
        taken = _built_in(kind).keys() | {one.__name__ for other in others for one in _own(other, folder)}
        for found in _own(module, folder):
            count += 1
            if found.__name__ in taken:
                raise ConfigError(
                    f"There is another {kind} named {found.__name__!r}.",
                    file=path,
                    line=inspect.getsourcelines(found)[1],
                    fix="Give the class a name of its own.",
                )
    if not count:
        raise ConfigError(
            "No class in it derives from one of the toolkit.",
            file=path,
            fix="Derive one, for instance from pyannote.audio.models.base.Model.",
        )


def _built_in(kind: str) -> dict[str, str]:
    package = importlib.import_module(FOLDERS[kind])
    return {
        name: f"{package.__name__}.{module}"
        for folder in sorted(package.__path__)
        for name, module in classes_in(folder).items()
    }


def _own(module: ModuleType, folder: str) -> list[type]:
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
