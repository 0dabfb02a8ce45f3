"""Data folders of Kaldi: what they say is read, and what contradicts itself is refused by file and line."""

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import read_annotation_files

SEGMENTS = {
    "wav.scp": "rec1 {audio}/1.wav\nrec2 {audio}/2 two.wav\nrec3 {audio}/3.wav\n",
    "segments": "u1 rec1 0.5 1.25\nu2 rec1 1.0 2\nu3 rec2 0 -1\n",
    "utt2spk": "u1 ann\nu2 bob\nu3 ann\n",
    "reco2dur": "rec2 3.75\n",
}
WHOLE = {"wav.scp": "ann-1 {audio}/1.wav\nbob-1 {audio}/3.wav\n", "utt2spk": "ann-1 ann\nbob-1 bob\n"}


@pytest.fixture
def write(tmp_path):
    """Write files of a data folder, and return the folder."""
    (tmp_path / "audio").mkdir()
    for name in ("1.wav", "2 two.wav", "3.wav"):
        (tmp_path / "audio" / name).touch()

    def write(files):
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text.format(audio=tmp_path / "audio"))
        return folder

    return write


def events(reading):
    return [
        (e.recording, e.segment.start, e.segment.end, e.label, e.file.name, e.line) for e in reading.events
    ]


def test_segments_are_turns_of_their_speakers(write, tmp_path):
    name, reading = read_annotation_files(write(SEGMENTS), {})
    assert name == "kaldi"
    assert events(reading) == [
        ("rec1", 0.5, 1.25, "ann", "segments", 1),
        ("rec1", 1.0, 2.0, "bob", "segments", 2),
        ("rec2", 0.0, 3.75, "ann", "segments", 3),
    ]
    assert reading.audio == {
        "rec1": tmp_path / "audio" / "1.wav",
        "rec2": tmp_path / "audio" / "2 two.wav",
    }
    # silence of a recording without segments is not known
    assert set(reading.named) == {"rec1", "rec2"}
    assert reading.left_out == {"recordings of wav.scp without segments": 1}


def test_without_segments_a_recording_is_tagged_with_its_speaker(write):
    _, reading = read_annotation_files(write(WHOLE), {})
    assert [(tag.recording, tag.label) for tag in reading.tags] == [("ann-1", "ann"), ("bob-1", "bob")]
    assert not reading.events and not reading.left_out
    assert "one turn of its speaker" in reading.remarks[0]
    assert "a speaker of its own" in reading.remarks[1]


def test_speakers_may_be_listed_with_their_utterances(write):
    folder = write(SEGMENTS | {"spk2utt": "ann u1 u3\nbob u2\n"})
    both = events(read_annotation_files(folder, {})[1])
    (folder / "utt2spk").unlink()
    assert events(read_annotation_files(folder, {})[1]) == both and len(both) == 3


def test_paths_may_begin_in_the_data_folder_or_the_current_one(write, tmp_path, monkeypatch):
    folder = write(WHOLE | {"wav.scp": "ann-1 ../audio/1.wav\nbob-1 ../audio/3.wav\n"})
    _, reading = read_annotation_files(folder, {})
    assert reading.audio["ann-1"].samefile(tmp_path / "audio" / "1.wav")
    monkeypatch.chdir(tmp_path)
    write({"wav.scp": "ann-1 audio/1.wav\nbob-1 audio/3.wav\n"})
    _, reading = read_annotation_files(folder, {})
    assert reading.audio["ann-1"] == tmp_path / "audio" / "1.wav"
    (folder / "audio").mkdir()
    (folder / "audio" / "1.wav").touch()
    with pytest.raises(DataError, match=r"are both 'audio/1\.wav'"):
        read_annotation_files(folder, {})


@pytest.mark.parametrize(
    ("base", "name", "text", "line", "message"),
    [
        (WHOLE, "wav.scp", "ann-1 {audio}/1.wav\nbob-1 sph2pipe -f wav b.sph |\n", 2, "is a command"),
        (WHOLE, "wav.scp", "ann-1 {audio}/1.wav\nbob-1 /data/wav.ark:42\n", 2, "position in an archive"),
        (WHOLE, "wav.scp", "ann-1 /data/wav.ark:42[0:99]\n", 1, "position in an archive"),
        (WHOLE, "wav.scp", "ann-1 {audio}/nowhere.wav\n", 1, "no audio file"),
        (WHOLE, "wav.scp", "ann-1 " + 300 * "x" + "\n", 1, "no audio file"),
        (WHOLE, "wav.scp", "ann-1\n", 1, "cannot be read"),
        (WHOLE, "wav.scp", "ann-1 {audio}/1.wav\nann-1 {audio}/3.wav\n", 2, "'ann-1' is in line 1, too"),
        (WHOLE, "wav.scp", "ann-1 {audio}/1.wav\nbob-1 {audio}/1.wav\n", 2, "are the same file"),
        (WHOLE, "utt2spk", "ann-1 ann\nbob-1 bob\neve-1 eve\n", 3, "'eve-1' is not in wav.scp"),
        (WHOLE, "utt2spk", "ann-1 ann\nbob-1 bob eve\n", 2, "cannot be read"),
        (WHOLE, "spk2utt", "ann ann-1\neve bob-1\n", 2, "not the same in utt2spk and spk2utt"),
        (WHOLE, "spk2utt", "ann ann-1\n", None, "not the same in utt2spk and spk2utt"),
        (WHOLE, "spk2utt", "ann ann-1\nbob ann-1 bob-1\n", 2, "has two speakers"),
        (SEGMENTS, "segments", "u1 rec1 0 1\nu2 rec1 1 2\nu3 rec4 0 1\n", 3, "'rec4' is not in wav.scp"),
        (
            SEGMENTS,
            "segments",
            "u1 rec1 0 1\nu2 rec1 1 2\nu3 rec2 0 1\nu4 rec1 0 1\n",
            4,
            "'u4' has no speaker",
        ),
        (SEGMENTS, "segments", "u1 rec1 0 1\nu2 rec1 1\nu3 rec2 0 1\n", 2, "cannot be read"),
        (SEGMENTS, "segments", "u1 rec1 0 1\nu2 rec1 2 1\nu3 rec2 0 1\n", 2, "not later than the onset"),
        (SEGMENTS, "segments", "u1 rec1 0 -1\nu2 rec1 2 3\nu3 rec2 0 1\n", 1, "which is not known"),
        (SEGMENTS, "utt2spk", "u1 ann\nu2 bob\nu3 ann\nu4 ann\n", 4, "'u4' is not in segments"),
    ],
)
def test_what_contradicts_itself_is_refused_by_file_and_line(write, base, name, text, line, message):
    folder = write(base | {name: text})
    with pytest.raises(DataError, match=message) as caught:
        read_annotation_files(folder, {})
    assert caught.value.file.parent == folder and caught.value.fix
    if line is not None:
        assert (caught.value.file.name, caught.value.line) == (name, line)


def test_a_recording_without_speaker_is_refused_by_file_and_line(write):
    with pytest.raises(DataError, match="'bob-1' has no speaker") as caught:
        read_annotation_files(write(WHOLE | {"utt2spk": "ann-1 ann\n"}), {})
    assert (caught.value.file.name, caught.value.line) == ("wav.scp", 2)


def test_other_annotation_and_unknown_speakers_are_remarked(write):
    _, reading = read_annotation_files(write(SEGMENTS | {"ref.rttm": "", "rttm": "", "text": ""}), {})
    assert reading.remarks == ["Files that are not read: ref.rttm, rttm. Give such a file itself to read it."]
    _, reading = read_annotation_files(write({"utt2spk": "u1 u1\nu2 u2\nu3 u3\n"}), {})
    assert reading.remarks[0].startswith("Each utterance has a speaker of its own")


def test_missing_lists_are_named(write):
    folder = write({"wav.scp": WHOLE["wav.scp"]})
    with pytest.raises(DataError, match="neither utt2spk nor spk2utt"):
        read_annotation_files(folder, {}, name="kaldi")
    (folder / "wav.scp").rename(folder / "utt2spk")
    with pytest.raises(DataError, match="no such file") as caught:
        read_annotation_files(folder, {}, name="kaldi")
    assert caught.value.file == folder / "wav.scp"
