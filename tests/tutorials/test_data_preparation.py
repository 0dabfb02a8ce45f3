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
