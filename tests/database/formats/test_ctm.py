"""Words of CTM as events of speech, each case worked by hand."""

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import read_annotation_files


def read(folder, text):
    path = folder / "a.ctm"
    path.write_text(text)
    return read_annotation_files(path, {})[1]


def events(reading):
    return [
        (e.recording, round(e.segment.start, 6), round(e.segment.end, 6), e.label, e.line)
        for e in reading.events
    ]


def test_words_that_touch_are_one_event_and_pauses_stay(tmp_path):
    text = ";; hypothesis\na 1 0.50 0.20 the 0.9\na 1 0.70 0.30 cat\na 1 1.25 0.25 sat 1.0\nb 1 0 1 hi\n"
    reading = read(tmp_path, text)
    assert events(reading) == [
        ("a", 0.5, 1.0, "speech", 2),
        ("a", 1.25, 1.5, "speech", 4),
        ("b", 0.0, 1.0, "speech", 5),
    ]
    assert "words that touch are one event" in reading.remarks[0] and not reading.left_out


def test_words_need_not_be_in_order_and_may_overlap(tmp_path):
    reading = read(tmp_path, "a 1 2 1 c\na 1 0 1.5 a\na 1 0.5 0.25 b\na 1 1.2 0.9 d\n")
    assert events(reading) == [("a", 0.0, 3.0, "speech", 2)]


def test_speakers_are_labels_and_are_not_joined(tmp_path):
    text = (
        "a 1 0 1 x 0.9 lex ann\na 1 1 1 y 0.9 fp bob\na 1 2 1 z 0.9 lex unknown\na 1 1.0 0.5 w NA lex ann\n"
    )
    assert events(read(tmp_path, text)) == [
        ("a", 0.0, 1.5, "ann", 1),
        ("a", 1.0, 2.0, "bob", 2),
        ("a", 2.0, 3.0, "speech", 3),
    ]


def test_what_is_no_speech_is_counted(tmp_path):
    text = (
        "a 1 0 1 <eps>\na 1 1 1 SIL 1.0\na 1 2 0 a\na 1 3 1 %laugh 1 non-lex ann\na 1 4 1 x 1 misc\n"
        "a 1 5 2 <eps> NA noscore\na 1 * * <ALT_BEGIN>\na 1 8 1 uh\na * * * <ALT>\n"
        "a 1 8 1 oh\na * * * <ALT_END>\n"
    )
    reading = read(tmp_path, text)
    assert events(reading) == [("a", 8.0, 9.0, "speech", 8)]
    assert [(r.recording, r.segment.start, r.segment.end, r.line) for r in reading.unscored] == [
        ("a", 5, 7, 6)
    ]
    assert reading.left_out == {
        "words that stand for silence": 2,
        "words without duration": 1,
        "words of type non-lex": 1,
        "words of type misc": 1,
        "marks of alternative words": 3,
    }


def test_channels_stay_apart(tmp_path):
    reading = read(tmp_path, "call A 0 1 hello\ncall B 1 1 hi\ncall A 1 1 you\n")
    assert events(reading) == [
        ("call#1", 0.0, 2.0, "speech", 1),
        ("call#2", 1.0, 2.0, "speech", 2),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a 1 0 1", "cannot be read"),
        ("a 1 0 1 x 1 lex ann more", "cannot be read"),
        ("a 1 -1 1 x", "'-1' is not a time"),
        ("a 1 0 long x", "'long' is not a time"),
        ("a 1 0 1 x 1 word", "'word' is no type of word"),
    ],
)
def test_wrong_lines_are_refused_by_file_and_line(tmp_path, line, message):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, f"a 1 0 1 x\n{line}\n")
    assert (caught.value.file, caught.value.line) == (tmp_path / "a.ctm", 2)
