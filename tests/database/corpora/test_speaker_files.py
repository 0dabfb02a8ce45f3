"""Speakers and sessions of recordings, from folders, patterns, and lists of other programs."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pyannote.database
import pytest
import soundfile
import yaml
from places import SCRIPTS
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.corpora import ami, speakers, voxceleb
from pyannote.audio.database.corpora.speaker_files import find_speakers
from pyannote.audio.database.corpora.unread_audio import UNREAD
from pyannote.audio.database.trials import trials

# names as in the corpora, with the speaker and session that they tell
CN_CELEB = {
    "id00012/singing-01-002": ("id00012", "singing-01"),
    "id00012/interview-02-001": ("id00012", "interview-02"),
    "id00999/live_broadcast-01-010": ("id00999", "live_broadcast-01"),
}
FLAT = {name.replace("/", "-"): found for name, found in CN_CELEB.items()}
VOXCELEB = {
    "id00012/21Uxsk56VDQ/00001": ("id00012", "21Uxsk56VDQ"),
    "id00012/2DLq_Kkc1r8/00002": ("id00012", "2DLq_Kkc1r8"),
    "id00999/21Uxsk56VDQ/00001": ("id00999", "21Uxsk56VDQ"),
}
FLAT_PATTERN = "(?P<speaker>id[0-9]+)-(?P<session>.+)-[0-9]+"


def touch(folder, names, suffix=".flac"):
    for name in names:
        (folder / f"{name}{suffix}").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}{suffix}").touch()
    return folder


def sessions(found):
    """Speaker and session by name, without suffix."""
    return {found.names[path].removesuffix(path.suffix): tuple(own) for path, own in found.sessions.items()}


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (CN_CELEB, "(?P<speaker>[^/]+)/(?P<session>.+)-[0-9]+"),
        (FLAT, FLAT_PATTERN),
        (VOXCELEB, "(?P<speaker>[^/]+)/(?P<session>[^/]+)/[0-9]+"),
        (VOXCELEB, None),
    ],
)
def test_speakers_and_sessions_are_those_of_the_names(tmp_path, names, pattern):
    found = find_speakers(touch(tmp_path, names), tmp_path / "out", pattern)
    assert sessions(found) == names
    assert found.counts() == "3 recordings of 2 speakers in 3 sessions"
    assert not found.left_out and not found.remarks


def test_a_pattern_may_have_no_session(tmp_path):
    found = find_speakers(touch(tmp_path, FLAT), tmp_path / "out", "(?P<speaker>[^-]+)-.*")
    assert set(sessions(found).values()) == {("id00012", ""), ("id00999", "")}
    assert found.counts() == "3 recordings of 2 speakers, whose sessions are not known"


def test_recordings_that_the_pattern_does_not_match_are_counted_and_named(tmp_path):
    touch(tmp_path, [*FLAT, "enroll/x", "-singing-01-001", "yid00012-singing-01-001"])
    found = find_speakers(tmp_path, tmp_path / "out", "(?P<speaker>(id[0-9]+)?)-(?P<session>.+)-[0-9]+")
    assert sessions(found) == FLAT
    assert found.left_out == {"recordings that --pattern does not match, such as '-singing-01-001'": 3}


@pytest.mark.parametrize(
    ("pattern", "kind", "message"),
    [
        ("(?P<speaker>", UsageError, "not a regular expression"),
        ("*", UsageError, "not a regular expression"),
        ("a{99999999999999999999}", UsageError, "not a regular expression"),
        ("(" * 3000 + "a" + ")" * 3000, UsageError, "not a regular expression"),
        ("(.+)-.*", UsageError, "has no named groups"),
        ("(?P<session>.+)-.*", UsageError, "has the groups session"),
        ("(?P<speaker>.+)-(?P<genre>.+)", UsageError, "has the groups genre, speaker"),
        ("(?P<speaker>.+)[.]flac", DataError, "matches no recording, such as 'id00012-interview-02-001'"),
    ],
)
def test_wrong_patterns_are_refused(tmp_path, pattern, kind, message):
    with pytest.raises(kind, match=message) as caught:
        find_speakers(touch(tmp_path, FLAT), tmp_path / "out", pattern)
    assert caught.value.fix


@pytest.mark.parametrize("tops", [("dev/wav",), ("wav",), ("aac",), ("dev/aac", "test/aac")])
def test_speakers_of_voxceleb_are_below_its_folders(tmp_path, tops):
    expected = {}
    for number, top in enumerate(tops):
        own = {name.replace("id00", f"id{number}0"): one for name, one in VOXCELEB.items()}
        touch(tmp_path / top, own)
        expected |= {name: tuple(name.split("/")[:2]) for name in own}
    found = find_speakers(tmp_path, tmp_path / "out")
    assert sessions(found) == expected
    assert found.remarks == [f"The folders of speakers are those in {' and '.join(tops)}, as in VoxCeleb."]


def test_speakers_who_are_called_like_folders_of_voxceleb_remain_speakers(tmp_path):
    touch(tmp_path, ["wav/x/1", "ann/x/1"])
    found = find_speakers(tmp_path, tmp_path / "out")
    assert sessions(found) == {"wav/x/1": ("wav", "x"), "ann/x/1": ("ann", "x")}


def test_audio_that_cannot_be_read_is_counted_or_refused(tmp_path):
    suffix = sorted(UNREAD)[0]
    touch(tmp_path / "dev" / "aac", VOXCELEB, suffix)
    with pytest.raises(DataError, match=f"There are 3 files \\*{suffix}") as caught:
        find_speakers(tmp_path, tmp_path / "out")
    assert caught.value.fix == "Convert them."
    touch(tmp_path / "dev" / "wav", VOXCELEB, ".wav")
    found = find_speakers(tmp_path, tmp_path / "out")
    assert len(found.names) == 3
    assert found.left_out == {f"files *{suffix}, which are not read as audio": 3}


def write_wav(path, seconds=0.1):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(round(8000 * seconds)), 8000)


@pytest.fixture
def kaldi(tmp_path):
    """Six speakers with two recordings each, whose names hold dots and a session."""
    names = [f"{speaker}-{session}-0.5" for speaker in ("a", "b", "c", "d", "e", "f") for session in "xy"]
    (tmp_path / "data").mkdir()
    for number in range(len(names)):
        write_wav(tmp_path / "audio" / f"{number}.wav", 0.1 + number / 100)
    (tmp_path / "data" / "wav.scp").write_text(
        "".join(f"{name} {tmp_path}/audio/{number}.wav\n" for number, name in enumerate(names))
    )
    (tmp_path / "data" / "utt2spk").write_text("".join(f"{name} spk_{name[0]}\n" for name in names))
    return tmp_path / "data"


@pytest.fixture
def common_voice(tmp_path):
    rows = "client_id\tpath\tsentence\n"
    for speaker in range(6):
        for clip in range(2):
            name = f"common_voice_xx_{speaker}{clip}.wav"
            write_wav(tmp_path / "xx" / "clips" / name)
            rows += f"{speaker:0128x}\t{name}\thello\n"
    (tmp_path / "xx" / "validated.tsv").write_text(rows)
    return tmp_path / "xx"


def test_speakers_of_kaldi_are_those_of_its_lists(kaldi, tmp_path):
    found = find_speakers(kaldi, tmp_path / "out")
    assert sessions(found) == {
        f"{speaker}-{session}-0.5": (f"spk_{speaker}", "") for speaker in "abcdef" for session in "xy"
    }
    assert "Kaldi" in found.remarks[0] and "one turn of its speaker" in found.remarks[1]
    named = find_speakers(kaldi, tmp_path / "out", "[a-e]-(?P<session>[xy])-.*")
    assert sessions(named) == {
        f"{speaker}-{session}-0.5": (f"spk_{speaker}", session) for speaker in "abcde" for session in "xy"
    }
    assert named.left_out == {"recordings that --pattern does not match, such as 'f-x-0.5'": 2}
    with pytest.raises(UsageError, match="has the groups speaker"):
        find_speakers(kaldi, tmp_path / "out", "(?P<speaker>.).*")


def test_segments_of_kaldi_are_refused_as_recordings_of_speakers(kaldi, tmp_path):
    (kaldi / "segments").write_text("u1 a-x-0.5 0 0.1\n")
    (kaldi / "utt2spk").write_text("u1 a\n")
    with pytest.raises(DataError, match="cut into segments") as caught:
        find_speakers(kaldi, tmp_path / "out")
    assert (caught.value.file, caught.value.line) == (kaldi / "segments", 1)


def run(*arguments):
    command = [sys.executable, SCRIPTS / "prepare_speakers.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def load(path, monkeypatch):
    registry = Registry()
    registry.load_database(path)
    monkeypatch.setattr(pyannote.database, "registry", registry)
    return registry.get_protocol("Own.SpeakerVerification.Protocol")


def test_kaldi_is_prepared_with_its_audio_and_durations(kaldi, tmp_path, monkeypatch):
    (kaldi.parent / "train.lst").write_text("a-x-0.5\na-y-0.5\nb-x-0.5\nb-y-0.5\n")
    (kaldi.parent / "test.lst").write_text("c-x-0.5\nc-y-0.5\nd-x-0.5\nd-y-0.5\n")
    out = tmp_path / "out"
    lists = (f"--train={tmp_path / 'train.lst'}", f"--test={tmp_path / 'test.lst'}", "--development=0")
    done = run(*lists, "--pattern=.-(?P<session>.)-.*", kaldi, out)
    assert done.returncode == 0, done.stderr
    assert "There are 12 recordings of 6 speakers in 12 sessions.\n" in done.stdout
    assert "4 recordings that are in no subset" in done.stderr
    protocol = load(out / "database.yml", monkeypatch)
    turns = {
        file["uri"]: [(s.start, round(s.end, 6), one) for s, _, one in file["annotation"].itertracks(True)]
        for file in protocol.train()
    }
    assert turns == {
        "a-x-0.5": [(0, 0.1, "spk_a")],
        "a-y-0.5": [(0, 0.11, "spk_a")],
        "b-x-0.5": [(0, 0.12, "spk_b")],
        "b-y-0.5": [(0, 0.13, "spk_b")],
    }
    audio = yaml.safe_load((out / "recordings.yml").read_text())
    assert audio["b-y-0.5"] == str(tmp_path / "audio" / "3.wav")
    assert len(trials("Own.SpeakerVerification.Protocol", "test").files) == 4


def test_common_voice_is_prepared(common_voice, tmp_path, monkeypatch):
    (common_voice / "clips" / "common_voice_xx_51.wav").unlink()
    done = run("--development=0", "--test-share=0.34", common_voice, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "There are 11 recordings of 6 speakers, whose sessions are not known.\n" in done.stdout
    assert "1 clips without audio, such as common_voice_xx_51.wav" in done.stderr
    files = [*(protocol := load(tmp_path / "out" / "database.yml", monkeypatch)).train(), *protocol.test()]
    speakers_ = Counter(label for file in files for label in file["annotation"].labels())
    assert sorted(speakers_.values()) == [1, 2, 2, 2, 2, 2]
    assert all(len(label) == 128 for label in speakers_)


def test_the_script_names_what_it_leaves_out_and_refuses_a_wrong_pattern(tmp_path):
    for speaker in range(6):
        for session in (1, 2):
            write_wav(tmp_path / "flat" / f"id{speaker:05d}-song-{session:02d}-001.wav")
    write_wav(tmp_path / "flat" / "noise.wav")
    wrong = run("--pattern=(?P<speaker>", tmp_path / "flat", tmp_path / "out")
    assert (wrong.returncode, wrong.stdout) == (2, "") and "Traceback" not in wrong.stderr
    assert "not a regular expression" in wrong.stderr and not (tmp_path / "out").exists()
    done = run(
        f"--pattern={FLAT_PATTERN}",
        "--test-share=0.34",
        "--development=0",
        tmp_path / "flat",
        tmp_path / "out",
    )
    assert done.returncode == 0, done.stderr
    assert "There are 12 recordings of 6 speakers in 12 sessions." in done.stdout
    assert "1 recordings that --pattern does not match, such as 'noise'" in done.stderr


def test_labels_of_speakers_hold_for_the_whole_database(kaldi, tmp_path):
    """`scope: file` would make another speaker of each recording."""
    speakers.prepare(kaldi, tmp_path / "own", development=0, test=0.34)
    for speaker in range(44):
        for video in "xy":
            side = "test" if speaker < 2 else "dev"
            write_wav(tmp_path / "vox" / side / "wav" / f"id{speaker:02d}" / video / "1.wav")
    (tmp_path / "vox" / "veri_test.txt").write_text(
        "1 id00/x/1.wav id00/y/1.wav\n0 id00/x/1.wav id01/x/1.wav\n"
    )
    voxceleb.prepare(tmp_path / "vox", tmp_path / "voxceleb")
    write_wav(tmp_path / "amicorpus" / "ES2002a" / "audio" / "ES2002a.Mix-Headset.wav", 2)
    (tmp_path / "ami.rttm").write_text("SPEAKER ES2002a 1 0 1 <NA> <NA> FEE005 <NA> <NA>\n")
    ami.prepare(tmp_path / "amicorpus", tmp_path / "ami.rttm", tmp_path / "ami")
    for name in ("own", "voxceleb", "ami"):
        content = yaml.safe_load((tmp_path / name / "database.yml").read_text())["Protocols"]
        entries = [entry for tasks in content.values() for task in tasks.values() for entry in task.values()]
        assert entries and all(entry["scope"] == "database" for entry in entries)
