"""The learning curve: nested training files, all classes, the test files as they are."""

from pathlib import Path

import pytest
import yaml
from commands import PROTOCOL, known_database

from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.protocols import recordings


@pytest.fixture(scope="module")
def curve(imported):
    return imported("learning_curve")


def uris(protocol, subset):
    return {file["uri"] for file in recordings(protocol, subset)}


def test_training_files_grow_and_test_files_stay(curve, data, tmp_path):
    original = data / "database" / "database.yml"
    with known_database(original, data / "cache"):
        everything = uris(PROTOCOL, "train") | uris(PROTOCOL, "development")
        test = uris(PROTOCOL, "test")
        counts = (2, 4, len(everything))
        curve.write_database(original, curve.reduced([PROTOCOL], counts, tmp_path), tmp_path / "database.yml")
        with pytest.raises(UsageError, match="files to learn from"):
            curve.reduced([PROTOCOL], [len(everything) + 1], tmp_path)
    assert yaml.safe_load((tmp_path / "database.yml").read_text())["Databases"]
    with known_database(tmp_path / "database.yml", data / "cache"):
        names = [curve.reduced_name(PROTOCOL, count) for count in counts]
        parts = [uris(name, "train") for name in names]
        assert [len(part) for part in parts] == list(counts)
        assert parts[0] < parts[1] <= parts[2] == everything and not everything & test
        for name in names:
            assert uris(name, "test") == test
            assert all(Path(file["audio"]).exists() for file in recordings(name, "train"))
            assert any(file["events"] for file in recordings(name, "train"))
