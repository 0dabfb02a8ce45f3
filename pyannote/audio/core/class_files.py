"""Classes of a package, each in the file that is named after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import lazy_loader

_CLASS = re.compile(r"^class ([A-Z]\w*)", re.MULTILINE)


def snake_case(name: str) -> str:
    """Name of the file that holds a class.

    Parameters
    ----------
    name : str
        Name of the class, in camel case.

    Returns
    -------
    str
        Name of the file, without ``.py``.

    Examples
    --------
    >>> snake_case("LibrosaMFCC"), snake_case("Dcase"), snake_case("LibrosaMelSpectrogram")
    ('librosa_mfcc', 'dcase', 'librosa_mel_spectrogram')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def classes_in(folder: str | Path) -> dict[str, str]:
    r"""Modules of the classes of a folder, each of which lies in the file that is named after it.

    Files are read, not imported: importing all of them would be slow. Files and classes whose names begin
    with an underscore are left out.

    Parameters
    ----------
    folder : path
        Folder of a package.

    Returns
    -------
    dict of str to str
        Module of each class, in the order of file names.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> _ = (folder / "my_net.py").write_text("class Helper:\n    pass\n\nclass MyNet:\n    pass\n")
    >>> classes_in(folder)
    {'MyNet': 'my_net'}
    """
    modules = {}
    for file in sorted(Path(folder).glob("[a-z]*.py")):
        names = _CLASS.findall(file.read_text(encoding="utf-8"))
        modules.update({name: file.stem for name in names if snake_case(name) == file.stem})
    return modules


def lazy_classes(
    package: str, file: str, elsewhere: Mapping[str, str] = MappingProxyType({})
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package whose classes are imported at first use.

    A new file adds its class; type checkers learn of it from the stub beside ``__init__.py``, which
    ``scripts/write_stubs.py`` writes.

    Parameters
    ----------
    package, file : str
        ``__name__`` and ``__file__`` of the package.
    elsewhere : mapping of str to str
        Full name of the module of each class that the package offers and another one holds.

    Returns
    -------
    tuple
        The functions `__getattr__` and `__dir__`, and the list `__all__`.

    Examples
    --------
    >>> import pyannote.audio.models as models
    >>> get, names, _ = lazy_classes(models.__name__, models.__file__)
    >>> get("Dcase").__module__, "Crnn" in names()
    ('pyannote.audio.models.dcase', True)
    """
    modules = {module: [name] for name, module in classes_in(Path(file).parent).items()}
    get, names, exported = lazy_loader.attach(package, submod_attrs=modules)

    def get_from_anywhere(name: str) -> Any:
        if name in elsewhere:
            return getattr(import_module(elsewhere[name]), name)
        try:
            return get(name)
        except AttributeError:
            # a folder that was added to the path of the package may hold it
            added = {
                one: module
                for path in import_module(package).__path__
                for one, module in classes_in(path).items()
            }
            if name not in added:
                raise
            return getattr(import_module(f"{package}.{added[name]}"), name)

    return get_from_anywhere, lambda: sorted([*names(), *elsewhere]), sorted([*exported, *elsewhere])
