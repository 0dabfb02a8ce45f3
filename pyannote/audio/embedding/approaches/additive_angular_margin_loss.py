"""Additive angular margin loss (ArcFace)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.congenerous_cosine_loss import CongenerousCosineLoss

# a sine below 1e-3 is not known in single precision, where 1 - cos^2 is wrong by 1e-7
SMALLEST_SQUARED_SINE = 1e-6


class AdditiveAngularMarginLoss(CongenerousCosineLoss):
    """Softmax over cosines to learned centres, where the angle to one's own centre counts `margin` more.

    The logits are scale x cos(angle), and scale x cos(angle + margin) for the own speaker. Beyond
    angle = pi - margin, where that cosine would rise again, it goes on as cos(angle) - margin x sin(margin).

    Parameters
    ----------
    margin : float
        Added to the angle, in radians, in [0, pi / 2].
    scale : float
        Norm given to all embeddings, positive.
    segments : SpeakerSegments, optional
        Sampler of batches; a configuration gives its parameters here.

    References
    ----------
    Deng, Guo, Xue and Zafeiriou, "ArcFace: Additive Angular Margin Loss for Deep Face Recognition",
    CVPR 2019, eq. 3. Margin and scale for speakers: Desplanques, Thienpondt and Demuynck, "ECAPA-TDNN",
    Interspeech 2020.

    Examples
    --------
    >>> approach = AdditiveAngularMarginLoss(margin=math.pi / 6, scale=1.0)
    >>> cosines = torch.tensor([[0.5, 0.0]])  # angles of 60 and 90 degrees
    >>> [round(value, 3) for value in approach.loss_logits(cosines, torch.tensor([1]))[0].tolist()]
    [0.5, -0.5]
    """

    def __init__(
        self,
        margin: float = 0.2,
        scale: float = 30.0,
        segments: SpeakerSegments | None = None,
    ) -> None:
        super().__init__(scale, segments)
        if not 0 <= margin <= math.pi / 2:
            raise ConfigError("margin must be in [0, pi / 2]: it is an angle, in radians.")
        self.margin = margin

    def loss_logits(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Widen the angle between each embedding and the centre of its own speaker.

        Parameters
        ----------
        logits : Tensor, shape (batch, classes)
            Scaled cosines.
        labels : Tensor of int64, shape (batch,)
            Index of the speaker of each segment.
        """
        # cos(angle + margin) = cos(angle) cos(margin) - sin(angle) sin(margin)
        own = labels[:, None]
        cosine = logits.gather(1, own) / self.scale
        sine = (1 - cosine.square()).clamp(min=SMALLEST_SQUARED_SINE).sqrt()
        wider = math.cos(self.margin) * cosine - math.sin(self.margin) * sine
        beyond = cosine - self.margin * math.sin(self.margin)
        penalised = torch.where(cosine > -math.cos(self.margin), wider, beyond)
        return logits.scatter(1, own, self.scale * penalised)
