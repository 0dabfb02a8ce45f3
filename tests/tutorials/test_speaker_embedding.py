"""Tutorial of speaker embedding and its pages: commands run as printed.

They run on artificial voices, also in the layouts of VoxCeleb1, AMI and MUSAN. For the tests, epochs are
few and last some seconds, batches take few speakers, and networks are narrow. A normal test runs the
experiment on VoxCeleb; a slow one runs the tutorial on few speakers and the other pages.
"""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pyannote.audio.config.schema import load_config
from pyannote.audio.database.synthetic.voices import make_speakers

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "tutorials" / "models" / "speaker_embedding"
TEXT = (TUTORIAL / "README.md").read_text(encoding="utf-8")
# after the experiment on VoxCeleb, in the order of their blocks
PAGES = [TUTORIAL / f"{name}.md" for name in ("validation", "python", "commands_2019")]
CONFIGS = sorted(TUTORIAL.glob("config*.yml"))
SMALL = {
    r"per_epoch: [\d.]+": "per_epoch: 0.0003",
    r"per_fold: \d+": "per_fold: 3",
    r"label_min_duration: \d+": "label_min_duration: 1",
    r"recurrent: \[.*\]": "recurrent: [8, 8]",
    r"linear: \[.*\]": "linear: [8]",
}
LAYOUT = {"x6uYqmx31kE/00001": "1", "8jEAjG6SegY/00008": "2"}


def shorter(script):
    """One, two and three epochs instead of 10, 1000 and 1500; fewer and shorter voices."""
    script = re.sub(r"--to=(\d+)", lambda found: f"--to={max(1, int(found[1]) // 500)}", script)
    return script.replace("--speakers=40", "--speakers=10 --files=2 --seconds=2.5")


@pytest.fixture(scope="module")
def finished(run_blocks, section, tmp_path_factory):
    """Folder in which the experiment on VoxCeleb was run, how to run more there, and what was printed."""
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

    return folder, run, run(section(TEXT, "VoxCeleb"))


@pytest.fixture(scope="module")
def whole(finished, section, exports):
    """What was printed by the other pages, and by the tutorial on few speakers."""
    _, run, _ = finished
    pages = [page.read_text(encoding="utf-8") for page in PAGES]
    return run("\n".join([exports(section(TEXT, "VoxCeleb")), *pages, section(TEXT, "Tutorial")]))


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
    (embeddings,) = documented.glob("apply/**/AMI/EN2002a.Mix-Headset.npy")
    frames, dimension = np.load(embeddings).shape
    assert "[ 00:00:00.000 -->  00:00:01.000]" in said
    assert frames >= 47 and re.search(rf"^\(2\d, {dimension}\)$", said, re.MULTILINE)


@pytest.mark.parametrize(
    "title, pattern, others",
    [
        ("Training folder", "train/*", ["validate"]),
        ("Validation folder", "train/*/validate/*", ["apply"]),
        ("Results of speaker embedding", "validate/*/apply/*", []),
    ],
)
def test_each_file_is_described(title, pattern, others, finished, undescribed):
    folder, *_ = finished
    (root,) = folder.glob(f"tutorials/models/speaker_embedding/{pattern}")
    unknown, absent = undescribed(title, root, others)
    assert unknown == [] and absent <= {"left_out.yml", "backend/*"}


@pytest.mark.slow
def test_the_other_pages_run(finished, whole):
    folder, *_ = finished
    assert "Epoch 3/3" in whole and "diarization_fscore" in whole
    assert len(re.findall(r"^similarity .*, threshold .*speakers?$", whole, re.MULTILINE)) == 2
    assert list(folder.glob("**/apply/**/audio/EN2002a.Mix-Headset~*.npy"))
    few = folder / "experiments" / "few_speakers" / "train"
    assert list(few.glob("*/validate_equal_error_rate/*/backend/*.npz"))
    assert list(few.glob("*/validate_equal_error_rate/*/apply/**/Mine/**/*.npy"))
    assert "Usage: pyannote-audio emb validate" in whole


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_configurations_are_whole_and_mentioned(path):
    load_config(path)
    assert f"[{path.name}]({path.name})" in TEXT


def test_few_speakers_are_trained_for_one_cycle(section):
    config = load_config(TUTORIAL / "config.xvector.yml")
    (last,) = re.findall(r"--to=(\d+)", section(TEXT, "Tutorial"))
    assert int(last) == config.scheduler.params["epochs_per_cycle"]
    assert f"`per_fold: {config.task.params['per_fold']}`" in section(TEXT, "Tutorial")
