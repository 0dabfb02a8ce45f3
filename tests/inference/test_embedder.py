"""Embeddings of excerpts and windows, by a network whose embeddings can be worked out by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pyannote.audio.inference.embedder import Embedder, Excerpt


class Mean(nn.Module):
    """Gives the mean over time of each feature, and the length of the chunk; remembers what it was given."""

    def __init__(self, resolution=1, dimension=1):
        super().__init__()
        self.resolution, self.dimension = resolution, dimension + 1
        self.weight = nn.Parameter(torch.zeros(1))
        self.seen = []

    def forward(self, batch):
        assert not self.training and torch.is_inference_mode_enabled()
        assert batch["X"].shape[1] >= self.resolution
        self.seen.append(batch["X"].numpy().copy())
        lengths = torch.full((len(batch["X"]), 1), float(batch["X"].shape[1]))
        return torch.cat([batch["X"].mean(dim=1), lengths], dim=1) + self.weight


def numbered(frames):
    """Features that are the number of their frame."""
    return np.arange(frames, dtype=np.float32)[:, None]


def excerpt(*ranges, frames=1000):
    return Excerpt("x", numbered(frames), ranges)


def chunks_seen(model):
    return sorted((int(chunk[0, 0]), int(chunk[-1, 0]) + 1) for batch in model.seen for chunk in batch)


@pytest.mark.parametrize(
    ("ranges", "chunks"),
    [
        ([(0, 100)], [(0, 100)]),
        ([(0, 150)], [(0, 100), (50, 150)]),
        ([(0, 160)], [(0, 100), (50, 150), (60, 160)]),
        ([(7, 108)], [(7, 107), (8, 108)]),
        ([(20, 60)], [(20, 60)]),
        ([(5, 6)], [(5, 6)]),
        ([(0, 40), (300, 450), (900, 999)], [(0, 40), (300, 400), (350, 450), (900, 999)]),
    ],
    ids=["one", "two", "last ends with the part", "one frame more", "short", "one frame", "several parts"],
)
class TestExcerpt:
    def test_is_cut_into_chunks(self, ranges, chunks):
        model = Mean()
        Embedder(model, frames=100, step=50)([excerpt(*ranges)])
        assert chunks_seen(model) == sorted(chunks)

    def test_has_the_mean_embedding_of_its_chunks_weighted_by_length(self, ranges, chunks):
        (found,) = Embedder(Mean(), frames=100, step=50)([excerpt(*ranges)])
        lengths = [last - first for first, last in chunks]
        middles = [(first + last - 1) / 2 for first, last in chunks]
        expected = [np.average(middles, weights=lengths), np.average(lengths, weights=lengths)]
        assert found == pytest.approx(expected)


def test_by_hand():
    # chunks 0 to 3 and 1 to 4 of the first part, the second part as it is: (3 * 1 + 3 * 2 + 2 * 10.5) / 8
    (found,) = Embedder(Mean(), frames=3, step=2)([excerpt((0, 4), (10, 12))])
    assert found == pytest.approx([30 / 8, (3 * 3 + 3 * 3 + 2 * 2) / 8])


def test_each_excerpt_has_its_own():
    excerpts = [excerpt((0, 300)), excerpt((10, 20)), excerpt((0, 300), (10, 20)), excerpt((700, 900))]
    embedder = Embedder(Mean(), frames=100, step=50)
    together = embedder(excerpts)
    assert together.dtype == np.float32 and together.shape == (4, 2)
    assert together == pytest.approx(np.concatenate([embedder([one]) for one in excerpts]))
    assert np.array_equal(embedder(excerpts[::-1])[::-1], together)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), min_size=1, max_size=3),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(1, 12),
    st.integers(1, 9),
)
def test_batches_hold_chunks_of_one_length_and_do_not_matter(parts, frames, step, batch_size, resolution):
    excerpts = [excerpt(*((start, start + length) for start, length in one), frames=100) for one in parts]
    model = Mean(resolution)
    found = Embedder(model, frames, step, batch_size)(excerpts)
    assert max(len(batch) for batch in model.seen) <= batch_size
    assert found == pytest.approx(Embedder(Mean(resolution), frames, step, 1000)(excerpts), rel=1e-5)
    # all that is heard is embedded, whatever the step up to the length of a chunk
    if step <= frames:
        for one in excerpts:
            model.seen.clear()
            Embedder(model, frames, step)([one])
            heard = {int(frame) for batch in model.seen for frame in batch.ravel()}
            assert heard == {frame for first, last in one.ranges for frame in range(first, last)}


@pytest.mark.parametrize(("length", "resolution"), [(1, 4), (3, 4), (3, 10), (2, 4), (4, 4), (5, 4)])
def test_chunks_that_are_too_short_for_the_network_are_repeated(length, resolution):
    model = Mean(resolution)
    Embedder(model, frames=100, step=50).embed(numbered(length)[None])
    assert model.seen[0].ravel().tolist() == [index % length for index in range(max(length, resolution))]


def test_progress_is_told_of_each_batch():
    told = []

    def progress(items, total, description):
        told.append((total, description))
        return items

    Embedder(Mean(), frames=10, step=10, batch_size=4)([excerpt((0, 100))], progress)
    assert told == [(3, "Embedding")]


def test_no_excerpts_no_embeddings():
    assert Embedder(Mean(), frames=10, step=10)([]).shape == (0, 2)


class TestSlide:
    @pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
    def test_windows_begin_where_they_are_told_to(self, batch_size):
        starts = np.array([0, 30, 60, 95])
        batches = list(
            Embedder(Mean(), frames=40, step=1, batch_size=batch_size).slide(numbered(110), starts)
        )
        assert max(map(len, batches)) <= batch_size
        found = np.concatenate(batches)
        # the last one has 15 frames
        assert found == pytest.approx(np.array([[19.5, 40], [49.5, 40], [79.5, 40], [102.0, 15]]))

    def test_recording_that_is_shorter_than_a_window(self):
        (found,) = Embedder(Mean(), frames=40, step=1).slide(numbered(7), np.array([0]))
        assert found == pytest.approx(np.array([[3.0, 7]]))

    def test_is_lazy(self):
        model = Mean()
        windows = Embedder(model, frames=10, step=1, batch_size=2).slide(
            numbered(1000), np.arange(0, 990, 10)
        )
        next(windows)
        assert len(model.seen) == 1

    def test_reads_features_without_changing_them(self):
        features = numbered(100)
        features.flags.writeable = False
        assert len(list(Embedder(Mean(), frames=10, step=1).slide(features, np.array([0, 50])))) == 1
