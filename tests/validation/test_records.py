"""Scores on disk."""

import numpy as np
import pytest

from pyannote.audio.validation.records import Records

SCORES = [np.random.default_rng(0).random((length, 3)).astype(np.float32) for length in (5, 1, 8)]


def test_scores_come_back_file_by_file(tmp_path):
    records = Records(tmp_path / "scores", {"step": 0.25})
    assert records.stored(range(20000)) == []
    records.save(3, SCORES)
    records.save(12345, SCORES[::-1])
    assert records.stored(range(20000)) == [3, 12345]
    loaded = Records(tmp_path / "scores", {"step": 0.25}).load(3, [5, 1, 8])
    assert all(np.array_equal(one, other) for one, other in zip(loaded, SCORES, strict=True))


@pytest.mark.parametrize("settings", [{"step": 0.5}, {"step": 0.25, "frames": 200}, {}])
def test_scores_of_other_settings_are_thrown_away(tmp_path, settings):
    Records(tmp_path, {"step": 0.25}).save(1, SCORES)
    assert Records(tmp_path, settings).stored(range(9)) == []
    assert Records(tmp_path, settings).stored(range(9)) == []


def test_the_order_of_settings_does_not_matter(tmp_path):
    Records(tmp_path, {"a": 1, "b": [2]}).save(1, SCORES)
    assert Records(tmp_path, {"b": [2], "a": 1}).stored(range(9)) == [1]


def test_scores_of_other_weights_are_not_kept(tmp_path):
    Records(tmp_path, {}, lambda epoch: f"first{epoch}").save(1, SCORES)
    retrained = Records(tmp_path, {}, lambda epoch: f"second{epoch}")
    assert retrained.stored([1]) == []
    retrained.save(1, SCORES[::-1])
    assert retrained.stored([1]) == [1]
    assert len(list(tmp_path.glob("*.npy"))) == 1


def test_other_files_are_no_epochs(tmp_path):
    records = Records(tmp_path, {})
    records.save(1, SCORES)
    for name in ("12.npy", "notes.npy", "0002.txt", ".0003.npy"):
        (tmp_path / name).touch()
    assert records.stored(range(9)) == [1]
