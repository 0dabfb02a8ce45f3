"""Thresholds and epochs, against scikit-learn and exhaustive search."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from pyannote.audio.core.errors import UsageError
from pyannote.audio.validation.criterion import Criterion, OperatingPoint
from pyannote.audio.validation.detection import Detection
from pyannote.audio.validation.records import Records
from pyannote.audio.validation.reference import Items
from pyannote.audio.validation.selection import average, evaluate, select

CLASSES = ("a", "b", "c")


def plain(measure="fscore", precision=None):
    """The best threshold and the best epoch, and nothing else."""
    return Criterion(measure, precision, prior=0.0, tolerance=0.0)


def items_of(seed, count=40, absent=()):
    random = np.random.default_rng(seed)
    target = random.random((count, 3)) < [0.2, 0.5, 0.8]
    target[:, list(absent)] = False
    scores = np.round(0.4 * target + 0.6 * random.random((count, 3)), 2).astype(np.float32)
    return Items(scores, target)


def candidates(scores):
    distinct = np.unique(scores.astype(np.float64))
    return [*distinct, distinct[-1] + 1]


@pytest.mark.parametrize("seed", range(5))
def test_thresholds_have_the_best_f_score_of_all(seed):
    items = items_of(seed)
    for column, found in enumerate(evaluate({0.0: items}, CLASSES, plain()).values()):
        scores, target = items.scores[:, column], items.target[:, column]
        best = max(f1_score(target, scores >= one, zero_division=0) for one in candidates(scores))
        accepted = scores >= found.threshold
        assert f1_score(target, accepted) == pytest.approx(best)
        assert plain().value(found) == pytest.approx(best)
        assert found.precision == pytest.approx(precision_score(target, accepted))
        assert found.recall == pytest.approx(recall_score(target, accepted))


@pytest.mark.parametrize("seed", range(5))
def test_thresholds_have_the_fewest_errors_of_all(seed):
    items = items_of(seed)
    for column, found in enumerate(evaluate({0.0: items}, CLASSES, plain("error_rate")).values()):
        scores, target = items.scores[:, column], items.target[:, column]
        fewest = min(((scores >= one) != target).sum() for one in candidates(scores))
        assert ((scores >= found.threshold) != target).sum() == fewest
        assert plain("error_rate").value(found) == pytest.approx(fewest / target.sum())


@pytest.mark.parametrize("precision", [0.5, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_thresholds_have_the_best_recall_at_a_precision(seed, precision):
    items = items_of(seed)
    for column, found in enumerate(evaluate({0.0: items}, CLASSES, plain(precision=precision)).values()):
        scores, target = items.scores[:, column], items.target[:, column]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reached = [
                recall_score(target, scores >= one)
                for one in candidates(scores)[:-1]
                if precision_score(target, scores >= one) >= precision
            ]
        assert found.attained == bool(reached)
        if reached:
            assert recall_score(target, scores >= found.threshold) == pytest.approx(max(reached))
            assert precision_score(target, scores >= found.threshold) >= precision


def history_of(values, positives=10):
    """Thresholds whose F-scores are given for each epoch and class."""
    return {
        epoch: {
            name: OperatingPoint(value, 0.1 * epoch, value, value, positives if value is not None else 0)
            if value is not None
            else OperatingPoint(0.0, 1.1, 0.0, 0.0, 0)
            for name, value in zip(CLASSES, row, strict=True)
        }
        for epoch, row in values.items()
    }


def test_each_class_takes_its_best_epoch():
    selection = select(history_of({1: (0.9, 0.2, 0.3), 2: (0.5, 0.8, 0.3), 3: (0.4, 0.1, 0.7)}), plain())
    assert {name: choice.epoch for name, choice in selection.class_wise.items()} == {"a": 1, "b": 2, "c": 3}
    assert {name: choice.threshold for name, choice in selection.class_wise.items()} == pytest.approx(
        {"a": 0.1, "b": 0.2, "c": 0.3}
    )
    assert selection.epoch == 2 and selection.value == pytest.approx((0.5 + 0.8 + 0.3) / 3)
    assert {choice.epoch for choice in selection.single.values()} == {2}
    assert selection.class_wise["b"].fscore == pytest.approx(0.8)


def test_ties_go_to_the_earliest_epoch_whatever_the_order():
    values = {4: (0.5, 0.5, 0.5), 2: (0.5, 0.5, 0.5), 3: (0.5, 0.5, 0.5)}
    for order in ((4, 2, 3), (2, 3, 4), (3, 4, 2)):
        selection = select(history_of({epoch: values[epoch] for epoch in order}), plain())
        assert selection.epoch == 2
        assert {choice.epoch for choice in selection.class_wise.values()} == {2}


def test_a_class_that_does_not_occur_takes_the_best_single_epoch():
    selection = select(history_of({1: (0.9, None, 0.1), 2: (0.8, None, 0.7), 3: (0.1, None, 0.8)}), plain())
    assert selection.epoch == 2 and selection.value == pytest.approx(0.75)
    assert selection.class_wise["b"].epoch == 2 and selection.class_wise["b"].threshold == 0.5
    assert selection.absent == ("b",) and selection.class_wise["b"].fscore is None
    assert {name: choice.epoch for name, choice in selection.class_wise.items()} == {"a": 1, "b": 2, "c": 3}


def test_without_any_class_there_is_still_an_epoch():
    selection = select(history_of({2: (None, None, None), 5: (None, None, None)}), plain())
    assert (selection.epoch, selection.value, selection.absent) == (2, None, CLASSES)
    for choice in selection.class_wise.values():
        assert (choice.fscore, choice.precision, choice.recall, choice.threshold) == (None, None, None, 0.5)


def test_few_errors_are_good():
    found = {
        epoch: {name: OperatingPoint(errors, 0.5, 0.5, 0.5, 10) for name in CLASSES}
        for epoch, errors in {1: 9.0, 2: 4.0, 3: 6.0}.items()
    }
    selection = select(found, plain("error_rate"))
    assert selection.epoch == 2 and selection.value == pytest.approx(0.4)


def test_a_missed_precision_is_worse_than_any_that_is_reached_and_is_no_recall():
    criterion = plain(precision=0.8)
    missed = {name: OperatingPoint(0.9, 0.5, 0.79, 0.9, 10, attained=False) for name in CLASSES}
    reached = {name: OperatingPoint(0.1, 0.5, 0.8, 0.1, 10) for name in CLASSES}
    worse = {name: OperatingPoint(0.9, 0.5, 0.3, 0.9, 10, attained=False) for name in CLASSES}
    assert select({1: missed, 2: reached}, criterion).epoch == 2
    assert select({1: worse, 2: missed}, criterion).epoch == 2
    assert select({1: missed}, criterion).value == 0.0
    choice = select({1: missed}, criterion).class_wise["a"]
    assert (choice.recall, choice.fscore, choice.precision, choice.attained) == (0.0, 0.0, 0.79, False)
    assert select({1: missed, 2: reached}, criterion).value == pytest.approx(0.1)


@pytest.mark.parametrize("seed", range(3))
def test_selection_is_the_best_of_all_epochs_and_classes(seed):
    epochs = {epoch: items_of(100 * seed + epoch, absent=[1]) for epoch in range(1, 5)}
    criterion = plain()
    selection = select(
        {epoch: evaluate({0.0: items}, CLASSES, criterion) for epoch, items in epochs.items()}, criterion
    )
    best = {
        (epoch, column): max(
            f1_score(items.target[:, column], items.scores[:, column] >= one, zero_division=0)
            for one in candidates(items.scores[:, column])
        )
        for epoch, items in epochs.items()
        for column in (0, 2)
    }
    for column, name in ((0, "a"), (2, "c")):
        assert selection.class_wise[name].epoch == max(epochs, key=lambda epoch: best[epoch, column])
    assert selection.epoch == max(epochs, key=lambda epoch: best[epoch, 0] + best[epoch, 2])


def test_averages_are_over_classes_that_occur():
    assert average(history_of({1: (0.2, None, 0.6)})[1], plain().value) == pytest.approx(0.4)


@pytest.mark.parametrize("precision", [0.0, -0.5, 1.5, float("nan")])
def test_senseless_precisions_are_refused(precision):
    with pytest.raises(UsageError, match="--precision"):
        Criterion("fscore", precision)


@pytest.mark.parametrize(
    ("criterion", "name"),
    [
        (Criterion("fscore"), "average_detection_fscore"),
        (Criterion("error_rate"), "average_detection_error_rate"),
        (Criterion("fscore", 0.8), "average_detection_recall_at_0.8_precision"),
    ],
)
def test_measures_are_named_after_what_they_are(criterion, name):
    assert criterion.name == name


def history_at_half(rows):
    """Thresholds of 0.5, whose F-scores are given for each epoch and class."""
    return {
        epoch: {
            name: OperatingPoint(value, 0.5, value, value, 10)
            for name, value in zip(CLASSES, row, strict=True)
        }
        for epoch, row in rows.items()
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("prior", [0.5, 2.0])
def test_thresholds_earn_their_distance_from_one_half(seed, prior):
    items, criterion = items_of(seed), Criterion("fscore", prior=prior, tolerance=0.0)
    for column, found in enumerate(evaluate({0.0: items}, CLASSES, criterion).values()):
        scores, target = items.scores[:, column], items.target[:, column]
        distinct = np.unique(scores.astype(np.float64))
        middles = (distinct[1:] + distinct[:-1]) / 2
        best = max(f1_score(target, scores >= one) - prior * abs(one - 0.5) for one in middles)
        assert criterion.quality(found) >= best - 1e-6
        assert f1_score(target, scores >= found.threshold) == pytest.approx(criterion.value(found))


def test_a_good_late_epoch_goes_before_the_best_and_early_one():
    values = {1: 0.3, 2: 0.6, 3: 0.6, 4: 0.6, 5: 0.57, 6: 0.57, 7: 0.57, 8: 0.3, 9: 0.3, 10: 0.3}
    history = history_at_half({epoch: (value,) * 3 for epoch, value in values.items()})
    # means of three: 0.6 at 3; 0.57 at 6 is within the tolerance of it; 0.48 at 7 is not
    assert select(history, Criterion("fscore", tolerance=0.05)).epoch == 6
    assert select(history, Criterion("fscore", tolerance=0.0)).epoch == 2


def test_a_class_leaves_the_common_epoch_for_a_large_gain_only():
    rows = dict.fromkeys((1, 2, 3), (0.8, 0.5, 0.5)) | dict.fromkeys((4, 5, 6), (0.2, 0.58, 0.95))
    selection = select(history_at_half(rows), Criterion("fscore", tolerance=0.05))
    assert selection.epoch == 6
    assert {name: choice.epoch for name, choice in selection.class_wise.items()} == {"a": 1, "b": 6, "c": 6}
    rows = dict.fromkeys((1, 2, 3), (0.55, 0.5, 0.5)) | dict.fromkeys((4, 5, 6), (0.5, 0.58, 0.9))
    selection = select(history_at_half(rows), Criterion("fscore", tolerance=0.05))
    assert {choice.epoch for choice in selection.class_wise.values()} == {6}
    assert selection.peaks["a"] == 1


class FixedReference:
    """Stands for an annotation whose items are the scores themselves."""

    classes = CLASSES
    outputs = (25, 15)

    def __init__(self, target):
        self.target = target

    def distinct(self, shortest):
        return shortest

    def items(self, scores, unit, shortest):
        return Items(np.concatenate(scores), self.target)


def test_validating_beside_a_training_and_afterwards_comes_to_the_same(tmp_path):
    reference, records = FixedReference(items_of(0).target), Records(tmp_path, {})

    def measure():
        return Detection(None, None, None, reference, {}, "", plain())

    beside, afterwards, interrupted = measure(), measure(), measure()
    for epoch in (1, 2, 3, 4):
        records.save(epoch, [items_of(epoch).scores])
        beside.add(epoch, items_of(epoch).scores)
    for epoch in (4, 3, 2, 1):
        afterwards.add(epoch, records.read(epoch))
    assert afterwards.selection() == beside.selection()
    assert afterwards.average(2) == beside.average(2) > 0
    for epoch in (2, 1):
        interrupted.add(epoch, records.read(epoch))
    for epoch in (4, 3):
        interrupted.add(epoch, items_of(epoch).scores)
    assert interrupted.selection() == beside.selection()
