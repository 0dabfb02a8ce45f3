"""Figures of features, targets, scores and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pyannote.audio.core.labels import Event
from pyannote.audio.core.specifications import Specifications

REFERENCE, DETECTED, SCORE = "#4c72b0", "#dd8452", "#555555"


PICTURE_EVERY = 10
"""Number of epochs from one figure of a training to the next."""


def is_pictured(epoch: int) -> bool:
    """Whether figures are drawn after an epoch: after the first one, and every tenth.

    Examples
    --------
    >>> [epoch for epoch in range(1, 25) if is_pictured(epoch)]
    [1, 10, 20]
    """
    return epoch == 1 or epoch % PICTURE_EVERY == 0


def batch_figure(
    features: Any,
    targets: Any,
    logits: Any,
    specifications: Specifications,
    chunks: int = 4,
) -> Figure:
    """Draw inputs, targets and scores of the first chunks of a batch, one column each.

    Parameters
    ----------
    features : Tensor, shape (batch, frames, dimension)
        Input of the model.
    targets, logits : Tensor, shape (batch, outputs, classes)
        Targets, between 0 and 1, and outputs of the model. One target for each chunk is drawn all along it.
    specifications : Specifications
        Names of classes, and steps of features and outputs.
    chunks : int
        Largest number of chunks to draw.

    Examples
    --------
    >>> import torch
    >>> specs = Specifications("Dcase", {"X": 40}, ("car", "children"), 2.0, 0.01, 44100).of_model(8)
    >>> features, targets = torch.randn(8, 200, 40), torch.rand(8, 25, 2)
    >>> len(batch_figure(features, targets, torch.randn(8, 25, 2), specs).axes)
    12
    """
    assert specifications.output.step is not None, "the resolution of the model is set"
    count = min(chunks, len(logits))
    figure = Figure(figsize=(3 * count + 1.5, 6), layout="constrained")
    axes = figure.subplots(3, count, squeeze=False)
    scores = 1 / (1 + np.exp(-logits[:count].float().cpu().numpy()))
    rows = {
        "features": features[:count].cpu().numpy(),
        "target": targets[:count].expand(-1, logits.shape[1], -1).cpu().numpy(),
        "score": scores,
    }
    for row, (name, values) in enumerate(rows.items()):
        limits = {} if name == "features" else {"vmin": 0, "vmax": 1}
        step = specifications.step if name == "features" else specifications.output.step
        for column, value in enumerate(values):
            axis = axes[row, column]
            extent = (0, len(value) * step, -0.5, value.shape[1] - 0.5)
            axis.imshow(
                value.T, aspect="auto", origin="lower", extent=extent, interpolation="nearest", **limits
            )
            labels = specifications.classes if name != "features" and column == 0 else []
            axis.set_xlim(0, specifications.duration)
            axis.set_yticks(range(len(labels)), labels)
        axes[row, 0].set_title(name, loc="left")
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
    return figure


def event_roll(
    title: str,
    classes: Sequence[str],
    duration: float,
    estimate: Sequence[Event],
    reference: Sequence[Event] | None = None,
    scores: NDArray[np.float32] | None = None,
    step: float = 1.0,
) -> Figure:
    """Draw the events of a recording, one row a class: annotated events, detected events, and scores.

    Parameters
    ----------
    title : str
        Name of the recording.
    classes : sequence of str
        Classes, in rows from the top.
    duration : float
        Length of the recording, in seconds.
    estimate, reference : sequence of (onset, offset, label)
        Detected and annotated events, in seconds.
    scores : ndarray, shape (frames, classes), optional
        Scores between 0 and 1, drawn as lines.
    step : float
        Duration of a frame of the scores, in seconds.

    Examples
    --------
    >>> figure = event_roll("a001", ["car"], 10.0, [(1.0, 2.0, "car")], reference=[(1.5, 2.5, "car")])
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['car']
    """
    figure = Figure(figsize=(12, 0.7 * len(classes) + 1.4), layout="constrained")
    axis = figure.subplots()
    for row, name in enumerate(classes):
        base = len(classes) - 1 - row
        for events, bottom, colour in ((reference or (), 0.5, REFERENCE), (estimate, 0.08, DETECTED)):
            spans = [(onset, offset - onset) for onset, offset, label in events if label == name]
            axis.broken_barh(spans, (base + bottom, 0.36), facecolors=colour)
        if scores is not None:
            time = (np.arange(len(scores)) + 0.5) * step
            axis.plot(time, base + 0.05 + 0.85 * scores[:, row], color=SCORE, linewidth=0.8)
        axis.axhline(base, color="#dddddd", linewidth=0.8, zorder=0)
    handles: list[Any] = [
        axis.barh(0, 0, color=colour, label=label)
        for colour, label, shown in (
            (REFERENCE, "annotated", reference is not None),
            (DETECTED, "detected", True),
        )
        if shown
    ]
    if scores is not None:
        handles += axis.plot([], [], color=SCORE, label="score")
    axis.set_yticks(np.arange(len(classes)) + 0.45, list(reversed(classes)))
    axis.set(xlim=(0, duration), ylim=(0, len(classes)), xlabel="seconds", title=title)
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False)
    return figure
