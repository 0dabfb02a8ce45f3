"""Figure of a learning-rate range test."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from pyannote.audio.report.figures import DETECTED, REFERENCE
from pyannote.audio.train.range_test import finite_part, smoothed


def range_test_figure(rates: Sequence[float], losses: Sequence[float], chosen: float) -> Figure:
    """Draw the loss over the learning rate, and the chosen rate.

    Parameters
    ----------
    rates, losses : sequence of float, shape (steps,)
        Rate and loss of each step, drawn up to the first loss that is not finite.
    chosen : float
        Chosen rate, positive.

    Examples
    --------
    >>> figure = range_test_figure([1e-4, 1e-2, 1.0], [1.0, 0.5, 9.0], chosen=0.01)
    >>> figure.axes[0].get_xscale()
    'log'
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    rate, loss = finite_part(rates, losses)
    if len(loss):
        curve = smoothed(loss)
        axis.plot(rate, loss, color=REFERENCE, alpha=0.35, linewidth=1, label="loss of a batch")
        axis.plot(rate, curve, color=REFERENCE, linewidth=2, label="smoothed")
        # losses at the end of a sweep may be so high that all others would look like zero
        low, first = float(curve.min()), float(loss[: max(1, len(loss) // 5)].max())
        margin = (first - low) / 2 or max(abs(first), 1e-6) / 2
        axis.set_ylim(low - margin, first + margin)
    axis.axvline(chosen, color=DETECTED, linestyle="--", label=f"chosen: {chosen:.2g}")
    axis.set(xscale="log", xlabel="learning rate", ylabel="loss")
    axis.legend(frameon=False)
    return figure
