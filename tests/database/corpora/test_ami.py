"""Preparation of the AMI corpus, on a few meetings."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from places import SCRIPTS
from pyannote.database import FileFinder
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.corpora.ami import prepare
from pyannote.audio.database.corpora.ami_layout import partition

SCRIPT = SCRIPTS / "prepare_ami.py"
NAME = "AMI.SpeakerDiarization.MixHeadset"
ROOT = (
    '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>\n'
    '<nite:root xmlns:nite="http://nite.sourceforge.net/" nite:id="x">\n'
)
SEGMENTS = {
    ("ES2002a", "A"): [("0.5", "2.25"), ("3.0", "3.0")],
    ("ES2002a", "B"): [("1.0", "4.1")],
    ("ES2002b", "B"): [("0.0", "1.0")],
    ("IB4001", "A"): [("2", "3")],
    ("ES2004a", "A"): [("0.25", "0.5"), ("1.5", "3.875")],
}
SPEAKERS = {
    ("ES2002a", "A"): "FEE005",
    ("ES2002a", "B"): "MEE006",
    ("ES2002b", "B"): "FEE005",
    ("IB4001", "A"): "MIO1",
}
EXPECTED = {
    "train": {
        "ES2002a.Mix-Headset": [(0.5, 2.25, "FEE005"), (1.0, 4.0, "MEE006")],
        "ES2002b.Mix-Headset": [(0.0, 1.0, "FEE005")],
    },
    "development": {"IB4001.Mix-Headset": [(2.0, 3.0, "MIO1")]},
    "test": {"ES2004a.Mix-Headset": [(0.25, 0.5, "ES2004a.A"), (1.5, 3.875, "ES2004a.A")]},
}


def add_audio(corpus, meeting, seconds=4.0):
    path = corpus / meeting / "audio" / f"{meeting}.Mix-Headset.wav"
    path.parent.mkdir(parents=True)
    soundfile.write(path, np.zeros(round(8000 * seconds)), 8000)


@pytest.fixture
def corpus(tmp_path):
    for meeting in ("ES2002a", "ES2002b", "IB4001", "ES2004a", "EN2001a"):
        add_audio(tmp_path / "amicorpus", meeting)
    return tmp_path / "amicorpus"


@pytest.fixture
def manual(tmp_path):
    """The manual annotation of four of the meetings, and of one that has no audio."""
    folder = tmp_path / "ami_public_manual_1.6.2"
    (folder / "segments").mkdir(parents=True)
    (folder / "corpusResources").mkdir()
    for (meeting, agent), segments in (SEGMENTS | {("TS3003a", "A"): [("0", "1")]}).items():
        lines = "".join(
            f'  <segment nite:id="{meeting}.sync.{number}" channel="0" transcriber_start="{start}" '
            f'transcriber_end="{end}">\n    <nite:child href="{meeting}.{agent}.words.xml"/>\n  </segment>\n'
            for number, (start, end) in enumerate(segments)
        )
        path = folder / "segments" / f"{meeting}.{agent}.segments.xml"
        path.write_text(f"{ROOT}{lines}</nite:root>\n", encoding="latin-1")
    meetings = {}
    for (meeting, agent), name in SPEAKERS.items():
        speaker = (
            f'    <speaker nite:id="{meeting}{agent}" nxt_agent="{agent}" global_name="{name}" role="PM"/>\n'
        )
        meetings[meeting] = meetings.get(meeting, "") + speaker
    lines = "".join(f'  <meeting observation="{m}">\n{text}  </meeting>\n' for m, text in meetings.items())
    (folder / "corpusResources" / "meetings.xml").write_text(f"{ROOT}{lines}</nite:root>\n")
    return folder


def load(path):
    registry = Registry()
    registry.load_database(path)
    protocol = registry.get_protocol(NAME, preprocessors={"audio": FileFinder(registry=registry)})
    loaded = {}
    for subset in ("train", "development", "test"):
        loaded[subset] = {}
        for file in getattr(protocol, subset)():
            assert Path(file["audio"]).name == f"{file['uri']}.wav"
            assert [(part.start, part.end) for part in file["annotated"]] == [(0, 4)]
            tracks = file["annotation"].itertracks(yield_label=True)
            loaded[subset][file["uri"]] = sorted((s.start, s.end, label) for s, _, label in tracks)
    return loaded


def rttm(meetings, suffix=""):
    return "".join(
        f"SPEAKER {meeting}{suffix} 1 {float(start)} {float(end) - float(start)} <NA> <NA> "
        f"{SPEAKERS.get((meeting, agent), f'{meeting}.{agent}')} <NA> <NA>\n"
        for (meeting, agent), segments in SEGMENTS.items()
        if meeting in meetings
        for start, end in segments
        if start != end
    )


def test_the_partition_is_the_published_one():
    subsets = partition()
    assert [len(subset) for subset in subsets.values()] == [136, 18, 16]
    meetings = [meeting for subset in subsets.values() for meeting in subset]
    assert len(set(meetings)) == 170
    assert all(
        len(meeting) in (6, 7) and meeting[:2] in ("EN", "ES", "IB", "IN", "IS", "TS") for meeting in meetings
    )
    assert {"EN2001e", "IN1016", "IS1005c", "IS1007d", "ES2014d"} <= set(subsets["train"])
    assert {"IB4011", "IS1008a"} <= set(subsets["development"])
    assert {"EN2002d", "TS3003b"} <= set(subsets["test"])


def test_manual_annotation(corpus, manual, tmp_path):
    prepared = prepare(corpus, manual, tmp_path / "out")
    assert load(prepared.path) == EXPECTED
    assert (prepared.meetings, len(prepared.missing)) == (4, 166)
    assert {"EN2001a", "TS3003a"} <= set(prepared.missing)


@pytest.mark.parametrize("form", ["one file", "a file a meeting"])
def test_rttm(corpus, tmp_path, form):
    meetings = list(dict.fromkeys(meeting for meeting, _ in SEGMENTS))
    if form == "one file":
        annotation = tmp_path / "all.rttm"
        annotation.write_text(rttm(meetings, ".Mix-Headset"))
    else:
        annotation = tmp_path / "rttm"
        (annotation / "train").mkdir(parents=True)
        for meeting in meetings:
            (annotation / "train" / f"{meeting}.rttm").write_text(rttm([meeting]))
    assert load(prepare(corpus, annotation, tmp_path / "out").path) == EXPECTED


def test_subsets_without_meetings_are_left_out(corpus, manual, tmp_path):
    for path in (manual / "segments").glob("ES200[24]*"):
        path.unlink()
    prepared = prepare(corpus, manual, tmp_path / "out")
    assert "development:" in prepared.path.read_text()
    assert "train:" not in prepared.path.read_text()


def test_wrong_annotation(corpus, manual, tmp_path):
    wrong = manual / "segments" / "IB4001.A.segments.xml"
    for text, message in (
        ("<a><segment></a>", "not valid XML"),
        ('<a><segment transcriber_start="1"/></a>', "no transcriber_end"),
        ('<a><segment transcriber_start="2" transcriber_end="1"/></a>', "not later"),
        ('<a><segment transcriber_start="x" transcriber_end="1"/></a>', "not a time"),
        ('<a><segment transcriber_start="1" transcriber_end="90"/></a>', "but IB4001.Mix-Headset.wav at 4 s"),
    ):
        wrong.write_text(text)
        with pytest.raises(DataError, match=message) as caught:
            prepare(corpus, manual, tmp_path / "out")
        assert caught.value.file == wrong
    assert not (tmp_path / "out").exists()


def test_missing_files_are_named(corpus, manual, tmp_path):
    with pytest.raises(DataError, match="No meeting has both"):
        prepare(tmp_path, manual, tmp_path / "out")
    with pytest.raises(DataError, match="neither segments/ nor RTTM"):
        prepare(corpus, corpus, tmp_path / "out")
    with pytest.raises(DataError, match="no such file"):
        prepare(corpus, tmp_path / "all.rttm", tmp_path / "out")


def test_script(corpus, manual, tmp_path):
    command = [sys.executable, SCRIPT, corpus, manual, tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    *missing, empty, cut, read, audio, annotation, last = done.stdout.splitlines()
    assert missing[0].startswith("165 of 170 meetings are left out, because they have no audio: EN2001b, ")
    assert missing[1:] == ["1 of 170 meetings are left out, because they have no annotation: EN2001a."]
    assert empty == "Left out or cut: 1 turns without a duration."
    assert cut == "Left out or cut: 1 turns that pass the end of the recording, and are cut there."
    assert read == "Read 4 files, 6 events, 0.00444 hours."
    assert "1 file *.Mix-Headset.wav (EN2001a/audio/EN2001a.Mix-Headset.wav): read are" in audio
    assert "1 file *.segments.xml (segments/TS3003a.A.segments.xml): no turns of" in annotation
    assert last.endswith(f"is ready: {NAME}")
