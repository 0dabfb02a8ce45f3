"""Compositions of labels, against a raster of milliseconds and cases worked by hand."""

from itertools import pairwise

import numpy as np
import pytest

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.labels import ClassDefinition, Composition
from pyannote.audio.core.rasters import frame_range

SPEC = Composition.of_labels(
    regular=["a", "b"],
    union={"any": ["a", "b", "c"]},
    intersection={"both": ["a", "b"], "all": ["a", "b", "c"]},
)


def random_events(seed, count=12, end=3000):
    """Events whose times are whole milliseconds, in seconds."""
    random = np.random.default_rng(seed)
    times = np.sort(random.choice(end, size=(count, 2)), axis=1)
    labels = random.choice(list("abcd"), size=count)
    return [
        (float(onset) / 1000, float(offset + 1) / 1000, str(label))
        for (onset, offset), label in zip(times, labels, strict=True)
    ]


def in_milliseconds(events, end=3001):
    active = {label: np.zeros(end, dtype=bool) for label in "abcd"}
    for onset, offset, label in events:
        active[label][round(onset * 1000) : round(offset * 1000)] = True
    a, b, c = (active[label] for label in "abc")
    return np.stack([a, b, a | b | c, a & b, a & b & c], axis=1)


@pytest.mark.parametrize("seed", range(8))
def test_raster_holds_what_is_active_in_the_middle_of_each_frame(seed):
    events = [event for event in random_events(seed) if event[1] - event[0] > 0.01]
    raster = SPEC.raster(events, frames=300, step=0.01)
    assert np.array_equal(raster.astype(bool), in_milliseconds(events)[5:3000:10])


# among 40 milliseconds, many events begin and end at once
@pytest.mark.parametrize(("count", "end"), [(12, 3000), (40, 40), (200, 3000)])
@pytest.mark.parametrize("seed", range(8))
def test_events_of_classes_are_spans_of_activity(seed, count, end):
    events = random_events(seed, count, end)
    found = SPEC.events(events)
    for column, name in list(enumerate(SPEC.classes))[2:]:
        own = [(onset, offset) for onset, offset, label in found if label == name]
        active = np.zeros(3001, dtype=bool)
        for onset, offset in own:
            active[round(onset * 1000) : round(offset * 1000)] = True
        assert np.array_equal(active, in_milliseconds(events)[:, column])
        assert all(first[1] < second[0] for first, second in pairwise(own))
    assert [event for event in found if event[2] in "ab"] == sorted(e for e in events if e[2] in "ab")


def test_events_of_no_duration_neither_make_nor_break_spans():
    events = [(1.0, 1.0, "a"), (2.0, 5.0, "a"), (3.0, 3.0, "a"), (4.0, 4.0, "b"), (5.0, 6.0, "c")]
    found = SPEC.events(events)
    assert [event for event in found if event[2] in SPEC.classes[2:]] == [(2.0, 6.0, "any")]


def test_classes_keep_their_order_and_labels_occur_once():
    assert SPEC.classes == ("a", "b", "any", "both", "all")
    assert SPEC.labels == ("a", "b", "c")


@pytest.mark.parametrize(
    ("onset", "offset", "expected"),
    [
        (0.0, 1.0, (0, 10)),
        (0.05, 0.15, (0, 1)),  # the middle of frame 0 belongs to it, that of frame 1 does not
        (0.051, 0.151, (1, 2)),
        (0.16, 0.24, (1, 2)),  # holds no middle: the frame in which it starts
        (0.3, 0.3, (3, 4)),
        (-1.0, 0.2, (0, 2)),
        (3 * 0.1, 6 * 0.1, (3, 6)),  # 0.30000000000000004
    ],
)
def test_frame_range_by_hand(onset, offset, expected):
    assert frame_range(onset, offset, step=0.1) == expected


def test_events_that_meet_share_no_frame():
    raster = Composition.of_labels(["a", "b"]).raster(
        [(0.0, 1.37, "a"), (1.37, 2.0, "b")], frames=200, step=0.01
    )
    assert np.array_equal(raster.sum(axis=1), np.ones(200))


def test_events_beyond_the_last_frame_are_cut():
    assert Composition.of_labels(["a"]).raster(
        [(0.5, 9.0, "a"), (20.0, 21.0, "a")], 10, 0.1
    ).ravel().tolist() == ([0] * 5 + [1] * 5)


def test_without_events_nothing_is_active():
    assert SPEC.events([]) == []
    assert not SPEC.raster([], frames=7, step=0.1).any()
    assert Composition().raster([(0, 1, "a")], frames=7, step=0.1).shape == (7, 0)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"regular": ["car", "car"]}, "'car'"),
        ({"regular": ["car"], "union": {"car": ["a"]}}, "'car'"),
        ({"union": {"noise": []}}, "'noise'"),
        ({"intersection": {"both": []}}, "'both'"),
    ],
)
def test_senseless_classes_are_refused_by_name(arguments, name):
    with pytest.raises(ConfigError, match=name):
        Composition.of_labels(**arguments)


DEFINITIONS = (
    ClassDefinition("speech"),
    ClassDefinition("overlap", least=2),
    ClassDefinition("three", least=3),
    ClassDefinition("two of three", ("a", "b", "c"), 2),
    ClassDefinition("anna", ("a",)),
)


@pytest.mark.parametrize("seed", range(8))
def test_classes_of_any_label_count_different_labels(seed):
    events = [*random_events(seed, 30), (0.5, 1.5, "a"), (0.7, 1.0, "a")]
    active = np.zeros((4, 3001), dtype=bool)
    for onset, offset, label in events:
        active["abcd".index(label), round(onset * 1000) : round(offset * 1000)] = True
    expected = {
        "speech": active.any(axis=0),
        "overlap": active.sum(axis=0) >= 2,
        "three": active.sum(axis=0) >= 3,
        "two of three": active[:3].sum(axis=0) >= 2,
        "anna": active[0],
    }
    found = Composition(DEFINITIONS).events(events)
    for name, own in expected.items():
        spans = np.zeros(3001, dtype=bool)
        for onset, offset, label in found:
            if label == name:
                spans[round(onset * 1000) : round(offset * 1000)] = True
        assert np.array_equal(spans, own), name


def test_events_of_one_label_stay_as_they_are_under_the_name_of_the_class():
    """They may overlap, or touch; those of several labels become spans."""
    events = [(0.0, 2.0, "a"), (1.0, 3.0, "a"), (3.0, 4.0, "a"), (9.0, 9.5, "b")]
    found = ClassDefinition("anna", ("a",)).events(reversed(events))
    assert found == [(0.0, 2.0, "anna"), (1.0, 3.0, "anna"), (3.0, 4.0, "anna")]
    assert ClassDefinition("any").events(events) == [(0.0, 4.0, "any"), (9.0, 9.5, "any")]


def test_labels_that_count():
    composition = Composition(DEFINITIONS)
    assert composition.includes("anybody") and composition.labels == ("a", "b", "c")
    assert not SPEC.includes("d") and SPEC.includes("c")
    for one in DEFINITIONS:
        examples = Composition((one,)).examples()
        assert Composition((one,)).events([(0.0, 1.0, label) for label in examples]) == [(0.0, 1.0, one.name)]


@pytest.mark.parametrize(
    "definition",
    [
        ClassDefinition("x", least=0),
        ClassDefinition("x", ("a", "b"), 3),
        ClassDefinition("x", ("a", "a"), 2),
        ClassDefinition("x", ()),
    ],
)
def test_senseless_definitions_are_refused(definition):
    with pytest.raises(ConfigError, match="'x'"):
        Composition((definition,))
