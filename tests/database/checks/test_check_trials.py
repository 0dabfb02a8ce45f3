"""Findings about trials: self-trials, doubled and contradicting ones, and files compared in pairs."""

from pathlib import Path

import numpy as np
import pytest

from pyannote.audio.database.checks.trials import check_pairs, check_trials
from pyannote.audio.database.trials import Trials

SOURCE = Path("test.trials")


def recording(uri, *labels, scope="global", database="D"):
    events = [(float(start), start + 1.0, label) for start, label in enumerate(labels)]
    return {"uri": uri, "database": database, "scope": scope, "regions": [(0.0, 9.0)], "events": events}


def found(files, rows, source=SOURCE):
    """Trials of (line, target, first, second), where sides are places of files."""
    lines, targets, first, second = (np.array(column) for column in zip(*rows, strict=True))
    lines = lines if source else np.zeros(0, dtype=np.int64)
    return list(check_trials(Trials(files, first, second, targets.astype(bool), source=source, lines=lines)))


VOICES = [recording("a1", "ann"), recording("a2", "ann"), recording("b1", "bob"), recording("c1", "cid")]


def test_right_trials_give_no_findings():
    assert found(VOICES, [(1, 1, 0, 1), (2, 0, 0, 2), (3, 0, 3, 1)]) == []


def test_self_trials_are_counted_and_three_are_named():
    rows = [(1, 0, 0, 2), *((line, 1, side, side) for line, side in enumerate([3, 2, 1, 0], start=5))]
    (finding,) = found(VOICES, rows)
    assert (finding.kind, finding.level, finding.file, finding.line) == ("self", "warning", SOURCE, 5)
    assert finding.message == (
        "4 trials compare a recording with itself, such as c1 c1 (line 5), b1 b1 (line 6), a2 a2 (line 7)."
    )


def test_a_pair_is_doubled_in_the_other_order_too():
    (finding,) = found(VOICES, [(1, 1, 0, 1), (2, 0, 0, 2), (3, 1, 1, 0), (7, 1, 0, 1)])
    assert (finding.kind, finding.level, finding.line) == ("doubled", "warning", 3)
    assert (
        finding.message
        == "2 trials repeat an earlier one: a2 a1 (line 3, as line 1), a1 a2 (line 7, as line 1)."
    )


def test_a_pair_of_one_speaker_and_of_two_is_an_error():
    unknown = [{**file, "events": None} for file in VOICES]
    (finding,) = found(unknown, [(1, 1, 0, 1), (2, 0, 1, 0), (3, 0, 0, 2)])
    assert (finding.kind, finding.level, finding.line) == ("contradiction", "error", 2)
    assert "1 trial contradicts an earlier one: a2 a1 (line 2, as line 1)." in finding.message


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((4, 1, 0, 2), "a1 b1 (line 4, a target trial of 'ann' and 'bob')"),
        ((4, 0, 0, 1), "a1 a2 (line 4, a non-target trial of 'ann' and 'ann')"),
        ((4, 0, 2, 2), "b1 b1 (line 4, a non-target trial of one recording)"),
    ],
)
def test_trials_that_the_annotation_contradicts_are_errors(row, said):
    (finding,) = found(VOICES, [(1, 1, 0, 1), row] if row[2:] != (0, 1) else [row])
    assert (finding.kind, finding.level, finding.line) == ("speakers", "error", 4)
    assert finding.message == f"1 trial contradicts the annotation: {said}."


@pytest.mark.parametrize(
    "files",
    [
        [recording("a", "ann", scope="file"), recording("b", "bob", scope="file")],
        [recording("a", "ann", scope=None), recording("b", "bob", scope=None)],
        [recording("a", "ann", scope="database"), recording("b", "bob", scope="database", database="E")],
        [recording("a", "ann"), {**recording("b"), "events": None}],
        [recording("a", "ann"), recording("b")],
        [recording("a", "ann", "bob"), recording("b", "bob", "cid")],
        [recording("a", "ann"), {**recording("b", "ann", "bob"), "regions": [(0.0, 1.0)]}],
    ],
    ids=["scope file", "no scope", "two databases", "unannotated", "nobody", "bob in both", "ann in part"],
)
def test_what_the_annotation_cannot_contradict_as_target(files):
    assert found(files, [(1, 1, 0, 1)]) == []


def test_conversations_may_be_non_target_trials_and_the_compared_part_decides():
    several = [recording("a", "ann", "bob"), recording("b", "ann", "bob")]
    assert found(several, [(1, 0, 0, 1)]) == []
    one = [{**file, "regions": [(1.0, 2.0)]} for file in several]
    assert [finding.kind for finding in found(one, [(1, 0, 0, 1)])] == ["speakers"]


def test_trials_without_a_list_are_numbered():
    (finding,) = found(VOICES, [(0, 1, 0, 1), (0, 1, 1, 0)], source=None)
    assert (finding.file, finding.line) == (None, None)
    assert "a2 a1 (trial 2, as trial 1)" in finding.message


def test_files_that_cannot_be_compared_in_pairs():
    (alone,) = check_pairs(VOICES[:2], "development")
    assert alone.level == "error" and "of one speaker, 'ann': there are no pairs of two" in alone.message
    (apart,) = check_pairs([VOICES[0], *VOICES[2:]], "development")
    assert apart.level == "error" and "there are no pairs of one speaker" in apart.message
    assert "scope: global" in apart.fix
    assert list(check_pairs(VOICES, "development")) == []
    assert list(check_pairs([recording("x", "ann", "bob")], "development")) == []
