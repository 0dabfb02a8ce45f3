"""Tutorial of sound event detection and its pages: commands run as printed.

Two things are changed where they are run: an epoch is one batch, and there are a tenth of the epochs.
"""

import re
from pathlib import Path

import pytest
import yaml

from pyannote.audio.config.schema import load_config
from pyannote.audio.database.synthetic.street import make_demonstration
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "tutorials" / "models" / "dcase"
TEXT = (TUTORIAL / "README.md").read_text(encoding="utf-8")
# after the tutorial, in the order of their blocks
PAGES = [
    *(TUTORIAL / f"{name}.md" for name in ("selection", "python", "tasks")),
    ROOT / "tutorials/reference/own_classes.md",
]
CONFIGS = sorted(TUTORIAL.glob("config*.yml"))


@pytest.fixture(scope="module")
def finished(run_blocks, tmp_path_factory):
    """Folder in which the tutorial and its pages were run, and what was printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    configs = folder / "tutorials" / "models" / "dcase"
    configs.mkdir(parents=True)
    for path in CONFIGS:
        (configs / path.name).write_text(re.sub(r"per_epoch: \S+", "per_epoch: 0.0005", path.read_text()))
    make_demonstration(folder / "data", files=8, seconds=10)
    text = "\n".join([TEXT, *(page.read_text(encoding="utf-8") for page in PAGES)])
    return folder, run_blocks(
        text, folder, lambda script: re.sub(r"--to=(\d+)0\b", r"--to=\1", script), DATA="data"
    )


@pytest.mark.slow
def test_commands_leave_what_the_tutorial_says(finished):
    folder, said = finished
    validate = "experiments/dcase/train/*/validate_average_detection_fscore/*"
    assert len(list(folder.glob(f"{validate}/apply/**/*.evaluation.json"))) == 4
    assert len(list(folder.glob(f"{validate}/apply/**/*.test.events.tsv"))) == 4
    assert len(list(folder.glob(f"{validate}/apply/**/a001~*.events.tsv"))) == 1
    assert "4 folders, 8 files" in said
    assert (folder / "experiments" / "dcase" / "evaluation.json").exists()
    assert len(list((folder / "prepared" / "logavgmel").rglob("*.npy"))) == 8
    assert (folder / "event_roll.png").stat().st_size > 10000
    assert list(folder.glob("own/train/*/validate_*/*/apply/**/*.events.tsv"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "title, pattern, others",
    [
        ("Training folder", "train/*Fold2.train", ["validate"]),
        ("Validation folder", "train/*Fold2.train/validate_*/*", ["apply"]),
        ("Results of detection", "train/*Fold2.train/validate_*/*/apply/*", []),
    ],
)
def test_each_file_is_described(title, pattern, others, finished, undescribed):
    folder, _ = finished
    optional = {"left_out.yml", "projector_config.pbtxt", "00001/train_embeddings/*", "backend/*"}
    # of other formats and other blocks
    optional |= {"<protocol>.<subset>.<format>/*", "trial_scores.<epoch>.txt"}
    unknown, absent = undescribed(title, next(folder.glob(f"experiments/dcase/{pattern}")), others)
    assert unknown == [] and absent <= optional


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configurations_are_whole_and_mentioned(path):
    load_config(path)
    assert f"[{path.name}]({path.name})" in TEXT


def test_quick_start_is_the_same_but_for_the_length_of_an_epoch():
    whole, quick = (
        yaml.safe_load((TUTORIAL / name).read_text()) for name in ("config.yml", "config.quickstart.yml")
    )
    assert quick["task"]["params"].pop("per_epoch") < whole["task"]["params"].pop("per_epoch")
    assert quick == whole


def test_example_of_labels_spec_is_accepted(section):
    text = (TUTORIAL / "tasks.md").read_text(encoding="utf-8")
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", section(text, "Classes"), flags=re.DOTALL)[1])
    assert MultilabelDetection(**example).labels.classes == (
        "car",
        "people_walking",
        "vehicle",
        "walking_and_speaking",
    )
