"""Parameters of event detection that validations have chosen: checked reading, and their mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.values import LAST_EPOCH, Values
from pyannote.audio.core.windows import DAY
from pyannote.audio.io.yaml_files import load_yaml

PARAMETERS = {
    # a threshold just above 1 detects nothing
    "onset": (0.0, 1.001),
    "offset": (0.0, 1.001),
    "min_duration_on": (0.0, DAY),
    "min_duration_off": (0.0, DAY),
    "pad_onset": (-DAY, DAY),
    "pad_offset": (-DAY, DAY),
}
"""Smallest and largest value of each parameter of event detection; see `pipeline.binarize`."""


def averaged(chosen: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, float]]:
    """Mean of each of the `PARAMETERS` of each class over several validations.

    Parameters
    ----------
    chosen : sequence of mapping of str to mapping
        Parameters of each class, which are the same classes in all; at least one validation.

    Returns
    -------
    dict
        Parameters of each class; of one validation, as they are.

    Examples
    --------
    >>> chosen = [{"car": dict.fromkeys(PARAMETERS, value)} for value in (0.25, 0.5, 0.375)]
    >>> averaged(chosen)["car"]["onset"]
    0.375
    """
    if len(chosen) == 1:
        return {label: {name: values[name] for name in PARAMETERS} for label, values in chosen[0].items()}
    return {
        label: {name: float(np.mean([one[label][name] for one in chosen])) for name in PARAMETERS}
        for label in chosen[0]
    }


def load_params(validate: Path) -> dict[str, Any]:
    """Read the params.yml of a validation of a detector.

    Parameters
    ----------
    validate : Path
        Folder of the validation.

    Returns
    -------
    dict
        "params" and "class_wise" map each class to its epoch and its `PARAMETERS`.

    Raises
    ------
    CheckpointError
        If it is missing or damaged, or a value is invalid; it names the key.

    Examples
    --------
    >>> load_params(getfixture("detector"))["class_wise"]["car"]["onset"]
    0.5
    """
    path = validate / "params.yml"
    params = load_yaml(path, "Run `validate` first, and name the folder that it prints.")
    if "distance" in params:
        raise CheckpointError(
            "This is a validation of embeddings, which give no scores of classes.",
            file=path,
            fix="Use `pyannote-audio emb`, or pyannote.audio.inference.speaker_embedding.SpeakerEmbedding.",
        )
    values = Values(params, path, "Correct it, or run `validate` again.")
    if "chunk" in values:
        values.number("chunk", "duration", low=0, high=DAY, above=True)
    for part in ("params", "class_wise"):
        for name in values.names(part):
            values.whole(part, name, "epoch", low=1, high=LAST_EPOCH)
            for parameter, (low, high) in PARAMETERS.items():
                values.number(part, name, parameter, low=low, high=high)
    return params
