"""Objects of a configuration: classes by their names, parameters checked against their signatures."""

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


class Parameter(NamedTuple):
    """Type of a parameter, and its default; `inspect.Parameter.empty` where it has none."""

    hint: Any
    default: Any


def parameters_of(found: type) -> dict[str, Parameter]:
    """Parameters that a configuration may give to a class.

    They are those of its constructor. A class may name some of these as `parts`, a mapping of their names to
    classes: a configuration gives the parameters of these classes instead, and `build` makes the parts.

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
    hints = typing.get_type_hints(found.__init__)  # type: ignore[misc]
    parts: Mapping[str, type] = getattr(found, "parts", {})
    parameters: dict[str, Parameter] = {}
    for name, value in inspect.signature(found).parameters.items():
        own = {name: Parameter(hints.get(name, Any), value.default)}
        parameters |= parameters_of(parts[name]) if name in parts else own
    return parameters


def check_parameters(
    found: type, block: Block, document: Document, injected: tuple[str, ...] = ()
) -> list[str]:
    """Compare the parameters of a block with those of its class.

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
    allowed = {name: one for name, one in parameters_of(found).items() if name not in injected}
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

    Raises
    ------
    ConfigError
        If the class or a parameter does not exist, or the class refuses a value.
    """
    found = find(kind, block.name, document, (*block.where, "name"))
    unused = check_parameters(found, block, document, tuple(injected))
    given = {name: value for name, value in block.params.items() if name not in unused}
    try:
        return _made(found, given, injected)
    except ConfigError as error:
        if error.file is not None:
            raise
        # a class says what it refuses, which is one of its parameters in most cases
        about = [name for name in block.params if re.search(rf"\b{re.escape(name)}\b", error.message)]
        where = (*block.where, "params", *(about if len(about) == 1 else ()))
        raise document.error(where, error.message, fix=error.fix or CHANGE) from None
    except (MemoryError, OverflowError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not re.search(r"allocate|overflow", str(error)):
            raise
        raise document.error(
            (*block.where, "params"),
            f"{block.name} would take more memory than there is with these parameters.",
            fix="Set smaller sizes.",
        ) from error


def _made(found: type, given: Mapping[str, Any], injected: Mapping[str, Any]) -> Any:
    """Object of a class, whose parts are made of those parameters that are theirs."""
    parts: Mapping[str, type] = getattr(found, "parts", {})
    theirs = {part: parameters_of(kind).keys() & given.keys() for part, kind in parts.items()}
    own = {name: value for name, value in given.items() if not any(name in one for one in theirs.values())}
    made = {part: kind(**{name: given[name] for name in theirs[part]}) for part, kind in parts.items()}
    return found(**injected, **own, **made)
