"""Classes by name: a class `SomeName` is found in the file `some_name.py` of its kind's folder."""

from __future__ import annotations

import importlib
import inspect
import re
import types
import typing
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from sys import float_info
from typing import Any

from pyannote.audio.config.own_classes import own_classes
from pyannote.audio.config.schema import Block
from pyannote.audio.config.yaml_lines import Document
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.lazy import snake_case
from pyannote.audio.core.own_code import import_file, own_modules

LARGEST = 2**31 - 1
CHANGE = "Change the value."
WHOLE = f"a whole number of at most {LARGEST}"

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
    own = (own_classes(module, FOLDERS[kind]) for module in own_modules().values())
    return _built_in(kind) | {found.__name__: found.__module__ for classes in own for found in classes}


def load_code(file: str | Path) -> None:
    """Make classes of one's own known by their names, until the process ends.

    A class is known that derives from one of the toolkit, unless it is abstract or its name begins with an
    underscore: from `models.base.Base` as an architecture, from `features.base.FeatureExtraction` as a
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
    others = [other for other in own_modules().values() if other is not module]
    count = 0
    for kind, folder in FOLDERS.items():
        taken = _built_in(kind).keys() | {
            one.__name__ for other in others for one in own_classes(other, folder)
        }
        for found in own_classes(module, folder):
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
            fix="Derive one, for instance from pyannote.audio.models.base.Base.",
        )


def _built_in(kind: str) -> dict[str, str]:
    package = importlib.import_module(FOLDERS[kind])
    found = {}
    for path in sorted(Path(folder) for folder in package.__path__):
        for file in sorted(path.glob("[a-z]*.py")):
            # reading the definitions is enough: importing every file of a folder would be slow
            names = re.findall(r"^class ([A-Z]\w*)", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
            found.update(
                {name: f"{package.__name__}.{file.stem}" for name in names if snake_case(name) == file.stem}
            )
    found.pop("Base", None)
    return found


def find(kind: str, name: str, document: Document, where: tuple[str | int, ...]) -> type:
    """Class of one kind by its bare or dotted name.

    Parameters
    ----------
    kind : str
        A key of `FOLDERS`.
    name : str
        "Dcase" or "pyannote.audio.models.Dcase".
    document, where
        The configuration that names it, for the error.

    Raises
    ------
    ConfigError
        If no file of the kind's folder holds such a class.
    """
    folder, _, bare = name.rpartition(".")
    modules = available(kind)
    if folder not in {"", FOLDERS[kind], modules.get(bare, "")} or bare not in modules:
        close = get_close_matches(bare, modules, n=1, cutoff=0.5)
        fix = f"Did you mean {close[0]!r}? " if close else ""
        fix += "A class of your own is loaded with --code."
        raise document.error(
            where, f"There is no {kind} named {name!r}; there are {', '.join(modules)}.", fix=fix
        )
    found: type = getattr(importlib.import_module(modules[bare]), bare)
    return found


def accepts(value: Any, hint: Any) -> bool:
    """Whether a value of a configuration is of the type that a parameter asks for.

    Examples
    --------
    >>> accepts(1, float), accepts(True, int), accepts([3, 3], list[int]), accepts(None, int | None)
    (True, False, True, True)
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or hint is inspect.Parameter.empty:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(accepts(value, argument) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if hint is float:
        return (
            isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= float_info.max
        )
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, dict) and all(accepts(item, arguments[1]) for item in value.values())
    if isinstance(origin, type):
        return isinstance(value, list) and all(accepts(item, arguments[0]) for item in value)
    return (hint is not None and isinstance(hint, type) and isinstance(value, hint)) or (
        value is None and hint is type(None)
    )


def describe(hint: Any) -> str:
    """Words for a type.

    Examples
    --------
    >>> describe(float), describe(int | None)
    ('a finite number', 'a whole number of at most 2147483647 or None')
    """
    if typing.get_origin(hint) is typing.Literal:
        values = ", ".join(map(repr, typing.get_args(hint)))
        return values if len(typing.get_args(hint)) == 1 else f"one of {values}"
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(describe(argument) for argument in typing.get_args(hint))
    names = {float: "a finite number", bool: "True or False", type(None): "None", int: WHOLE}
    if typing.get_origin(hint) is not None:
        return "a mapping" if issubclass(typing.get_origin(hint), Mapping) else "a list"
    return str(names.get(hint, getattr(hint, "__name__", hint)))


def check_parameters(
    found: type, block: Block, document: Document, injected: tuple[str, ...] = ()
) -> list[str]:
    """Compare the parameters of a block with the signature of its class.

    Parameters
    ----------
    found : type
        The class. Its `unused_parameters` are accepted and have no effect.
    block : Block
        Name and parameters, as a configuration gives them.
    injected : tuple of str
        Parameters that the toolkit fills in itself.

    Returns
    -------
    list of str
        The parameters given that have no effect.

    Raises
    ------
    ConfigError
        For an unknown, missing or mistyped parameter, with its line.
    """
    hints = typing.get_type_hints(found.__init__)  # type: ignore[misc]
    signature = inspect.signature(found).parameters
    allowed = {name: parameter for name, parameter in signature.items() if name not in injected}
    unused = [name for name in block.params if name in getattr(found, "unused_parameters", ())]
    for name, value in block.params.items():
        where = (*block.where, "params", name)
        if name in unused:
            continue
        if name not in allowed:
            known = [*allowed, *getattr(found, "unused_parameters", ())]
            close = get_close_matches(name, known, n=1, cutoff=0.4)
            fix = f"Did you mean {close[0]!r}?" if close else "Take it out."
            raise document.error(
                where,
                f"{block.name} has no parameter {name!r}; it has {', '.join(allowed) or 'none'}.",
                fix=fix,
            )
        if not accepts(value, hints.get(name, Any)):
            raise document.error(
                where,
                f"{name} of {block.name} must be {describe(hints[name])}, not {value!r}.",
                fix=CHANGE,
            )
    for name, parameter in allowed.items():
        if parameter.default is inspect.Parameter.empty and name not in block.params:
            raise document.error(
                block.where, f"{block.name} needs the parameter {name!r}.", fix="Add it to params."
            )
    return unused


def build(kind: str, block: Block, document: Document, **injected: Any) -> Any:
    """Object that a block of a configuration describes.

    Raises
    ------
    ConfigError
        If the class or a parameter does not exist, or the class refuses a value.
    """
    found = find(kind, block.name, document, (*block.where, "name"))
    unused = check_parameters(found, block, document, tuple(injected))
    try:
        return found(
            **injected, **{name: value for name, value in block.params.items() if name not in unused}
        )
    except ConfigError as error:
        if error.file is not None:
            raise
        # a class says what it refuses, which is one of its parameters in most cases
        about = [name for name in block.params if re.search(rf"\b{re.escape(name)}\b", error.found)]
        where = (*block.where, "params", *(about if len(about) == 1 else ()))
        raise document.error(where, error.found, fix=error.fix or CHANGE) from None
    except (MemoryError, OverflowError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not re.search(r"allocate|overflow", str(error)):
            raise
        raise document.error(
            (*block.where, "params"),
            f"{block.name} would take more memory than there is with these parameters.",
            fix="Set smaller sizes.",
        ) from error
