"""Event lists: what sed_eval reads, and back."""

import math
import random
import re
import warnings

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.event_lists import format_events, read_event_lists

EVENTS = {
    "street/a001.wav": [(0.0, 1.25, "car"), (0.5, 12.0, "people walking")],
    "empty": [],
    "b": [(59.999, 60.0, "children")],
}


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "events.tsv"
    path.write_text(format_events(EVENTS))
    assert read_event_lists(path) == EVENTS


def test_sed_eval_reads_the_same(tmp_path):
    path = tmp_path / "events.tsv"
    path.write_text(format_events(EVENTS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sed_eval

        loaded = sed_eval.io.load_event_list(str(path))
    rows = [tuple(row.get(key) for key in ("filename", "onset", "offset", "event_label")) for row in loaded]
    assert rows == [
        (name, *event) for name, events in EVENTS.items() for event in events or [(None, None, None)]
    ]


DAMAGED = {
    "c\t0.5": "separated by tabs: it has 2 columns",
    "c\t0.5\t1.0": "it has 3 columns",
    "c\t0.5\t1.0\tcar\tmore": "it has 5 columns",
    "c\tx\t1.0\tcar": "'x' is not a time",
    "c\tnan\t1.0\tcar": "'nan' is not a time",
    "c\t-1\t1.0\tcar": "'-1' is not a time",
    "c\t0,5\t1,0\tcar": "'0,5' is not a time",
    "c\t0\tinf\tcar": "'inf' is not a time",
    "c\t0\t1e9\tcar": "later than 1000000 s",
    "c\t1.0\t1.0\tcar": "The offset 1.0 is not later than the onset 1.0",
    "c\t2.0\t1.0\tcar": "The offset 1.0 is not later than the onset 2.0",
    "c\t1.0\t2.0\t ": "The label is missing",
    "\t1.0\t2.0\tcar": "The file name is missing",
    "filename\tonset\toffset\tevent_label": "'onset' is not a time",
    "b": "stands in line 5 already",
    "empty": "stands in line 4 already",
    "empty\t1.0\t2.0\tcar": "stands in line 4 already",
    "c\t1.0\t2.0\tc\0r": "NUL",
}


@pytest.mark.parametrize("line", DAMAGED)
def test_a_damaged_line_is_told_with_its_number(tmp_path, line):
    path = tmp_path / "events.tsv"
    path.write_text(format_events(EVENTS) + line + "\n")
    with pytest.raises(DataError, match=re.escape(DAMAGED[line])) as caught:
        read_event_lists(path)
    assert (caught.value.file, caught.value.line) == (path, 6)


WRITTEN = {
    "without a header": "a\t0.5\t1\tcar\na\t2\t3\tbus\nb\n",
    "with one": "filename\tonset\toffset\tevent_label\na\t0.5\t1\tcar\na\t2\t3\tbus\nb\n",
    "in the order of DESED": "event_label\tonset\toffset\tfilename\ncar\t0.5\t1\ta\nbus\t2\t3\ta\n\t\t\tb\n",
    "of another system": "\ufeffFilename\tOnset\tOffset\tEvent_label\r\na\t0.5\t1\tcar\r\na\t2\t3\tbus\r\nb",
    "in another order of lines": "\nb\na\t0.5\t1.000\tcar\na\t2e0\t3\tbus\n\n",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_lists_that_others_have_written_lose_no_line(tmp_path, text):
    path = tmp_path / "events.tsv"
    path.write_bytes(text.encode())
    assert read_event_lists(path) == {"a": [(0.5, 1.0, "car"), (2.0, 3.0, "bus")], "b": []}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_sed_eval_reads_a_list_without_a_header_alike(tmp_path, ending):
    path = tmp_path / "events.tsv"
    path.write_bytes(ending.join(["a\t0.5\t1\tcar", "b\t2\t3\tbus", ""]).encode())
    fields = ["filename", "onset", "offset", "event_label"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sed_eval

        rows = sed_eval.io.load_event_list(str(path), fields=fields, csv_header=False)
    found = {row["filename"]: [(row["onset"], row["offset"], row["event_label"])] for row in rows}
    assert read_event_lists(path) == found == {"a": [(0.5, 1.0, "car")], "b": [(2.0, 3.0, "bus")]}


NOT_LISTS = {
    "SPEAKER a 1 0.5 0.5 <NA> <NA> car <NA> <NA>\n": "This line is RTTM",
    "a,0.5,1.0,car\n": "separated by tabs: it has 1 column.",
    "a;0.5;1.0;car\n": "it has 1 column.",
    "a 0.5 1.0 car\n": "it has 1 column.",
    "filename,onset,offset,event_label\na,0.5,1.0,car\n": "it has 1 column.",
    "filename\na\n": "it has 1 column.",
    "0.5\t1.0\tcar\n": "it has 3 columns",
    "filename\tonset\toffset\n": "it has 3 columns",
    "file\tstart\tend\tlabel\na\t0.5\t1.0\tcar\n": "'start' is not a time",
    "filename\tscene_label\tonset\toffset\tevent_label\n": "it has 5 columns",
}


@pytest.mark.parametrize("text", NOT_LISTS)
def test_a_first_line_that_is_neither_header_nor_event_is_refused(tmp_path, text):
    path = tmp_path / "events.tsv"
    path.write_text(text)
    with pytest.raises(DataError, match=re.escape(NOT_LISTS[text])) as caught:
        read_event_lists(path)
    assert (caught.value.file, caught.value.line) == (path, 1)


def test_an_event_that_is_shorter_than_a_millisecond_does_not_end_where_it_begins(tmp_path):
    path = tmp_path / "events.tsv"
    events = {"a": [(1.0001, 1.0003, "car"), (0.1 + 0.2, 0.30000000000000010, "car")]}
    path.write_text(format_events(events))
    assert read_event_lists(path) == events


def test_figures_of_segments_do_not_change_by_rounding(tmp_path):
    """By hand: 2.0004 s lies in the third second, and so did its event before it was written."""
    path, draw = tmp_path / "events.tsv", random.Random(0)
    times = [(second + draw.choice([0, 4e-4, -4e-4, 1e-9, 0.25]), second + 3 + draw.choice([0, 4e-4, -1e-12]))
             for second in range(1, 400)]  # fmt: skip
    events = [(onset, offset, "car") for onset, offset in [(0.2, 2.0004), *times]]
    path.write_text(format_events({"a": events}))
    read = read_event_lists(path)["a"]
    assert "a\t0.200\t2.0004\tcar" in path.read_text()
    assert [(math.floor(a), math.ceil(b)) for a, b, _ in read] == [
        (math.floor(a), math.ceil(b)) for a, b, _ in events
    ]
    assert max(abs(one[0] - other[0]) for one, other in zip(read, events, strict=True)) <= 5e-4


def test_missing_and_binary_files_are_sentences(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_event_lists(tmp_path / "events.tsv")
    (tmp_path / "events.tsv").write_bytes(b"\n \n")
    with pytest.raises(DataError, match="is empty"):
        read_event_lists(tmp_path / "events.tsv")
    (tmp_path / "events.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="UTF-8"):
        read_event_lists(tmp_path / "events.tsv")
