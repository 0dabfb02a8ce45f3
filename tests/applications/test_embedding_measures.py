"""What embeddings are validated for, on ones whose figures can be worked out by hand."""

import numpy as np
import pytest
import yaml
from matplotlib import pyplot
from sklearn.metrics import roc_curve

from pyannote.audio.embedding.backends.direct import Direct
from pyannote.audio.inference.embedder import Excerpt
from pyannote.audio.validation.diarization import Diarization
from pyannote.audio.validation.verification import Verification

EMPTY = np.zeros((0, 1), dtype=np.float32)


def excerpts(count, ranges=((0, 10),)):
    return [Excerpt(f"file{index}", EMPTY, list(ranges)) for index in range(count)]


def on_circle(*degrees):
    return np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1).astype(np.float32)


def trials(count=30, seed=0):
    random = np.random.default_rng(seed)
    speakers = np.arange(count) % 5
    first, second = np.triu_indices(count, 1)
    embeddings = (random.normal(size=(5, 4))[speakers] + random.normal(size=(count, 4))).astype(np.float32)
    measure = Verification(excerpts(count), first, second, speakers[first] == speakers[second])
    return measure, embeddings


def conversations(purity=None):
    # within 10 degrees ann, bob at 90; the second file is one speaker in two places
    turns = [("x", 9.0, "ann"), ("x", 6.0, "ann"), ("x", 5.0, "bob"), ("y", 4.0, "cid"), ("y", 6.0, "cid")]
    return Diarization(excerpts(5), turns, purity), on_circle(0, 10, 90, 0, 40)


class TestVerification:
    def test_equal_error_rate_of_scikit_learn(self):
        measure, embeddings = trials()
        record = measure.record(embeddings, Direct())
        false_alarm, hit, _ = roc_curve(measure.targets, record, drop_intermediate=False)
        rate = measure.value(record)
        crossing = np.argmin(np.abs(1 - hit - false_alarm))
        assert rate == pytest.approx((1 - hit + false_alarm)[crossing] / 2, abs=0.01)
        assert 0.05 < rate < 0.45

    def test_threshold_parts_both_kinds_at_that_rate(self):
        measure, embeddings = trials()
        record = measure.record(embeddings, Direct())
        results = measure.results(record)
        same = record >= results["threshold"]
        assert np.mean(~same[measure.targets]) == pytest.approx(results["equal_error_rate"], abs=0.02)
        assert np.mean(same[~measure.targets]) == pytest.approx(results["equal_error_rate"], abs=0.02)

    @pytest.mark.parametrize("metric", ["cosine", "euclidean", "angular"])
    def test_by_hand(self, metric):
        pairs = np.array([[0, 0, 1], [1, 2, 2]])
        measure = Verification(excerpts(3), *pairs, np.array([True, False, False]))
        record = measure.record(on_circle(0, 10, 90), Direct(metric))
        assert measure.value(record) == 0
        results = measure.results(record)
        near, far = Direct(metric).similarity(on_circle(0, 10, 90), np.array([0, 1]), np.array([1, 2]))
        assert far < results["threshold"] <= near
        assert (results["trials"], results["targets"]) == (3, 1)
        assert results["min_dcf_0.01"] == results["min_dcf_0.05"] == 0
        assert measure.described() == "3 trials (1 target) of 3 recordings"

    def test_scikit_learn_reads_the_scores(self, tmp_path):
        measure, embeddings = trials()
        measure.names = [f"take {place}" for place in range(30)]
        record = measure.record(embeddings, Direct())
        (tmp_path / "scores.txt").write_text(measure.scores(record))
        labels, scores = np.loadtxt(tmp_path / "scores.txt", usecols=(2, 3), unpack=True)
        np.testing.assert_array_equal(scores.astype(np.float32), record)
        false_alarm, hit, _ = roc_curve(labels, scores, drop_intermediate=False)
        # both are straight lines between decisions
        rates = np.linspace(0, 1, 200_001)
        crossing = rates[np.argmax(np.interp(rates, false_alarm, hit) >= 1 - rates)]
        assert crossing == pytest.approx(measure.value(record), abs=1e-5)
        assert measure.scores(record).startswith("take_0 take_1 0 ")

    @pytest.mark.parametrize(
        ("speakers", "interval", "shown"), [(20, [0, 0.15], "0.0000 to 0.1500"), (4, None, "-")]
    )
    def test_an_interval_of_0_has_an_upper_end(self, speakers, interval, shown, embedding_measure):
        first, second = np.triu_indices(2 * speakers, 1)
        targets = first // 2 == second // 2
        measure = Verification(excerpts(2 * speakers), first, second, targets)
        record = np.where(targets, 0.9, 0.1).astype(np.float32)
        assert measure.results(record)["intervals"]["equal_error_rate"] == interval
        embedding_measure.comparison = measure
        embedding_measure.add(1, record)
        (line,) = (line for line in embedding_measure.summary().splitlines() if "equal_error_rate" in line)
        assert line.split()[1:] == ["0.0000", "95", "%", "interval", *shown.split()]
        assert "nan" not in embedding_measure.summary()

    def test_the_lower_the_better(self):
        assert Verification.best([0.3, 0.1, 0.2]) == 0.1


class TestDiarization:
    def test_by_hand(self):
        measure, embeddings = conversations()
        record = measure.record(embeddings, Direct())
        # a threshold between 1 - cos 40 and 1 - cos 85: all is right
        results = measure.results(record)
        assert results["diarization_fscore"] == results["purity"] == results["coverage"] == 1.0
        assert 1 - np.cos(np.radians(40)) <= results["threshold"] < 1 - np.cos(np.radians(85))
        assert measure.value(record) == 1.0
        assert measure.described() == "5 turns of 2 files"

    def test_files_are_clustered_apart(self):
        turns = [("x", 1.0, "ann"), ("y", 1.0, "bob")]
        measure = Diarization(excerpts(2), turns, None)
        assert measure.value(measure.record(on_circle(0, 0), Direct())) == 1.0

    def test_coverage_at_a_purity(self):
        # bob is nearer to ann than ann to herself: what joins ann, joins bob, and 27 of 30 s are hers
        turns = [("x", 18.0, "ann"), ("x", 9.0, "ann"), ("x", 3.0, "bob")]
        embeddings = on_circle(0, 60, 20)
        for purity, coverage in ((0.9, 1.0), (0.95, 21 / 30)):
            measure = Diarization(excerpts(3), turns, purity)
            record = measure.record(embeddings, Direct())
            assert measure.value(record) == pytest.approx(coverage)
            results = measure.results(record)
            assert results["purity_attained"] and results["purity"] >= purity - 1e-6

    @pytest.mark.parametrize("metric", ["cosine", "euclidean", "angular"])
    def test_threshold_is_one_of_the_metric(self, metric):
        measure, embeddings = conversations()
        threshold = measure.results(measure.record(embeddings, Direct(metric)))["threshold"]
        (low,) = -Direct(metric).similarity(embeddings, np.array([3]), np.array([4]))
        (high,) = -Direct(metric).similarity(embeddings, np.array([1]), np.array([2]))
        shift = 1 if metric == "cosine" else 0
        assert low + shift <= threshold < high + shift

    def test_the_higher_the_better(self):
        assert Diarization.best([0.3, 0.1, 0.2]) == 0.3


@pytest.mark.parametrize("made", [trials, conversations])
class TestBoth:
    def test_results_are_plain_values(self, made):
        measure, embeddings = made()
        results = measure.results(measure.record(embeddings, Direct()))
        assert yaml.safe_load(yaml.safe_dump(results)) == results
        assert isinstance(results["threshold"], float)
        assert all(
            isinstance(value, float)
            for value in measure.curves(measure.record(embeddings, Direct())).values()
        )

    def test_the_record_is_all_that_values_need(self, made, tmp_path):
        measure, embeddings = made()
        record = measure.record(embeddings, Direct())
        np.save(tmp_path / "record.npy", record)
        again, _ = made()
        kept = np.load(tmp_path / "record.npy")
        assert again.value(kept) == measure.value(record)
        assert again.results(kept) == measure.results(record)

    def test_picture(self, made):
        measure, embeddings = made()
        figure = measure.picture(measure.record(embeddings, Direct()))
        assert figure.axes
        pyplot.close(figure)

    def test_digest_is_that_of_excerpts_and_truth(self, made):
        measure, _ = made()
        assert made()[0].digest() == measure.digest()
        other, _ = made()
        other.excerpts = excerpts(len(other.excerpts), [(0, 11)])
        assert other.digest() != measure.digest()
        swapped, _ = made()
        swapped.excerpts = swapped.excerpts[::-1]
        assert swapped.digest() != measure.digest()


def test_digests_of_other_trials_and_speakers_differ():
    pairs = np.array([[0, 0], [1, 2]])
    prints = {
        Verification(excerpts(3), *pairs, np.array([True, False])).digest(),
        Verification(excerpts(3), *pairs, np.array([False, True])).digest(),
        Verification(excerpts(3), *pairs[::-1], np.array([True, False])).digest(),
        Diarization(excerpts(3), [("x", 1.0, name) for name in "aab"], None).digest(),
        Diarization(excerpts(3), [("x", 1.0, name) for name in "abb"], None).digest(),
    }
    assert len(prints) == 5
