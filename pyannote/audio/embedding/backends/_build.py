"""Back-ends from a configuration, a command line or params.yml."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyannote.audio.config.registry import build, find
from pyannote.audio.config.schema import Block, block_of
from pyannote.audio.config.yaml_lines import Document
from pyannote.audio.core.errors import ConfigError, UsageError
from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.io.yaml_files import parse_yaml


def backend_of(block: Block, document: Document, default: str, metric: str | None = None) -> Backend:
    """Build the back-end of a block of a configuration.

    Parameters
    ----------
    block : Block
        Name and parameters.
    document : Document
        File of the block, for errors.
    default : {"cosine", "euclidean", "angular"}
        Metric, if neither the block nor `metric` defines it.
    metric : {"cosine", "euclidean", "angular"}, optional
        Metric instead of that of the block.

    Raises
    ------
    ConfigError
        If there is no such back-end, or it compares by another metric.

    Examples
    --------
    >>> block, document = block_of_option("Direct")
    >>> backend_of(block, document, default="cosine", metric="angular").metric
    'angular'
    """
    backend_class = find("backend", block.name, document, (*block.where, "name"))
    if "metric" in inspect.signature(backend_class).parameters:
        params = {"metric": default, **block.params, **({} if metric is None else {"metric": metric})}
        block = replace(block, params=params)
    backend: Backend = build("backend", block, document)
    if metric not in (None, backend.metric):
        raise document.error(
            block.where, f"{block.name} compares embeddings by {backend.metric}.", fix="Omit --metric."
        )
    return backend


def block_of_option(text: str) -> tuple[Block, Document]:
    """Back-end of a command line: a name, or a mapping of name and params as YAML.

    Raises
    ------
    UsageError
        If it is neither.

    Examples
    --------
    >>> block_of_option("WCCN")[0].name
    'WCCN'
    >>> block_of_option("{name: WCCN, params: {shrinkage: 0.5}}")[0].params
    {'shrinkage': 0.5}
    """
    option = Path("--backend")
    try:
        content = parse_yaml(text, option)
        named = {"name": content} if isinstance(content, str) else content
        document = Document(option, {"backend": named}, {})
        return block_of(document, ("backend",), named), document
    except ConfigError as error:
        raise UsageError(
            f"--backend={text} is not a back-end: {error.message}",
            fix='Write a name, such as WCCN, or "{name: WCCN, params: {shrinkage: 0.5}}".',
        ) from None


def block_of_params(params: Mapping[str, Any], file: Path) -> tuple[Block, Document]:
    """Back-end of a validation, from the content of its params.yml.

    Raises
    ------
    ConfigError
        If the entry is damaged.

    Examples
    --------
    >>> block_of_params({"backend": {"name": "WCCN", "cohort": 5}}, Path("params.yml"))[0].params
    {'cohort': 5}
    """
    described = dict(params.get("backend") or {"name": "Direct"})
    document = Document(file, dict(params), {})
    named = {"name": described.pop("name", None), "params": described}
    return block_of(document, ("backend",), named), document
