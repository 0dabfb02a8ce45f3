"""Tutorial of speaker embedding: commands run as printed, tables agree with the code.

It is run on artificial voices in the layouts of VoxCeleb1, AMI and MUSAN. What is changed where it is run:
epochs are few and last some seconds, batches take few speakers, networks are narrow. A normal test runs what
stands directly below the sections up to "Application"; a slow one goes on with subsections and the rest.
"""

import importlib
import inspect
import re
import shutil
import typing
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from pyannote.audio.config.registry import available
from pyannote.audio.config.schema import load_config
from pyannote.audio.database.synthetic.voices import make_speakers
from pyannote.audio.models._embedding import EmbeddingModel

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "tutorials" / "models" / "speaker_embedding"
TEXT = (TUTORIAL / "README.md").read_text(encoding="utf-8")
CONFIGS = sorted(TUTORIAL.glob("config*.yml"))
CORE, REST = (part.group() for part in re.finditer(r"(?s)\A.*?(?=^## Few)|^## Few.*\Z", TEXT, re.MULTILINE))
SUBSECTION = r"(?ms)^### .*?(?=^## |\Z)"
SMALL = {
    r"per_epoch: [\d.]+": "per_epoch: 0.0003",
    r"per_fold: \d+": "per_fold: 3",
    r"label_min_duration: \d+": "label_min_duration: 1",
    r"recurrent: \[.*\]": "recurrent: [8, 8]",
    r"linear: \[.*\]": "linear: [8]",
}
LAYOUT = {"x6uYqmx31kE/00001": "1", "8jEAjG6SegY/00008": "2"}
PARAMETERS = {
    "Losses": ("approach",),
    "Networks": ("architecture",),
    "Augmentations": ("data_augmentation",),
    "Back-ends": ("backend",),
    "Optimizers and schedulers": ("optimizer", "scheduler"),
    "Callbacks": ("callbacks",),
}
OF_DETECTION = {"TimeStretch", "ChunkMixing", "Mixup"}


def shorter(script):
    """One, two and three epochs instead of 10, 1000 and 1500; fewer and shorter voices."""
    script = re.sub(r"--to=(\d+)", lambda found: f"--to={max(1, int(found[1]) // 500)}", script)
    return script.replace("--speakers=40", "--speakers=10 --files=2 --seconds=2.5")


@pytest.fixture(scope="module")
def finished(run_blocks, tmp_path_factory):
    """Folder in which the core of the tutorial was run, how to run more there, and what was printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    configs = folder / "tutorials" / "models" / "speaker_embedding"
    configs.mkdir(parents=True)
    for path in CONFIGS:
        text = path.read_text()
        for written, small in SMALL.items():
            text = re.sub(written, small, text)
        (configs / path.name).write_text(text)
    variables = make_corpora(folder)

    def run(text):
        return run_blocks(text, folder, shorter, **variables)

    return folder, run, run(re.sub(SUBSECTION, "", CORE))


@pytest.fixture(scope="module")
def whole(finished):
    """What was printed by the rest of the tutorial, with the variables of its core."""
    _, run, _ = finished
    variables = "\n".join(
        re.findall(r"^export .*$", re.search(r"(?s)```bash.*", CORE)[0], flags=re.MULTILINE)
    )
    return run(f"```bash\n{variables}\n```\n" + "".join(re.findall(SUBSECTION, CORE)) + REST)


def make_corpora(folder):
    """45 speakers of VoxCeleb1 (of whom 40 are for development) and two of its test, a meeting, noise."""
    voices = make_speakers(folder / "voices", speakers=47, files=2, seconds=2.0)
    speakers = sorted((voices / "speakers").iterdir())
    for index, speaker in enumerate(speakers):
        side = "test" if index in (0, 30) else "dev"
        for name, file in LAYOUT.items():
            target = folder / "voxceleb1" / side / "wav" / f"id{10270 + index}" / f"{name}.wav"
            target.parent.mkdir(parents=True)
            shutil.copy(speaker / f"{file}.wav", target)
    first, second = (f"{name}.wav" for name in LAYOUT)
    (folder / "voxceleb1" / "veri_test2.txt").write_text(
        f"1 id10270/{first} id10270/{second}\n0 id10270/{first} id10300/{second}\n"
    )
    heard = [soundfile.read(speakers[turn % 3] / "1.wav")[0] for turn in range(12)]
    meeting = folder / "ami" / "amicorpus" / "EN2002a" / "audio" / "EN2002a.Mix-Headset.wav"
    meeting.parent.mkdir(parents=True)
    soundfile.write(meeting, np.concatenate(heard), 16000)
    segments = folder / "ami" / "ami_public_manual_1.6.2" / "segments"
    segments.mkdir(parents=True)
    for agent in range(3):
        turns = [
            f'<segment transcriber_start="{2 * n}" transcriber_end="{2 * n + 2}"/>'
            for n in range(agent, 12, 3)
        ]
        (segments / f"EN2002a.{'ABC'[agent]}.segments.xml").write_text(f"<root>{''.join(turns)}</root>")
    for kind in ("music", "noise", "speech"):
        shutil.copytree(voices / "noise", folder / "musan" / kind / "source")
    return {name.upper(): str(folder / name) for name in ("ami", "musan")} | {
        "VOXCELEB": str(folder / "voxceleb1")
    }


def test_commands_leave_what_the_tutorial_says(finished):
    folder, _, said = finished
    experiment = folder / "tutorials" / "models" / "speaker_embedding"
    train = experiment / "train" / "VoxCeleb.SpeakerVerification.VoxCeleb1.train"
    validation = train / "validate" / "VoxCeleb.SpeakerDiarization.VoxCeleb1.test"
    assert "by a range test of" in said and "active triplets" in said
    assert sorted(path.name for path in train.glob("weights/*[0-9].pt")) == ["0001.pt", "0002.pt"]
    assert (validation / "params.yml").exists() and f"Using the validation {validation}" in said
    documented = experiment / "validate" / "VoxCeleb.SpeakerVerification.VoxCeleb1.test"
    (embeddings,) = documented.glob("apply/*/AMI/EN2002a.Mix-Headset.npy")
    frames, dimension = np.load(embeddings).shape
    assert "[ 00:00:00.000 -->  00:00:01.000]" in said
    assert frames >= 47 and re.search(rf"^\(2\d, {dimension}\)$", said, re.MULTILINE)


@pytest.mark.parametrize(
    "title, pattern",
    [("Training", "train/*"), ("Validation", "train/*/validate/*"), ("Application", "validate/*/apply/*")],
)
def test_each_file_is_described(title, pattern, finished, section):
    folder, *_ = finished
    (root,) = folder.glob(f"tutorials/models/speaker_embedding/{pattern}")
    rows = re.search(r"^\| file \|.*\n\|---.*\n((?:\|.*\n)+)", section(TEXT, title), flags=re.MULTILINE)[1]
    names = [name for row in rows.splitlines() for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    patterns = [re.sub(r"<[^>]+>|0001", "*", name) for name in names]
    written = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    written = [path for path in written if path.parts[0] != "validate"]
    assert [path for path in written if not any(path.match(pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(path.match(pattern) for path in written)] == []


@pytest.mark.slow
def test_the_rest_of_the_tutorial_runs(finished, whole):
    folder, *_ = finished
    assert "Epoch 3/3" in whole and "diarization_fscore" in whole
    assert len(re.findall(r"^similarity .*, threshold .*speakers?$", whole, re.MULTILINE)) == 1
    assert list(folder.glob("**/apply/*/audio/EN2002a.Mix-Headset~*.npy"))
    few = folder / "experiments" / "few_speakers" / "train"
    assert list(few.glob("*/validate_equal_error_rate/*/backend/*.npz"))
    assert list(few.glob("*/validate_equal_error_rate/*/apply/*/Mine/**/*.npy"))
    assert "Usage: pyannote-audio emb validate" in whole


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configurations_are_whole_and_mentioned(path):
    load_config(path)
    assert (
        f"[{path.name}]({path.name})" in TEXT or f"cat tutorials/models/speaker_embedding/{path.name}" in TEXT
    )


def test_each_key_of_the_configuration_is_explained(section):
    text = section(TEXT, "Configuration")
    for block, content in yaml.safe_load((TUTORIAL / "config.yml").read_text()).items():
        assert f"| `{block}` | `name: {content['name']}` |" in text
        for key in content["params"]:
            assert re.search(rf"^\| \|.*`{key}`.*\|.*\|$", text, re.MULTILINE), key


def test_few_speakers_are_trained_for_one_cycle(section):
    config = load_config(TUTORIAL / "config.xvector.yml")
    (last,) = re.findall(r"--to=(\d+)", section(TEXT, "Few speakers"))
    assert int(last) == config.scheduler.params["epochs_per_cycle"]
    assert f"`per_fold: {config.task.params['per_fold']}`" in section(TEXT, "Few speakers")


def classes(kinds):
    """Classes that a table is to describe, by name."""
    found = {
        name: getattr(importlib.import_module(module), name)
        for kind in kinds
        for name, module in available(kind).items()
        if name not in OF_DETECTION
    }
    if kinds == ("architecture",):
        return {name: one for name, one in found.items() if issubclass(one, EmbeddingModel)}
    return found


def defaults_in(table, signatures):
    """Defaults that a table gives, by class and parameter; rows of `all` classes hold unless others do."""
    general, own, name = {}, {}, None
    for row in re.findall(r"^\|(.*)\|$", table, flags=re.MULTILINE)[2:]:
        cells = [cell.strip() for cell in row.split("|")]
        name = cells[0].strip("`") or name
        parameters = re.findall(r"`(\w+)`", cells[-3])
        values = re.findall(r"\[.*?\]|[^, ]+", cells[-2])
        for parameter, value in zip(parameters, values, strict=True):
            if name == "all":
                general |= {(one, parameter): value for one in signatures if parameter in signatures[one]}
            else:
                own[name, parameter] = value
    return general | own


def shown(default):
    """A default as tables have it."""
    if isinstance(default, (list, tuple)):
        return f"[{', '.join(map(shown, default))}]"
    return "none" if default is None else f"{default:g}" if isinstance(default, float) else str(default)


@pytest.mark.parametrize("title", PARAMETERS)
def test_tables_give_all_parameters_and_their_defaults(title, section):
    signatures = {
        name: {
            parameter: shown(value.default)
            for parameter, value in inspect.signature(found).parameters.items()
            if parameter != "specifications"
        }
        for name, found in classes(PARAMETERS[title]).items()
    }
    (table,) = re.findall(r"(?:^\|.*\|\n)+", section(TEXT, title), flags=re.MULTILINE)
    expected = {(name, key): value for name, values in signatures.items() for key, value in values.items()}
    assert defaults_in(table, signatures) == expected
    assert all(f"`{name}`" in table for name in signatures)


@pytest.mark.parametrize("title", PARAMETERS)
def test_tables_name_all_values_that_are_allowed(title, section):
    for found in classes(PARAMETERS[title]).values():
        for name, hint in typing.get_type_hints(found.__init__).items():
            for part in (hint, *typing.get_args(hint)):
                for value in typing.get_args(part) if typing.get_origin(part) is typing.Literal else ():
                    assert f"`{value}`" in section(TEXT, title), (found, name, value)


def test_links_lead_somewhere(check_links):
    check_links(TEXT, TUTORIAL)


def test_pictures_are_small():
    for path in TUTORIAL.glob("*.png"):
        assert path.stat().st_size < 200_000, path
