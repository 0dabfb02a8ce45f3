"""What every way to compare embeddings must do; a new file is tested as soon as it exists."""

import importlib

import numpy as np
import pytest

from pyannote.audio.config.registry import available
from pyannote.audio.embedding.backends.base import Backend

NAMES = list(available("backend"))


def made(name):
    return getattr(importlib.import_module(available("backend")[name]), name)()


def speech(seed=0, speakers=10, turns=6, dimension=8):
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(speakers), turns)
    points = 2 * random.normal(size=(speakers, dimension))[labels] + random.normal(size=(60, dimension))
    return points.astype(np.float32), labels


def fitted(name):
    backend = made(name)
    backend.fit(*speech())
    return backend


def all_pairs(count):
    return np.triu_indices(count, 1)


def test_the_backends_of_the_toolkit_are_known():
    assert {"Direct", "PLDA", "WCCN"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestBackend:
    def test_is_a_backend_with_a_metric(self, name):
        backend = made(name)
        assert isinstance(backend, Backend) and isinstance(backend.needs_training, bool)
        assert backend.metric in ("cosine", "euclidean", "angular")

    def test_what_learns_has_a_state_and_what_does_not_has_none(self, name):
        backend = fitted(name)
        assert bool(backend.state()) == backend.needs_training
        assert all(value.dtype == np.float32 for value in backend.state().values())

    def test_state_is_all_that_it_learns(self, name, tmp_path):
        one, other = fitted(name), made(name)
        np.savez(tmp_path / "state.npz", **one.state())
        with np.load(tmp_path / "state.npz") as state:
            other.load(dict(state))
        points, _ = speech(seed=1)
        pairs = all_pairs(len(points))
        assert np.array_equal(one.transform(points), other.transform(points))
        assert np.array_equal(
            one.similarity(one.transform(points), *pairs), other.similarity(other.transform(points), *pairs)
        )

    def test_order_of_sides_does_not_matter(self, name):
        backend, (points, _) = fitted(name), speech(seed=1)
        points, (first, second) = backend.transform(points), all_pairs(len(points))
        assert backend.similarity(points, first, second) == pytest.approx(
            backend.similarity(points, second, first), abs=1e-6
        )

    def test_other_embeddings_do_not_matter(self, name):
        backend, (points, _) = fitted(name), speech(seed=1)
        first, second = all_pairs(4)
        whole = backend.similarity(backend.transform(points), first, second)
        alone = backend.similarity(backend.transform(points[:4]), first, second)
        assert whole == pytest.approx(alone, abs=1e-5)

    def test_shapes_and_types(self, name):
        backend, (points, _) = fitted(name), speech(seed=1)
        transformed = backend.transform(points)
        assert transformed.shape == points.shape and transformed.dtype == np.float32
        for pairs in (0, 1, 7):
            index = np.zeros(pairs, dtype=np.int64)
            found = backend.similarity(transformed, index, index)
            assert found.shape == (pairs,) and found.dtype == np.float32

    def test_one_speaker_is_more_alike_than_two(self, name):
        backend, (points, labels) = fitted(name), speech(seed=1)
        first, second = all_pairs(len(points))
        scores = backend.similarity(backend.transform(points), first, second)
        same = labels[first] == labels[second]
        assert scores[same].mean() > scores[~same].mean() + scores.std()

    @pytest.mark.parametrize("scale", [0.0, 1e-12, 1e12])
    def test_is_finite(self, name, scale):
        backend, (points, _) = fitted(name), speech(seed=1)
        points[:3] *= scale
        transformed = backend.transform(points)
        assert np.isfinite(transformed).all()
        assert np.isfinite(backend.similarity(transformed, *all_pairs(len(points)))).all()

    def test_leaves_what_it_is_given_as_it_is(self, name):
        backend, (points, labels) = made(name), speech()
        backend.fit(points, labels)
        backend.similarity(backend.transform(points), *all_pairs(len(points)))
        assert np.array_equal(points, speech()[0]) and np.array_equal(labels, speech()[1])

    def test_is_taught_anew_by_each_fit(self, name):
        backend = made(name)
        backend.fit(*speech(seed=2))
        backend.fit(*speech())
        points, _ = speech(seed=1)
        assert np.array_equal(backend.transform(points), fitted(name).transform(points))
