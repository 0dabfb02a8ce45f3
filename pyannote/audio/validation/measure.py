"""Base class of measures: a value of each epoch, by which epochs and parameters are selected."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.inference.bundle import Bundle

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

Record = NDArray[np.floating]
"""Array from which all values of an epoch can be computed without the network, such as scores."""


class Measure(ABC):
    """Scores epochs, evaluates their records, and selects the best.

    Examples
    --------
    >>> measure: Measure = getfixture("detection")
    >>> record = measure.score(epoch=1)
    >>> record.shape
    (100, 2)
    >>> measure.add(1, record)
    >>> measure.chosen()["epoch"]
    2
    """

    name: str
    """Name of the value; the folder of the validation is `validate_<name>`."""

    scores_path: Path | None = None
    """Scores of trials at the best epoch as text, once `write_files` has written them."""

    @abstractmethod
    def described(self) -> str:
        """Data of the validation, such as "4 files"."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """All that records depend on beside the weights, as plain values."""

    @abstractmethod
    def score(self, epoch: int) -> Record:
        """Apply the network with the weights of an epoch.

        Returns
        -------
        ndarray
            Record of the epoch, of a shape that depends on the measure.

        Raises
        ------
        CheckpointError
            If the epoch is damaged, or its network gives values that are not finite.
        """

    @abstractmethod
    def add(self, epoch: int, record: Record) -> None:
        """Evaluate the record of an epoch, of the shape that `score` gives."""

    @property
    @abstractmethod
    def epochs(self) -> list[int]:
        """Evaluated epochs, in rising order."""

    @property
    @abstractmethod
    def best(self) -> Mapping[str, int]:
        """Best epoch so far by class (or other item of the measure); of equally good ones the earliest."""

    @abstractmethod
    def chosen(self) -> dict[str, Any]:
        """Content of params.yml: epochs, values and parameters selected so far."""

    def write_files(self, folder: Path) -> None:  # noqa: B027
        """Write files beside params.yml, such as the state of a back-end; none by default.

        Parameters
        ----------
        folder : Path
            Folder of the validation.
        """

    @abstractmethod
    def sentence(self, epoch: int) -> str:
        """Value of an epoch and of the best one, as one line."""

    @abstractmethod
    def summary(self) -> str:
        """Table of the selected epochs and parameters."""

    @abstractmethod
    def log(self, writer: SummaryWriter, prefix: str, epoch: int, record: Record) -> None:
        """Write curves and pictures of an epoch to tensorboard.

        Parameters
        ----------
        writer : SummaryWriter
        prefix : str
            Start of all names.
        epoch : int
        record : ndarray, of the shape that `score` gives
        """


def not_finite(bundle: Bundle, epoch: int) -> CheckpointError:
    """Error of an epoch whose network gives values that are not finite.

    Examples
    --------
    >>> print(not_finite(getfixture("detection").bundle, 2).message)
    The outputs of the network with these weights are not finite: its training has diverged.
    """
    return CheckpointError(
        "The outputs of the network with these weights are not finite: its training has diverged.",
        file=bundle.checkpoints.weights(epoch),
        fix="Use another epoch.",
    )
