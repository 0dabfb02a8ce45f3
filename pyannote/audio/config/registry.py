"""Objects from a configuration: classes by name, parameters checked against signatures."""

from __future__ import annotations

import importlib
import inspect
import re
import types
import typing
from collections.abc import Mapping
from difflib import get_close_matches
from sys import float_info
from typing import Any, NamedTuple

from pyannote.audio.config.classes import FOLDERS, available
from pyannote.audio.config.schema import Block
from pyannote.audio.config.yaml_lines import Document
from pyannote.audio.core.errors import ConfigError

LARGEST = 2**31 - 1
CHANGE = "Change the value."
WHOLE = f"a whole number of at most {LARGEST}"


def find(kind: str, name: str, document: Document, where: tuple[str | int, ...]) -> type:
    """Import a class of a kind by its bare or dotted name.

    Parameters
    ----------
    kind : str
        A key of `FOLDERS`.
    name : str
        "Dcase" or "pyannote.audio.models.Dcase".
    document, where
        The configuration, and the location of the name in it, for the error.

    Raises
    ------
    ConfigError
        If there is no such class.

    Examples
    --------
    >>> from pathlib import Path
    >>> find("architecture", "Dcase", Document(Path("config.yml"), {}, {}), ("architecture", "name"))
    <class 'pyannote.audio.models.dcase.Dcase'>
    """
    folder, _, bare = name.rpartition(".")
    modules = available(kind)
    if folder not in {"", FOLDERS[kind], modules.get(bare, "")} or bare not in modules:
        close = get_close_matches(bare, modules, n=1, cutoff=0.5)
        fix = f"Did you mean {close[0]!r}? " if close else ""
        fix += "Classes in files of your own are loaded with --code."
        raise document.error(
            where, f"There is no {kind} named {name!r}; there are {', '.join(modules)}.", fix=fix
        )
    imported: type = getattr(importlib.import_module(modules[bare]), bare)
    return imported


def accepts(value: Any, hint: Any) -> bool:
    """Whether a value of a configuration has the type of a parameter.

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
    """Describe a type in words, for messages.

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


class Parameter(NamedTuple):
    """Type of a parameter, and its default, `inspect.Parameter.empty` if it has none.

    Examples
    --------
    >>> Parameter(int, default=3).default
    3
    """

    hint: Any
    default: Any


def parameters_of(cls: type) -> dict[str, Parameter]:
    """Parameters of a class in a configuration.

    These are the parameters of its constructor. Its attribute `parts`, if any, maps some of their names to
    classes: the parameters of these classes then replace them, and `build` makes the parts.

    Examples
    --------
    >>> class Sampler:
    ...     def __init__(self, size: int = 3) -> None: ...
    >>> class Loss:
    ...     parts = {"sampler": Sampler}
    ...
    ...     def __init__(self, margin: float, sampler: Sampler) -> None: ...
    >>> {name: one.hint.__name__ for name, one in parameters_of(Loss).items()}
    {'margin': 'float', 'size': 'int'}
    """
    hints = typing.get_type_hints(cls.__init__)  # type: ignore[misc]
    parts: Mapping[str, type] = getattr(cls, "parts", {})
    parameters: dict[str, Parameter] = {}
    for name, value in inspect.signature(cls).parameters.items():
        itself = {name: Parameter(hints.get(name, Any), value.default)}
        parameters |= parameters_of(parts[name]) if name in parts else itself
    return parameters


def check_parameters(
    cls: type, block: Block, document: Document, injected: tuple[str, ...] = ()
) -> list[str]:
    """Compare the parameters of a block with those of its class.

    Parameters
    ----------
    cls : type
        The class. Its `unused_parameters` are accepted and have no effect.
    block : Block
        Name and parameters in the configuration.
    document : Document
        The configuration, for errors.
    injected : tuple of str
        Parameters that the toolkit sets itself.

    Returns
    -------
    list of str
        Parameters of the block that have no effect.

    Raises
    ------
    ConfigError
        For an unknown or missing parameter, or a value of a wrong type, with its line.

    Examples
    --------
    >>> from pathlib import Path
    >>> class Net:
    ...     def __init__(self, size: int) -> None: ...
    >>> check_parameters(Net, Block("Net", {"size": "large"}), Document(Path("config.yml"), {}, {}))
    Traceback (most recent call last):
    pyannote.audio.core.errors.ConfigError: config.yml: size of Net must be a whole number of at most ...
    """
    allowed = {name: one for name, one in parameters_of(cls).items() if name not in injected}
    unused = [name for name in block.params if name in getattr(cls, "unused_parameters", ())]
    for name, value in block.params.items():
        where = (*block.where, "params", name)
        if name in unused:
            continue
        if name not in allowed:
            known = [*allowed, *getattr(cls, "unused_parameters", ())]
            close = get_close_matches(name, known, n=1, cutoff=0.4)
            fix = f"Did you mean {close[0]!r}?" if close else "Take it out."
            raise document.error(
                where,
                f"{block.name} has no parameter {name!r}; it has {', '.join(allowed) or 'none'}.",
                fix=fix,
            )
        if not accepts(value, allowed[name].hint):
            raise document.error(
                where,
                f"{name} of {block.name} must be {describe(allowed[name].hint)}, not {value!r}.",
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

    Parameters
    ----------
    kind : str
        A key of `FOLDERS`.
    block : Block
        Name and parameters of the class.
    document : Document
        The configuration, for errors.
    **injected : Any
        Arguments that the toolkit sets itself.

    Raises
    ------
    ConfigError
        If the class or a parameter does not exist, or the class refuses a value.

    Examples
    --------
    >>> from pathlib import Path
    >>> document = Document(Path("config.yml"), {}, {})
    >>> build("optimizer", Block("SGD", {"momentum": 0.9}), document).momentum
    0.9
    """
    cls = find(kind, block.name, document, (*block.where, "name"))
    unused = check_parameters(cls, block, document, tuple(injected))
    given = {name: value for name, value in block.params.items() if name not in unused}
    try:
        return _instance(cls, given, injected)
    except ConfigError as error:
        if error.file is not None:
            raise
        # the message of a class names the parameter that it refuses, in most cases
        named = [name for name in block.params if re.search(rf"\b{re.escape(name)}\b", error.message)]
        where = (*block.where, "params", *(named if len(named) == 1 else ()))
        raise document.error(where, error.message, fix=error.fix or CHANGE) from None
    except (MemoryError, OverflowError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not re.search(r"allocate|overflow", str(error)):
            raise
        raise document.error(
            (*block.where, "params"),
            f"{block.name} needs more memory than there is with these parameters.",
            fix="Set smaller sizes.",
        ) from error


def _instance(cls: type, given: Mapping[str, Any], injected: Mapping[str, Any]) -> Any:
    """Instance of a class; parameters of its parts are passed to these."""
    parts: Mapping[str, type] = getattr(cls, "parts", {})
    of_parts = {part: parameters_of(kind).keys() & given.keys() for part, kind in parts.items()}
    direct = {
        name: value for name, value in given.items() if not any(name in one for one in of_parts.values())
    }
    built = {part: kind(**{name: given[name] for name in of_parts[part]}) for part, kind in parts.items()}
    return cls(**injected, **direct, **built)
