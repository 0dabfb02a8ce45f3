"""The back-end that a configuration names."""

from __future__ import annotations

import inspect
from dataclasses import replace

from pyannote.audio.config.registry import build, find
from pyannote.audio.config.schema import Config
from pyannote.audio.embedding.backends.base import Backend


def backend_of(config: Config, default: str, metric: str | None = None) -> Backend:
    """How embeddings are compared, as a configuration says.

    Parameters
    ----------
    config : Config
        The configuration.
    default : {"cosine", "euclidean", "angular"}
        Metric, where neither the configuration nor `metric` names one.
    metric : {"cosine", "euclidean", "angular"}, optional
        Metric instead of that of the configuration.

    Raises
    ------
    ConfigError
        If there is no such back-end, or it compares by another metric.
    """
    block = config.backend
    found = find("backend", block.name, config.document, (*block.where, "name"))
    if "metric" in inspect.signature(found).parameters:
        params = {"metric": default, **block.params, **({} if metric is None else {"metric": metric})}
        block = replace(block, params=params)
    backend: Backend = build("backend", block, config.document)
    if metric not in (None, backend.metric):
        raise config.document.error(
            block.where, f"{block.name} compares embeddings by {backend.metric}.", fix="Leave --metric out."
        )
    return backend
