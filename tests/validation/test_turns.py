import numpy as np
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.purity import coverage, purity
from pyannote.audio.validation.turns import Turns, evaluate


def conversation(uri, turns, seed=0, noise=0.3):
    rng = np.random.default_rng(seed)
    speakers = rng.integers(3, size=turns)
    embeddings = rng.normal(size=(3, 8))[speakers] + noise * rng.normal(size=(turns, 8))
    return Turns(uri, embeddings, rng.uniform(0.3, 4, size=turns), [f"{uri} {who}" for who in speakers])


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "angular"])
def test_speakers_who_are_easy_to_tell(metric):
    files = [conversation("a", 20, 0, 0.05), conversation("b", 1), conversation("c", 9, 1, 0.05)]
    result = evaluate(files, metric)
    assert (result.fscore, result.purity, result.coverage) == pytest.approx((1, 1, 1))
    assert (result.files, result.turns) == (3, 30)
    assert result.curve.at(result.threshold).f_score == result.fscore


def test_purity_is_kept():
    files = [conversation(str(seed), 25, seed, noise=1.5) for seed in range(4)]
    free, pure = evaluate(files), evaluate(files, purity=0.95)
    assert pure.attained and pure.purity >= 0.95 > free.purity
    assert pure.coverage < free.coverage and pure.fscore < free.fscore


def test_files_without_turns_are_left_out():
    empty = Turns("empty", np.zeros((0, 8)), np.zeros(0), [])
    full = conversation("full", 12)
    assert evaluate([empty, full]) == evaluate([full])
    with pytest.raises(DataError, match="no speech turns"):
        evaluate([empty])


def test_files_are_weighted_by_their_speech():
    files = [conversation("a", 30, 0, 1.0), conversation("b", 5, 1, 1.0)]
    alone = [evaluate([file]).curve for file in files]
    result = evaluate(files)
    seconds = [file.durations.sum() for file in files]
    for name in ("purity", "coverage"):
        parts = [getattr(curve.at(result.threshold), name) for curve in alone]
        assert getattr(result, name) == pytest.approx(np.average(parts, weights=seconds))


def test_each_turn_alone_at_threshold_zero():
    file = conversation("a", 10)
    start, clusters = evaluate([file]).curve.at(0.0), range(10)
    assert start.purity == pytest.approx(purity(clusters, file.speakers, file.durations)) == 1
    assert start.coverage == pytest.approx(coverage(clusters, file.speakers, file.durations))


def test_errors_name_the_file():
    broken = conversation("broken", 4)
    broken.embeddings[2] = np.nan
    with pytest.raises(DataError, match=r"broken: 1 of 4 embeddings are NaN .* first that of turn 3"):
        evaluate([conversation("fine", 4), broken])


def test_progress_is_told():
    seen = []

    def progress(items, *, total, description):
        seen.append((total, description))
        return items

    evaluate([conversation("a", 3), conversation("b", 3)], progress=progress)
    assert seen == [(2, "clustering")]
