"""Digests differ where values differ, and nowhere else."""

from hashlib import blake2b
from itertools import combinations

import numpy as np
import pytest

from pyannote.audio.core.digests import arrays_digest, digest, plain

DIFFERENT = [
    None, True, False, 0, 1, -1, 0.5, "", "1", "1.0", "true", "True", "null", "None", [], {}, [1], [[1]],
    [True], ["1"], [1, 1], [[1], []], [[], [1]], {"a": 1}, {"a": True}, {"a": "1"}, {"a": None}, {"a": [1]},
    {"a": {"a": 1}}, {"b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}, 1e300, 1e-300, 10**30, 10**30 + 1,
    float("inf"), "é", "e\u0301", "a\nb", ["a", "b"], ["ab"], ["a,b"], '["a"]',
]  # fmt: skip


def test_no_two_of_different_values_have_one_digest():
    pairs = [(one, other) for one, other in combinations(DIFFERENT, 2) if digest(one) == digest(other)]
    assert pairs == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (-0.0, 0),
        ((1, (2, 3)), [1, [2, 3]]),
        (np.float64(0.5), 0.5),
        ({"b": {"d": 1, "c": 2}, "a": 3}, {"a": 3.0, "b": {"c": 2.0, "d": 1}}),
        ([{"y": 1, "x": [2.0]}], [{"x": (2,), "y": 1}]),
    ],
)
def test_the_same_values_have_one_digest(one, other):
    assert digest(one) == digest(other)


KEYED = [
    {1: "a"}, {"1": "a"}, {True: "a"}, {"True": "a"}, {"true": "a"}, {None: "a"}, {"None": "a"},
    {"null": "a"}, {1.5: "a"}, {"1.5": "a"}, {'"1"': "a"}, {1: "a", "1": "b"}, {1: "b", "1": "a"}, {"1": "b"},
    [{1: "a"}], [{"1": "a"}], {1: {"2": "a"}}, {"1": {2: "a"}}, {1: {2: "a"}}, {"1": {"2": "a"}},
    {'"1"': {2: "a"}}, {"x": {1: "a"}}, {"x": {"1": "a"}}, {(1, 2): "a"}, {"[1, 2]": "a"}, {"(1, 2)": "a"},
    'typed keys: {"1": "a"}',
]  # fmt: skip


def test_types_of_keys_are_told_apart():
    pairs = [(one, other) for one, other in combinations(KEYED, 2) if digest(one) == digest(other)]
    assert pairs == []


def test_the_order_of_keys_of_several_types_does_not_count():
    assert digest({1: "a", "1": "b", None: "c"}) == digest({None: "c", "1": "b", 1.0: "a"})


def test_a_key_that_is_no_plain_value_is_refused():
    with pytest.raises(TypeError):
        digest({object(): 1})


def test_the_order_of_lists_counts():
    assert digest(["a", "b"]) != digest(["b", "a"])


def test_the_form_is_that_of_kept_files():
    """Digests are compared with those of earlier runs: another form would refuse all of them."""
    text = b'{"a": [1, 0.5, true, null, "x"], "b": {"c": 2}}'
    found = digest({"b": {"c": 2.0}, "a": (1.0, 0.5, True, None, "x")})
    assert found == blake2b(text, digest_size=16).hexdigest()
    assert plain({"a": (1.0, True, 0.5, None), "b": "x"}) == {"a": [1, True, 0.5, None], "b": "x"}
    assert [type(value) for value in plain([1.0, True])] == [int, bool]


def test_arrays_are_told_apart_by_name_type_shape_order_and_numbers():
    ones = np.ones((2, 3))
    changed = ones.copy()
    changed[1, 2] = np.nextafter(1, 2)
    arrays = [
        {"a": ones}, {"b": ones}, {"a": ones.reshape(3, 2)}, {"a": ones.ravel()}, {"a": changed}, {},
        {"a": ones.astype(np.float32)}, {"a": np.ones((2, 3), dtype=np.int64)}, {"a": ones, "b": ones},
    ]  # fmt: skip
    assert len({arrays_digest(one) for one in arrays}) == len(arrays)


def test_the_memory_layout_of_arrays_does_not_count():
    array = np.arange(6.0).reshape(2, 3)
    expected = arrays_digest({"a": array, "b": array})
    assert arrays_digest({"b": np.asfortranarray(array), "a": array[::-1][::-1]}) == expected
