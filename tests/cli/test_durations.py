"""Thresholds belong to the duration of the chunks that they were found with: `apply` uses that one alone."""

import json

import yaml

from pyannote.audio.inference.pretrained import Pretrained


def frames(folders):
    provenance = folders.applied / f"{folders.protocol}.test.provenance.json"
    return json.loads(provenance.read_text())["scores"]["frames"]


def test_apply_takes_the_duration_of_the_validation_and_refuses_others(copied, here):
    params = copied.validate / "params.yml"
    trained = yaml.safe_load((copied.train / "specs.yml").read_text())["chunk"]
    assert yaml.safe_load(params.read_text())["chunk"] == {"duration": trained["duration"], "step": 0.25}
    longer = 2 * trained["duration"]
    result = here("dcase", "apply", "--cpu", f"--duration={longer:g}", copied.validate, copied.protocol)
    assert result.code == 2 and result.err == (
        f"Error: {params}: --duration={longer:g} is not the duration of the chunks that the thresholds of "
        f"this validation were found with, which is {trained['duration']:g} s. Leave it out, or run "
        f"`validate` with --duration={longer:g} first.\n"
    )
    before = Pretrained(copied.validate).ensemble.slides

    result = here("dcase", "validate", "--cpu", f"--duration={longer:g}", copied.train, copied.protocol)
    assert result.code == 0 and yaml.safe_load(params.read_text())["chunk"]["duration"] == longer
    for option in ([], [f"--duration={longer:g}"]):
        assert here("dcase", "apply", "--cpu", *option, copied.validate, copied.protocol).code == 0
        assert frames(copied) == round(longer / trained["step"])
    after = Pretrained(copied.validate).ensemble.slides
    assert {2 * slide.frames for slide in before.values()} == {slide.frames for slide in after.values()}


def test_a_validation_of_an_earlier_version_says_no_duration_and_takes_any(copied, here):
    path = copied.validate / "params.yml"
    params = yaml.safe_load(path.read_text())
    trained = params.pop("chunk")["duration"]
    path.write_text(yaml.safe_dump(params))
    found = Pretrained(copied.validate, duration=2 * trained).ensemble.slides
    usual = Pretrained(copied.validate).ensemble.slides
    assert [slide.frames for slide in found.values()] == [2 * slide.frames for slide in usual.values()]
