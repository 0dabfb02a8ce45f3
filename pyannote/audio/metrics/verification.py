"""Same speaker or not: error rates of all thresholds on the scores of trials.

A trial compares two recordings; the higher its score, the more alike they are. It is a target trial if one
speaker is heard in both. Trials whose score is at least the threshold are accepted.

Every threshold makes one of n + 1 decisions on n distinct scores, and all of them are counted. The threshold
of a decision lies half way between the lowest score that it accepts and the next lower one, so that it can be
applied to other recordings as it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.decisions import BoolArray, Cuts, FloatArray


class OperatingPoint(NamedTuple):
    """A decision, and what it is worth.

    Attributes
    ----------
    value : float
        The measure that it was chosen for.
    threshold : float
        Finite; accept trials whose score is at least this.
    false_alarm, miss : float
        Rates at this threshold, between 0 and 1.
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
        Part of the non-target trials that is accepted; rises from 0 to 1.
    miss : float array, shape (decisions,)
        Part of the target trials that is not accepted; falls from 1 to 0.
    thresholds : float array, shape (decisions,)
        Finite and falling; the first accepts nothing, the last everything.

    References
    ----------
    A. Martin et al.: The DET curve in assessment of detection task performance. Eurospeech 1997.
    """

    false_alarm: FloatArray
    miss: FloatArray
    thresholds: FloatArray

    def equal_error_rate(self) -> OperatingPoint:
        """Where the line through all decisions crosses the line of equal rates.

        That may happen between two decisions; the threshold is that of the one whose rates differ less.
        """
        gap = self.miss - self.false_alarm
        after = int((gap <= 0).argmax())
        before = after - 1
        share = gap[before] / (gap[before] - gap[after])
        value = self.false_alarm[before] + share * (self.false_alarm[after] - self.false_alarm[before])
        return self._at(after if -gap[after] <= gap[before] else before, value)

    def min_dcf(self, prior: float, miss_cost: float = 1.0, false_alarm_cost: float = 1.0) -> OperatingPoint:
        """Lowest normalised detection cost; see the function of this name."""
        if not 0 < prior < 1:
            raise DataError(
                f"The prior {prior} is no probability of target trials.", fix="Give one such as 0.01."
            )
        if not (0 < miss_cost < np.inf and 0 < false_alarm_cost < np.inf):
            raise DataError(
                f"Found the costs {miss_cost} and {false_alarm_cost}.", fix="Give finite ones above 0."
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
        The higher, the more alike. Of distances, give the negative.
    targets : bool array, shape (trials,)
        Where both sides are of the same speaker.

    Returns
    -------
    false_alarm, miss, thresholds : float array, shape (decisions,)
        A `DetCurve`; equal scores are decided together.

    Raises
    ------
    DataError
        If shapes or types do not fit, a score is NaN or infinite, or there are trials of one kind only.

    Examples
    --------
    >>> false_alarm, miss, thresholds = det_curve([0.75, 0.5, 0.5, 0.25], [True, True, False, False])
    >>> false_alarm.tolist(), miss.tolist(), thresholds.round(3).tolist()
    ([0.0, 0.0, 0.5, 1.0], [1.0, 0.5, 0.0, 0.0], [1.0, 0.625, 0.375, 0.25])
    """
    values, truth = checked_trials(scores, targets)
    return weighted_curve(Cuts(values), truth, ~truth)


def equal_error_rate(scores: ArrayLike, targets: ArrayLike) -> tuple[float, float]:
    """Rate at which false alarms are as frequent as misses, and a threshold there.

    Between two decisions the curve is a straight line, as that of scikit-learn's `roc_curve` is. (Where
    pyannote.metrics differs, it is by no more than a quarter of the step between both decisions: it takes the
    mean of their four rates.) See `det_curve` for the parameters and errors.

    Returns
    -------
    rate : float
        Between 0 and 1; 0.5 is chance.
    threshold : float
        Finite; "same speaker" is what has at least this score.

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
    """Lowest detection cost of any threshold, normalised.

    The cost ``miss_cost * prior * miss + false_alarm_cost * (1 - prior) * false_alarm`` is divided by that of
    the better of accepting everything and accepting nothing.

    Parameters
    ----------
    scores, targets : array, shape (trials,)
        See `det_curve`.
    prior : float
        Probability of a target trial where the system is used, between 0 and 1.
    miss_cost, false_alarm_cost : float
        What an error costs; above 0.

    Returns
    -------
    cost : float
        Between 0 and 1.

    Raises
    ------
    DataError
        As `det_curve`, and if the prior or a cost is impossible.

    References
    ----------
    NIST 2016 Speaker Recognition Evaluation Plan, section 3.1.

    Examples
    --------
    >>> min_dcf([0.9, 0.6, 0.4, 0.1], [True, False, True, False], prior=0.05)
    0.5
    """
    return det_curve(scores, targets).min_dcf(prior, miss_cost, false_alarm_cost).value


def weighted_curve(cuts: Cuts, targets: NDArray[Any], others: NDArray[Any]) -> DetCurve:
    """Count trials by how much each weighs; targets, others (trials,), 0 where a trial is of the other kind.

    Neither may weigh nothing altogether.
    """
    hits, alarms = cuts.totals(targets.astype(np.float64)), cuts.totals(others.astype(np.float64))
    return DetCurve(alarms / alarms[-1], 1 - hits / hits[-1], cuts.thresholds)


def checked_trials(scores: ArrayLike, targets: ArrayLike) -> tuple[NDArray[Any], BoolArray]:
    """Give scores and targets as arrays, or say what is wrong with them."""
    values, truth = np.asarray(scores), np.asarray(targets)
    if values.shape != truth.shape or values.ndim != 1 or truth.dtype != bool:
        raise DataError(
            f"Found scores of shape {values.shape} and targets {truth.dtype} of shape {truth.shape}.",
            fix="Give a score and a boolean target for each trial.",
        )
    odd = np.flatnonzero(~np.isfinite(values))
    if odd.size:
        raise DataError(
            f"{odd.size} of {values.size} scores are NaN or infinite, that of trial {odd[0] + 1} first.",
            fix="Look for silent or damaged files, or a training that has diverged.",
        )
    if truth.all() or not truth.any():
        found = f"All {truth.size} trials are of {'the same' if truth.any() else 'different'} speakers."
        raise DataError(
            found if truth.size else "There are no trials.",
            fix="Error rates need trials of the same and of different speakers.",
        )
    return values, truth
