"""Which part of a job belongs to which of the processes that do it together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pyannote.audio.core.errors import UsageError

NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


@dataclass(frozen=True)
class Rank:
    """The part of one of several processes.

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
        """The part of this process, as `torchrun` (or whoever started it) has written into its environment.

        Examples
        --------
        >>> Rank.of({})
        Rank(rank=0, size=1)
        """
        if not all(environment.get(name) for name in NEEDED):
            return WHOLE
        return cls(int(environment["RANK"]), int(environment["WORLD_SIZE"]))

    def rows(self, count: int) -> slice:
        """Own rows of a batch; the shares of two processes differ by one row at most.

        Raises
        ------
        UsageError
            If several processes have fewer than two rows each: a batch of one cannot be normalised.
        """
        if self.size > 1 and count < 2 * self.size:
            raise UsageError(
                f"A batch of {count} is too small for {self.size} processes: each takes two rows or more.",
                fix="Set a larger batch_size (or per_fold) in config.yml, or start fewer processes.",
            )
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)


WHOLE = Rank()
"""The part of a process that is alone."""
