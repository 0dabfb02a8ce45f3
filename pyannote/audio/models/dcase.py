"""Dcase: the multiple-input convolutional network of DCASE 2017 task 3."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.outputs import OutputKind
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.models._checks import check_sizes
from pyannote.audio.models._heads import long_term_layers, score_head
from pyannote.audio.models._local import LocalModel
from pyannote.audio.models.base import Batch


class Dcase(LocalModel):
    """Convolutions over short-term log-mel and, if the task has one, the long-term average log-mel.

    Two convolutions over time read the short-term input, two convolutions of width 1 the long-term
    one, which is repeated over time and added; two more convolutions, a fully connected layer and
    dropout follow. ReLU and max-pooling follow each convolution over time. No weights are shared.

    Parameters
    ----------
    specifications : Specifications
        Inputs ("X", and "long_term" or not), classes and kind of output (frames or chunk).
    channels : int
        Channels of each convolution.
    pooling : list of int
        Sizes of the four max-poolings over time; their product is the number of feature frames of
        one output frame.
    hidden : int
        Units of the fully connected layer.
    dropout : float
        Share of these units that are dropped in training, in [0, 1).
    batch_normalize : bool
        Normalise the outputs of each convolution over the batch (not in the paper).

    References
    ----------
    Jeong, Lee, Han and Lee, "Audio Event Detection Using Multiple-Input Convolutional Neural
    Network", DCASE 2017.

    Examples
    --------
    >>> import torch
    >>> specs = Specifications("Dcase", {"X": 40, "long_term": 40}, ("car", "children"), 2.0, 0.01, 44100)
    >>> logits = Dcase(specs)({"X": torch.randn(8, 200, 40), "long_term": torch.randn(8, 40)})
    >>> tuple(logits.shape)
    (8, 2, 2)
    """

    output_kinds: ClassVar[tuple[OutputKind, ...]] = ("frames", "chunk")
    unused_parameters = ("sincnet", "rnn", "ff")

    def __init__(
        self,
        specifications: Specifications,
        channels: int = 64,
        pooling: Sequence[int] = (3, 3, 3, 3),
        hidden: int = 128,
        dropout: float = 0.5,
        batch_normalize: bool = False,
    ) -> None:
        super().__init__(specifications)
        if len(pooling) != 4 or min(pooling) < 1:
            raise ConfigError(f"pooling must be four sizes of at least 1, not {list(pooling)}.")
        check_sizes(pooling=pooling, channels=channels, hidden=hidden)
        self.resolution = math.prod(pooling)
        self.local_resolution = pooling[0] * pooling[1]
        # one frame of each convolution; the second one follows a pooling
        self.context = (1 + pooling[0], 1 + pooling[0])
        dimension = specifications.inputs["X"]

        def convolution(inputs: int, size: int) -> nn.Sequential:
            layers: list[nn.Module] = [nn.Conv1d(inputs, channels, kernel_size=3, padding=1)]
            layers += [nn.BatchNorm1d(channels)] if batch_normalize else []
            return nn.Sequential(*layers, nn.ReLU(), nn.MaxPool1d(size) if size > 1 else nn.Identity())

        self.short = nn.Sequential(convolution(dimension, pooling[0]), convolution(channels, pooling[1]))
        self.long: nn.Module | None = None
        if "long_term" in specifications.inputs:
            # a convolution of width 1 over a single frame is a linear layer
            self.long = long_term_layers(specifications.inputs["long_term"], channels, channels)
        self.joint = nn.Sequential(convolution(channels, pooling[2]), convolution(channels, pooling[3]))
        assert self.kind != "vector", "`check_output` refuses vectors"
        self.output = score_head(self.kind, channels, len(specifications.classes), hidden, dropout)

    def local(self, frames: Tensor) -> Tensor:
        """Outputs of the short branch, shape (batch, frames // local_resolution, channels).

        Examples
        --------
        >>> import torch
        >>> model = Dcase(Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100))
        >>> tuple(model.local(torch.zeros(2, 200, 40)).shape)
        (2, 22, 64)
        """
        hidden: Tensor = self.short(self.normalized({"X": frames}, "X").transpose(1, 2))
        return hidden.transpose(1, 2)

    def rest(self, local: Tensor, batch: Batch) -> Tensor:
        """Logits of frames, shape (batch, frames // resolution, classes), or of chunks, (batch, classes)."""
        hidden = local.transpose(1, 2)
        if self.long is not None:
            hidden = hidden + self.long(self.normalized(batch, "long_term")).unsqueeze(2)
        logits: Tensor = self.output(self.joint(hidden).transpose(1, 2))
        return logits
