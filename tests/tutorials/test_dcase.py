"""Tutorial of sound event detection and README: commands run as printed, tables agree with the code.

Two things are changed where it is run: an epoch is one batch, and there are a tenth of the epochs.
"""

import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pyannote.audio.config.registry import available
from pyannote.audio.config.schema import load_config
from pyannote.audio.database.demonstration import make_demonstration
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "tutorials" / "models" / "dcase"
TEXT = (TUTORIAL / "README.md").read_text(encoding="utf-8")
FRONT = (ROOT / "README.md").read_text(encoding="utf-8")
CONFIGS = sorted(TUTORIAL.glob("config*.yml"))
PARAMETERS = {
    "Networks": ("architecture",),
    "Optimizers and schedulers": ("optimizer", "scheduler"),
    "Augmentations": ("data_augmentation",),
    "Callbacks": ("callbacks",),
    "Features": ("feature_extraction",),
}


def script(text):
    """All bash and python blocks as one bash script, in their order."""
    parts = ["set -euo pipefail"]
    for language, block in re.findall(r"^```(bash|python)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        parts.append(block if language == "bash" else f"python - <<'END'\n{block}END\n")
    return re.sub(r"--to=(\d+)0\b", r"--to=\1", "\n".join(parts))


def section(title):
    """Text below a heading, up to the next one."""
    return re.search(rf"^#+ {title}\n(.*?)(?=^#)", TEXT, flags=re.DOTALL | re.MULTILINE)[1]


def run_all(text, folder):
    """Run the blocks of a text in a folder, with data in `data`, and return what was printed."""
    (folder / "scripts").symlink_to(ROOT / "scripts")
    (folder / "bin").mkdir()
    for name, module in (("python", ""), ("pyannote-audio", "-m pyannote.audio.applications.pyannote_audio")):
        (folder / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        (folder / "bin" / name).chmod(0o755)
    configs = folder / "tutorials" / "models" / "dcase"
    configs.mkdir(parents=True)
    for path in CONFIGS:
        (configs / path.name).write_text(re.sub(r"per_epoch: \S+", "per_epoch: 0.0005", path.read_text()))
    make_demonstration(folder / "data", files=8, seconds=10)
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "DATA": "data",
        "PYANNOTE_AUDIO_CACHE": str(folder / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    command = ["bash", "-c", script(text)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder in which the tutorial was run, and what was printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    return folder, run_all(TEXT, folder)


@pytest.mark.slow
def test_commands_leave_what_the_tutorial_says(finished):
    folder, said = finished
    validate = "experiments/dcase/train/*/validate_average_detection_fscore/*"
    assert len(list(folder.glob(f"{validate}/apply/*/evaluation.json"))) == 4
    assert len(list(folder.glob(f"{validate}/apply/*/*.test.events.tsv"))) == 4
    assert len(list(folder.glob(f"{validate}/apply/*/a001.events.tsv"))) == 1
    assert "4 folders, 8 files" in said
    assert (folder / "experiments" / "dcase" / "evaluation.json").exists()
    assert len(list((folder / "prepared" / "logavgmel").rglob("*.npy"))) == 8
    assert (folder / "event_roll.png").stat().st_size > 10000


@pytest.mark.slow
def test_commands_of_the_readme_end_in_scores(tmp_path):
    assert "Segment-based, 1 s" in run_all(FRONT, tmp_path)


@pytest.mark.slow
def test_each_file_of_apply_is_described(finished):
    folder, _ = finished
    described = re.findall(r"^\| `(\S+)` \|", section("6. Apply"), flags=re.MULTILINE)
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


def test_example_of_labels_spec_is_accepted():
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", section("Classes"), flags=re.DOTALL)[1])
    assert MultilabelDetection(**example).labels.classes == (
        "car",
        "people_walking",
        "vehicle",
        "walking_and_speaking",
    )


@pytest.mark.parametrize("title", PARAMETERS)
def test_tables_name_all_classes_and_their_parameters(title):
    text = section(title)
    for kind in PARAMETERS[title]:
        for name, module in available(kind).items():
            assert f"`{name}`" in text, f"{name} is missing below {title!r}"
            found = getattr(importlib.import_module(module), name)
            for parameter in inspect.signature(found).parameters:
                if parameter not in ("specifications", "use_memmap"):
                    assert f"`{parameter}`" in text, f"{parameter} of {name} is missing below {title!r}"


@pytest.mark.parametrize("text, folder", [(TEXT, TUTORIAL), (FRONT, ROOT)], ids=["tutorial", "readme"])
def test_links_lead_somewhere(text, folder):
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("https://") or (folder / link).exists(), link


def test_headings_that_are_linked_to_exist():
    anchors = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", TEXT, flags=re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors
