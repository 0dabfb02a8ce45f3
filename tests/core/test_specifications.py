"""What a model knows of a task, and its file."""

import pytest
import yaml

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.specifications import Specifications

SPECS = Specifications("Dcase", {"X": 40, "long_term": 40}, ("brakes squeaking", "car"), 2.0, 0.01, 44100)


def test_a_file_gives_back_what_was_written():
    content = yaml.safe_load(yaml.safe_dump(SPECS.dump()))
    assert Specifications.load(content) == SPECS
    assert content["task"] == "Dcase"
    assert content["X"] == {"dimension": 40}
    assert content["y"] == {"classes": ["brakes squeaking", "car"]}


@pytest.mark.parametrize(
    ("duration", "step", "frames"), [(2.0, 0.01, 200), (0.3, 0.1, 3), (0.001, 0.01, 1), (1.0, 0.03, 33)]
)
def test_frames_of_a_chunk(duration, step, frames):
    assert Specifications("T", {"X": 1}, ("a",), duration, step, 16000).frames == frames


@pytest.mark.parametrize("removed", ["task", "y", "chunk"])
def test_missing_parts_are_damage(removed):
    content = SPECS.dump()
    del content[removed]
    with pytest.raises(CheckpointError, match=r"specs\.yml.*damaged"):
        Specifications.load(content, file="train/specs.yml")


@pytest.mark.parametrize(
    "content",
    [None, [], "text", 3, {}, {**SPECS.dump(), "y": None}, {**SPECS.dump(), "chunk": {"duration": "x"}}],
)
def test_anything_else_is_damage(content):
    with pytest.raises(CheckpointError, match="damaged"):
        Specifications.load(content)
