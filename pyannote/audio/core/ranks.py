"""Ranks of the processes of a distributed training, and the rows of a batch that each of them processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pyannote.audio.core.errors import UsageError

TORCHRUN_VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class Rank:
    """One of several processes.

    Parameters
    ----------
    rank : int
        Number of the process, from 0.
    size : int
        Number of processes.

    Examples
    --------
    >>> [Rank(rank, 3).rows(8) for rank in range(3)]
    [slice(0, 2, None), slice(2, 5, None), slice(5, 8, None)]
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Rank:
        """Rank of this process, from the environment variables that `torchrun` sets.

        Parameters
        ----------
        environment : mapping of str to str
            Without RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, the process is alone.

        Examples
        --------
        >>> Rank.of({})
        Rank(rank=0, size=1)
        """
        if not all(environment.get(name) for name in TORCHRUN_VARIABLES):
            return WHOLE
        return cls(int(environment["RANK"]), int(environment["WORLD_SIZE"]))

    def rows(self, count: int) -> slice:
        """Rows of a batch that this process takes; two processes differ by one row at most.

        Parameters
        ----------
        count : int
            Rows of the batch.

        Raises
        ------
        UsageError
            If several processes have fewer than two rows each: a batch of one cannot be normalised.

        Examples
        --------
        >>> Rank(1, 2).rows(5)
        slice(2, 5, None)
        """
        if self.size > 1 and count < 2 * self.size:
            raise UsageError(
                f"A batch of {count} is too small for {self.size} processes: each needs at least 2 rows.",
                fix="Set a larger batch_size (or per_fold) in config.yml, or start fewer processes.",
            )
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)


WHOLE = Rank()
"""Rank of the only process of a training."""
