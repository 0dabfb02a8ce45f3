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
"""Weight of each class by name (1 where there is none), a rule, or the same for all."""


def check_weights(weights: Weights, classes: Sequence[str]) -> None:
    """Refuse weights of classes that do not exist, and negative ones.

    Raises
    ------
    ConfigError
        With the name of the class.
    """
    if not isinstance(weights, Mapping):
        return
    unknown = sorted(set(weights) - set(classes))
    if unknown:
        raise ConfigError(
            f"class_weights names {unknown[0]!r}, which is no class; there are {', '.join(classes)}."
        )
    if any(weight < 0 for weight in weights.values()):
        raise ConfigError("class_weights must not be negative.")


def loss_weights(weights: Weights, share: NDArray[np.float64], classes: Sequence[str]) -> Tensor | None:
    """Weight of each class, of shape (classes,); None where all weigh the same.

    Parameters
    ----------
    weights : "balanced" or mapping of str to float, optional
        "balanced": inverse to the square root of `share`, with mean 1.
    share : ndarray, shape (classes,)
        Rank of the training set that each class fills, in [0, 1].
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
    rare = 1 / np.sqrt(np.maximum(share, 1e-4))
    return torch.from_numpy(rare / rare.mean()).float()
