"""Outputs of a network in the form of its specifications: for each frame, or for each chunk."""

from __future__ import annotations

from torch import Tensor, nn

from pyannote.audio.core.outputs import Output
from pyannote.audio.models._heads import pooled_logits


def scores_chunks(model: nn.Module) -> bool:
    """Whether a network scores whole chunks, shape (batch, classes), instead of frames.

    Parameters
    ----------
    model : Module
        A network without `specifications` scores frames.

    Examples
    --------
    >>> scores_chunks(nn.Linear(2, 1))
    False
    """
    specifications = getattr(model, "specifications", None)
    output: Output = Output() if specifications is None else specifications.output
    return output.kind == "chunk"


def chunk_logits(logits: Tensor) -> Tensor:
    """Logits of whole chunks; those of output frames are pooled by `pooled_logits`.

    Parameters
    ----------
    logits : Tensor, shape (batch, outputs, classes) or (batch, classes)

    Returns
    -------
    Tensor, shape (batch, 1, classes)

    Examples
    --------
    >>> import torch
    >>> chunk_logits(torch.tensor([[[1.0], [1.0]]])).tolist(), chunk_logits(torch.tensor([[3.0]])).tolist()
    ([[[1.0]]], [[[3.0]]])
    """
    return (logits if logits.ndim == 2 else pooled_logits(logits)).unsqueeze(1)


def aligned_outputs(model: nn.Module, logits: Tensor, frames: int) -> tuple[Tensor, int]:
    """Logits in the form of the specifications, and the number of feature frames of an output.

    Parameters
    ----------
    model : Module
        Network that computed the logits, with an attribute `resolution`.
    logits : Tensor, shape (batch, outputs, classes), or (batch, dimension) of embeddings
    frames : int
        Feature frames of a chunk.

    Returns
    -------
    logits : Tensor
        Of shape (batch, 1, classes) if the network scores chunks; otherwise unchanged.
    resolution : int
        Feature frames of an output.

    Examples
    --------
    >>> import torch
    >>> model = nn.Identity()
    >>> model.resolution = 4
    >>> logits, resolution = aligned_outputs(model, torch.zeros(2, 25, 3), frames=100)
    >>> tuple(logits.shape), resolution
    ((2, 25, 3), 4)
    """
    if scores_chunks(model):
        return chunk_logits(logits), frames
    return logits, model.resolution  # type: ignore[return-value]
