"""Segments of STM as turns of speakers."""

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import read_annotation_files

# as in TED-LIUM and in the evaluations of NIST
TEXT = """\
;; CATEGORY "0" "" ""
Al_2009 1 inter_segment_gap 0 15.5 <o,,unknown> ignore_time_segment_in_scoring
Al_2009 1 Al_2009 15.5 20.25 <o,f0,male> thank you <unk> so much
Al_2009 1 Eve 20.25 22
Al_2009 1 Eve 22 23 <NA>
Al_2009 1 Eve 23 24 <unk>
Al_2009 1 Eve 24 25 without a label
Al_2009 1 excluded 25 26 IGNORE_TIME_SEGMENT_IN_SCORING
"""


def read(folder, text):
    path = folder / "a.stm"
    path.write_text(text)
    return read_annotation_files(path, {})[1]


def test_segments_are_turns_and_ignored_ones_are_unscored(tmp_path):
    reading = read(tmp_path, TEXT)
    assert [(e.recording, e.segment.start, e.segment.end, e.label, e.line) for e in reading.events] == [
        ("Al_2009", 15.5, 20.25, "Al_2009", 3),
        ("Al_2009", 23, 24, "Eve", 6),
        ("Al_2009", 24, 25, "Eve", 7),
    ]
    assert [(r.segment.start, r.segment.end) for r in reading.unscored] == [(0, 15.5), (25, 26)]
    assert reading.left_out == {"segments without words": 2}


def test_channels_stay_apart(tmp_path):
    reading = read(tmp_path, "call A ann 0 1 hi\ncall B bob 0 1 hi\n")
    assert [(e.recording, e.label) for e in reading.events] == [("call#1", "ann"), ("call#2", "bob")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a 1 ann 0", "cannot be read"),
        ("a 1 ann 1 0.5 x", "not later"),
        ("a 1 ann 0 x y", "'x' is not a time"),
    ],
)
def test_wrong_lines_are_refused_by_file_and_line(tmp_path, line, message):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, f"a 1 ann 0 1 x\n{line}\n")
    assert (caught.value.file, caught.value.line) == (tmp_path / "a.stm", 2)
