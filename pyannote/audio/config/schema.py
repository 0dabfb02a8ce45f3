"""The blocks of a `config.yml`."""

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
        Keys that lead to it in the document.
    """

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)
    where: Location = ()

    def described(self) -> dict[str, Any]:
        """Name and parameters in one plain mapping, to be kept beside what was made with them."""
        return {"name": self.name, **self.params}


@dataclass(frozen=True)
class Config:
    """Everything that a `config.yml` says.

    Parameters
    ----------
    document : Document
        The file, for errors that name a line.
    task, feature_extraction, architecture, scheduler : Block
        What every training needs. A 2019 `approach` is taken as the task.
    optimizer : Block
        `SGD` where the file names none.
    data_augmentation, callbacks : tuple of Block
        One or several, applied in their order.
    preprocessors : mapping
        Passed on to the protocol.
    backend : Block
        How embeddings are compared: `Direct` where the file says nothing.
    provenance : mapping, optional
        What a training has written about itself, where the file is the one that it has stored.
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

    Raises
    ------
    ConfigError
        If it is no mapping of a name and params.
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
    """Read and check the outline of a `config.yml`.

    Parameters
    ----------
    file : Path
        The configuration.

    Returns
    -------
    Config
        Its blocks. The registry checks names and parameters when it builds them.

    Raises
    ------
    ConfigError
        For an unknown or missing key or a value of the wrong shape, with its line.
    """
    document = read_yaml(file)
    if not isinstance(document.content, dict):
        raise document.error(
            (), "It must hold keys such as task and architecture.", fix="See the tutorials for a whole file."
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
                f"In braces stands {odd!r}, which is no plain name.",
                fix="Write `audio: /path/{uri}.wav`.",
            )
    content = document.content

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
