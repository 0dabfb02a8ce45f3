"""Files of events that the package writes: event lists, csv and JSON, as other programs read them."""

import csv
import json
import random

import pandas
import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import found_format, read_annotation_files
from pyannote.audio.database.formats.base import ReadOptions, formats
from pyannote.audio.io.event_lists import format_events

EVENTS = {
    "x/a.wav": [(0.0, 1.25, "car"), (0.5, 12.0, "people walking")],
    "empty": [],
    "b": [(59.999, 60.0, 'a "big", dog; é')],
}


def rows(reading):
    return [(one.recording, one.segment.start, one.segment.end, one.label) for one in reading.events]


def read(folder, text, name=None, **options):
    path = folder / "a.json"
    path.write_text(text, encoding="utf-8")
    return read_annotation_files(path, {}, ReadOptions(**options), name)


EXPECTED = [(name, *event) for name, own in EVENTS.items() for event in own]


@pytest.mark.parametrize("name", ["csv", "events"])
def test_event_lists_of_apply_are_read(tmp_path, name):
    (tmp_path / "events.tsv").write_text(format_events(EVENTS))
    reading = formats()[name].read(tmp_path / "events.tsv", "", ReadOptions())
    assert found_format(tmp_path) == "events"
    assert rows(reading) == EXPECTED
    assert list(reading.named) == list(EVENTS)
    assert (reading.remarks, dict(reading.left_out)) == ([], {})


def test_other_programs_read_what_is_written(tmp_path):
    texts = {name: formats()[name].write(EVENTS, {}) for name in ("csv", "events", "json")}
    table = list(csv.reader(texts["csv"]["events.csv"].splitlines()))
    assert table[0] == ["filename", "onset", "offset", "label"]
    found = [(name, float(onset), float(offset), label) for name, onset, offset, label in table[1:] if label]
    assert found == EXPECTED
    assert [row for row in table if not row[3]] == [["empty", "", "", ""]]
    objects = json.loads(texts["json"]["events.json"])
    assert [tuple(one.values()) for one in objects if len(one) > 1] == EXPECTED
    assert [one for one in objects if len(one) == 1] == [{"recording": "empty"}]
    (tmp_path / "events.tsv").write_text(texts["events"]["events.tsv"])
    frame = pandas.read_csv(tmp_path / "events.tsv", sep="\t", quoting=csv.QUOTE_NONE).dropna()
    assert list(frame.itertuples(index=False, name=None)) == EXPECTED


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("csv", (0, 1, "a\nb")),
        ("events", (0, 1, "a\tb")),
        ("events", (0, 1, '"a" b')),
        ("events", (0.0001, 0.0004, "a")),
    ],
)
def test_what_cannot_be_written_is_refused(name, event):
    with pytest.raises(DataError) as caught:
        formats()[name].write({"a": [event]}, {})
    assert caught.value.fix


@pytest.mark.parametrize("indent", [None, 2])
def test_json_of_any_writer_is_read(tmp_path, indent):
    draw = random.Random(4)
    objects = [
        {"file": f"{draw.randrange(9)}.wav", "Start": onset, "end": onset + 1.5, "class": "é,\"'", "snr": 3}
        for onset in draw.sample(range(10**5), 3000)
    ]
    name, reading = read(
        tmp_path, json.dumps([*objects, {"file": "none"}], indent=indent, ensure_ascii=False)
    )
    assert name == "json"
    assert rows(reading) == [(one["file"], one["Start"], one["end"], one["class"]) for one in objects]
    assert "none" in reading.named
    assert reading.remarks == ["Columns that are not read: 'snr'."]
    lines = [1 if indent is None else 2 + 7 * place for place in range(3000)]
    assert [event.line for event in reading.events] == lines


def test_objects_may_be_weak_soft_or_empty(tmp_path):
    empty = '{"recording": "b", "onset": null, "offset": NaN, "label": null}'
    _, reading = read(tmp_path, f'[{{"recording": "a", "label": "car"}}, {empty}]')
    assert [(tag.recording, tag.label) for tag in reading.tags] == [("a", "car")]
    assert list(reading.named) == ["a", "b"] and reading.events == []
    soft = '[{"recording": "a", "onset": %d, "offset": %d, "label": "car", "value": %s}]'
    assert rows(read(tmp_path, soft % (0, 1, "0.7"), soft=0.5)[1]) == [("a", 0, 1, "car")]
    with pytest.raises(DataError, match="--soft"):
        read(tmp_path, soft % (0, 1, "0.7"))


EVENT = '{"recording": "a", "onset": 0, "offset": 1, "label": "car"}'


@pytest.mark.parametrize(
    ("second", "line", "message"),
    [
        ('{"recording": "a", "onset": 2, "offset": 1, "label": "car"}', 3, "not later"),
        ('{"recording": "a", "onset": Infinity, "offset": 1, "label": "car"}', 3, "'Infinity' is not a time"),
        ('{"recording": "a", "onset": 1e400, "offset": 1, "label": "car"}', 3, "'1e400' is not a time"),
        ('{"recording": "a", "onset": true, "offset": 1, "label": "car"}', 3, "neither text nor a number"),
        ('{"recording": "a", "onset": 0, "offset": 1, "label": ["car"]}', 3, "neither text nor a number"),
        ('{"recording": "a", "onset": 0, "offset": 1, "label": {"car": 1}}', 3, "neither text nor a number"),
        ('{"recording": "a", "onset": 0, "offset": 1, "label": null}', 3, "label is missing"),
        ('{"onset": 0, "offset": 1, "label": "car"}', 3, "recording is missing"),
        ('{"recording": "a", "onset": 0, "label": "car"}', 3, "does not name the columns"),
        ('{"recording": "a", "onset": 0, "onset": 0.5, "offset": 1, "label": "car"}', 3, "no list of events"),
        ('["a", 0, 1, "car"]', 3, "no list of events"),
        ('{"recording": "a",\n "onset": 0 "offset": 1}', 4, "no list of events"),
        ('{"recording": "a"', 4, "no list of events"),
        (f"{EVENT} {EVENT}", 3, "no list of events"),
        (f"{'[' * 100_000}", 3, "no list of events"),
        (f'{{"recording": {"9" * 5000}, "onset": 2, "offset": 1, "label": "car"}}', 3, "not later"),
    ],
)
def test_objects_that_cannot_be_read_are_named(tmp_path, second, line, message):
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path, f"[\n{EVENT},\n{second}\n]", name="json")
    assert (caught.value.file, caught.value.line) == (tmp_path / "a.json", line) and caught.value.fix


@pytest.mark.parametrize("text", [f"[{EVENT}", f"[{EVENT}] 1", EVENT, '{"events": []}', "", "[", "[1]"])
def test_files_that_are_no_list_are_refused(tmp_path, text):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text, name="json")
    assert caught.value.line == 1 and caught.value.fix


def test_an_empty_list_has_no_recordings(tmp_path):
    (tmp_path / "a.json").write_text("[ ]\n")
    assert not formats()["json"].read(tmp_path / "a.json", "", ReadOptions()).named
