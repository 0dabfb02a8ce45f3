"""Labels that are one label in two spellings."""

import pytest

from pyannote.audio.core.spellings import spelled_alike, visible

ALIKE = [
    ("Coq", "coq"),
    ("people talking", "people_talking"),
    ("people talking", "people-talking"),
    ("people talking", "people  talking"),
    ("people talking", "People\u00a0Talking"),
    ("people\u2010talking", "people\u2013talking"),
    ("caf\u00e9", "cafe\u0301"),
    ("CAF\u00c9", "cafe\u0301"),
    ("\u00c5", "\u212b"),
    ("Stra\u00dfe", "STRASSE"),
    ("car", "car\u200b"),
    ("car", " car"),
]
DIFFERENT = [
    ("1-2", "12"),
    ("people talking", "peopletalking"),
    ("cafe", "caf\u00e9"),
    ("a.b", "ab"),
    ("car", "cat"),
]


@pytest.mark.parametrize("pair", ALIKE)
def test_spellings_of_one_label_are_found(pair):
    assert spelled_alike(pair) == [sorted(pair)]


@pytest.mark.parametrize("pair", DIFFERENT)
def test_different_labels_are_not_taken_for_one(pair):
    assert spelled_alike(pair) == []


def test_a_message_tells_apart_what_looks_the_same():
    assert visible("caf\u00e9") != visible("cafe\u0301") == r"'cafe\u0301'"
    assert visible("car\u200b") == r"'car\u200b'" and visible("鳥") == "'鳥'"
    assert len(visible("x" * 1000)) == 80
