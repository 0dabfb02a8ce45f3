"""JSON is read as the standard library reads it, with the lines of objects."""

import json
from pathlib import Path

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.json_files import DEEPEST, JsonObject, parse_json

PATH = Path("a.json")


def objects(value):
    """All objects in a value."""
    if isinstance(value, JsonObject):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(child)


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_values_are_those_of_the_standard_library(indent):
    value = {"a": [1, -2.5, 1e30, True, None, 'é\n"x"'], "": {}, "list": [[], {}, [{"deep": [{}]}]]}
    text = json.dumps(value, indent=indent)
    assert parse_json(text, PATH) == json.loads(text)


def test_each_object_knows_its_line():
    text = '[{"n": 1},\n {"n": 2, "o": {"n": 2}}, {"n": 2},\r\n\n {\n"n": 4}]'
    read = list(objects(parse_json(text, PATH)))
    assert [(one["n"], one.line) for one in read] == [(1, 1), (2, 2), (2, 2), (2, 2), (4, 4)]


def test_many_objects_beside_each_other_are_not_deep():
    value = [{"a": [[], [1]]} for _ in range(10 * DEEPEST)]
    assert parse_json(json.dumps(value), PATH) == value


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_limited(opened, closed):
    assert parse_json(opened * DEEPEST + "1" + closed * DEEPEST, PATH)
    with pytest.raises(DataError, match="more than 50 levels"):
        parse_json(opened * (DEEPEST + 1) + "1" + closed * (DEEPEST + 1), PATH)
