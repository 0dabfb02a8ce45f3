"""Random generators by position: reproducible and independent."""

import itertools

import numpy as np
import pytest

from pyannote.audio.core.randomness import generator, torch_seed

POSITIONS = [
    (),
    (0,),
    (1,),
    (0, 0),
    (0, 1),
    (1, 0),
    (1, 2),
    (1, 2, 0),
    (2, 1),
    (12,),
    (2**32,),
    (2**64 + 1,),
    (-1,),
]


def test_different_positions_draw_different_numbers():
    drawn = [generator(*position).random(4) for position in POSITIONS]
    assert all((one != other).all() for one, other in itertools.combinations(drawn, 2))
    assert len({torch_seed(*position) for position in POSITIONS}) == len(POSITIONS)


@pytest.mark.parametrize("position", POSITIONS)
def test_a_position_draws_the_same_whatever_was_drawn_before(position):
    first = generator(*position).random(8)
    generator(5).random(100)
    assert np.array_equal(generator(*position).random(8), first)


def test_numpy_integers_are_positions_as_any_other():
    assert generator(np.int64(3), np.int32(1)).random() == generator(3, 1).random()


def test_neighbouring_positions_are_uncorrelated():
    drawn = np.array([generator(0, epoch).random(200) for epoch in range(50)])
    correlation = np.corrcoef(drawn)[np.triu_indices(50, 1)]
    assert np.abs(correlation).max() < 0.35
    assert abs(drawn.mean() - 0.5) < 0.01


def test_the_first_numbers_do_not_depend_on_how_many_follow():
    assert np.array_equal(generator(3, 1).random((5, 2)), generator(3, 1).random((500, 2))[:5])


def test_seeds_are_what_torch_takes():
    assert all(0 <= torch_seed(7, epoch) < 2**63 for epoch in range(100))
