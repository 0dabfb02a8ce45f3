"""Distances against scipy, also for equal, opposite and zero vectors."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from pyannote.audio.embedding.approaches._distances import LARGEST_DISTANCE, pairwise_distances, unit

METRICS = list(LARGEST_DISTANCE)


def random_embeddings(seed=0, count=7, dimension=5, dtype=torch.float64):
    return torch.randn(count, dimension, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def expected(embeddings, metric):
    values = embeddings.double().numpy()
    if metric == "euclidean":
        return cdist(values, values)
    cosine = cdist(values, values, metric="cosine")
    return cosine if metric == "cosine" else np.arccos(np.clip(1 - cosine, -1, 1))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("count", [1, 2, 7, 60])
def test_equals_scipy(metric, count):
    embeddings = random_embeddings(count, count)
    found = pairwise_distances(embeddings, metric)
    # scipy's own arccosine is no better than this beside the diagonal's zeros
    assert np.allclose(found.numpy(), expected(embeddings, metric), atol=1e-7)


@pytest.mark.parametrize("metric", METRICS)
def test_lies_between_0_and_the_largest(metric):
    embeddings = unit(random_embeddings(1, 100, 3, torch.float32))
    found = pairwise_distances(torch.cat([embeddings, -embeddings, embeddings]), metric)
    assert found.min() >= 0 and found.max() <= LARGEST_DISTANCE[metric] * (1 + 1e-6)
    assert found.max() > 0.999 * LARGEST_DISTANCE[metric]


@pytest.mark.parametrize("metric", ["cosine", "angular"])
def test_does_not_depend_on_length(metric):
    embeddings = random_embeddings()
    scaled = embeddings * torch.logspace(-8, 8, len(embeddings), dtype=torch.float64)[:, None]
    assert torch.allclose(pairwise_distances(embeddings, metric), pairwise_distances(scaled, metric))


@pytest.mark.parametrize(
    "angle", [0.0, 1e-6, 1e-3, 1.0, math.pi / 2, math.pi - 1e-3, math.pi - 1e-6, math.pi]
)
def test_angles_are_exact_in_single_precision(angle):
    embeddings = torch.tensor([[1.0, 0.0], [math.cos(angle), math.sin(angle)]])
    assert pairwise_distances(embeddings, "angular")[0, 1].item() == pytest.approx(angle, abs=3e-7)


@pytest.mark.parametrize("metric", METRICS)
def test_gradient_is_right(metric):
    embeddings = random_embeddings().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: pairwise_distances(x, metric), embeddings)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "rows",
    [
        [[0.0, 0.0], [0.0, 0.0]],
        [[0.0, 0.0], [1.0, 2.0]],
        [[0.1, 0.3], [0.1, 0.3], [0.1, 0.3]],
        [[0.1, 0.3], [-0.1, -0.3]],
        [[1e-30, 0.0], [1e-30, 1e-30]],
        [[1e15, 0.0], [1e-15, 1.0]],
        [[1.0, 0.0], [1.0, 1e-7]],
        [[1.0, 0.0], [-1.0, 1e-7]],
    ],
)
def test_is_finite_where_it_has_kinks(metric, dtype, rows):
    embeddings = torch.tensor(rows, dtype=dtype, requires_grad=True)
    found = pairwise_distances(embeddings, metric)
    found.sum().backward()
    assert torch.isfinite(found).all() and torch.isfinite(embeddings.grad).all()


@pytest.mark.parametrize(("metric", "right"), [("cosine", 1.0), ("angular", math.pi / 2)])
def test_zero_vectors_are_at_a_right_angle_to_everything(metric, right):
    embeddings = torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 2.0]], requires_grad=True)
    found = pairwise_distances(embeddings, metric)
    assert torch.allclose(found[:2], torch.tensor(right))
    found.sum().backward()
    assert torch.equal(embeddings.grad[:2], torch.zeros(2, 2))


@pytest.mark.parametrize("metric", METRICS)
def test_gradient_is_bounded_between_nearly_equal_embeddings(metric):
    for exponent in range(-12, 0):
        embeddings = torch.tensor([[1.0, 0.0, 0.0], [1.0, 10.0**exponent, 0.0]], requires_grad=True)
        pairwise_distances(embeddings, metric)[0, 1].backward()
        assert embeddings.grad.norm(dim=1).max() <= 1 + 1e-3


def test_equal_embeddings_are_at_distance_0_even_when_long():
    embeddings = 100 * random_embeddings(dtype=torch.float32)
    assert pairwise_distances(torch.cat([embeddings, embeddings]), "euclidean").diagonal(7).max() == 0
