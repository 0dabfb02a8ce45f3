"""The commands of the tutorial are run as they are printed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

ROOT = Path(__file__).parents[2]
README = ROOT / "tutorials" / "data_preparation" / "README.md"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def blocks():
    return re.findall(
        r"^```bash\n(.*?)^```", README.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )


def make_speakers(data):
    """Six speakers with two sessions each, two of them for test."""
    for speaker in ("ann", "bob", "eve", "fay", "gus", "hal"):
        for session in ("monday", "friday"):
            write(data / "speakers" / speaker / session / "001.wav")
    names = [f"speakers/{s}/{d}/001.wav" for s in ("eve", "fay", "gus", "hal") for d in ("monday", "friday")]
    (data / "train.lst").write_text("".join(f"{name}\n" for name in names))
    (data / "test.lst").write_text("ann/monday/001.wav\nann/friday/001.wav\nbob/monday/001.wav\n")
    (data / "trials.txt").write_text(
        "1 ann/monday/001.wav ann/friday/001.wav\n0 ann/monday/001.wav bob/monday/001.wav\n"
    )


def make_corpora(folder):
    """The smallest VoxCeleb1, AMI and MUSAN on which the commands of the tutorial run."""
    for speaker in range(44):
        side = "test" if speaker < 2 else "dev"
        for video in ("a", "b"):
            write(folder / "voxceleb1" / side / "wav" / f"id{speaker + 10270}" / video / "00001.wav", 0.1)
    (folder / "voxceleb1" / "veri_test.txt").write_text(
        "1 id10270/a/00001.wav id10270/b/00001.wav\n0 id10270/a/00001.wav id10271/a/00001.wav\n"
    )
    write(folder / "ami" / "amicorpus" / "ES2002a" / "audio" / "ES2002a.Mix-Headset.wav")
    segments = folder / "ami" / "ami_public_manual_1.6.2" / "segments"
    segments.mkdir(parents=True)
    (segments / "ES2002a.A.segments.xml").write_text(
        '<root><segment transcriber_start="0.1" transcriber_end="0.9"/></root>'
    )
    make_speaker_corpora(folder)
    for kind in ("music", "noise", "speech"):
        write(folder / "musan" / kind / "source" / f"{kind}-0000.wav")


def make_speaker_corpora(folder):
    """VoxCeleb2, CN-Celeb, Common Voice and Kaldi, with six speakers and two sessions each."""
    rows, recordings, speakers = "client_id\tpath\tsentence\n", "", ""
    for speaker in ("id00012", "id00013", "id00014", "id00015", "id00016", "id00017"):
        for session in ("01", "02"):
            write(folder / "voxceleb2" / "dev" / "wav" / speaker / f"video{session}" / "00001.wav", 0.1)
            write(folder / "cn-celeb" / "data" / speaker / f"singing-{session}-001.flac", 0.1)
            name = f"common_voice_en_{speaker}{session}"
            write(folder / "common_voice" / "en" / "clips" / f"{name}.mp3", 0.1)
            rows += f"{speaker}\t{name}.mp3\tHello.\n"
            write(folder / "kaldi" / "wav" / f"{speaker}{session}.wav", 0.1)
            utterance = f"{speaker}-{session}-00001"
            recordings += f"{utterance} kaldi/wav/{speaker}{session}.wav\n"
            speakers += f"{utterance} {speaker}\n"
    (folder / "common_voice" / "en" / "validated.tsv").write_text(rows)
    (folder / "kaldi" / "data" / "train").mkdir(parents=True)
    (folder / "kaldi" / "data" / "train" / "wav.scp").write_text(recordings)
    (folder / "kaldi" / "data" / "train" / "utt2spk").write_text(speakers)


def write(path, seconds=1.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(round(8000 * seconds)), 8000)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "scripts").symlink_to(ROOT / "scripts")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / "bin" / "python").chmod(0o755)
    data = folder / "my_data"
    (data / "labels").mkdir(parents=True)
    (data / "audio").mkdir()
    rttm, table = "", "filename,onset,offset,label\n"
    for day in DAYS:
        soundfile.write(data / "audio" / f"{day}.wav", np.zeros((40000, 2)), 8000, subtype="PCM_24")
        rttm += f"SPEAKER {day} 1 3.250 1.500 <NA> <NA> people_walking <NA> <NA>\n"
        table += f"{day}.wav,3.25,4.75,people walking\n"
        (data / "labels" / f"{day}.txt").write_text("3.250000\t4.750000\tpeople walking\n")
    (data / "annotation.rttm").write_text(rttm)
    (data / "subsets").mkdir()
    lines = rttm.splitlines(keepends=True)
    for subset, own in (("train", lines[:4]), ("development", lines[4:5]), ("test", lines[5:])):
        (data / "subsets" / f"street.{subset}.rttm").write_text("".join(own))
    make_speakers(data)
    make_corpora(folder)
    (data / "annotation.csv").write_text(table)
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    script = "set -euo pipefail\n" + "".join(blocks())
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_each_form_of_annotation_gives_the_same_database(finished):
    folder, _ = finished
    texts = {
        (folder / "prepared" / f"from_{form}" / "Street.rttm").read_text()
        for form in ("rttm", "audacity", "csv")
    }
    assert len(texts) == 1
    (text,) = texts
    assert text.count("3.250000 1.500000 <NA> <NA> people_walking") == len(DAYS)


def test_check_prints_each_recording_once(finished):
    _, done = finished
    checked = [
        line.split()
        for line in done.stdout.splitlines()
        if line.split()[0] in ("train", "development", "test")
    ]
    assert sorted(line[1] for line in checked) == sorted(DAYS)
    assert {line[0] for line in checked} == {"train", "development", "test"}
    assert all("'people_walking', 1.5" in " ".join(line) for line in checked)


def test_example_of_database_yml_has_the_keys_of_a_real_one(finished):
    folder, _ = finished
    printed = re.search(
        r"^```yaml\n(.*?)^```", README.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    example = yaml.safe_load(printed[1])
    real = yaml.safe_load((folder / "prepared" / "from_csv" / "database.yml").read_text())
    shape = example["Protocols"]["Street"]["SpeakerDiarization"]["Protocol"]
    written = real["Protocols"]["Street"]["SpeakerDiarization"]["Protocol"]
    assert list(shape) == list(written)
    assert list(shape["train"]) == list(written["train"])
    assert Path(example["Databases"]["Street"][0]).name == Path(real["Databases"]["Street"][0]).name


def test_speakers_and_noise_are_found_together(finished):
    folder, done = finished
    (said,) = [line for line in done.stdout.splitlines() if "files of noise" in line]
    # two of twelve speakers, four recordings each: all pairs of one speaker, and as many of two
    assert said == "24 trials, 4 files of noise"
    assert "169 of 170 meetings are left out" in done.stdout
    protocols = {
        name: set(yaml.safe_load((folder / "prepared" / name / "database.yml").read_text())["Protocols"])
        for name in ("speakers", "voxceleb1", "ami", "musan")
    }
    assert protocols == {"speakers": {"Mine"}, "voxceleb1": {"VoxCeleb"}, "ami": {"AMI"}, "musan": {"MUSAN"}}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("VoxCeleb2", "12 recordings of 6 speakers in 12 sessions"),
        ("CNCeleb", "12 recordings of 6 speakers in 12 sessions"),
        ("CommonVoice", "12 recordings of 6 speakers, whose sessions are not known"),
        ("Kaldi", "12 recordings of 6 speakers in 12 sessions"),
    ],
)
def test_speakers_of_other_corpora_are_found(finished, name, counts):
    _, done = finished
    lines = done.stdout.splitlines()
    (ready,) = [
        place for place, line in enumerate(lines) if line.endswith(f": {name}.SpeakerVerification.Protocol")
    ]
    assert lines[ready - 1] == f"There are {counts}."
