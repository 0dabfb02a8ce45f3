"""Speaker verification: error rates of all thresholds on the scores of trials.

A trial compares two recordings; the higher its score, the more similar they are. It is a target trial if both
have the same speaker. Trials whose score is at least the threshold t are accepted:

    false alarm rate  FA(t) = accepted non-target trials / non-target trials
    miss rate         M(t) = rejected target trials / target trials

n distinct scores allow n + 1 decisions, and all of them are counted. The threshold of a decision lies half
way between the lowest score that it accepts and the next lower one, so that it can be applied to other
recordings.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.decisions import BoolArray, Cuts, FloatArray


class OperatingPoint(NamedTuple):
    """A decision of a threshold, and its error rates.

    Attributes
    ----------
    value : float
        Value of the measure that it was chosen by.
    threshold : float
        Finite; accept trials whose score is at least this.
    false_alarm, miss : float
        Rates at this threshold, between 0 and 1.

    Examples
    --------
    >>> det_curve([0.9, 0.2], [True, False]).equal_error_rate()
    OperatingPoint(value=0.0, threshold=0.55, false_alarm=0.0, miss=0.0)
    """

    value: float
    threshold: float
    false_alarm: float
    miss: float


class DetCurve(NamedTuple):
    """Detection error trade-off: both error rates of all decisions, from the strictest to the most lenient.

    Attributes
    ----------
    false_alarm : float array, shape (decisions,)
        Accepted part of the non-target trials; rises from 0 to 1.
    miss : float array, shape (decisions,)
        Rejected part of the target trials; falls from 1 to 0.
    thresholds : float array, shape (decisions,)
        Finite and falling; the first accepts nothing, the last everything.

    References
    ----------
    A. Martin et al.: The DET curve in assessment of detection task performance. Eurospeech 1997.

    Examples
    --------
    >>> curve = det_curve([0.75, 0.5, 0.25], [True, True, False])
    >>> curve.false_alarm.tolist(), curve.miss.tolist()
    ([0.0, 0.0, 0.0, 1.0], [1.0, 0.5, 0.0, 0.0])
    """

    false_alarm: FloatArray
    miss: FloatArray
    thresholds: FloatArray

    def equal_error_rate(self) -> OperatingPoint:
        """Rate at which the piecewise linear curve through all decisions has FA = M.

        The crossing may lie between two decisions; the threshold is that of the one whose rates differ less.

        Examples
        --------
        >>> det_curve([0.9, 0.6, 0.4, 0.1], [True, False, True, False]).equal_error_rate().value
        0.5
        """
        gap = self.miss - self.false_alarm
        after = int((gap <= 0).argmax())
        before = after - 1
        share = gap[before] / (gap[before] - gap[after])
        value = self.false_alarm[before] + share * (self.false_alarm[after] - self.false_alarm[before])
        return self._at(after if -gap[after] <= gap[before] else before, value)

    def min_dcf(self, prior: float, miss_cost: float = 1.0, false_alarm_cost: float = 1.0) -> OperatingPoint:
        """Lowest normalised detection cost; see the function of this name.

        Examples
        --------
        >>> det_curve([0.9, 0.6, 0.4, 0.1], [True, False, True, False]).min_dcf(prior=0.05).value
        0.5
        """
        if not 0 < prior < 1:
            raise DataError(
                f"The prior of target trials is {prior}; it must lie between 0 and 1.",
                fix="Give one such as 0.01.",
            )
        if not (0 < miss_cost < np.inf and 0 < false_alarm_cost < np.inf):
            raise DataError(
                f"The costs are {miss_cost} and {false_alarm_cost}; they must be above 0, and finite.",
                fix="Give costs such as 1.0 and 10.0.",
            )
        missing, accepting = miss_cost * prior, false_alarm_cost * (1 - prior)
        cost = (missing * self.miss + accepting * self.false_alarm) / min(missing, accepting)
        best = int(cost.argmin())
        return self._at(best, cost[best])

    def _at(self, decision: int, value: Any) -> OperatingPoint:
        rates = (array[decision] for array in (self.thresholds, self.false_alarm, self.miss))
        return OperatingPoint(float(value), *map(float, rates))


def det_curve(scores: ArrayLike, targets: ArrayLike) -> DetCurve:
    """Count false alarms and misses of all thresholds.

    Parameters
    ----------
    scores : float array, shape (trials,)
        The higher, the more similar. Of distances, give the negative.
    targets : bool array, shape (trials,)
        True where both sides have the same speaker.

    Returns
    -------
    false_alarm, miss, thresholds : float array, shape (decisions,)
        A `DetCurve`; equal scores are decided together.

    Raises
    ------
    DataError
        If shapes or types do not fit, a score is NaN or infinite, or all trials have the same target.

    Examples
    --------
    >>> false_alarm, miss, thresholds = det_curve([0.75, 0.5, 0.5, 0.25], [True, True, False, False])
    >>> false_alarm.tolist(), miss.tolist(), thresholds.round(3).tolist()
    ([0.0, 0.0, 0.5, 1.0], [1.0, 0.5, 0.0, 0.0], [1.0, 0.625, 0.375, 0.25])
    """
    values, truth = checked_trials(scores, targets)
    return weighted_curve(Cuts(values), truth, ~truth)


def equal_error_rate(scores: ArrayLike, targets: ArrayLike) -> tuple[float, float]:
    """Equal error rate, FA(t) = M(t), and its threshold.

    Between two decisions the curve is a straight line, as that of scikit-learn's `roc_curve`. The result of
    pyannote.metrics differs by at most a quarter of the step between both decisions: it takes the mean of
    their four rates.

    Parameters
    ----------
    scores, targets : array, shape (trials,)
        See `det_curve`, also for errors.

    Returns
    -------
    rate : float
        Between 0 and 1; 0.5 is chance.
    threshold : float
        Finite; trials of at least this score are accepted as "same speaker".

    Examples
    --------
    >>> rate, threshold = equal_error_rate([0.9, 0.6, 0.4, 0.1], [True, False, True, False])
    >>> rate, round(threshold, 3)
    (0.5, 0.5)
    """
    return det_curve(scores, targets).equal_error_rate()[:2]


def min_dcf(
    scores: ArrayLike,
    targets: ArrayLike,
    prior: float,
    miss_cost: float = 1.0,
    false_alarm_cost: float = 1.0,
) -> float:
    """Lowest normalised detection cost of all thresholds.

    DCF(t) = (C_miss p M(t) + C_fa (1 - p) FA(t)) / min(C_miss p, C_fa (1 - p))

    with the prior p: the cost in relation to the better of accepting everything and accepting nothing.

    Parameters
    ----------
    scores, targets : array, shape (trials,)
        See `det_curve`.
    prior : float
        Probability p of a target trial where the system is used, between 0 and 1 (excluded).
    miss_cost, false_alarm_cost : float
        Costs C_miss and C_fa of an error; above 0.

    Returns
    -------
    cost : float
        Between 0 and 1.

    Raises
    ------
    DataError
        As `det_curve`, and if the prior or a cost is out of its range.

    References
    ----------
    NIST 2016 Speaker Recognition Evaluation Plan, section 3.1.

    Examples
    --------
    >>> min_dcf([0.9, 0.6, 0.4, 0.1], [True, False, True, False], prior=0.05)
    0.5
    """
    return det_curve(scores, targets).min_dcf(prior, miss_cost, false_alarm_cost).value


def weighted_curve(cuts: Cuts, targets: NDArray[Any], non_targets: NDArray[Any]) -> DetCurve:
    """DET curve of weighted trials.

    Parameters
    ----------
    cuts : Cuts
        Decisions on the scores of the trials.
    targets, non_targets : array, shape (trials,)
        Weights of the target trials, 0 for the others, and of the non-target trials; neither sum may be 0.

    Examples
    --------
    >>> cuts = Cuts(np.array([0.75, 0.5, 0.25]))
    >>> weighted_curve(cuts, np.array([3, 1, 0]), np.array([0, 0, 2])).miss.tolist()
    [1.0, 0.25, 0.0, 0.0]
    """
    hits, alarms = cuts.totals(targets.astype(np.float64)), cuts.totals(non_targets.astype(np.float64))
    return DetCurve(alarms / alarms[-1], 1 - hits / hits[-1], cuts.thresholds)


def checked_trials(scores: ArrayLike, targets: ArrayLike) -> tuple[NDArray[Any], BoolArray]:
    """Check scores and targets, and give them as arrays of shape (trials,).

    Raises
    ------
    DataError
        See `det_curve`.

    Examples
    --------
    >>> values, truth = checked_trials([0.9, 0.2], [True, False])
    >>> values.shape, truth.tolist()
    ((2,), [True, False])
    """
    values, truth = np.asarray(scores), np.asarray(targets)
    if values.shape != truth.shape or values.ndim != 1 or truth.dtype != bool:
        raise DataError(
            f"Found scores of shape {values.shape} and targets {truth.dtype} of shape {truth.shape}.",
            fix="Give a score and a boolean target for each trial.",
        )
    invalid = np.flatnonzero(~np.isfinite(values))
    if invalid.size:
        raise DataError(
            f"{invalid.size} of {values.size} scores are NaN or infinite, "
            f"first that of trial {invalid[0] + 1}.",
            fix="Look for silent or damaged files, or a training that diverged.",
        )
    if truth.all() or not truth.any():
        speakers = "the same speaker on both sides" if truth.any() else "different speakers"
        raise DataError(
            f"All {truth.size} trials have {speakers}." if truth.size else "There are no trials.",
            fix="Error rates need trials of the same speaker and of different speakers.",
        )
    return values, truth
