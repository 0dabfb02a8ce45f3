"""Picture of a learning-rate range test."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from pyannote.audio.report.figures import DETECTED, REFERENCE
from pyannote.audio.train.range_test import finite_part, smoothed


def range_test_figure(rates: Sequence[float], losses: Sequence[float], chosen: float) -> Figure:
    """Draw the loss over the learning rate, and the rate that was chosen.

    Parameters
    ----------
    rates, losses : sequence of float
        Of a sweep. Nothing is drawn from the first loss that is not finite.
    chosen : float
        Positive.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    rate, loss = finite_part(rates, losses)
    if len(loss):
        curve = smoothed(loss)
        axis.plot(rate, loss, color=REFERENCE, alpha=0.35, linewidth=1, label="loss of a batch")
        axis.plot(rate, curve, color=REFERENCE, linewidth=2, label="smoothed")
        # where a sweep ends, losses may be so high that all others would look like zero
        low, first = float(curve.min()), float(loss[: max(1, len(loss) // 5)].max())
        margin = (first - low) / 2 or max(abs(first), 1e-6) / 2
        axis.set_ylim(low - margin, first + margin)
    axis.axvline(chosen, color=DETECTED, linestyle="--", label=f"chosen: {chosen:.2g}")
    axis.set(xscale="log", xlabel="learning rate", ylabel="loss")
    axis.legend(frameon=False)
    return figure
