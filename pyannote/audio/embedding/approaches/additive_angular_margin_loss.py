"""Additive angular margin loss (ArcFace): cross-entropy with a margin between speakers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.congenerous_cosine_loss import CongenerousCosineLoss

# in single precision 1 - cos^2 has an error of 1e-7, so that sines below 1e-3 are noise
SMALLEST_SQUARED_SINE = 1e-6


class AdditiveAngularMarginLoss(CongenerousCosineLoss):
    """Cross-entropy over cosines to learned centres, with a margin added to the angle to the true centre.

    The logits, of shape (batch, classes), are scale x cos(a_j) with the angle a_j between embedding and
    centre j, and scale x cos(a_y + margin) for the true speaker y. For a_y > pi - margin, where that cosine
    would rise again, they are scale x (cos(a_y) - margin x sin(margin)).

    Parameters
    ----------
    margin : float
        Added to the angle, in radians, in [0, pi / 2].
    scale : float
        Factor of the cosines, positive.
    segments : SpeakerSegments, optional
        Sampler of batches; its parameters stand beside those of the loss in a configuration.

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
        """Add the margin to the angle between each embedding and the centre of its speaker.

        Parameters
        ----------
        logits : Tensor, shape (batch, classes)
            Scaled cosines.
        labels : Tensor of int64, shape (batch,)
            Index of the speaker of each segment.

        Returns
        -------
        Tensor, shape (batch, classes)

        Examples
        --------
        >>> approach = AdditiveAngularMarginLoss(margin=math.pi / 2, scale=1.0)
        >>> approach.loss_logits(torch.tensor([[0.0, 0.5]]), torch.tensor([0])).round(decimals=2).tolist()
        [[-1.0, 0.5]]
        """
        # cos(angle + margin) = cos(angle) cos(margin) - sin(angle) sin(margin)
        target = labels[:, None]
        cosine = logits.gather(1, target) / self.scale
        sine = (1 - cosine.square()).clamp(min=SMALLEST_SQUARED_SINE).sqrt()
        wider = math.cos(self.margin) * cosine - math.sin(self.margin) * sine
        beyond = cosine - self.margin * math.sin(self.margin)
        with_margin = torch.where(cosine > -math.cos(self.margin), wider, beyond)
        return logits.scatter(1, target, self.scale * with_margin)
