"""Parameters of a trained detector of which no validation has chosen any: its last epoch, one threshold."""

from __future__ import annotations

from typing import Any

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.detection_params import PARAMETERS

THRESHOLD = 0.5
"""Threshold of all classes: a class is active where its score says that it is as likely as not."""


def last_epoch(bundle: Bundle) -> dict[str, Any]:
    """Parameters of each class, as in the params.yml of a validation.

    Parameters
    ----------
    bundle : Bundle
        The trained model.

    Raises
    ------
    CheckpointError
        If the training has no epochs.

    Examples
    --------
    >>> last_epoch(getfixture("detection").bundle)["class_wise"]["car"]["epoch"]
    2
    """
    epochs = bundle.checkpoints.epochs()
    if not epochs:
        raise CheckpointError(
            "There are no epochs to apply.", file=bundle.folder.weights, fix="Run `train` first."
        )
    neutral = {**dict.fromkeys(PARAMETERS, 0.0), "onset": THRESHOLD, "offset": THRESHOLD}
    chosen = {name: {"epoch": epochs[-1], **neutral} for name in bundle.specifications.classes}
    return {"params": chosen, "class_wise": chosen}
