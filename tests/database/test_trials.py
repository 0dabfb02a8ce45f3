"""Trials of speaker verification protocols, from lists and from protocol classes."""

import numpy as np
import pyannote.database
import pytest
import soundfile
from pyannote.core import Segment, Timeline
from pyannote.database import Database
from pyannote.database.protocol import SpeakerVerificationProtocol
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.corpora.held_out_speakers import SpeakerSession, balanced_trials, draw_speakers
from pyannote.audio.database.protocols import recordings
from pyannote.audio.database.trial_lists import read_trials
from pyannote.audio.database.trials import is_verification, trials

CONFIG = """\
Databases:
  Vox: {folder}/wav/{{uri}}.wav
Protocols:
  Vox:
    SpeakerVerification:
      One:
        scope: {scope}
        train:
          uri: all.lst
          annotation: all.rttm
        development:
          uri: all.lst
        test:
          uri: all.lst
          annotated: all.uem
          trial: trials.txt
    SpeakerDiarization:
      One:
        scope: {scope}
        train:
          uri: all.lst
          annotation: all.rttm
"""
NAME = "Vox.SpeakerVerification.One"
URIS = ["id1/a/00001", "id1/b/00001", "id2/a/00001", "7/8/9"]
GOOD = "1 id1/a/00001.wav id1/b/00001.wav\n0 id1/b/00001 id2/a/00001.wav\n0 id1/a/00001.flac id2/a/00001\n"


@pytest.fixture
def data(tmp_path, monkeypatch):
    for uri in URIS:
        path = tmp_path / "wav" / f"{uri}.wav"
        path.parent.mkdir(parents=True)
        soundfile.write(path, np.full(16000, 0.1), 8000)
    (tmp_path / "all.lst").write_text("".join(f"{uri}\n" for uri in URIS))
    (tmp_path / "all.rttm").write_text(
        "".join(f"SPEAKER {uri} 1 0.0 1.5 <NA> <NA> {uri.split('/')[0]} <NA> <NA>\n" for uri in URIS)
    )
    (tmp_path / "all.uem").write_text("".join(f"{uri} 1 0.5 1.5\n" for uri in URIS))
    (tmp_path / "trials.txt").write_text(GOOD)

    def load(scope="global", trial_list=None):
        if trial_list is not None:
            (tmp_path / "trials.txt").write_text(trial_list)
        (tmp_path / "database.yml").write_text(CONFIG.format(folder=tmp_path, scope=scope))
        registry = Registry()
        registry.load_database(tmp_path / "database.yml")
        monkeypatch.setattr(pyannote.database, "registry", registry)
        return registry

    return load


def test_a_list_is_read_with_or_without_suffixes(data):
    data()
    found = trials(NAME, "test")
    assert [file["uri"] for file in found.files] == URIS[:3]
    assert (found.first.tolist(), found.second.tolist()) == ([0, 1, 0], [1, 2, 2])
    assert found.targets.tolist() == [True, False, False]
    assert (found.first.dtype, found.targets.dtype) == (np.int64, np.bool_)
    assert all(file["regions"] == [(0.5, 1.5)] for file in found.files)


def test_it_agrees_with_pyannote_database(data):
    data(trial_list=GOOD.replace(".wav", "").replace(".flac", ""))
    found = trials(NAME, "test")
    protocol = pyannote.database.registry.get_protocol(NAME)
    expected = [
        (trial["file1"]["uri"], trial["file2"]["uri"], bool(trial["reference"]))
        for trial in protocol.test_trial()
    ]
    uris = [file["uri"] for file in found.files]
    pairs = zip(found.first, found.second, found.targets, strict=True)
    assert [(uris[first], uris[second], bool(target)) for first, second, target in pairs] == expected


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (GOOD + "1 id1/a/00001.wav\n", 4, "Found 2 columns"),
        (GOOD + "\n1 7/8/9 7/8/9 x\n", 5, "Found 4 columns"),
        (GOOD + "2 7/8/9 7/8/9\n", 4, "'2' is neither"),
        (GOOD + "True 7/8/9 7/8/9\n", 4, "'True' is neither"),
        (GOOD + "0 7/8/9 id3/a/00001.wav\n", 4, "no recording 'id3/a/00001.wav'"),
        ("1 7/8/9 7/8/9\n", None, "no non-target trials"),
        ("0 7/8/9 id1/a/00001\n", None, "no target trials"),
        ("", None, "no target trials"),
    ],
)
def test_errors_of_a_list_name_its_line(data, tmp_path, lines, line, message):
    data(trial_list=lines)
    with pytest.raises(DataError, match=message) as caught:
        trials(NAME, "test")
    assert (caught.value.file, caught.value.line) == (tmp_path / "trials.txt", line)
    assert caught.value.fix


KALDI = "".join(
    f"{first} {second} {'target' if label == '1' else 'nontarget'}\n"
    for label, first, second in map(str.split, GOOD.splitlines())
)


def test_lists_of_kaldi_and_of_voxceleb_give_the_same_trials(data):
    data()
    expected = trials(NAME, "test")
    data(trial_list=KALDI)
    found = trials(NAME, "test")
    assert found.files == expected.files and found.lines.tolist() == [1, 2, 3]
    for name in ("first", "second", "targets"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist()


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (GOOD + KALDI, 4, "as `file file target`, and those before it as `1 file file`"),
        (KALDI + GOOD, 4, "as `1 file file`, and those before it as `file file target`"),
        (KALDI + "7/8/9 7/8/9 impostor\n", 4, "'impostor' is neither target nor nontarget"),
        (KALDI + "7/8/9 7/8/9 Target\n", 4, "'Target' is neither"),
        ("id1/a/00001 7/8/9 1\n", 1, "'id1/a/00001' is neither 1 .* and '1' is neither target nor"),
        (KALDI + "7/8/9 id3/a/00001 target\n", 4, "no recording 'id3/a/00001'"),
        (KALDI.replace("non", ""), None, "no non-target trials"),
        ("1 target nontarget\n0 1 target\n", 1, "can be read as"),
    ],
)
def test_errors_of_a_list_of_kaldi_name_its_line(data, tmp_path, lines, line, message):
    data(trial_list=lines)
    with pytest.raises(DataError, match=message) as caught:
        trials(NAME, "test")
    assert (caught.value.file, caught.value.line) == (tmp_path / "trials.txt", line)
    assert caught.value.fix


def test_a_recording_that_is_called_as_a_label_is_read_by_the_form_of_the_other_lines(tmp_path):
    path = tmp_path / "trials.txt"
    known = {name: name for name in ("1", "a", "target")}
    path.write_text("1 a target\n0 target a\n")
    assert read_trials(path, known) == [(True, "a", "target"), (False, "target", "a")]
    path.write_text("1 a target\na target nontarget\n")
    assert read_trials(path, known) == [(True, "1", "a"), (False, "a", "target")]


def test_the_readers_of_pyannote_database_do_not_misread_a_list_of_kaldi(data, monkeypatch):
    """They know the lists of VoxCeleb alone; where trials pass through them, the others are refused."""
    data(trial_list=KALDI.replace(".wav", "").replace(".flac", ""))
    monkeypatch.setattr("pyannote.audio.database.trials.sources_of", lambda name, subset: {})
    with pytest.raises(DataError, match="reference 'id1/a/00001' of a trial is neither 0 nor 1"):
        trials(NAME, "test")
    data(trial_list=GOOD.replace(".wav", "").replace(".flac", ""))
    assert trials(NAME, "test").targets.tolist() == [True, False, False]


def test_a_missing_list_is_named(data, tmp_path):
    data()
    (tmp_path / "trials.txt").unlink()
    with pytest.raises(DataError, match=r"trials\.txt"):
        trials(NAME, "test")


def test_which_protocols_have_trials(data):
    data()
    assert is_verification(NAME)
    assert not is_verification("Vox.SpeakerDiarization.One")
    with pytest.raises(UsageError, match="no protocol"):
        is_verification("Vox.SpeakerVerification.Two")
    with pytest.raises(UsageError, match="has no trials"):
        trials("Vox.SpeakerDiarization.One", "train")
    with pytest.raises(UsageError, match="'development'"):
        trials(NAME, "development")
    with pytest.raises(UsageError, match="'tset'"):
        trials(NAME, "tset")


class Plugin(SpeakerVerificationProtocol):
    """Trials with parts to try, as classes of installed plugins yield them."""

    TRIED = (("id1/a/00001", 0, 1), ("id1/b/00001", 0, 2.05), ("id1/a/00001", 1, 2), ("id1/a/00001", 0, 1))
    REFERENCES = (1, 0, 1)

    def development_trial_iter(self):
        for index, reference in enumerate(self.REFERENCES):
            sides = self.TRIED[index], self.TRIED[index + 1]
            first, second = (
                {"uri": uri, "database": "Vox", "try_with": Timeline([Segment(start, end)])}
                for uri, start, end in sides
            )
            yield {"reference": reference, "file1": first, "file2": second}


def plug(registry, protocol):
    def init(self):
        Database.__init__(self)
        self.register_protocol("SpeakerVerification", "One", protocol)

    registry.databases["Plugged"] = type("Plugged", (Database,), {"__init__": init})


def test_trials_of_a_protocol_class(data):
    plug(data(), Plugin)
    found = trials("Plugged.SpeakerVerification.One", "development")
    assert [file["uri"] for file in found.files] == ["id1/a/00001", "id1/a/00001", "id1/b/00001"]
    assert [file["regions"] for file in found.files] == [[(0, 1)], [(1, 2)], [(0, 2.0)]]
    assert (found.first.tolist(), found.second.tolist()) == ([0, 2, 1], [2, 1, 0])
    assert found.targets.tolist() == [True, False, True]


def test_the_order_of_trials_does_not_change_the_order_of_files(data):
    data()
    before = trials(NAME, "test")
    data(trial_list="".join(GOOD.splitlines(keepends=True)[::-1]))
    after = trials(NAME, "test")
    assert after.files == before.files
    assert after.first.tolist() == before.first.tolist()[::-1]
    assert after.second.tolist() == before.second.tolist()[::-1]


@pytest.mark.parametrize("references", [(1, 1, 1), (1, 0, 2), ()])
def test_wrong_references_of_a_class_are_refused(data, references):
    plug(data(), type("Wrong", (Plugin,), {"REFERENCES": references}))
    with pytest.raises(DataError, match="trial"):
        trials("Plugged.SpeakerVerification.One", "development")


@pytest.mark.parametrize(
    ("scope", "labels"),
    [
        ("global", {"7", "id1", "id2"}),
        ("file", {"7/8/9/7", "id1/a/00001/id1", "id1/b/00001/id1", "id2/a/00001/id2"}),
    ],
)
def test_equal_names_of_speakers_mean_equal_speakers(data, scope, labels):
    data(scope)
    files = recordings(NAME, "train", speakers=True)
    assert {label for file in files for _, _, label in file["events"]} == labels
    assert {label for file in recordings(NAME, "train") for _, _, label in file["events"]} == {
        "7",
        "id1",
        "id2",
    }


def voices(speakers, sessions, files):
    return {
        f"s{s}/{v}/{n}": SpeakerSession(f"s{s}", str(v))
        for s in range(speakers)
        for v in range(sessions)
        for n in range(files)
    }


@pytest.mark.parametrize("count", [2, 100, 10**6])
@pytest.mark.parametrize("sessions", [1, 3])
def test_drawn_trials_are_balanced_and_right(sessions, count):
    heard = voices(4, sessions, 3)
    drawn = balanced_trials(heard, count)
    assert len({frozenset(trial[1:]) for trial in drawn}) == len(drawn) <= count
    assert sum(trial.target for trial in drawn) * 2 == len(drawn)
    for target, first, second in drawn:
        assert first != second
        assert target == (heard[first].speaker == heard[second].speaker)
        assert not target or sessions == 1 or heard[first].session != heard[second].session
    if count == 10**6:
        pairs = 3 if sessions == 1 else 27
        assert sum(trial.target for trial in drawn) == 4 * pairs
    assert balanced_trials(heard, count) == drawn


@pytest.mark.parametrize("heard", [voices(1, 2, 2), voices(3, 1, 1), {}])
def test_trials_that_cannot_be_drawn(heard):
    with pytest.raises(DataError, match="give no trials"):
        balanced_trials(heard, 10)


def test_speakers_are_held_out_whole():
    heard = voices(10, 1, 2) | {"once": SpeakerSession("once", "")}
    kept, held_out = draw_speakers(heard, heard, 0.3, seed=0)
    assert sorted(kept + held_out) == sorted(heard)
    assert not {heard[uri].speaker for uri in kept} & {heard[uri].speaker for uri in held_out}
    assert len({heard[uri].speaker for uri in held_out}) == 3
    assert "once" in kept
    assert draw_speakers(heard, heard, 0.3, seed=1) != (kept, held_out)
    with pytest.raises(DataError, match="cannot be held out"):
        draw_speakers(heard, heard, 10, seed=0)


def test_a_recording_without_a_region_is_refused_or_left_out_with_its_trials(data, tmp_path):
    more = "1 id2/a/00001 7/8/9\n"
    data(trial_list=GOOD + more)
    assert len(trials(NAME, "test").targets) == 4
    (tmp_path / "all.uem").write_text("".join(f"{uri} 1 0.5 1.5\n" for uri in URIS[:3]))
    with pytest.raises(DataError, match="'7/8/9' has no line in") as caught:
        trials(NAME, "test")
    assert (caught.value.file, caught.value.line) == (tmp_path / "all.lst", 4)
    accepted = []
    found = trials(NAME, "test", accept=accepted.extend)
    assert [one.name for one in accepted] == [one.name for one in found.unannotated] == ["Vox/7/8/9"]
    assert [file["uri"] for file in found.files] == URIS[:3]
    assert (found.targets.tolist(), found.left_out) == ([True, False, False], 1)
    # where they are the only trials of one kind, nothing can be measured without them
    (tmp_path / "all.uem").write_text("".join(f"{uri} 1 0.5 1.5\n" for uri in URIS[:2]))
    with pytest.raises(DataError, match="There are no non-target trials"):
        trials(NAME, "test", accept=accepted.extend)
