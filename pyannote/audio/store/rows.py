"""Fast copies of rows of a matrix in torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def rows(values: Tensor, index: Tensor) -> Tensor:
    """Rows of a matrix, ``values[index]``: several times faster than indexing.

    Parameters
    ----------
    values : Tensor, shape (rows, dimension)
    index : Tensor of int64, any shape

    Returns
    -------
    Tensor, shape (..., dimension), where ... is the shape of `index`

    Examples
    --------
    >>> import torch
    >>> rows(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1], [0]])).shape
    torch.Size([2, 1, 2])
    """
    return values.index_select(0, index.flatten()).view(*index.shape, *values.shape[1:])


def excerpts(values: Tensor, starts: Tensor, frames: int) -> Tensor:
    """Runs of consecutive rows of a matrix: three times as fast as `rows`; none may pass its end.

    Parameters
    ----------
    values : Tensor, shape (rows, dimension)
        Contiguous.
    starts : Tensor of int64, shape (excerpts,)
        First row of each excerpt.
    frames : int
        Rows of each excerpt.

    Returns
    -------
    Tensor, shape (excerpts, frames, dimension)

    Examples
    --------
    >>> import torch
    >>> excerpts(torch.arange(4.0)[:, None], torch.tensor([2, 0]), frames=2)[..., 0]
    tensor([[2., 3.],
            [0., 1.]])
    """
    dimension = values.shape[1]
    # each row of this view is a whole excerpt, which is copied at once
    windows = values.as_strided((len(values) - frames + 1, frames * dimension), (dimension, 1))
    return windows.index_select(0, starts).view(-1, frames, dimension)
