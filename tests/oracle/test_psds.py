"""Polyphonic sound detection scores, compared with sed_scores_eval where it is installed (pandas < 3)."""

import numpy as np
import pytest

from pyannote.audio.metrics.intersection_based import Scored
from pyannote.audio.metrics.psds import SCENARIOS, psds

CASES = 200
LONGER = 50
"""Duration of recordings by that of their scores, so that a few false detections are no more than e_max."""
LABELS = ["car", "bird", "people walking", "dog"]


def drawn(rng):
    """Recordings with scores that are often equal, and events on and off the borders of frames."""
    labels = LABELS[: rng.integers(2, 5)]
    step, decimals = float(rng.choice([0.02, 0.08, 0.1, 0.27])), int(rng.integers(1, 4))
    recordings = []
    for _ in range(rng.integers(1, 5)):
        frames = int(rng.integers(1, 120))
        edges = np.round(np.arange(frames + 1) * step, 3)
        events = []
        for label in labels:
            times = np.unique(np.round(rng.uniform(0, edges[-1], 2 * rng.integers(0, 4)), decimals))
            events += [(on, off, label) for on, off in zip(times[::2], times[1::2], strict=False)]
        walk = rng.standard_normal((frames, len(labels))).cumsum(axis=0)
        spans = [[(on, off) for on, off, own in events if own == label] for label in labels]
        active = np.array([[any(on <= t < off for on, off in own) for own in spans] for t in edges[:-1]])
        scores = np.round(1 / (1 + np.exp(-walk - rng.uniform(0, 9) * active)), int(rng.integers(1, 6)))
        recordings.append((scores.astype(np.float32), edges, events))
    # the oracle takes no class without events
    for label in labels:
        if not any(own == label for *_, events in recordings for *_, own in events):
            end = recordings[0][1][-1]
            recordings[0][2].append((0.0, float(end), label))
    return labels, recordings


def ours(labels, recordings, scenario):
    scored = (Scored(scores, edges[:-1], edges[1:], events) for scores, edges, events in recordings)
    seconds = sum(LONGER * float(edges[-1]) for _, edges, _ in recordings)
    return psds(scored, labels, seconds, {"it": scenario})["it"]


def theirs(oracle, labels, recordings, scenario):
    scores = {
        str(index): oracle.base_modules.scores.create_score_dataframe(
            scores.astype(np.float64), edges, labels
        )
        for index, (scores, edges, _) in enumerate(recordings)
    }
    truth = {
        str(index): [(float(on), float(off), label) for on, off, label in events]
        for index, (_, _, events) in enumerate(recordings)
    }
    seconds = {str(index): LONGER * float(edges[-1]) for index, (_, edges, _) in enumerate(recordings)}
    criteria = scenario.criteria
    value, class_wise, *_ = oracle.intersection_based.psds(
        scores, truth, seconds, dtc_threshold=criteria.dtc, gtc_threshold=criteria.gtc,
        cttc_threshold=criteria.cttc, alpha_ct=scenario.alpha_ct, alpha_st=scenario.alpha_st,
        max_efpr=scenario.e_max,
    )  # fmt: skip
    return value, class_wise


@pytest.mark.parametrize("name", SCENARIOS)
def test_scores_are_those_of_sed_scores_eval(name):
    oracle = pytest.importorskip("sed_scores_eval")
    rng, scenario, largest, values = np.random.default_rng(7), SCENARIOS[name], 0.0, set()
    for _ in range(CASES):
        labels, recordings = drawn(rng)
        value, class_wise = theirs(oracle, labels, recordings, scenario)
        found = ours(labels, recordings, scenario)
        values.add(round(found.value, 3))
        differences = [abs(found.value - value)]
        differences += [abs(found.class_wise[label] - class_wise[label]) for label in labels]
        largest = max(largest, *differences)
    print(f"{name}: {CASES} cases, {len(values)} different scores, largest difference {largest:.2g}")
    assert largest < 1e-9
    assert len(values) > CASES / 5
