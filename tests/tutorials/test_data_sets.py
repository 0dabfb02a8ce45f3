"""The command of each published data set, on a small folder in its layout, gives its protocol."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pyannote.database import FileFinder
from pyannote.database.registry import Registry

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "tutorials" / "data_preparation" / "data_sets.md"
ROWS = dict(
    re.findall(r"^\| ([^|]+?) \|[^|]+\| `(python .+)` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
)


def write(path, seconds=10.0, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(len(path.name)).normal(0, 0.01, round(8000 * seconds))
    soundfile.write(path, noise, 8000, **options)


def text(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


# Each maker writes a data set, and returns the protocol and the events of some recordings in it.


def tut2016(data):
    """Lists of folds of two scenes name file, scene, onset, offset and label."""
    for scene in ("home", "residential_area"):
        lines = {part: [] for part in ("train", "evaluate")}
        for index in range(4):
            name = f"audio/{scene}/{scene[0]}{index:03d}.wav"
            write(data / name)
            part = "evaluate" if index == 3 else "train"
            lines[part].append(f"{name}\t{scene}\t1.5\t{2 + index}\t(object) impact")
        for part, listed in lines.items():
            text(data / "evaluation_setup" / f"{scene}_fold1_{part}.txt", *listed)
    return "TUT2017.SpeakerDiarization.MyProtocol", {"h000": [(1.5, 2.0, "(object)_impact")]}


def tut2017(data):
    protocol, events = tut2016(data)
    return protocol, events


def strong(data):
    rows = ["filename\tonset\toffset\tevent_label"]
    for index in range(5):
        write(data / "audio" / f"Y{index}.wav")
        rows.append(f"Y{index}.wav\t0.5\t{2 + index}\tSpeech")
    rows[-1] = "Y4.wav\t\t\t"
    text(data / "strong.tsv", *rows)
    return "DESED.SpeakerDiarization.Protocol", {"Y0": [(0.5, 2.0, "Speech")], "Y4": []}


def weak(data):
    for index in range(5):
        write(data / "audio" / f"Y{index}.wav")
    rows = [f"Y{index}.wav\t{'Dog,Speech' if index % 2 else 'Dog'}" for index in range(5)]
    text(data / "weak.tsv", "filename\tevent_labels", *rows)
    whole = {"Y0": [(0.0, 10.0, "Dog")], "Y1": [(0.0, 10.0, "Dog"), (0.0, 10.0, "Speech")]}
    return "DESEDWeak.SpeakerDiarization.Protocol", whole


def urban_sed(data):
    for subset in ("train", "validate", "test"):
        for index in range(2):
            name = f"soundscape_{subset}_bimodal{index}"
            write(data / "audio" / subset / f"{name}.wav")
            background = {"time": 0.0, "duration": 10.0, "value": {"label": "noise", "role": "background"}}
            event = {"time": 1.25, "duration": 2.0, "value": {"label": "siren", "role": "foreground"}}
            jams = {
                "annotations": [{"namespace": "scaper", "data": [background, event]}],
                "file_metadata": {"duration": 10.0, "title": ""},
                "sandbox": {},
            }
            text(data / "annotations" / subset / f"{name}.jams", json.dumps(jams))
    events = {f"soundscape_{subset}_bimodal0": [(1.25, 3.25, "siren")] for subset in ("train", "test")}
    return "URBANSED.SpeakerDiarization.Protocol", events


def audioset(data):
    rows = ["segment_id\tstart_time_seconds\tend_time_seconds\tlabel"]
    for index in range(10):
        # not all clips can still be had
        if index < 5:
            write(data / "audio" / f"b0RFKhbpFJ{index}_30000.wav")
        rows.append(f"b0RFKhbpFJ{index}_30000\t0.000\t{3 + index}.500\t/m/04rlf")
    text(data / "audioset_train_strong.tsv", *rows)
    return "AudioSet.SpeakerDiarization.Protocol", {"b0RFKhbpFJ0_30000": [(0.0, 3.5, "/m/04rlf")]}


def maestro(data):
    """A value for each second; birds are above 0.5 from 1 s to 3 s."""
    for index in range(5):
        write(data / "audio" / f"cafe_{index}.wav")
        rows = [
            f"{second}\t{second + 1}\tbirds_singing\t{0.8 if second in (1, 2) else 0.3}"
            for second in range(10)
        ]
        text(data / "soft_labels" / f"cafe_{index}.txt", *rows)
    return "MAESTRO.SpeakerDiarization.Protocol", {"cafe_0": [(1.0, 3.0, "birds_singing")]}


def dcase2016(data):
    for index in range(5):
        write(data / "audio" / f"dev_1_ebr_6_nec_{index}_poly_0.wav")
        rows = ["0.550000\t1.250000\tclearthroat", "3.1\t4\tphone"]
        text(data / "annotation" / f"dev_1_ebr_6_nec_{index}_poly_0.txt", *rows)
    events = [(0.55, 1.25, "clearthroat"), (3.1, 4.0, "phone")]
    return "Office.SpeakerDiarization.Protocol", {"dev_1_ebr_6_nec_0_poly_0": events}


def voxceleb1(data):
    for speaker in range(44):
        side = "test" if speaker < 2 else "dev"
        for video in ("a", "b"):
            write(data / side / "wav" / f"id{speaker + 10270}" / video / "00001.wav", 0.5)
    text(
        data / "veri_test.txt",
        "1 id10270/a/00001.wav id10270/b/00001.wav",
        "0 id10270/a/00001.wav id10271/a/00001.wav",
    )
    return "VoxCeleb.SpeakerVerification.VoxCeleb1", {"id10270/a/00001": [(0.0, 0.5, "id10270")]}


def voxceleb2(data):
    for speaker in range(10):
        for video in ("21Uxsk56VDQ", "9kMUh8HFfgU"):
            write(data / "dev" / "wav" / f"id{speaker:05d}" / video / "00001.wav", 0.5)
    events = {"id00003/21Uxsk56VDQ/00001": [(0.0, 0.5, "id00003")]}
    return "VoxCeleb2.SpeakerVerification.Protocol", events


def cn_celeb(data):
    for speaker in range(10):
        for name in ("singing-01-002", "speech-02-001"):
            write(data / "data" / f"id{speaker:05d}" / f"{name}.flac", 0.5)
    return "CNCeleb.SpeakerVerification.Protocol", {"id00003/singing-01-002": [(0.0, 0.5, "id00003")]}


def common_voice(data):
    rows = ["client_id\tpath\tsentence\tup_votes\tdown_votes\tage\tgender\taccents\tlocale"]
    for speaker in range(10):
        for clip in range(2):
            name = f"common_voice_en_{10 * speaker + clip}.mp3"
            write(data / "clips" / name, 0.5, format="MP3")
            rows.append(f"{speaker:x}f3a{speaker}\t{name}\tA sentence.\t2\t0\t\t\t\ten")
    text(data / "validated.tsv", *rows)
    return "CommonVoice.SpeakerVerification.Protocol", {"common_voice_en_30": [(0.0, None, "3f3a3")]}


def ami(data):
    for meeting in ("ES2002a", "ES2011a", "ES2004a"):
        write(data / "amicorpus" / meeting / "audio" / f"{meeting}.Mix-Headset.wav")
        segment = '<root><segment transcriber_start="0.5" transcriber_end="2.25"/></root>'
        text(data / "ami_public_manual_1.6.2" / "segments" / f"{meeting}.A.segments.xml", segment)
    return "AMI.SpeakerDiarization.MixHeadset", {"ES2004a.Mix-Headset": [(0.5, 2.25, "ES2004a.A")]}


def dihard(data):
    for index in range(5):
        name = f"DH_DEV_{index:04d}"
        write(data / "flac" / f"{name}.flac")
        turns = [f"SPEAKER {name} 1 {onset} 1.500 <NA> <NA> spk{index} <NA> <NA>" for onset in (0.25, 5.0)]
        text(data / "rttm" / f"{name}.rttm", *turns)
        text(data / "uem" / f"{name}.uem", f"{name} 1 0.000 8.000")
    return "DIHARD.SpeakerDiarization.Protocol", {"DH_DEV_0000": [(0.25, 1.75, "spk0"), (5.0, 6.5, "spk0")]}


def chime(data):
    turns = []
    for index in range(5):
        write(data / "audio" / f"S0{index}_U02.CH1.wav")
        turns.append(f"SPEAKER S0{index}_U02.CH1 1 1.00 2.00 <NA> <NA> P0{index} <NA>")
        turns.append(f"SPEAKER S0{index}_U02.CH1 1 2.00 2.00 <NA> <NA> P1{index} <NA>")
    text(data / "dev.rttm", *turns)
    text(data / "dev.uem", *(f"S0{index}_U02.CH1 1 0.5 9" for index in range(5)))
    return "CHiME.SpeakerDiarization.Protocol", {"S00_U02.CH1": [(1.0, 3.0, "P00"), (2.0, 4.0, "P10")]}


MAKERS = {
    "TUT Sound Events 2016": tut2016,
    "TUT Sound Events 2017": tut2017,
    "DESED, strong labels": strong,
    "DESED, weak labels": weak,
    "URBAN-SED": urban_sed,
    "AudioSet-strong": audioset,
    "MAESTRO Real": maestro,
    "DCASE 2016 task 2": dcase2016,
    "VoxCeleb 1": voxceleb1,
    "VoxCeleb 2": voxceleb2,
    "CN-Celeb": cn_celeb,
    "Common Voice": common_voice,
    "AMI": ami,
    "DIHARD": dihard,
    "CHiME-6": chime,
}


def test_each_data_set_of_the_page_is_tried():
    assert set(MAKERS) == set(ROWS)


def events_of(database_yml, protocol):
    """Events of each recording of all subsets, as pyannote.database gives them."""
    registry = Registry()
    registry.load_database(database_yml)
    loaded = registry.get_protocol(protocol, preprocessors={"audio": FileFinder(registry=registry)})
    found = {}
    for subset in ("train", "development", "test"):
        try:
            files = list(getattr(loaded, subset)())
        except (AttributeError, NotImplementedError):
            continue
        for file in files:
            assert file["audio"].exists()
            tracks = file["annotation"].itertracks(yield_label=True)
            found[file["uri"]] = sorted((round(s.start, 3), round(s.end, 3), label) for s, _, label in tracks)
    return found


@pytest.mark.parametrize("name", MAKERS)
def test_the_command_gives_the_protocol(name, tmp_path):
    data = tmp_path / "a folder of data"
    protocol, expected = MAKERS[name](data)
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    command = ROWS[name].replace("python ", f'"{sys.executable}" ', 1).replace("\\|", "|")
    environment = os.environ | {"DATA": str(data), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (database,) = (tmp_path / "prepared").glob("*/database.yml")
    found = events_of(database, protocol)
    for uri, events in expected.items():
        assert [event[0::2] for event in found[uri]] == [event[0::2] for event in events]
        assert [event[1] for event in found[uri]] == [
            event[1] if event[1] is not None else pytest.approx(0.5, abs=0.1) for event in events
        ]
    assert "is ready" in done.stdout
