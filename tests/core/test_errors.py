"""Messages and exit statuses of errors."""

import inspect

import pytest

from pyannote.audio.core import errors
from pyannote.audio.core.errors import DataError, ToolkitError

CLASSES = [
    value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, ToolkitError)
]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "It is empty."),
        ({"file": "a.rttm"}, "a.rttm: It is empty."),
        ({"file": "a.rttm", "line": 3}, "a.rttm, line 3: It is empty."),
        ({"line": 3}, "line 3: It is empty."),
        ({"file": "a.rttm", "line": 3, "fix": "Fill it."}, "a.rttm, line 3: It is empty. Fill it."),
    ],
)
def test_where_stands_before_what_and_the_mend_after_it(arguments, sentence):
    assert str(DataError("It is empty.", **arguments)) == sentence


@pytest.mark.parametrize("kind", CLASSES)
def test_each_error_is_documented_and_ends_a_command_with_failure(kind):
    assert inspect.getdoc(kind)
    assert 0 < kind.code < 64


def test_kinds_that_are_no_kind_of_each_other_have_different_codes():
    direct = [kind for kind in CLASSES if kind.__base__ is ToolkitError]
    assert len({kind.code for kind in direct}) == len(direct)
