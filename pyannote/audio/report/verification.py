"""Figures of speaker verification and clustering: error trade-off, distances, purity and coverage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from pyannote.audio.metrics.clustering import ClusteringCurve
from pyannote.audio.metrics.verification import DetCurve
from pyannote.audio.report.figures import DETECTED, REFERENCE, SCORE

GRID = "#dddddd"
TICKS = np.array([1e-5, 1e-4, 1e-3, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95])
POINT: dict[str, Any] = {"linestyle": "", "markeredgecolor": "white", "clip_on": False, "zorder": 3}
# sizes decrease, so that coinciding points are all visible
MARKERS = (("o", DETECTED, 14), ("s", "#55a868", 11), ("D", "#c44e52", 6), ("^", "#8172b3", 3))


def det_figure(curve: DetCurve, priors: Sequence[float] = (0.01, 0.05), title: str = "") -> Figure:
    """Draw the detection error trade-off: misses over false alarms, both on a normal deviate scale.

    With F the normal distribution function, axes show F^-1 of both rates, so that normally distributed scores
    give a straight line.

    Parameters
    ----------
    curve : DetCurve
        Rates of misses and false alarms, each of shape (thresholds,).
    priors : sequence of float
        Priors of target trials whose points of minimum detection cost are marked; three at most.
    title : str
        Title of the figure.

    References
    ----------
    Martin et al., "The DET Curve in Assessment of Detection Task Performance", Eurospeech 1997.

    Examples
    --------
    >>> from pyannote.audio.metrics.verification import det_curve
    >>> figure = det_figure(det_curve([0.9, 0.6, 0.4, 0.1], [True, False, True, False]))
    >>> figure.axes[0].get_ylabel()
    'misses (%)'
    """
    figure = Figure(figsize=(6.4, 6.4), layout="constrained")
    axis = figure.subplots()
    rate = curve.equal_error_rate()
    points = [(rate.value, rate.value, f"equal error rate {rate.value:.2%}")]
    for prior in priors:
        best = curve.min_dcf(prior)
        points.append((best.false_alarm, best.miss, f"min DCF {best.value:.3f} at prior {prior:g}"))
    shown = _shown_rates(curve, np.array([rates for *rates, _ in points]))
    edges = ndtri(shown)
    axis.plot(edges, edges, color=GRID, linewidth=1, zorder=1)
    line = ndtri(np.maximum([curve.false_alarm, curve.miss], shown[0]))
    axis.plot(*line, color=REFERENCE, linewidth=1.8, zorder=2)
    for (*rates, label), (marker, colour, size) in zip(points, MARKERS, strict=False):
        position = ndtri(np.clip(rates, *shown))[:, None]
        axis.plot(*position, marker=marker, color=colour, markersize=size, label=label, **POINT)
    ticks = TICKS[(shown[0] <= TICKS) & (shown[1] >= TICKS)]
    names = [f"{100 * tick:g}" for tick in ticks]
    axis.set_xticks(ndtri(ticks), names)
    axis.set_yticks(ndtri(ticks), names)
    axis.grid(color=GRID, linewidth=0.6)
    axis.set(xlabel="false alarms (%)", ylabel="misses (%)", title=title, xlim=edges, ylim=edges)
    axis.set_aspect("equal")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def distance_figure(
    positives: ArrayLike,
    negatives: ArrayLike,
    threshold: float | None = None,
    title: str = "",
    unit: str = "distance",
) -> Figure:
    """Draw histograms of distances between turns of the same speaker and of different speakers.

    Parameters
    ----------
    positives, negatives : float array, shape (pairs,)
        Distances, or scores, of pairs of the same speaker and of different ones; NaN is skipped.
    threshold : float, optional
        Drawn as a vertical line.
    title : str
        Title of the figure.
    unit : str
        Label of the axis.

    Examples
    --------
    >>> distance_figure([0.1, 0.2], [0.7, 0.9], threshold=0.5).axes[0].get_xlabel()
    'distance'
    """
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axis = figure.subplots()
    kinds = [values[np.isfinite(values)] for values in map(np.asarray, (positives, negatives))]
    bins = np.histogram_bin_edges(np.concatenate(kinds), 60)
    names = ("same speaker", "different speakers")
    for values, colour, name in zip(kinds, (REFERENCE, DETECTED), names, strict=True):
        height = np.histogram(values, bins)[0] / max(1, values.size)
        axis.stairs(height, bins, fill=True, color=colour, alpha=0.35)
        axis.stairs(height, bins, color=colour, linewidth=1.5, label=f"{name} (n = {values.size:,})")
    if threshold is not None:
        axis.axvline(
            threshold, color=SCORE, linestyle="--", linewidth=1.2, label=f"threshold {threshold:.3f}"
        )
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    axis.set(xlabel=unit, ylabel="share of pairs", title=title)
    axis.set_ylim(bottom=0)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def purity_coverage_figure(curve: ClusteringCurve, threshold: float, title: str = "") -> Figure:
    """Draw purity, coverage and F-score over the threshold, and purity over coverage.

    Parameters
    ----------
    curve : ClusteringCurve
        Purity and coverage over all files, each of shape (thresholds,).
    threshold : float
        Threshold on the distance between clusters, 0 or more; marked in both plots.
    title : str
        Title of the figure.

    Examples
    --------
    >>> thresholds, purity, coverage = [0.0, 0.4, 0.9], [1.0, 1.0, 0.5], [0.5, 1.0, 1.0]
    >>> curve = ClusteringCurve(*map(np.array, (thresholds, purity, coverage)))
    >>> len(purity_coverage_figure(curve, threshold=0.4).axes)
    2
    """
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    chosen = curve.at(threshold)
    end = 1.05 * max(curve.thresholds[-1], threshold) or 1.0
    thresholds = np.append(curve.thresholds, end)
    names = (("purity", REFERENCE), ("coverage", DETECTED), ("F-score", SCORE))
    for (name, colour), values in zip(names, (curve.purity, curve.coverage, curve.f_score), strict=True):
        values = np.append(values, values[-1])
        left.step(thresholds, values, color=colour, where="post", linewidth=1.8, label=name)
    left.axvline(threshold, color=SCORE, linestyle="--", linewidth=1.2)
    left.set(xlabel="threshold", xlim=(0, end), ylim=(0, 1.02))
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    part = np.linspace(0.01, 1, 100)
    f_score = 2 * part * part[:, None] / (part + part[:, None])
    lines = right.contour(part, part, f_score, levels=np.arange(0.1, 1, 0.1), colors=GRID, linewidths=0.8)
    right.clabel(lines, lines.levels[1::2], fmt="F %.1f", fontsize="x-small", colors=SCORE)
    right.plot(curve.coverage, curve.purity, color=REFERENCE, linewidth=1.8)
    right.plot(chosen.coverage, chosen.purity, marker="o", color=DETECTED, markersize=10, **POINT)
    right.set(xlabel="coverage", ylabel="purity", xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
    left.grid(color=GRID, linewidth=0.6)
    left.set_title(
        f"threshold {threshold:.3f}: purity {chosen.purity:.1%}, coverage {chosen.coverage:.1%}, "
        f"F-score {chosen.f_score:.1%}",
        fontsize="medium",
    )
    figure.suptitle(title)
    return figure


def _shown_rates(curve: DetCurve, marked: NDArray[np.float64]) -> tuple[float, float]:
    """Lowest and highest rate to draw: around the marked points, within the resolution of the trials."""
    finest = max(rates[rates > 0].min() for rates in (curve.false_alarm, curve.miss))
    lowest = min(max(finest, marked[0, 0] / 100), marked.min(initial=1.0, where=marked > 0)) / 2
    return float(np.clip(lowest, 1e-5, 0.005)), float(np.clip(1.1 * marked.max(), 0.6, 0.97))
