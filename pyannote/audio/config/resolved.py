"""Configurations with all defaults filled in, as trainings store them, and their differences."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from pyannote.audio.config.registry import find, parameters_of
from pyannote.audio.config.schema import Block, Config
from pyannote.audio.config.yaml_lines import Document, Location
from pyannote.audio.core.digests import plain
from pyannote.audio.core.user_code import user_code_digest

INJECTED = {"architecture": ("specifications",)}
"""Parameters that the toolkit sets itself, by kind of class."""


def resolved(config: Config, kind: str, defaults: Mapping[str, Mapping[str, Any]] | None = None) -> Config:
    """Fill in the defaults of all missing parameters of a configuration.

    Names of classes become bare, and parameters without effect are removed.

    Parameters
    ----------
    config : Config
        A configuration whose classes and parameters exist.
    kind : {"task", "approach"}
        Kind of the class that is trained.
    defaults : mapping, optional
        Defaults by kind of class that replace those of signatures.

    Raises
    ------
    ConfigError
        If a class does not exist.
    """
    overrides = defaults or {}

    def fill(kind: str, block: Block) -> Block:
        return filled(kind, block, config.document, overrides.get(kind, {}))

    return replace(
        config,
        task=fill(kind, config.task),
        feature_extraction=fill("feature_extraction", config.feature_extraction),
        architecture=fill("architecture", config.architecture),
        scheduler=fill("scheduler", config.scheduler),
        optimizer=fill("optimizer", config.optimizer),
        data_augmentation=tuple(fill("data_augmentation", block) for block in config.data_augmentation),
        callbacks=tuple(fill("callbacks", block) for block in config.callbacks),
        backend=fill("backend", config.backend),
    )


def filled(kind: str, block: Block, document: Document, defaults: Mapping[str, Any]) -> Block:
    """Fill in the defaults of all missing parameters of a block, as YAML values.

    Parameters
    ----------
    kind : str
        Kind of class.
    block : Block
    document : Document
        The configuration, for errors.
    defaults : mapping
        Defaults that replace those of the signature.

    Raises
    ------
    ConfigError
        If the class does not exist.

    Examples
    --------
    >>> from pathlib import Path
    >>> dict(filled("optimizer", Block("SGD"), Document(Path("config.yml"), {}, {}), {}).params)
    {'momentum': 0.9, 'nesterov': True, 'weight_decay': 0.0}
    """
    cls = find(kind, block.name, document, (*block.where, "name"))
    params = {}
    for name, parameter in parameters_of(cls).items():
        if name in INJECTED.get(kind, ()):
            continue
        value = block.params.get(name, defaults.get(name, parameter.default))
        if value is not inspect.Parameter.empty:
            params[name] = _lists(value)
    return Block(cls.__name__, params, block.where)


def dumped(config: Config) -> dict[str, Any]:
    r"""Plain values of a configuration, for a file that `load_config` can read.

    Parameters
    ----------
    config : Config
        From `resolved`.

    Examples
    --------
    >>> from pyannote.audio.config.schema import load_config
    >>> path = getfixture("tmp_path") / "config.yml"
    >>> _ = path.write_text(
    ...     "task: {name: Dcase}\nfeature_extraction: {name: LibrosaMFCC}\n"
    ...     "architecture: {name: Dcase}\nscheduler: {name: ConstantScheduler}"
    ... )
    >>> dumped(load_config(path))["scheduler"]
    {'name': 'ConstantScheduler', 'params': {}}
    """
    blocks = {
        config.task.where[0]: config.task,
        "feature_extraction": config.feature_extraction,
        "architecture": config.architecture,
        "scheduler": config.scheduler,
        "optimizer": config.optimizer,
        "backend": config.backend,
    }
    several = {"data_augmentation": config.data_augmentation, "callbacks": config.callbacks}
    return {
        **{str(key): _dumped(block) for key, block in blocks.items()},
        **{key: [_dumped(block) for block in blocks_of_key] for key, blocks_of_key in several.items()},
        "preprocessors": dict(config.preprocessors),
    }


def _dumped(block: Block) -> dict[str, Any]:
    return {"name": block.name, "params": dict(block.params)}


def _lists(value: Any) -> Any:
    """Convert mappings to dictionaries, and tuples to lists."""
    if isinstance(value, Mapping):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, (list, tuple)) else value


def code_of(config: Config, kind: str) -> dict[str, str]:
    """Digests of the users' files of classes in a configuration, by the names of the classes."""
    blocks = [
        (kind, config.task),
        ("feature_extraction", config.feature_extraction),
        ("architecture", config.architecture),
        ("scheduler", config.scheduler),
        ("optimizer", config.optimizer),
        ("backend", config.backend),
        *(("data_augmentation", block) for block in config.data_augmentation),
        *(("callbacks", block) for block in config.callbacks),
    ]
    classes = [find(kind, block.name, config.document, (*block.where, "name")) for kind, block in blocks]
    digests = {one.__name__: user_code_digest(one.__module__) for one in classes}
    return {name: digest for name, digest in digests.items() if digest is not None}


class Difference(NamedTuple):
    """An entry in which two configurations differ.

    Parameters
    ----------
    where : tuple of str or int
        Keys and indices that lead to it.
    before, now : Any
        Its values; None if it is missing.

    Examples
    --------
    >>> print(Difference(("task", "params", "batch_size"), before=32, now=16))
    task.batch_size was 32 and is 16
    """

    where: Location
    before: Any
    now: Any

    def __str__(self) -> str:
        # `params`, between a class and its parameters, is no information
        words = [str(part) for part in self.where if part != "params"]
        return f"{'.'.join(words)} was {self.before!r} and is {self.now!r}"


def differences(before: Any, now: Any, where: Location = ()) -> Iterator[Difference]:
    """Yield the entries in which two configurations, from `dumped`, differ.

    Examples
    --------
    >>> before = {"task": {"name": "Dcase", "params": {"batch_size": 32}}}
    >>> now = {"task": {"name": "Dcase", "params": {"batch_size": 16}}}
    >>> [str(one) for one in differences(before, now)]
    ['task.batch_size was 32 and is 16']
    """
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*before, *now]):
            yield from differences(before.get(key), now.get(key), (*where, key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from differences(one, other, (*where, index))
    elif plain(before) != plain(now) or isinstance(before, bool) != isinstance(now, bool):
        yield Difference(where, before, now)
