"""Trainings on versions of the recordings at other speeds."""

import pytest

VERSIONS = """\
data_augmentation:
 - name: SpeedPerturbation
   params: {speeds: [0.9, 1.1], new_labels: False}
"""


@pytest.mark.parametrize("more", ["", " - name: AddNoiseFromGaps\n"])
def test_sounds_are_learnt_at_several_speeds(here, new_experiment, tmp_path, config_text, more):
    one = new_experiment(tmp_path / "experiment", config_text + VERSIONS + more)
    result = here("dcase", "train", "--cpu", "--to=1", one.root, one.protocol)
    assert result.code == 0, result.err
    assert "Training: 12 files" in result.out and one.weights(1).exists()


def test_speeds_that_make_no_sense_are_refused_with_their_line(here, experiment):
    text = experiment.config.read_text() + VERSIONS.replace("0.9", "3")
    experiment.config.write_text(text)
    result = here("dcase", "train", "--cpu", "--to=1", experiment.root, experiment.protocol)
    assert result.code == 3
    line = text.count("\n")
    assert f"config.yml, line {line}: The speed of a recording is 3; allowed are 0.5 to 2" in result.err
