"""A measure: the value of each epoch by which epochs and parameters are chosen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

Record = NDArray[np.floating]
"""Array from which all values of an epoch can be computed again without the network."""


class Measure(ABC):
    """Scores epochs, evaluates their records, and chooses among all of them."""

    name: str
    """Of the value; the folder of the validation is `validate_<name>`."""

    @abstractmethod
    def described(self) -> str:
        """Data that epochs are validated on, such as "4 files"."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """All that records depend on, beside the weights, as plain values."""

    @abstractmethod
    def score(self, epoch: int) -> Record:
        """Apply the network with the weights of an epoch.

        Raises
        ------
        CheckpointError
            If the epoch is damaged, or its network gives no finite numbers.
        """

    @abstractmethod
    def add(self, epoch: int, record: Record) -> None:
        """Evaluate an epoch."""

    @property
    @abstractmethod
    def epochs(self) -> list[int]:
        """Epochs that have been evaluated, in rising order."""

    @property
    @abstractmethod
    def best(self) -> Mapping[str, int]:
        """Best epoch so far of each thing that is measured; the earliest of equally good ones."""

    @abstractmethod
    def chosen(self) -> dict[str, Any]:
        """Content of params.yml: epochs, values and parameters that are chosen so far."""

    def write_files(self, folder: Path) -> None:  # noqa: B027
        """Write what is chosen beside params.yml, such as a back-end that has learned: nothing.

        Parameters
        ----------
        folder : Path
            Folder of the validation.
        """

    @abstractmethod
    def sentence(self, epoch: int) -> str:
        """Value of an epoch beside the best one."""

    @abstractmethod
    def summary(self) -> str:
        """Table of the choice."""

    @abstractmethod
    def log(self, writer: SummaryWriter, prefix: str, epoch: int, record: Record) -> None:
        """Show curves and pictures of an epoch in tensorboard, below a prefix."""
