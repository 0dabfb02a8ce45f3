"""JAMS, as Scaper writes it, and with segments and tags."""

import json

import pytest
from annotation_texts import events, looks_right, read, refused

from pyannote.audio.database.annotation_files import found_format

SCAPER = """\
{
  "annotations": [
    {
      "namespace": "scaper",
      "data": [
        {"time": 0.0, "duration": 10.0, "confidence": 1.0,
         "value": {"label": "park", "role": "background", "event_time": 0, "event_duration": 10.0}},
        {"time": 2.5, "duration": 5.0, "confidence": 1.0,
         "value": {"label": "siren", "role": "foreground", "event_time": 1, "event_duration": 1}},
        {"time": 7, "duration": 0.25, "confidence": NaN,
         "value": {"label": "car horn", "role": "foreground"}}
      ],
      "sandbox": {"scaper": {"fg_spec": [[["const", "siren"]]]}},
      "time": 0,
      "duration": 10.0
    }
  ],
  "file_metadata": {"duration": 10.0, "jams_version": "0.3.4"},
  "sandbox": {}
}
"""
SOUNDS = [(2.5, 7.5, "siren"), (7.0, 7.25, "car horn")]


def jams(*annotations, duration=10.0):
    """Text of a file with these annotations, each a namespace, observations and other keys."""
    listed = [
        {
            "namespace": name,
            "data": [dict(zip(("time", "duration", "value"), one, strict=True)) for one in data],
            **rest,
        }
        for name, data, rest in annotations
    ]
    return json.dumps({"annotations": listed, "file_metadata": {"duration": duration}}, indent=1)


@pytest.mark.parametrize("namespace", ["scaper", "sound_event"])
def test_sounds_in_the_foreground_are_events(tmp_path, namespace):
    text = SCAPER.replace('"namespace": "scaper"', f'"namespace": "{namespace}"')
    reading = read(tmp_path, "jams", text)
    assert events(reading) == SOUNDS
    assert [event.line for event in reading.events] == [8, 10]
    assert reading.left_out == {"sounds of the role 'background'": 1}
    assert list(reading.named) == ["a"] and not reading.unscored
    assert looks_right(tmp_path, "jams", text)
    assert found_format(tmp_path) == "jams"


def test_observations_may_be_an_object_of_lists(tmp_path):
    data = {"time": [1, 2.5], "duration": [0.5, 1], "value": ["car", "dog"], "confidence": [None, None]}
    text = json.dumps({"annotations": [{"namespace": "segment_open", "data": data}]})
    assert events(read(tmp_path, "jams", text)) == [(1.0, 1.5, "car"), (2.5, 3.5, "dog")]
    data["time"].append(3)
    text = json.dumps({"annotations": [{"namespace": "segment_open", "data": data}]})
    refused(tmp_path, "jams", text, 1, "different lengths")


TAGS = ("tag_open", [(0, 10.0, "street"), (0, None, "day"), (None, 9.95, "car")], {})


def test_tags_of_the_whole_recording_are_weak_labels(tmp_path):
    reading = read(tmp_path, "jams", jams(TAGS, ("beat", [(1, 0, 1)], {})))
    expected = [("a", "street"), ("a", "day"), ("a", "car")]
    assert [(tag.recording, tag.label) for tag in reading.tags] == expected
    assert list(reading.named) == ["a"] and not reading.events
    assert reading.left_out == {"annotations of the namespace 'beat'": 1}


@pytest.mark.parametrize("before", [True, False])
def test_segments_are_events_and_tags_beside_them_are_counted(tmp_path, before):
    both = [TAGS, ("segment_open", [(1, 2, "car")], {})]
    reading = read(tmp_path, "jams", jams(*both if before else both[::-1]))
    assert events(reading) == [(1.0, 3.0, "car")]
    assert not reading.tags
    assert reading.left_out == {"tags of recordings with events": 3}


def test_tags_of_a_part_of_the_recording_are_refused(tmp_path):
    for onset, duration in ((0, 5), (1, 9)):
        text = jams(("tag_open", [(onset, duration, "car")], {}))
        refused(tmp_path, "jams", text, 6, "not for the whole recording")


def test_parts_outside_the_annotated_time_are_unscored(tmp_path):
    text = jams(("segment_open", [(3, 1, "car")], {"time": 2, "duration": 7}))
    reading = read(tmp_path, "jams", text)
    assert [tuple(region.segment) for region in reading.unscored] == [(0, 2.0), (9.0, 10.0)]
    assert not read(tmp_path, "jams", jams(("segment_open", [], {"time": 0, "duration": None}))).unscored


def test_two_annotations_of_one_kind_are_refused(tmp_path):
    text = jams(("segment_open", [(1, 1, "car")], {}), ("scaper", [], {}))
    refused(tmp_path, "jams", text, 13, "two annotations of events: 'segment_open' in line 3, and 'scaper'")


def test_a_file_without_a_known_annotation_is_refused(tmp_path):
    refused(tmp_path, "jams", jams(("beat", [(1, 0, 1)], {})), 1, "no annotation of sound events")
    refused(tmp_path, "jams", '{"annotations": []}', 1, "no annotation of sound events")


@pytest.mark.parametrize(
    ("before", "after", "line", "message"),
    [
        ('"time": 2.5', '"time": -2.5', 8, "'time' has to be a number of seconds"),
        ('"time": 2.5', '"time": "2.5"', 8, "'time' has to be a number of seconds"),
        ('"time": 2.5', '"time": true', 8, "'time' has to be a number of seconds"),
        ('"time": 2.5', '"time": NaN', 8, "'time' has to be a number of seconds"),
        ('"time": 2.5', '"time": 1e999', 8, "'time' has to be a number of seconds"),
        ('"time": 2.5', f'"time": {"9" * 5000}', 8, "'time' has to be a number of seconds"),
        ('"time": 2.5, ', "", 8, "has no 'time'"),
        ('"time": 2.5, ', '"time": 2.5, "time": 3, ', 8, "'time' occurs twice"),
        ('"duration": 5.0', '"duration": null', 8, "'duration' has to be a number of seconds"),
        ('"label": "siren"', '"label": 3', 9, "'label' has to be a text"),
        ('"label": "siren"', '"label": " "', 8, "label is missing"),
        ('"label": "car horn", "role": "foreground"', '"label": "car horn"', 11, "'role' has to be a text"),
        ('"namespace": "scaper",', "", 3, "'namespace' has to be a text"),
        ('"annotations"', '"notes"', 1, "'annotations' has to be a list"),
        ('"data": [', '"data": [3, ', 3, "An object"),
        ('"time": 2.5,', '"time": 2.5', 8, "not valid JSON"),
        ("}\n  ],", "}\n  ]", 18, "not valid JSON"),
    ],
)
def test_damage_is_refused(tmp_path, before, after, line, message):
    assert SCAPER.count(before) == 1
    refused(tmp_path, "jams", SCAPER.replace(before, after), line, message)


def test_deep_and_foreign_json_is_refused(tmp_path):
    refused(tmp_path, "jams", "[" * 100_000, 1, "nested more than 50 levels")
    refused(tmp_path, "jams", '{"a":\n' * 100_000, 51, "nested more than 50 levels")
    refused(tmp_path, "jams", "[1]", 1, "An object")
    refused(tmp_path, "jams", "", 1, "not valid JSON")
    for text in ("[" * 100_000, "[1]", "", '{"annotations": [{}]}', '{"annotations": [1]}'):
        assert not looks_right(tmp_path, "jams", text)


def test_observations_without_duration_are_counted(tmp_path):
    reading = read(tmp_path, "jams", jams(("segment_open", [(1, 0, "car")], {})))
    assert reading.left_out == {"events without duration": 1} and not reading.events
