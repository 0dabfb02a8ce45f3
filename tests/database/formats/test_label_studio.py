"""Exports of Label Studio."""

import json

import pytest
from annotation_texts import looks_right, read, refused

from pyannote.audio.database.annotation_files import found_format


def region(start, end, *labels, **rest):
    """Result of a region."""
    value = {"start": start, "end": end, "channel": 0, "labels": list(labels), **rest}
    return {
        "from_name": "label",
        "to_name": "audio",
        "type": "labels",
        "original_length": 10.0,
        "value": value,
    }


def annotation(*results, by=1, **rest):
    """Annotation of a task."""
    return {
        "completed_by": by,
        "was_cancelled": False,
        "ground_truth": False,
        "result": list(results),
        **rest,
    }


def task(audio, *annotations, **rest):
    """A task."""
    return {"id": 1, "data": {"audio": audio}, "annotations": list(annotations), "predictions": [], **rest}


def lines(*tasks):
    """Text with a task a line, from line 2."""
    return "[\n" + ",\n".join(json.dumps(one) for one in tasks) + "\n]\n"


def found(reading):
    """Recording, onset, offset and label of each event."""
    return [(event.recording, *event.segment, event.label) for event in reading.events]


TASKS = lines(
    task(
        "/data/upload/3/1f2e3d4c-a.wav", annotation(region(0.5, 1.25, "car"), region(2, 3.5, "people", "dog"))
    ),
    task("/data/local-files/?d=street%2Fb%20c.wav", annotation()),
)


def test_each_label_of_a_region_is_an_event_of_the_recording_of_the_task(tmp_path):
    reading = read(tmp_path, "label_studio", TASKS)
    car, people, dog = ("a.wav", 0.5, 1.25, "car"), ("a.wav", 2.0, 3.5, "people"), ("a.wav", 2.0, 3.5, "dog")
    assert found(reading) == [car, people, dog]
    assert {name: place.line for name, place in reading.named.items()} == {"a.wav": 2, "b c.wav": 3}
    assert not reading.left_out
    assert looks_right(tmp_path, "label_studio", TASKS)
    assert found_format(tmp_path) == "label_studio"


@pytest.mark.parametrize(
    ("audio", "name"),
    [
        ("/data/upload/1f2e3d4c-a.wav", "a.wav"),
        ("http://host/data/upload/3/1f2e3d4c-a-b.wav", "a-b.wav"),
        ("/data/upload/3/a.wav", "a.wav"),
        ("/data/local-files/?d=1f2e3d4c-a.wav", "1f2e3d4c-a.wav"),
        ("s3://bucket/street/1f2e3d4c-a.wav", "1f2e3d4c-a.wav"),
        ("https://host/street/a%20b.wav?token=x/y", "a b.wav"),
        ("a.wav", "a.wav"),
    ],
)
def test_the_recording_is_named_by_the_location_of_its_audio(tmp_path, audio, name):
    assert list(read(tmp_path, "label_studio", lines(task(audio, annotation()))).named) == [name]


def test_json_min_has_an_object_an_annotation(tmp_path):
    common = {"annotator": 1, "annotation_id": 7, "id": 1, "lead_time": 3.5}
    labels = [{"start": 0.5, "end": 1.25, "channel": 0, "labels": ["car", "dog"]}]
    text = lines(
        {"audio": "/data/upload/3/1f2e3d4c-a.wav", **common, "sounds": labels, "note": ["loud"]},
        {"audio": "/data/upload/3/1f2e3d4c-b.wav", **common},
    )
    reading = read(tmp_path, "label_studio", text)
    assert found(reading) == [("a.wav", 0.5, 1.25, "car"), ("a.wav", 0.5, 1.25, "dog")]
    assert list(reading.named) == ["a.wav", "b.wav"]
    assert looks_right(tmp_path, "label_studio", text)


def test_answers_of_other_types_are_counted(tmp_path):
    choice = {"type": "choices", "value": {"choices": ["loud"]}}
    of_text = region(0, 12, "name", text="good morning")
    reading = read(
        tmp_path, "label_studio", lines(task("a.wav", annotation(choice, of_text, region(1, 2, "car"))))
    )
    assert found(reading) == [("a.wav", 1.0, 2.0, "car")]
    assert reading.left_out == {"answers of the type 'choices'": 1, "labels of text": 1}


def test_cancelled_annotations_are_counted_and_their_recordings_are_not_annotated(tmp_path):
    cancelled = annotation(region(1, 2, "car"), was_cancelled=True)
    text = lines(
        task("a.wav", cancelled), task("b.wav", cancelled, annotation(region(3, 4, "dog"))), task("c.wav")
    )
    reading = read(tmp_path, "label_studio", text)
    assert found(reading) == [("b.wav", 3.0, 4.0, "dog")]
    assert list(reading.named) == ["b.wav"]
    assert reading.left_out == {"annotations that were cancelled": 2, "tasks without annotation": 2}


def test_predictions_and_drafts_are_counted(tmp_path):
    text = lines(task("a.wav", annotation(), drafts=[{}, {}]) | {"predictions": [{"result": []}]})
    assert read(tmp_path, "label_studio", text).left_out == {"predictions": 1, "drafts": 2}


def test_two_annotators_are_refused_unless_one_is_the_ground_truth(tmp_path):
    ann, bob = (
        annotation(region(1, 2, "car"), by=7),
        annotation(region(3, 4, "dog"), by={"email": "bob@x.y", "id": 8}),
    )
    told = refused(tmp_path, "label_studio", lines(task("a.wav", ann, bob)), 2, "'a.wav' has two annotations")
    assert "'7'" in told and "'bob@x.y'" in told
    text = lines(task("a.wav", ann, bob | {"ground_truth": True}))
    reading = read(tmp_path, "label_studio", text)
    assert found(reading) == [("a.wav", 3.0, 4.0, "dog")]
    assert reading.left_out == {"annotations beside the ground truth": 1}
    both = lines(task("a.wav", *(one | {"ground_truth": True} for one in (ann, bob))))
    refused(tmp_path, "label_studio", both, 2, "'a.wav' has two annotations")


def test_two_annotators_of_json_min_and_two_tasks_of_one_recording_are_refused(tmp_path):
    one = {"audio": "a.wav", "annotation_id": 1, "label": []}
    text = lines(one | {"annotator": 7}, one | {"annotator": "bob@x.y"})
    told = refused(tmp_path, "label_studio", text, 3, "'a.wav' is annotated twice.*in line 2")
    assert "'bob@x.y'" in told
    uploads = [task(f"/data/upload/{n}/1f2e3d4c-a.wav", annotation()) for n in (1, 2)]
    refused(tmp_path, "label_studio", lines(*uploads), 3, "'a.wav' is annotated twice.*in line 2")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"start": 0.5', '"start": 1.5', "cannot last from 1.5 s to 1.25 s"),
        ('"start": 0.5', '"start": "0.5"', "'start' has to be a number of seconds"),
        ('"start": 0.5', '"begin": 0.5', "'start' has to be a number of seconds"),
        ('"end": 1.25', '"end": null', "'end' has to be a number of seconds"),
        ('["car"]', "[]", "has no labels"),
        ('["car"]', '[""]', "label is missing"),
        ('["car"]', "[1]", "has no labels"),
        ('["car"]', '"car"', "'labels' has to be a list"),
        ('"audio": "/data', '"sound": "/data', "has no audio; its keys are 'sound'"),
        ('"result": [{', '"result": [7, {', "An object"),
        ('"result": [{', '"results": [{', "'result' has to be a list"),
        ('"data": {', '"data": 3, "x": {', "An object"),
    ],
)
def test_damage_is_refused(tmp_path, before, after, message):
    refused(tmp_path, "label_studio", TASKS.replace(before, after, 1), 2, message)


def test_other_json_is_refused_and_does_not_look_right(tmp_path):
    for text, line, message in (
        ("{}", 1, "list of tasks"),
        ("[1]", 1, "An object"),
        ("[\n" * 100_000, 51, "nested more than 50 levels"),
        ("", 1, "not valid JSON"),
        ('[{"filename": "a.wav", "onset": 1, "offset": 2, "label": "car"}]', 1, "has no audio"),
    ):
        refused(tmp_path, "label_studio", text, line, message)
        assert not looks_right(tmp_path, "label_studio", text)


def test_regions_without_duration_are_counted(tmp_path):
    reading = read(tmp_path, "label_studio", lines(task("a.wav", annotation(region(1, 1, "car")))))
    assert reading.left_out == {"events without duration": 1} and not reading.events
