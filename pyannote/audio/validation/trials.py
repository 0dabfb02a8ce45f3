"""Evaluation of speaker verification: error rates of trials, with confidence intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyannote.audio.metrics.trial_bootstrap import trial_intervals
from pyannote.audio.metrics.verification import DetCurve, det_curve

PRIORS = (0.01, 0.05)


@dataclass(frozen=True)
class VerificationResult:
    """Error rates of the scores of all trials.

    Parameters
    ----------
    equal_error_rate : float
        Between 0 and 1.
    threshold : float
        Trials with at least this score are accepted as of the same speaker.
    min_dcf : dict from prior to float
        Normalised minimum detection costs, with equal costs of both errors, by prior of target trials.
    intervals : dict from name to (low, high)
        95 % intervals of ``"equal_error_rate"``, ``"min_dcf_0.01"`` and ``"min_dcf_0.05"``; NaN where there
        are too few groups.
    trials, targets : int
        Number of trials, and of those of the same speaker.
    curve : DetCurve
        Detection error trade-off, to be drawn.

    Examples
    --------
    >>> result = evaluate([0.9, 0.6, 0.4, 0.1], [True, False, True, False], n=0)
    >>> result.threshold, result.curve.miss.shape == result.curve.false_alarm.shape
    (0.5, True)
    """

    equal_error_rate: float
    threshold: float
    min_dcf: dict[float, float]
    intervals: dict[str, tuple[float, float]]
    trials: int
    targets: int
    curve: DetCurve = field(repr=False, compare=False)


def evaluate(
    scores: ArrayLike, targets: ArrayLike, groups: ArrayLike | None = None, n: int = 1000, seed: int = 0
) -> VerificationResult:
    """Error rates of trials.

    Parameters
    ----------
    scores : float array, shape (trials,)
        The higher, the more similar.
    targets : bool array, shape (trials,)
        True for trials of the same speaker.
    groups : array, shape (trials, 2), optional
        Speakers of both sides, for the intervals; see `trial_intervals` and `known_speakers`.
    n : int
        Number of resamples for the intervals; 0 for none.
    seed : int
        Seed of the resamples.

    Raises
    ------
    DataError
        See `det_curve` and `trial_intervals`.

    References
    ----------
    Martin et al., "The DET Curve in Assessment of Detection Task Performance", Eurospeech 1997.

    Examples
    --------
    >>> result = evaluate([0.9, 0.6, 0.4, 0.1], [True, False, True, False], n=0)
    >>> result.equal_error_rate, result.min_dcf, result.trials, result.targets
    (0.5, {0.01: 0.5, 0.05: 0.5}, 4, 2)
    """
    curve = det_curve(scores, targets)
    rate = curve.equal_error_rate()
    measures: dict[str, Callable[[DetCurve], float]] = {"equal_error_rate": _equal_error_rate}
    measures |= {f"min_dcf_{prior}": _min_dcf(prior) for prior in PRIORS}
    return VerificationResult(
        equal_error_rate=rate.value,
        threshold=rate.threshold,
        min_dcf={prior: curve.min_dcf(prior).value for prior in PRIORS},
        intervals=trial_intervals(scores, targets, measures, groups, n, seed),
        trials=np.size(targets),
        targets=int(np.sum(targets)),
        curve=curve,
    )


def known_speakers(first: ArrayLike, second: ArrayLike, targets: ArrayLike) -> NDArray[np.int64]:
    """Speakers of both sides of trials, derived from files and targets.

    Files that are connected by target trials, directly or through other files, are of one speaker; a file
    without target trials counts as a separate speaker.

    Parameters
    ----------
    first, second : array, shape (trials,)
        Numbers or names of files.
    targets : bool array, shape (trials,)

    Returns
    -------
    speakers : int array, shape (trials, 2)

    Examples
    --------
    >>> known_speakers(["a", "b", "a"], ["b", "c", "d"], [True, True, False]).tolist()
    [[0, 0], [0, 0], [0, 1]]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names, files = np.unique(np.column_stack([first, second]), return_inverse=True)
    files = files.reshape(-1, 2)
    same = np.asarray(targets, bool)
    edges = coo_array((np.ones(same.sum()), files[same].T), shape=(len(names), len(names)))
    speakers: NDArray[np.int64] = connected_components(edges, directed=False)[1][files].astype(np.int64)
    return speakers


def _equal_error_rate(curve: DetCurve) -> float:
    return curve.equal_error_rate().value


def _min_dcf(prior: float) -> Callable[[DetCurve], float]:
    return lambda curve: curve.min_dcf(prior).value
