"""Findings about a configuration alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.config.recipe import shelf_of
from pyannote.audio.config.registry import build, check_parameters, find
from pyannote.audio.config.schema import Block, Config, load_config
from pyannote.audio.core.errors import ToolkitError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.training_rules import TrainingRules


def read(root: Path) -> tuple[Config | None, list[Finding]]:
    """Configuration of an experiment, None if it cannot be read, and errors in its blocks."""
    try:
        config = load_config(root / "config.yml")
    except ToolkitError as error:
        return None, [Finding.of("outline", error)]
    return config, list(_blocks(config))


def trained_class(config: Config) -> type[TrainingRules]:
    """Task or approach of a configuration; the base class of both if there is no such class."""
    where = (*config.task.where, "name")
    try:
        found: type[TrainingRules] = find(shelf_of(config), config.task.name, config.document, where)
    except ToolkitError:
        return TrainingRules
    return found


def _blocks(config: Config) -> Iterator[Finding]:
    """Errors of each block by itself."""
    blocks: list[tuple[str, Block]] = [
        (shelf_of(config), config.task),
        ("feature_extraction", config.feature_extraction),
        ("scheduler", config.scheduler),
        ("optimizer", config.optimizer),
        ("backend", config.backend),
        *(("data_augmentation", block) for block in config.data_augmentation),
        *(("callbacks", block) for block in config.callbacks),
    ]
    for kind, block in blocks:
        yield from refused("block", lambda kind=kind, block=block: build(kind, block, config.document))  # type: ignore[misc]
    yield from refused("block", lambda: _check_architecture(config))


def _check_architecture(config: Config) -> None:
    block = config.architecture
    network = find("architecture", block.name, config.document, (*block.where, "name"))
    check_parameters(network, block, config.document, ("specifications",))


def refused(kind: str, work: Callable[[], Any]) -> Iterator[Finding]:
    """Error that a function raises, if it raises one."""
    try:
        work()
    except ToolkitError as error:
        yield Finding.of(kind, error)


def located(
    config: Config, where: tuple[str | int, ...], kind: str, what: str, mend: str, code: int = 0
) -> Finding:
    """A finding about an entry of a configuration."""
    place = config.document.error(where, what)
    return Finding(kind, what, mend, place.file, place.line, code)


def param(config: Config, name: str) -> tuple[str | int, ...]:
    """Keys of a parameter of the task or approach."""
    return (*config.task.where, "params", name)


def check_features(corpus: Corpus) -> Iterator[Finding]:
    """Errors of the feature extraction, which computes features of a second of noise."""
    if not corpus.recipe.extraction.computed:
        return
    rate = corpus.recipe.extraction.sample_rate
    noise = np.random.default_rng(0).normal(0, 0.1, rate).astype(np.float32)

    sound = {"waveform": noise, "sample_rate": rate, "uri": "noise"}
    yield from refused("features", lambda: corpus.features(sound))


def unused(corpus: Corpus) -> Iterator[Finding]:
    """Parameters of the architecture that have no effect."""
    config, block = corpus.recipe.config, corpus.recipe.config.architecture
    network: Any = find("architecture", block.name, config.document, (*block.where, "name"))
    for name in block.params:
        if name in network.without_effect(corpus.recipe.task.output_kind):
            yield located(
                config,
                (*block.where, "params", name),
                "unused",
                f"{block.name} does not use the parameter {name}.",
                "Take it out.",
            )
