"""TextGrids of Praat."""

import pytest
from annotation_texts import events, looks_right, read, refused

from pyannote.audio.database.formats.base import format_named

LONG = """\
File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 10
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "sounds"
        xmin = 0
        xmax = 10
        intervals: size = 4
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 1.25
            text = "car ""red"" = 3"
        intervals [3]:
            xmin = 1.25
            xmax = 2 ! here begins "the next" at 2
            text = " "
        intervals [4]:
            xmin = 2
            xmax = 10
            text = "people
walking"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 10
        points: size = 1
        points [1]:
            number = 3.5
            mark = "click"
"""
SHORT = """\
File type = "ooTextFile"
"TextGrid"

0
10
<exists>
2
"IntervalTier"
"sounds"
0
10
4
0
0.5
""
0.5
1.25
"car ""red"" = 3"
1.25
2
" "
2
10
"people
walking"
"TextTier"
"clicks"
0
10
1
3.5
"click"
"""
SOUNDS = [(0.5, 1.25, 'car "red" = 3'), (2.0, 10.0, "people\nwalking")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-8-sig"])
@pytest.mark.parametrize("text", [LONG, SHORT, LONG.replace("\n", "\r\n")])
def test_the_long_and_the_short_form_are_read_in_each_encoding(tmp_path, text, encoding):
    reading = read(tmp_path, "textgrid", text.encode(encoding))
    assert events(reading) == SOUNDS
    assert reading.left_out == {"points of time": 1}
    assert len(reading.remarks) == ("16" in encoding)


def test_errors_name_lines_of_either_form(tmp_path):
    assert [event.line for event in read(tmp_path, "textgrid", LONG).events] == [22, 30]
    assert [event.line for event in read(tmp_path, "textgrid", SHORT).events] == [18, 24]


def tiers(*named):
    """TextGrid of tiers of one interval each, from 1 s to 2 s."""
    parts = [f'"IntervalTier" "{name}" 0 4 3  0 1 ""  1 2 "{text}"  2 4 ""' for name, text in named]
    return "\n".join(['"ooTextFile" "TextGrid" 0 4 <exists>', str(len(named)), *parts])


CONVERSATION = tiers(("ann", "good morning"), ("bob", "hello"))


def test_several_tiers_are_refused_until_one_or_all_are_chosen(tmp_path):
    told = refused(tmp_path, "textgrid", CONVERSATION, 3, "several tiers: 'ann', 'bob'")
    assert "--tier" in told and "--tier-labels" in told
    assert events(read(tmp_path, "textgrid", CONVERSATION, tier="bob")) == [(1.0, 2.0, "hello")]
    both = [(1.0, 2.0, "good morning"), (1.0, 2.0, "hello")]
    assert events(read(tmp_path, "textgrid", CONVERSATION, tier="*")) == both
    refused(tmp_path, "textgrid", CONVERSATION, 3, "no tier 'eve' of intervals: 'ann', 'bob'", tier="eve")


def test_tiers_are_speakers_if_their_names_are_the_labels(tmp_path):
    reading = read(tmp_path, "textgrid", CONVERSATION, tier_labels=True)
    assert events(reading) == [(1.0, 2.0, "ann"), (1.0, 2.0, "bob")]
    only = read(tmp_path, "textgrid", CONVERSATION, tier="ann", tier_labels=True)
    assert events(only) == [(1.0, 2.0, "ann")]


def test_tiers_of_one_name_are_one(tmp_path):
    text = tiers(("sounds", "car"), ("sounds", "dog"))
    assert events(read(tmp_path, "textgrid", text)) == [(1.0, 2.0, "car"), (1.0, 2.0, "dog")]


def test_a_tier_of_points_is_not_a_tier_of_intervals(tmp_path):
    points = '"ooTextFile" "TextGrid" 0 4 <exists> 1\n"TextTier" "clicks" 0 4 1 2 "click"'
    refused(tmp_path, "textgrid", points, 2, "no tier of intervals: none")
    refused(tmp_path, "textgrid", LONG, 11, "no tier 'clicks' of intervals: 'sounds'", tier="clicks")
    assert not read(tmp_path, "textgrid", LONG, tier="sounds").left_out


def test_an_empty_tier_is_a_recording_without_events(tmp_path):
    reading = read(tmp_path, "textgrid", tiers(("sounds", "")))
    assert list(reading.named) == ["a"] and not reading.events


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ("ooTextFile", "ooBinaryFile", 2, "does not begin with"),
        ("TextGrid", "PitchTier", 2, "does not begin with"),
        ('"IntervalTier"', '"Interval"', 10, "cannot be of the class 'Interval'"),
        ("xmax = 0.5", "xmax = 0,5", 17, "'0,5' is not a time"),
        ("xmax = 0.5", "xmax = --undefined--", 17, "'--undefined--' is not a time"),
        ("xmax = 0.5", "xmax =", 18, "Here stands the text '' where a number is expected"),
        ("            xmax = 1.25\n", "", 21, "where a number is expected"),
        ("size = 4", "size = 5", 33, "where a number is expected"),
        ("size = 4", "size = 3", 28, "where a text is expected"),
        ("size = 4", "size = 4.5", 14, "'4.5' is not a number of"),
        ("size = 2", "size = 3", 40, "the end of the file"),
        ("size = 2", "size = 1", 33, "After the last tier stands the text 'TextTier'"),
        ("<exists>", "exists", 7, "where a flag is expected"),
        ('mark = "click"', 'mark = "click', 40, "quote is not closed"),
        ("xmax = 1.25", "xmax = 0.25", 22, "cannot last from 0.5 s to 0.25 s"),
        ("xmax = 1.25", "xmax = 1.25\0", 21, "NUL"),
    ],
)
def test_damage_is_refused(tmp_path, before, after, line, message):
    assert LONG.count(before) >= 1
    refused(tmp_path, "textgrid", LONG.replace(before, after, 1), line, message)


def test_intervals_without_duration_are_counted(tmp_path):
    reading = read(tmp_path, "textgrid", LONG.replace("xmin = 0.5", "xmin = 1.25"))
    assert reading.left_out == {"events without duration": 1, "points of time": 1}


def test_what_looks_like_a_textgrid(tmp_path):
    assert looks_right(tmp_path, "textgrid", LONG) and looks_right(tmp_path, "textgrid", SHORT)
    assert not looks_right(tmp_path, "textgrid", "0 1 car\n")


def test_a_written_tier_has_no_gaps_and_lasts_as_long_as_the_recording():
    text = format_named("textgrid").write({"a": [(2.0, 3.0, 'a "b"'), (0.5, 2.0, "c")]}, {"a": 10.0})[
        "a.TextGrid"
    ]
    numbers = [line.strip() for line in text.splitlines() if "xm" in line or "text" in line]
    assert numbers == [
        *("xmin = 0.0", "xmax = 10.0"),
        *("xmin = 0.0", "xmax = 10.0"),
        *("xmin = 0.0", "xmax = 0.5", 'text = ""'),
        *("xmin = 0.5", "xmax = 2.0", 'text = "c"'),
        *("xmin = 2.0", "xmax = 3.0", 'text = "a ""b"""'),
        *("xmin = 3.0", "xmax = 10.0", 'text = ""'),
    ]
