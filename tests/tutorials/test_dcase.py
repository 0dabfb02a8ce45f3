"""Tutorial of sound event detection: commands run as printed, tables agree with the code.

Two things are changed where it is run: an epoch is one batch, and there are a tenth of the epochs.
"""

import importlib
import inspect
import re
from pathlib import Path

import pytest
import yaml

from pyannote.audio.config.registry import available
from pyannote.audio.config.schema import load_config
from pyannote.audio.database.synthetic.street import make_demonstration
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection
from pyannote.audio.models._embedding import EmbeddingModel

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "tutorials" / "models" / "dcase"
TEXT = (TUTORIAL / "README.md").read_text(encoding="utf-8")
CONFIGS = sorted(TUTORIAL.glob("config*.yml"))
PARAMETERS = {
    "Networks": ("architecture",),
    "Optimizers and schedulers": ("optimizer", "scheduler"),
    "Augmentations": ("data_augmentation",),
    "Callbacks": ("callbacks",),
    "Features": ("feature_extraction",),
}


@pytest.fixture(scope="module")
def finished(run_blocks, tmp_path_factory):
    """Folder in which the tutorial was run, and what was printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    configs = folder / "tutorials" / "models" / "dcase"
    configs.mkdir(parents=True)
    for path in CONFIGS:
        (configs / path.name).write_text(re.sub(r"per_epoch: \S+", "per_epoch: 0.0005", path.read_text()))
    make_demonstration(folder / "data", files=8, seconds=10)
    return folder, run_blocks(
        TEXT, folder, lambda text: re.sub(r"--to=(\d+)0\b", r"--to=\1", text), DATA="data"
    )


@pytest.mark.slow
def test_commands_leave_what_the_tutorial_says(finished):
    folder, said = finished
    validate = "experiments/dcase/train/*/validate_average_detection_fscore/*"
    assert len(list(folder.glob(f"{validate}/apply/*/*.evaluation.json"))) == 4
    assert len(list(folder.glob(f"{validate}/apply/*/*.test.events.tsv"))) == 4
    assert len(list(folder.glob(f"{validate}/apply/*/a001~*.events.tsv"))) == 1
    assert "4 folders, 8 files" in said
    assert (folder / "experiments" / "dcase" / "evaluation.json").exists()
    assert len(list((folder / "prepared" / "logavgmel").rglob("*.npy"))) == 8
    assert (folder / "event_roll.png").stat().st_size > 10000


@pytest.mark.slow
def test_each_file_of_apply_is_described(finished, section):
    folder, _ = finished
    described = re.findall(r"^\| `(\S+)` \|", section(TEXT, "6. Apply"), flags=re.MULTILINE)
    patterns = [re.sub(r"<[^>]+>", "*", name) for name in described]
    applied = next(folder.glob("experiments/dcase/train/*Fold2.train/validate_*/*/apply/*"))
    written = [path.relative_to(applied) for path in applied.rglob("*") if path.is_file()]
    assert [path for path in written if not any(path.match(pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(path.match(pattern) for path in written)] == []


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
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", section(TEXT, "Classes"), flags=re.DOTALL)[1])
    assert MultilabelDetection(**example).labels.classes == (
        "car",
        "people_walking",
        "vehicle",
        "walking_and_speaking",
    )


@pytest.mark.parametrize("title", PARAMETERS)
def test_tables_name_all_classes_and_their_parameters(title, section):
    text = section(TEXT, title)
    for kind in PARAMETERS[title]:
        for name, module in available(kind).items():
            found = getattr(importlib.import_module(module), name)
            if issubclass(found, EmbeddingModel):
                continue
            assert f"`{name}`" in text, f"{name} is missing below {title!r}"
            for parameter in inspect.signature(found).parameters:
                if parameter not in ("specifications", "use_memmap"):
                    assert f"`{parameter}`" in text, f"{parameter} of {name} is missing below {title!r}"


def test_links_lead_somewhere(check_links):
    check_links(TEXT, TUTORIAL)
