"""Search for classes by name: `SomeName` in `some_name.py` of the folder of its kind, or in a user's file."""

from __future__ import annotations

import importlib
import inspect
from itertools import chain
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
    """Modules of all classes of a kind by their names; classes of `load_code` come last.

    Parameters
    ----------
    kind : str
        A key of `FOLDERS`.

    Examples
    --------
    >>> available("architecture")["Dcase"]
    'pyannote.audio.models.dcase'
    """
    classes = (_user_classes(module, FOLDERS[kind]) for module in user_modules().values())
    return _built_in(kind) | {one.__name__: one.__module__ for one in chain.from_iterable(classes)}


def load_code(file: str | Path) -> None:
    """Register the classes of a user's file until the process ends.

    Classes that derive from a class of the toolkit are registered: from `models.base.Model` as an
    architecture, from `features.base.FeatureExtraction` as a feature extraction, and so on. Abstract classes
    and those whose names begin with an underscore are not.

    Parameters
    ----------
    file : path
        A Python file. Its code is run.

    Raises
    ------
    UsageError
        The file does not exist.
    ConfigError
        The file cannot be imported, has no such class, or has a class whose name is taken.
    """
    module = import_file(Path(file))
    path = Path(str(module.__file__))
    earlier = [other for other in user_modules().values() if other is not module]
    count = 0
    for kind, folder in FOLDERS.items():
        registered = (_user_classes(other, folder) for other in earlier)
        taken = _built_in(kind).keys() | {one.__name__ for one in chain.from_iterable(registered)}
        for one in _user_classes(module, folder):
            count += 1
            if one.__name__ in taken:
                raise ConfigError(
                    f"There is another {kind} named {one.__name__!r}.",
                    file=path,
                    line=inspect.getsourcelines(one)[1],
                    fix="Give the class another name.",
                )
    if not count:
        raise ConfigError(
            "It has no class that derives from a class of the toolkit.",
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


def _user_classes(module: ModuleType, folder: str) -> list[type]:
    """Public, concrete classes of a module that derive from a class in a folder of the toolkit.

    Parameters
    ----------
    module : ModuleType
    folder : str
        Dotted name, such as "pyannote.audio.models".
    """
    return [
        member
        for name, member in vars(module).items()
        if inspect.isclass(member)
        and member.__module__ == module.__name__
        and name == member.__name__
        and not name.startswith("_")
        and not inspect.isabstract(member)
        and any(base.__module__.startswith(f"{folder}.") for base in member.__mro__)
    ]
