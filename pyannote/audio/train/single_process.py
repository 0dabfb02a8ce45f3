"""Operations that connect the processes of a training, for a training in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from torch import Tensor, nn

from pyannote.audio.core.ranks import WHOLE, Rank

T = TypeVar("T")


class SingleProcess:
    """The only process of a training: it computes all rows of a batch, shape (batch, ...), and never waits.

    Examples
    --------
    >>> import torch
    >>> process, outputs = SingleProcess(), torch.ones(3, 2)
    >>> process.gather(outputs, 3) is outputs, process.rank.rows(3)
    (True, slice(0, 3, None))
    """

    rank: Rank = WHOLE

    @property
    def is_main(self) -> bool:
        """Whether this is process 0, which writes, validates and prints.

        Examples
        --------
        >>> SingleProcess().is_main
        True
        """
        return self.rank.rank == 0

    @property
    def position(self) -> tuple[int, ...]:
        """Part of the random seed in which processes differ, for instance for dropout.

        Examples
        --------
        >>> SingleProcess().position
        ()
        """
        return ()

    def module(self, model: nn.Module) -> nn.Module:
        """Module to call instead of a model, so that its gradients are those of the whole batch.

        Its outputs are those of the local rows, shape (rows of this process, ...).

        Examples
        --------
        >>> model = nn.Linear(1, 1)
        >>> SingleProcess().module(model) is model
        True
        """
        return model

    def local_rows(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Rows of the inputs of a batch that this process computes, and "y" of all rows.

        Parameters
        ----------
        batch : mapping of str to Tensor, each of shape (batch, ...)

        Returns
        -------
        dict of str to Tensor
            "y" of shape (batch, ...), inputs of shape (rows of this process, ...).

        Examples
        --------
        >>> import torch
        >>> process = SingleProcess()
        >>> process.rank = Rank(1, 2)
        >>> batch = process.local_rows({"X": torch.zeros(5, 200, 40), "y": torch.zeros(5, 25, 2)})
        >>> {name: tuple(value.shape) for name, value in batch.items()}
        {'X': (3, 200, 40), 'y': (5, 25, 2)}
        """
        rows = self.rank.rows(len(batch["y"]))
        return {name: value if name == "y" else value[rows] for name, value in batch.items()}

    def gather(self, outputs: Tensor, count: int) -> Tensor:
        """Outputs of all rows of a batch; gradients flow into the local ones.

        Parameters
        ----------
        outputs : Tensor, shape (rows of this process, ...)
        count : int
            Rows of the batch.

        Returns
        -------
        Tensor, shape (count, ...)
        """
        return outputs

    def broadcast(self, value: float) -> float:
        """Value of process 0, so that all processes decide alike.

        Examples
        --------
        >>> SingleProcess().broadcast(0.5)
        0.5
        """
        return value

    def synchronize(self, *modules: nn.Module) -> None:
        """Set parameters and buffers (of any shape) to the values of process 0."""

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """Run a block in process 0 before the others, which find its results; it ends in all at once.

        Examples
        --------
        >>> with SingleProcess().main_first():
        ...     print("features are computed")
        features are computed
        """
        yield

    def on_main(self, context: AbstractContextManager[T]) -> AbstractContextManager[T | None]:
        """Enter a context in process 0 only; the other processes get None.

        Examples
        --------
        >>> from contextlib import nullcontext
        >>> with SingleProcess().on_main(nullcontext("lock")) as lock:
        ...     lock
        'lock'
        """
        return context

    def from_main(self, work: Callable[[], T]) -> T:
        """Result of a function that process 0 calls; the others wait for it.

        Examples
        --------
        >>> SingleProcess().from_main(lambda: 6 * 7)
        42
        """
        return work()
