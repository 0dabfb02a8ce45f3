"""Values of params.yml that make no sense are refused, with file and key, whoever wrote them."""

import copy
import math

import pytest
import yaml

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.inference.detection_params import PARAMETERS, load_params

SOUND = {
    "epoch": 3,
    "onset": 0.4,
    "offset": 0.4,
    "min_duration_on": 0.5,
    "min_duration_off": 0,
    "pad_onset": -0.1,
    "pad_offset": 0.1,
    "fscore": 0.7,
}
PARAMS = {
    "epoch": 3,
    "params": {"car": dict(SOUND), "dog": dict(SOUND)},
    "class_wise": {"car": dict(SOUND), "dog": dict(SOUND)},
}
NUMBERS = [math.nan, math.inf, -math.inf, 1e300, -1e300, True, False, "0.5", None, [], [0.5], {}, 10**400]
ODD = {
    ("epoch",): [*NUMBERS, 0, -1, 3.0, 3.5, 2**40],
    **{(name,): [*NUMBERS, -0.01, 1.01] for name in ("onset", "offset")},
    **{(name,): [*NUMBERS, -0.01, 1e6] for name in ("min_duration_on", "min_duration_off")},
    **{(name,): [*NUMBERS, 1e6] for name in ("pad_onset", "pad_offset")},
    (): [None, 3, [], "car"],
}


def written(folder, content):
    (folder / "params.yml").write_text(yaml.safe_dump(content))
    return load_params(folder)


def test_sensible_values_are_read(tmp_path):
    assert written(tmp_path, PARAMS) == PARAMS
    # a threshold just above 1 detects nothing: validations choose it where that is best
    never = copy.deepcopy(PARAMS)
    never["params"]["dog"].update(onset=math.nextafter(1, 2), offset=1.0000001192092896)
    assert written(tmp_path, never) == never


@pytest.mark.parametrize("part", ["params", "class_wise"])
@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in ODD.items() for value in values])
def test_senseless_values_are_refused_with_file_and_key(part, key, value, tmp_path):
    content = copy.deepcopy(PARAMS)
    place = content[part]
    for name in ("dog", *key)[:-1]:
        place = place[name]
    place[("dog", *key)[-1]] = value
    with pytest.raises(CheckpointError) as caught:
        written(tmp_path, content)
    assert caught.value.file == tmp_path / "params.yml"
    assert caught.value.message.startswith(".".join((part, "dog", *key))) and len(caught.value.message) < 200


@pytest.mark.parametrize("value", [*NUMBERS, 0, -1, 1e6])
def test_senseless_durations_of_chunks_are_refused(value, tmp_path):
    with pytest.raises(CheckpointError, match=r"chunk\.duration must be a number"):
        written(tmp_path, {**PARAMS, "chunk": {"duration": value, "step": 0.25}})


@pytest.mark.parametrize("key", ["epoch", *PARAMETERS])
def test_missing_values_are_named(key, tmp_path):
    content = copy.deepcopy(PARAMS)
    del content["class_wise"]["car"][key]
    with pytest.raises(CheckpointError, match=rf"class_wise\.car\.{key} is missing"):
        written(tmp_path, content)


@pytest.mark.parametrize("part", ["params", "class_wise"])
@pytest.mark.parametrize("value", [None, 3, [], "car", {1: SOUND}])
def test_parts_that_are_no_mapping_of_classes_are_refused(part, value, tmp_path):
    with pytest.raises(CheckpointError, match=part):
        written(tmp_path, {**PARAMS, part: value})


@pytest.mark.parametrize("line", ["onset: .nan", "onset: 1.0e+300", "epoch: true", "min_duration_on: -1.0"])
def test_apply_refuses_what_was_edited_by_hand(line, copied, here):
    path, key = copied.validate / "params.yml", line.split(":")[0]
    lines = path.read_text().splitlines()
    # without the seal: people may change this file
    changed = [
        f"{one[: one.index(key)]}{line}" if one.startswith(f"    {key}:") else one for one in lines[:-1]
    ]
    path.write_text("\n".join(changed) + "\n")
    result = here("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    assert result.code == CheckpointError.code and result.err.count("\n") == 1
    assert f"{path}: " in result.err and key in result.err and "must be" in result.err
    assert not list(copied.validate.rglob("*.rttm"))
