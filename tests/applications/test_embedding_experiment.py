"""What a configuration of an embedding may say."""

import numpy as np
import pytest

from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.schema import load_config
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications

CONFIG = """\
approach:
   name: TripletLoss
   params:
      min_duration: {shortest}
      max_duration: 0.8
feature_extraction:
   name: RawAudio
   params: {{sample_rate: 16000}}
architecture:
   name: SincNet
scheduler:
   name: ConstantScheduler
   params: {{learning_rate: 0.01}}
"""
WAVEFORM = Specifications("TripletLoss", {"X": 1}, ("a", "b"), 0.8, 1 / 16000, 16000, Output("vector"))


def experiment(folder, shortest):
    (folder / "config.yml").write_text(CONFIG.format(shortest=shortest))
    return Corpus(Recipe(load_config(folder / "config.yml")))


def test_segments_that_are_too_short_for_the_network_are_refused_before_training(tmp_path):
    with pytest.raises(ConfigError, match=r"A chunk of 0\.05 s has 800 frames; SincNet needs 991") as caught:
        experiment(tmp_path, 0.05).recipe.model(WAVEFORM)
    assert caught.value.line == 4
    assert caught.value.fix.startswith("Set min_duration to 0.0619375 or more")


def test_the_shortest_segments_that_it_takes(tmp_path):
    assert experiment(tmp_path, 0.0619375).recipe.model(WAVEFORM).resolution == 991


@pytest.fixture
def features(tmp_path, monkeypatch):
    """Experiment whose recordings have 150 frames of 0.01 s, and one more."""
    made = experiment(tmp_path, 0.1)
    monkeypatch.setattr(made.store, "prepare", lambda files, progress: None)
    data = np.zeros((151, 1), dtype=np.float32)
    monkeypatch.setattr(made.store, "concatenate", lambda files: (data, np.array([0, 151])))
    monkeypatch.setattr(made.store, "contents", lambda files: ["0a"])
    window = type("Window", (), {"step": 0.01})
    monkeypatch.setattr(type(made.recipe.extraction), "sliding_window", window)
    return made


@pytest.mark.parametrize(
    ("parts", "ranges"),
    [
        ([(0.0, 1.5)], [(0, 150)]),
        ([(0.25, 0.5), (1.0, 1.25)], [(25, 50), (100, 125)]),
        ([(0.501, 0.502)], [(50, 51)]),
        ([(1.4, 2.0)], [(140, 151)]),
        ([(3.0, 4.0)], [(150, 151)]),
    ],
    ids=["whole", "two", "shorter than a frame", "past the end", "after the end"],
)
def test_parts_of_a_recording_are_frames_of_which_there_is_at_least_one(features, parts, ranges):
    (excerpt,) = features.excerpts([({"uri": "x", "database": "d"}, parts)])
    assert excerpt.ranges == ranges and len(excerpt.features) == 151
