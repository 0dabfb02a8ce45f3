"""Stacks of recurrent layers, and of fully connected layers with the hyperbolic tangent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from pyannote.audio.models._checks import check_choice, check_sizes

Recurrent = Literal["LSTM", "GRU"]


class RecurrentStack(nn.Module):
    """Recurrent layers, each on the outputs of the one before.

    Parameters
    ----------
    features : int
        Features of a frame.
    rnn : "LSTM" or "GRU"
        Kind of the layers.
    sizes : list of int
        Units of each layer, in each direction.
    bidirectional : bool
        Layers in both directions of time.
    concatenate : bool
        Output the concatenated outputs of all layers instead of those of the last one.

    Examples
    --------
    >>> stack = RecurrentStack(20, "LSTM", [8, 16], bidirectional=True, concatenate=True)
    >>> stack.outputs, tuple(stack(torch.randn(3, 50, 20)).shape)
    (48, (3, 50, 48))
    """

    def __init__(
        self, features: int, rnn: Recurrent, sizes: Sequence[int], bidirectional: bool, concatenate: bool
    ) -> None:
        super().__init__()
        check_choice("rnn", rnn, get_args(Recurrent))
        check_sizes(recurrent=sizes)
        layer = nn.LSTM if rnn == "LSTM" else nn.GRU
        widths = [(2 if bidirectional else 1) * size for size in sizes]
        self.layers = nn.ModuleList(
            layer(inputs, size, batch_first=True, bidirectional=bidirectional)
            for inputs, size in zip([features, *widths], sizes, strict=False)
        )
        self.concatenate = concatenate
        self.outputs = sum(widths) if concatenate else widths[-1]

    def forward(self, frames: Tensor) -> Tensor:
        """Outputs of the layers.

        Parameters
        ----------
        frames : Tensor, shape (batch, frames, features)

        Returns
        -------
        Tensor, shape (batch, frames, outputs)
        """
        outputs = [frames]
        for layer in self.layers:
            outputs.append(layer(outputs[-1])[0])
        return torch.cat(outputs[1:], dim=2) if self.concatenate else outputs[-1]


def tanh_layers(features: int, sizes: Sequence[int]) -> nn.Sequential:
    """Fully connected layers, y = tanh(W x + b); none if `sizes` is empty.

    Parameters
    ----------
    features : int
        Last dimension of the inputs, of shape (..., features).
    sizes : list of int
        Units of each layer.

    Examples
    --------
    >>> tanh_layers(32, [16])
    Sequential(
      (0): Linear(in_features=32, out_features=16, bias=True)
      (1): Tanh()
    )
    """
    check_sizes(linear=sizes or 1)
    layers: list[nn.Module] = []
    for inputs, outputs in zip([features, *sizes], sizes, strict=False):
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    return nn.Sequential(*layers)
