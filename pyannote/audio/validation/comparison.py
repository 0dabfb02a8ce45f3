"""Base class of comparisons: a value of each epoch, computed from embeddings of excerpts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.inference.embedder import Embeddings, Excerpt
from pyannote.audio.validation.measure import Record

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Comparison(ABC):
    """Value of an epoch, computed from embeddings of excerpts.

    Examples
    --------
    >>> import numpy as np
    >>> from pyannote.audio.embedding.backends import Direct
    >>> from pyannote.audio.validation.verification import Verification
    >>> first, second, targets = np.array([0, 0]), np.array([1, 2]), np.array([True, False])
    >>> comparison: Comparison = Verification([], first, second, targets)
    >>> embeddings = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    >>> record = comparison.record(embeddings, Direct())
    >>> record.shape, comparison.value(record)
    ((2,), 0.0)
    """

    name: str
    """Name of the value, and of the folder of the validation."""

    best: Any
    """`min` or `max`."""

    excerpts: list[Excerpt]
    """Excerpts to embed."""

    @abstractmethod
    def described(self) -> str:
        """Data of the comparison, such as "40 trials"."""

    @abstractmethod
    def truth(self) -> NDArray[Any]:
        """Ground truth, as an array of any shape."""

    def digest(self) -> str:
        """Digest of excerpts and ground truth, in 32 hexadecimal digits.

        Examples
        --------
        >>> import numpy as np
        >>> from pyannote.audio.validation.verification import Verification
        >>> one, two = (Verification([], np.zeros(1), np.ones(1), np.array([same])) for same in (0, 1))
        >>> len(one.digest()), one.digest() == two.digest()
        (32, False)
        """
        excerpts = [(excerpt.uri, excerpt.content, list(excerpt.ranges)) for excerpt in self.excerpts]
        content = repr(excerpts).encode()
        return blake2b(content + self.truth().tobytes(), digest_size=16).hexdigest()

    @abstractmethod
    def record(self, embeddings: Embeddings, backend: Backend) -> Record:
        """Record to store for an epoch.

        Parameters
        ----------
        embeddings : float32, shape (excerpts, dimension)
            Embeddings of all excerpts, transformed by the back-end.
        backend : Backend

        Returns
        -------
        ndarray of any shape
            Array that `value` and `results` need.
        """

    @abstractmethod
    def value(self, record: Record) -> float:
        """Value of an epoch.

        Parameters
        ----------
        record : ndarray, of the shape that `record` gives
        """

    @abstractmethod
    def results(self, record: Record) -> dict[str, Any]:
        """All figures of an epoch, for params.yml, with the calibrated `threshold`.

        Parameters
        ----------
        record : ndarray, of the shape that `record` gives
        """

    @abstractmethod
    def picture(self, record: Record) -> Figure:
        """Figure of the operating points of an epoch.

        Parameters
        ----------
        record : ndarray, of the shape that `record` gives
        """

    def scores(self, record: Record) -> str | None:
        """Scores of all trials as text (see `trial_scores`); None where there are no trials.

        Parameters
        ----------
        record : ndarray, of the shape that `record` gives

        Examples
        --------
        >>> import numpy as np
        >>> from pyannote.audio.validation.diarization import Diarization
        >>> Diarization([], [("a", 1.0, "ann")], None).scores(np.zeros(0)) is None
        True
        """
        return None

    def curves(self, record: Record) -> Mapping[str, float]:
        """Values of an epoch that tensorboard draws over all epochs.

        Parameters
        ----------
        record : ndarray, of the shape that `record` gives

        Examples
        --------
        >>> getfixture("embedding_measure").comparison.curves([0.9, 0.1])["equal_error_rate"]
        0.0
        """
        return numbers(self.results(record))


def numbers(results: Mapping[str, Any]) -> dict[str, float]:
    """Results that are single numbers, to be drawn over epochs.

    Examples
    --------
    >>> numbers({"equal_error_rate": 0.05, "trials": 400, "intervals": {}})
    {'equal_error_rate': 0.05}
    """
    return {name: value for name, value in results.items() if isinstance(value, float)}
