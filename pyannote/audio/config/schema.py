"""Structure of `config.yml`: keys, and blocks of classes and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pyannote.audio.config.yaml_lines import Document, Location, read_yaml
from pyannote.audio.io.templates import invalid_field

KEYS = (
    "task",
    "approach",
    "feature_extraction",
    "data_augmentation",
    "architecture",
    "scheduler",
    "optimizer",
    "preprocessors",
    "callbacks",
    "backend",
    "provenance",
)


@dataclass(frozen=True)
class Block:
    """A class and its parameters.

    Parameters
    ----------
    name : str
        Bare or dotted name of the class.
    params : mapping
        Its parameters.
    where : tuple
        Location in the document.

    Examples
    --------
    >>> Block("SGD", {"momentum": 0.9}).params["momentum"]
    0.9
    """

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    where: Location = ()

    def as_dict(self) -> dict[str, Any]:
        """Name and parameters in one plain mapping, for provenances.

        Examples
        --------
        >>> Block("SGD", {"momentum": 0.9}).as_dict()
        {'name': 'SGD', 'momentum': 0.9}
        """
        return {"name": self.name, **self.params}


@dataclass(frozen=True)
class Config:
    r"""Content of a `config.yml`.

    Parameters
    ----------
    document : Document
        The file and its lines, for errors.
    task, feature_extraction, architecture, scheduler : Block
        Required blocks. The key `approach` is another name of `task`.
    optimizer : Block
        Defaults to `SGD`.
    data_augmentation, callbacks : tuple of Block
        One or several, applied in their order.
    preprocessors : mapping
        Path templates of the protocol by their keys.
    backend : Block
        Comparison of embeddings. Defaults to `Direct`.
    provenance : mapping, optional
        Provenance of a training, in the copy that it has stored.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "config.yml"
    >>> _ = path.write_text(
    ...     "task: {name: Dcase}\nfeature_extraction: {name: LibrosaMFCC}\n"
    ...     "architecture: {name: Dcase}\nscheduler: {name: ConstantScheduler}"
    ... )
    >>> config = load_config(path)
    >>> config.task.name, config.optimizer.name, config.callbacks
    ('Dcase', 'SGD', ())
    """

    document: Document
    task: Block
    feature_extraction: Block
    architecture: Block
    scheduler: Block
    optimizer: Block
    data_augmentation: tuple[Block, ...]
    callbacks: tuple[Block, ...]
    preprocessors: Mapping[str, str]
    backend: Block
    provenance: Mapping[str, Any] | None = None


def block_of(document: Document, where: Location, value: Any) -> Block:
    """Name and parameters of a class, from an entry of a document.

    Parameters
    ----------
    document : Document
        The configuration, for errors.
    where : Location
        Location of the entry.
    value : Any
        Its value.

    Raises
    ------
    ConfigError
        If it is not a mapping with a name and params.

    Examples
    --------
    >>> document = Document(Path("config.yml"), {}, {})
    >>> block_of(document, ("optimizer",), {"name": "SGD", "params": {"momentum": 0.9}}).params
    {'momentum': 0.9}
    """
    if not isinstance(value, dict):
        raise document.error(
            where, f"{where[0]} must hold a name and its params, not {value!r}.", fix="Write `name: ...`."
        )
    for key in value:
        if key not in ("name", "params"):
            close = get_close_matches(str(key), ("name", "params"), n=1)
            fix = f"Did you mean {close[0]!r}?" if close else "Parameters belong below `params:`."
            raise document.error(
                (*where, key), f"{where[0]} has no key {key!r}; it has name and params.", fix=fix
            )
    name, params = value.get("name"), value.get("params") or {}
    if not isinstance(name, str):
        raise document.error(
            (*where, "name"), f"{where[0]} needs the name of a class, not {name!r}.", fix="Write `name: ...`."
        )
    if not isinstance(params, dict) or not all(isinstance(key, str) for key in params):
        raise document.error(
            (*where, "params"),
            f"params of {name} must be a mapping of names to values.",
            fix="Write `key: value`.",
        )
    return Block(name, params, where)


def _blocks(document: Document, key: str) -> tuple[Block, ...]:
    value = document.content.get(key)
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(block_of(document, (key, index), item) for index, item in enumerate(value))
    return (block_of(document, (key,), value),)


def load_config(file: Path) -> Config:
    """Read a `config.yml`, and check its keys and blocks.

    Parameters
    ----------
    file : Path
        The configuration.

    Returns
    -------
    Config
        Blocks, whose names and parameters are checked when the registry builds them.

    Raises
    ------
    ConfigError
        For an unknown or missing key, or a value of a wrong type, with its line.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "config.yml"
    >>> _ = path.write_text("tsak: {name: Dcase}")
    >>> load_config(path)
    Traceback (most recent call last):
    pyannote.audio.core.errors.ConfigError: /...config.yml, line 1: There is no key 'tsak'; there are ...
    """
    document = read_yaml(file)
    _check_keys(document)
    preprocessors = _preprocessors(document)
    content = document.content
    task = "approach" if "approach" in content else "task"

    def block(key: str, default: str | None = None) -> Block:
        return block_of(document, (key,), content.get(key) or {"name": default})

    return Config(
        document=document,
        task=block(task),
        feature_extraction=block("feature_extraction"),
        architecture=block("architecture"),
        scheduler=block("scheduler"),
        optimizer=block("optimizer", "SGD"),
        data_augmentation=_blocks(document, "data_augmentation"),
        callbacks=_blocks(document, "callbacks"),
        preprocessors=preprocessors,
        backend=block("backend", "Direct"),
        provenance=content.get("provenance"),
    )


def _check_keys(document: Document) -> None:
    """Refuse unknown, missing and contradictory keys."""
    if not isinstance(document.content, dict):
        raise document.error(
            (),
            "It must have keys such as task and architecture.",
            fix="See the tutorials for a complete file.",
        )
    for key in document.content:
        if key not in KEYS:
            close = get_close_matches(str(key), KEYS, n=1, cutoff=0.5)
            fix = f"Did you mean {close[0]!r}?" if close else "Take it out."
            raise document.error((key,), f"There is no key {key!r}; there are {', '.join(KEYS)}.", fix=fix)
    if "task" in document.content and "approach" in document.content:
        raise document.error(
            ("approach",), "task and approach are two names of the same key.", fix="Keep one of them."
        )
    task = "approach" if "approach" in document.content else "task"
    for key in (task, "feature_extraction", "architecture", "scheduler"):
        if key not in document.content:
            name = "'task' or 'approach'" if key == "task" else repr(key)
            raise document.error((), f"The key {name} is missing.", fix="Add it; the tutorials show how.")


def _preprocessors(document: Document) -> dict[str, str]:
    """Path templates by their keys, checked."""
    preprocessors = document.content.get("preprocessors") or {}
    if not isinstance(preprocessors, dict) or not all(
        isinstance(value, str) for value in preprocessors.values()
    ):
        raise document.error(
            ("preprocessors",),
            "preprocessors must map keys to path templates.",
            fix="Write `audio: /path/{uri}.wav`.",
        )
    for key, template in preprocessors.items():
        if (odd := invalid_field(template)) is not None:
            raise document.error(
                ("preprocessors", key),
                f"{odd!r} in braces is no plain name.",
                fix="Write `audio: /path/{uri}.wav`.",
            )
    return preprocessors
