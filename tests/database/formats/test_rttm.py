"""RTTM as it is published: all types of lines, nine or ten columns, channels."""

from collections import Counter

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import read_annotation_files
from pyannote.audio.database.formats.base import ReadOptions
from pyannote.audio.database.formats.rttm import FORMAT
from pyannote.audio.io.rttm import read_events

# lines as in the evaluations of NIST (RT-04, RT-09)
NIST = """\
;; EXP-ID: reference
SPKR-INFO meeting 1 <NA> <NA> <NA> adult_male ann <NA>
SPKR-INFO meeting 1 <NA> <NA> <NA> unknown bob <NA>
  ;; an indented comment
NOSCORE meeting 1 0.0 10.25 <NA> <NA> <NA> <NA>
SPEAKER meeting 1 10.5 2.25 <NA> <NA> ann <NA>
LEXEME meeting 1 10.5 0.5 hello lex ann 0.9
LEXEME meeting 1 11.0 0.5 there lex ann 0.9
NON-LEX meeting 1 12.0 0.25 <NA> laugh ann <NA>
NON-SPEECH meeting 1 13 1 <NA> music <NA> <NA>
SEGMENT meeting 1 10.5 2.25 <NA> eval ann <NA>
NO_RT_METADATA meeting 1 20 5 <NA> <NA> <NA> <NA>
SPEAKER meeting 1 12.5 1 <NA> <NA> bob <NA> <NA>
"""
# as Kaldi writes it (CHiME-6), as DIHARD, and as the diarization setup of AMI are published
PUBLISHED = {
    "chime": ("SPEAKER S02_U06 1   40.60   5.40 <NA> <NA> P05 <NA> <NA>\n", (40.6, 46.0, "P05")),
    "dihard": ("SPEAKER DH_0001 1 130.430000 2.350 <NA> <NA> juliet <NA> <NA>\n", (130.43, 132.78, "juliet")),
    "ami": ("SPEAKER EN2001a 1 5.570 0.530 <NA> <NA> MEO069 <NA> <NA>\r\n", (5.57, 6.1, "MEO069")),
    "nine": ("SPEAKER a 1 1.5 2 <NA> <NA> x <NA>\n", (1.5, 3.5, "x")),
    "zero": ("SPEAKER a 0 1.5 2 <NA> <NA> x <NA>\n", (1.5, 3.5, "x")),
}


def read(folder, text):
    path = folder / "a.rttm"
    path.write_bytes(text.encode())
    return read_annotation_files(path, {})[1]


def events(reading):
    return [(e.recording, e.segment.start, e.segment.end, e.label) for e in reading.events]


def test_lines_of_all_types_are_read_or_counted(tmp_path):
    reading = read(tmp_path, NIST)
    assert events(reading) == [("meeting", 10.5, 12.75, "ann"), ("meeting", 12.5, 13.5, "bob")]
    assert [(r.recording, r.segment.start, r.segment.end, r.line) for r in reading.unscored] == [
        ("meeting", 0, 10.25, 5),
        ("meeting", 20, 25, 12),
    ]
    others = {"SPKR-INFO": 2, "LEXEME": 2, "NON-LEX": 1, "NON-SPEECH": 1, "SEGMENT": 1}
    assert reading.left_out == Counter({f"{kind} lines": count for kind, count in others.items()})
    assert FORMAT.looks_right(tmp_path / "a.rttm") and not reading.remarks


@pytest.mark.parametrize("corpus", PUBLISHED)
def test_published_lines_are_read(tmp_path, corpus):
    text, event = PUBLISHED[corpus]
    reading = read(tmp_path, text)
    assert [one[1:] for one in events(reading)] == [pytest.approx(event, abs=1e-9)]
    assert not reading.remarks and not reading.left_out


def test_recordings_whose_lines_are_all_left_out_are_not_named_as_empty(tmp_path):
    reading = read(tmp_path, "LEXEME a 1 0 1 hi lex x 1\nSPKR-INFO b 1 <NA> <NA> <NA> unknown x <NA>\n")
    assert not reading.named and reading.left_out.total() == 2


def test_a_recording_with_unscored_regions_alone_is_named(tmp_path):
    reading = read(tmp_path, "NOSCORE a 2 0 1 <NA> <NA> <NA> <NA> <NA>\n")
    assert list(reading.named) == ["a"] and not reading.events
    assert "one channel (2)" in reading.remarks[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SPEAKER a 1 1.5 <NA> <NA> <NA> x <NA> <NA>", "'<NA>' is not a time"),
        ("NOSCORE a 1 1.5 0 <NA> <NA> <NA> <NA> <NA>", "shorter than a microsecond"),
        ("SPEAKER a 1 1.5 -1 <NA> <NA> x <NA> <NA>", "'-1' is not a time"),
        ("SPEAKER a 1 1.5 1 <NA> <NA> <NA> <NA> <NA>", "label is missing"),
        ("SPEAKER a 1 1.5 1 <NA> <NA> x", "Found 8 columns"),
        ("SPEAKER a 1 1.5 1 <NA> <NA> two words <NA> <NA>", "Found 11 columns"),
        ("NOSCORE a 1 1.5 <NA> <NA> <NA> <NA> <NA>", "'<NA>' is not a time"),
        ("NOSCORE a 1", "cannot be read"),
        ("SPEKER a 1 1.5 1 <NA> <NA> x <NA> <NA>", "'SPEKER' is no type"),
    ],
)
def test_wrong_lines_are_refused_by_file_and_line(tmp_path, line, message):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, f";; a\nSPEAKER a 1 0 1 <NA> <NA> x <NA>\n{line}\n")
    assert (caught.value.file, caught.value.line) == (tmp_path / "a.rttm", 3)


def test_turns_without_duration_are_counted(tmp_path):
    reading = read(tmp_path, "SPEAKER a 1 1.5 0 <NA> <NA> x <NA> <NA>\n")
    assert not reading.events and reading.left_out == {"events without duration": 1}
    assert [place.line for place in reading.points] == [1]


def test_the_reader_of_databases_stays_strict(tmp_path):
    path = tmp_path / "a.rttm"
    for text in (PUBLISHED["nine"][0], "NOSCORE a 1 0 1 <NA> <NA> <NA> <NA> <NA>\n"):
        path.write_text(text)
        with pytest.raises(DataError):
            read_events(path)


def test_channels_of_two_files_are_not_merged(tmp_path):
    for channel in (1, 2):
        (tmp_path / f"{channel}.rttm").write_text(f"SPEAKER call {channel} 0 1 <NA> <NA> x <NA>\n")
    _, reading = read_annotation_files(tmp_path, {})
    assert [event.recording for event in reading.events] == ["call#1", "call#2"]


def test_the_format_alone_tells_the_channels(tmp_path):
    path = tmp_path / "a.rttm"
    path.write_text("SPEAKER a 1 0 1 <NA> <NA> x <NA>\nSPEAKER a 2 0 1 <NA> <NA> x <NA>\n")
    reading = FORMAT.read(path, "", ReadOptions())
    assert [(event.recording, event.channel) for event in reading.events] == [("a", "1"), ("a", "2")]
