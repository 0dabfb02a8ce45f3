"""Evaluation by sed_eval, its table, and its JSON form."""

import json
import subprocess
import sys

import numpy as np
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.metrics.official import evaluate, jsonable, table

KINDS = {
    "segment_based": ("SegmentBasedMetrics", {"time_resolution": 1.0}),
    "event_based_onset": ("EventBasedMetrics", {"evaluate_offset": False, "t_collar": 0.5}),
    "event_based_onset_offset": ("EventBasedMetrics", {"evaluate_offset": True, "t_collar": 0.5}),
}


def test_is_sed_eval_pooled_over_files(labels, random_events, oracle):
    rng = np.random.default_rng(0)
    reference = {f"file{i}": random_events(rng) for i in range(12)}
    estimate = {file: random_events(rng) for file in reference}
    results = evaluate(reference, estimate, labels)
    pairs = [(reference[file], estimate[file]) for file in reference]
    for key, (kind, options) in KINDS.items():
        assert results[key]["class_wise_average"].pop("classes") == len(labels)
        np.testing.assert_equal(results[key], oracle(kind, pairs, **options))


@pytest.mark.parametrize(
    ("reference", "estimate"),
    [
        ([], [(0.0, 1.0, "car")]),
        ([(0.0, 1.0, "car")], []),
        ([], []),
    ],
)
def test_empty_lists_become_json_and_text(reference, estimate):
    results = evaluate({"a": reference}, {"a": estimate}, ["bird", "car"])
    overall = results["segment_based"]["overall"]["f_measure"]
    assert np.isnan(overall["recall"]) == (not reference)
    assert np.isnan(overall["precision"]) == (not reference and not estimate)
    assert results["segment_based"]["class_wise_average"]["classes"] == len(reference)
    text = json.dumps(jsonable(results), allow_nan=False)
    assert table(json.loads(text)) == table(results)
    assert "nan" not in table(results)


def test_a_file_without_estimate_counts_as_silence():
    reference = {"a": [(0.0, 2.0, "car")], "b": [(0.0, 2.0, "car")]}
    results = evaluate(reference, {"a": [(0.0, 2.0, "car")]}, ["car"])
    assert results["segment_based"]["overall"]["error_rate"]["deletion_rate"] == 0.5


@pytest.mark.parametrize("label", ["None", " car ", "people walking"])
def test_any_label(label):
    results = evaluate({"a": [(0.0, 2.0, label)]}, {"a": [(0.0, 2.0, label)]}, [label, "other"])
    for result in results.values():
        assert result["class_wise"][label]["f_measure"]["f_measure"] == 1


def test_table_has_a_row_for_each_class_in_each_evaluation():
    events = {"a": [(0.0, 2.0, "car"), (1.0, 3.0, "large_vehicle")]}
    blocks = table(evaluate(events, events, ["car", "large_vehicle"])).split("\n\n")
    assert len(blocks) == 3
    for block in blocks:
        header, *rows, average = block.splitlines()[1:]
        assert average.split()[:5] == ["average", "0.00", "100.0", "100.0", "100.0"]
        assert average.endswith("over 2 of 2 classes")
        assert [row.split()[0] for row in rows] == ["overall", "car", "large_vehicle"]
        assert {len(row) for row in [header, *rows]} == {len(header)}
        assert all(row.split()[1:5] == ["0.00", "100.0", "100.0", "100.0"] for row in rows)


@pytest.mark.parametrize(
    ("reference", "estimate", "labels", "words"),
    [
        ({"a": [(0.0, 1.0, "dog")]}, {}, ["car"], "^a: The label 'dog'"),
        ({"a": []}, {"a": [(0.0, 1.0, "dog")]}, ["car"], "^a: The label 'dog'"),
        ({"a": [(1.0, 0.0, "car")]}, {}, ["car"], "^a: An event 'car'"),
        ({"a": []}, {"b": []}, ["car"], "^b: .* no reference"),
        ({"a": []}, {}, [], "no class"),
    ],
)
def test_impossible_input(reference, estimate, labels, words):
    with pytest.raises(DataError, match=words):
        evaluate(reference, estimate, labels)


def test_sed_eval_is_imported_late_and_silently():
    code = (
        "import sys, pyannote.audio.metrics.official as official;"
        "assert 'sed_eval' not in sys.modules;"
        "official.evaluate({'a': []}, {}, ['car'])"
    )
    done = subprocess.run([sys.executable, "-W", "default", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_a_long_chain_of_events_that_compete():
    reference = [(0.9 * index, 0.9 * index + 1, "car") for index in range(1101)]
    estimate = [(onset + 0.45, offset + 0.45, "car") for onset, offset, _ in reference[:-1]]
    results = evaluate({"a": reference}, {"a": [*estimate, reference[0]]}, ["car"])
    assert results["event_based_onset"]["overall"]["f_measure"]["f_measure"] == 1


def test_a_class_that_is_never_detected_counts_as_zero_and_one_that_is_not_annotated_does_not_count():
    reference = {"a": [(0.0, 2.0, "car"), (4.0, 6.0, "bird")]}
    estimate = {"a": [(0.0, 2.0, "car"), (8.0, 9.0, "dog")]}
    results = evaluate(reference, estimate, ["bird", "car", "cat", "dog"])
    for result in results.values():
        figures = {label: one["f_measure"]["f_measure"] for label, one in result["class_wise"].items()}
        assert figures["bird"] == 0 and figures["car"] == 1
        assert np.isnan([figures["cat"], figures["dog"]]).all()
        precisions = {label: one["f_measure"]["precision"] for label, one in result["class_wise"].items()}
        assert precisions["bird"] == precisions["dog"] == 0 and np.isnan(precisions["cat"])
        rates = {label: one["error_rate"]["error_rate"] for label, one in result["class_wise"].items()}
        assert rates["bird"] == pytest.approx(1) and rates["car"] == 0
        assert np.isnan([rates["cat"], rates["dog"]]).all()
        average = result["class_wise_average"]
        assert average["f_measure"]["f_measure"] == 0.5
        assert average["error_rate"]["error_rate"] == pytest.approx(0.5)
        assert (average["f_measure"]["precision"], average["classes"]) == (0.5, 2)
    assert "over 2 of 4 classes" in table(results)
    assert json.loads(json.dumps(jsonable(results)))["segment_based"]["class_wise"]["cat"]["f_measure"] == {
        "f_measure": None,
        "precision": None,
        "recall": None,
    }


def test_without_any_annotation_there_are_no_averages():
    results = evaluate({"a": []}, {"a": [(0.0, 1.0, "car")]}, ["bird", "car"])
    for block in table(results).split("\n\n"):
        rows = [line.split() for line in block.splitlines()[2:]]
        assert rows[0] == ["overall", "-", "-", "0.0", "-", "0", "1"]
        assert rows[1] == ["bird", "-", "-", "-", "-", "0", "0"]
        assert rows[3] == ["average", "-", "-", "-", "-", "over", "0", "of", "2", "classes"]
