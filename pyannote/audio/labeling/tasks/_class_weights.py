"""Weights of classes in a loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pyannote.audio.core.errors import ConfigError

Weights = Literal["balanced"] | Mapping[str, float] | None
"""Weight of each class by name (1 if it is not listed), "balanced", or None for equal weights."""


def check_weights(weights: Weights, classes: Sequence[str]) -> None:
    """Refuse negative weights, and weights of classes that do not exist.

    Parameters
    ----------
    weights : "balanced" or mapping of str to float, optional
    classes : sequence of str
        Names of the outputs, of shape (batch, outputs, classes).

    Raises
    ------
    ConfigError
        With the name of the class.

    Examples
    --------
    >>> check_weights({"cat": 2.0}, ["car", "speech"])
    Traceback (most recent call last):
    ...
    pyannote.audio.core.errors.ConfigError: class_weights contains 'cat', which is not a class; the classes \
are car, speech.
    """
    if not isinstance(weights, Mapping):
        return
    unknown = sorted(set(weights) - set(classes))
    if unknown:
        raise ConfigError(
            f"class_weights contains {unknown[0]!r}, which is not a class; the classes are "
            f"{', '.join(classes)}."
        )
    if any(weight < 0 for weight in weights.values()):
        raise ConfigError("class_weights must not be negative.")


def loss_weights(weights: Weights, shares: NDArray[np.float64], classes: Sequence[str]) -> Tensor | None:
    """Weight of each class, of shape (classes,); None if all weights are equal.

    Parameters
    ----------
    weights : "balanced" or mapping of str to float, optional
        "balanced": w_c = v_c / mean(v) with v_c = 1 / sqrt(max(share_c, 1e-4)).
    shares : ndarray, shape (classes,)
        Share of the training set that each class fills, in [0, 1].
    classes : sequence of str

    Examples
    --------
    >>> loss_weights("balanced", np.array([0.01, 0.09]), ["car", "speech"])
    tensor([1.5000, 0.5000])
    """
    if weights is None:
        return None
    if isinstance(weights, Mapping):
        return torch.tensor([float(weights.get(name, 1.0)) for name in classes])
    inverse = 1 / np.sqrt(np.maximum(shares, 1e-4))
    return torch.from_numpy(inverse / inverse.mean()).float()
