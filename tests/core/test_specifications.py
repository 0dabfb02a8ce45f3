"""Specifications of a model: round trip through specs.yml, and refusal of invalid values."""

import copy
import math
from dataclasses import replace

import pytest
import yaml

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.labels import ClassDefinition, Composition
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications

PLAIN = Specifications("Dcase", {"X": 40, "long_term": 40}, ("brakes squeaking", "car"), 2.0, 0.01, 44100)
COMPOSED = Specifications(
    "MultilabelDetection",
    {"X": 40},
    ("car", "speech", "overlap", "any"),
    2.0,
    0.01,
    16000,
    Output("frames", 0.09, 0.09),
    Composition(
        (
            ClassDefinition("car", ("car",)),
            ClassDefinition("speech", ("man", "woman")),
            ClassDefinition("overlap", None, 2),
            ClassDefinition("any", ("any", "woman"), 2),
        )
    ),
)
VECTOR = Specifications("TripletLoss", {"X": 59}, ("anna", "bob"), 2.0, 0.01, 16000, Output("vector"))
CHUNK = Specifications("Tagger", {"X": 59}, ("music",), 2.0, 0.01, 16000, Output("chunk")).of_model(1)


@pytest.mark.parametrize("specs", [PLAIN, COMPOSED, VECTOR, CHUNK])
def test_a_file_gives_back_what_was_written(specs):
    content = yaml.safe_load(yaml.safe_dump(specs.dump()))
    assert Specifications.load(content) == specs


def test_the_file_says_what_classes_are_made_of_and_what_the_network_gives():
    content = COMPOSED.dump()
    assert content["task"] == "MultilabelDetection" and content["X"] == {"dimension": 40}
    assert content["y"] == {
        "classes": ["car", "speech", "overlap", "any"],
        "made_of": {
            "car": {"labels": ["car"]},
            "speech": {"labels": ["man", "woman"]},
            "overlap": {"labels": "any", "least": 2},
            # a label of this name is none of the word that stands for all
            "any": {"labels": ["any", "woman"], "least": 2},
        },
    }
    assert content["output"] == {"kind": "frames", "window": 0.09, "step": 0.09, "activation": "sigmoid"}
    assert VECTOR.dump()["output"] == {"kind": "vector", "activation": "none"}
    assert CHUNK.dump()["output"]["step"] == 2.0


@pytest.mark.parametrize("kind", ["frames", "vector"])
def test_files_of_earlier_versions_are_read_as_before(kind):
    """They have neither entry; the family of the command knows the kind of output."""
    content = COMPOSED.dump()
    del content["output"], content["y"]["made_of"]
    found = Specifications.load(content, kind=kind)
    assert (found.output, found.composition) == (Output(kind), None)
    assert found.changes(COMPOSED) == ([] if kind == "frames" else ["output"])


@pytest.mark.parametrize(
    ("duration", "step", "frames"), [(2.0, 0.01, 200), (0.3, 0.1, 3), (0.001, 0.01, 1), (1.0, 0.03, 33)]
)
def test_frames_of_a_chunk(duration, step, frames):
    specs = Specifications("T", {"X": 1}, ("a",), duration, step, 16000)
    assert specs.frames == specs.frames_of(None) == frames
    longer = replace(specs, applied_duration=5 * duration)
    assert longer.frames == frames and longer.frames_of(None) == specs.frames_of(5 * duration)
    assert Specifications.load(longer.dump()) == longer


def test_a_model_of_another_resolution_is_refused():
    COMPOSED.check_model(9)
    PLAIN.check_model(9)
    VECTOR.check_model(9)
    CHUNK.check_model(9)
    with pytest.raises(CheckpointError, match=r"specs\.yml: output\.step is 0\.09 s.*every 0\.03 s.*trained"):
        COMPOSED.check_model(3, "specs.yml")


def test_changes_are_named():
    other = Specifications("Dcase", {"X": 40}, ("car", "brakes squeaking"), 2.0, 0.02, 44100)
    assert PLAIN.changes(PLAIN) == []
    assert PLAIN.changes(other) == other.changes(PLAIN) == ["inputs", "classes", "step"]
    assert COMPOSED.changes(COMPOSED.of_model(3)) == ["output"]
    assert PLAIN.changes(replace(PLAIN, output=Output("chunk"))) == ["output"]


NUMBERS = [math.nan, math.inf, 1e300, -1, 0, True, False, "2", None, [], {}, 10**400]
WHOLE = [*NUMBERS, 1.5, 2.0]
NAMES = ["car", [], [1, 2, 3, 4], ["a", "a", "b", "c"], ["a", None], [" "], None, 3, True, {"a": 1}]
ODD = {
    ("task",): [3, None, True, "", " ", ["Dcase"], {}],
    ("X",): [None, 40, [], {}, {"dimension": 40, "dimensoin": 3}],
    ("X", "dimension"): WHOLE,
    ("y",): [None, [], {}, "car", {"classes": ["car"], "clases": []}],
    ("y", "classes"): NAMES,
    ("y", "made_of"): [None, [], {}, {"car": {"labels": ["car"]}}, "any"],
    ("y", "made_of", "speech"): [None, [], "any", {}, {"label": ["man"]}],
    ("y", "made_of", "speech", "labels"): NAMES,
    ("y", "made_of", "any", "least"): [*(value for value in WHOLE), 3],
    ("y", "made_of", "overlap", "least"): WHOLE,
    ("chunk",): [None, [], {}, {"duration": 2.0, "step": 0.01, "sample_rate": 16000, "stepp": 1}],
    ("chunk", "duration"): NUMBERS,
    ("chunk", "applied_duration"): NUMBERS,
    ("chunk", "step"): [*NUMBERS, 1e-300],
    # 0 stands for precomputed features
    ("chunk", "sample_rate"): [value for value in WHOLE if value is False or value != 0],
    ("output",): [None, [], {}, "frames", {"kind": "frames", "activation": "sigmoid", "steps": 1}],
    ("output", "kind"): ["frame", None, 1, True, ["frames"], {}],
    ("output", "window"): NUMBERS,
    ("output", "step"): NUMBERS,
    ("output", "activation"): ["softmax", None, 0, False, ["sigmoid"]],
    ("ouput",): [{"kind": "vector"}, None],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in ODD.items() for value in values])
def test_values_that_make_no_sense_are_refused_with_file_and_key(key, value):
    content = copy.deepcopy(COMPOSED.dump())
    place = content
    for name in key[:-1]:
        place = place[name]
    place[key[-1]] = value
    with pytest.raises(CheckpointError) as caught:
        Specifications.load(content, file="train/specs.yml")
    text = str(caught.value)
    assert text.startswith("train/specs.yml: ") and key[-1] in text and len(text) < 400, text


OPTIONAL = ("ouput", "made_of", "output", "least", "window", "step", "applied_duration")


@pytest.mark.parametrize("key", [key for key in ODD if key[-1] not in OPTIONAL])
def test_missing_keys_are_named(key):
    content = copy.deepcopy(COMPOSED.dump())
    place = content
    for name in key[:-1]:
        place = place[name]
    del place[key[-1]]
    with pytest.raises(CheckpointError, match=rf"{key[-1]} is missing"):
        Specifications.load(content)


@pytest.mark.parametrize("content", [None, [], "text", 3])
def test_files_that_hold_no_mapping_are_refused(content):
    with pytest.raises(CheckpointError, match="must be a mapping"):
        Specifications.load(content)
