"""Outputs of a network in the form that its specifications ask for: frames, or one a chunk."""

from __future__ import annotations

from torch import Tensor, nn

from pyannote.audio.core.specifications import Output
from pyannote.audio.models._heads import pooled_logits


def scores_chunks(model: nn.Module) -> bool:
    """Whether a network is to give one score of each class for a whole chunk.

    Parameters
    ----------
    model : Module
        One without `specifications` scores frames.
    """
    specifications = getattr(model, "specifications", None)
    output: Output = Output() if specifications is None else specifications.output
    return output.kind == "chunk"


def chunk_logits(logits: Tensor) -> Tensor:
    """Logits of whole chunks; where a network gives those of output frames, `pooled_logits` of them.

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
    """Logits of chunks, and how many feature frames each of their outputs stands for.

    Parameters
    ----------
    model : Module
        It has given the logits; with an attribute `resolution`.
    logits : Tensor, shape (batch, outputs, classes), or (batch, dimension) of embeddings
    frames : int
        Feature frames of a chunk.

    Returns
    -------
    logits : Tensor
        Of shape (batch, 1, classes), where the network is to score chunks; otherwise as they are.
    resolution : int
    """
    if scores_chunks(model):
        return chunk_logits(logits), frames
    return logits, model.resolution  # type: ignore[return-value]
