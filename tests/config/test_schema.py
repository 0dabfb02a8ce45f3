"""Keys and blocks of a configuration."""

import pytest

from pyannote.audio.config.schema import load_config
from pyannote.audio.core.errors import ConfigError

WHOLE = """\
task:
  name: Dcase
  params:
    duration: 2.0
feature_extraction:
  name: LibrosaMelSpectrogram
architecture:
  name: pyannote.audio.models.Dcase
scheduler:
  name: ConstantScheduler
  params:
    learning_rate: 1e-2
"""


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "config.yml"
        path.write_text(text)
        return load_config(path)

    return load


def test_a_whole_configuration(load):
    config = load(WHOLE)
    assert (config.task.name, dict(config.task.params)) == ("Dcase", {"duration": 2.0})
    assert config.scheduler.params["learning_rate"] == 0.01
    assert config.optimizer.name == "SGD"
    assert (config.data_augmentation, config.callbacks, config.preprocessors) == ((), (), {})


def test_approach_is_the_older_name_of_task(load):
    assert load(WHOLE.replace("task:", "approach:")).task.name == "Dcase"


def test_one_or_several_augmentations_keep_their_order(load):
    one = load(WHOLE + "data_augmentation:\n  name: Mixup\n")
    assert [block.name for block in one.data_augmentation] == ["Mixup"]
    several = load(
        WHOLE + "data_augmentation:\n  - name: Mixup\n  - name: ChunkMixing\n    params: {gain: 3}\n"
    )
    assert [block.name for block in several.data_augmentation] == ["Mixup", "ChunkMixing"]
    assert several.document.lines[(*several.data_augmentation[1].where, "params", "gain")] == 16


@pytest.mark.parametrize("key", ["task", "feature_extraction", "architecture", "scheduler"])
def test_a_missing_key_is_named(load, key):
    with pytest.raises(ConfigError, match=f"The key '{key}'.* is missing"):
        load(WHOLE.replace(f"{key}:\n", "optimizer:\n", 1))


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("architecture:", "architcture:", 7, "no key 'architcture'.*Did you mean 'architecture'"),
        ("scheduler:", "schedular:", 9, "no key 'schedular'.*Did you mean 'scheduler'"),
        (
            "  params:\n    duration",
            "  parms:\n    duration",
            3,
            "task has no key 'parms'.*Did you mean 'params'",
        ),
        ("  params:\n    duration: 2.0", "  duration: 2.0", 3, "task has no key 'duration'.*below `params:`"),
        ("  name: Dcase\n", "  nam: Dcase\n", 2, "no key 'nam'.*Did you mean 'name'"),
        ("  name: Dcase\n", "  name: 3\n", 2, "task needs the name of a class, not 3"),
        ("  name: Dcase\n", "", 1, "task needs the name of a class"),
        ("    duration: 2.0\n", "    - duration\n", 3, "params of Dcase must be a mapping"),
        ("    duration: 2.0\n", "    1: 2\n", 3, "params of Dcase must be a mapping"),
        (
            WHOLE[WHOLE.index("task") : WHOLE.index("feat")],
            "task: Dcase\n",
            1,
            "task must hold a name and its params",
        ),
        ("scheduler:\n", "approach:\n  name: Dcase\nscheduler:\n", 9, "two names of the same key"),
        ("scheduler:\n", "preprocessors: [a]\nscheduler:\n", 9, "preprocessors must map"),
        ("scheduler:\n", "preprocessors:\n  audio: 3\nscheduler:\n", 9, "preprocessors must map"),
        ("scheduler:\n", "callbacks: EarlyStopping\nscheduler:\n", 9, "callbacks must hold a name"),
        ("scheduler:\n", "callbacks:\n  - name: A\n  - B\nscheduler:\n", 11, "callbacks must hold a name"),
        ("scheduler:\n", "1: 2\nscheduler:\n", None, "There is no key 1"),
        ("scheduler:\n", "scheduler:\n  name: A\nscheduler:\n", 11, "'scheduler' is already in line 9"),
    ],
)
def test_errors_name_line_and_mend(load, old, new, line, words):
    assert old in WHOLE
    with pytest.raises(ConfigError, match=words) as caught:
        load(WHOLE.replace(old, new, 1))
    assert line is None or caught.value.line == line
    assert str(caught.value).endswith((".", "?", "`"))


@pytest.mark.parametrize("text", ["", "- task\n", "task\n", "3\n"])
def test_configurations_that_are_no_mapping_are_refused(load, text):
    with pytest.raises(ConfigError, match="must have keys"):
        load(text)
