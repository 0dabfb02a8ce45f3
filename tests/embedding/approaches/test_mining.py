"""Triplets against loops over the definition."""

import numpy as np
import pytest
import torch

from pyannote.audio.embedding.approaches._mining import triplets

SAMPLINGS = ["all", "hard", "negative", "easy"]


def random_batch(random):
    """Batch of 1 to 12 with speakers of unequal size, some of one sample; every other batch has ties."""
    count = int(random.integers(1, 13))
    labels = random.integers(0, random.integers(1, count + 1), size=count)
    if random.random() < 0.5:
        distances = random.integers(0, 3, size=(count, count)).astype(np.float32)
    else:
        distances = random.random((count, count), dtype=np.float32)
    distances = np.maximum(distances, distances.T)
    np.fill_diagonal(distances, 0)
    return torch.from_numpy(distances), torch.from_numpy(labels)


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_equals_loops_on_1000_random_batches(sampling, triplets_by_loops, promise):
    random, empty = np.random.default_rng(0), 0
    for _ in range(1000):
        distances, labels = random_batch(random)
        found = list(zip(*(part.tolist() for part in triplets(distances, labels, sampling)), strict=True))
        wanted = triplets_by_loops(distances.tolist(), labels.tolist(), sampling)
        assert len(found) == len(set(found))
        assert set(found) == wanted
        assert found == sorted(found)
        empty += not found
    # batches without triplets are among them, and are few
    assert 0 < empty < 500
    promise(
        f"Triplets of the sampling {sampling!r} are those of its definition.",
        "Loops over anchor, positive and negative, on random batches of 1 to 12 segments, every other one "
        "with equal distances, some with speakers of one segment or a single speaker.",
        f"1,000 batches, {empty} of them without triplets, 0 differ",
    )


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(
    "labels", [[0], [0, 0, 0], [0, 1, 2]], ids=["one", "one speaker", "no speaker twice"]
)
def test_batches_without_triplets(sampling, labels):
    for part in triplets(torch.rand(len(labels), len(labels)), torch.tensor(labels), sampling):
        assert part.shape == (0,) and part.dtype == torch.int64


def test_number_of_triplets_of_the_usual_batch():
    distances, labels = torch.rand(60, 60), torch.arange(20).repeat_interleave(3)
    counts = [len(triplets(distances, labels, sampling)[0]) for sampling in SAMPLINGS]
    assert counts[:3] == [60 * 2 * 57, 60, 60 * 2]


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_no_gradient_and_no_change(sampling):
    distances, labels = torch.rand(6, 6, requires_grad=True), torch.tensor([0, 0, 1, 1, 1, 2])
    before = distances.detach().clone(), labels.clone()
    triplets(distances, labels, sampling)
    assert torch.equal(distances, before[0]) and torch.equal(labels, before[1])
