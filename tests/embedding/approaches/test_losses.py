"""Losses against loops over their formulas and pytorch-metric-learning; gradients against differences."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from torch import nn

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.embedding.approaches import (
    AdditiveAngularMarginLoss,
    CenterLoss,
    Classification,
    CongenerousCosineLoss,
    ContrastiveLoss,
    TripletLoss,
)
from pyannote.audio.embedding.approaches._distances import pairwise_distances

LABELS = torch.tensor([0, 0, 1, 1, 1, 2, 3, 3])
METRICS = {"cosine": 2.0, "euclidean": 2.0, "angular": math.pi}
CLAMPS = {
    "positive": lambda delta: max(0.0, delta),
    "softmargin": lambda delta: math.log1p(math.exp(delta)),
    "sigmoid": lambda delta: 1 / (1 + math.exp(-10 * delta)),
}


def random_embeddings(seed=0, count=8, dimension=6):
    return torch.randn(count, dimension, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def distances_of(embeddings, metric):
    values = embeddings.detach().numpy()
    if metric == "euclidean":
        return cdist(values, values)
    cosine = cdist(values, values, metric="cosine")
    return cosine if metric == "cosine" else np.arccos(np.clip(1 - cosine, -1, 1))


def with_head(approach, dimension=6, classes=4, seed=0):
    torch.manual_seed(seed)
    approach.head = approach.make_head(dimension, classes).double()
    return approach


def softmax_loss(logits, labels):
    """Cross-entropy by its definition."""
    return np.mean(
        [np.log(np.exp(row).sum()) - row[label] for row, label in zip(logits, labels, strict=True)]
    )


# values


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("clamp", CLAMPS)
@pytest.mark.parametrize("margin", [0.0, 0.2])
def test_triplet_loss_is_its_formula(metric, clamp, margin):
    embeddings, y = random_embeddings(), LABELS.tolist()
    d = distances_of(embeddings, metric)
    deltas = [
        d[a, p] - d[a, n] + margin * METRICS[metric]
        for a, p, n in itertools.product(range(len(y)), repeat=3)
        if a != p and y[a] == y[p] != y[n]
    ]
    approach = TripletLoss(metric=metric, clamp=clamp, margin=margin)
    wanted = np.mean([CLAMPS[clamp](delta) for delta in deltas])
    assert approach.loss(embeddings, LABELS).item() == pytest.approx(wanted)
    assert approach.measures()["active_triplets"] == pytest.approx(np.mean(np.array(deltas) > 0))


def random_batch(random):
    """Embeddings of 2 to 12 segments, some equal or on a grid; some speakers have one segment."""
    count = int(random.integers(2, 13))
    embeddings = random.normal(size=(count, 3))
    if random.random() < 0.3:
        embeddings = embeddings.round()
    embeddings[random.random(count) < 0.2] = embeddings[0]
    labels = random.integers(0, random.integers(1, count + 1), size=count)
    return torch.from_numpy(embeddings), torch.from_numpy(labels)


@pytest.mark.parametrize("metric", METRICS)
def test_triplet_loss_equals_loops(metric, triplets_by_loops, promise):
    kinds = list(itertools.product(CLAMPS, ["all", "hard", "negative", "easy"]))
    random, batches, furthest = np.random.default_rng(0), 60, 0.0
    for (clamp, sampling), _ in itertools.product(kinds, range(batches)):
        embeddings, labels = random_batch(random)
        margin = float(random.choice([0.0, 0.2, 0.5, 1.0]))
        # ties are decided by the numbers at hand, which are those of scipy to rounding
        d = pairwise_distances(embeddings, metric).tolist()
        if embeddings.any(dim=1).all():
            assert np.allclose(d, distances_of(embeddings, metric), atol=1e-7)
        clamped = [
            CLAMPS[clamp](d[a][p] - d[a][n] + margin * METRICS[metric])
            for a, p, n in triplets_by_loops(d, labels.tolist(), sampling)
        ]
        wanted = math.fsum(clamped) / max(1, len(clamped))
        found = TripletLoss(metric, clamp, margin, sampling).loss(embeddings, labels).item()
        furthest = max(furthest, abs(found - wanted))
    assert furthest < 1e-14
    promise(
        f"The triplet loss on {metric} distances is that of nested loops over its definition.",
        "Each clamp with each sampling in double precision: random batches and margins, some with equal "
        "embeddings, speakers of one segment or a single speaker.",
        f"{len(kinds) * batches} batches, at most 1e-14 off",
    )


def test_triplet_loss_takes_the_triplets_of_its_sampling():
    # speaker 0 at 0, 10 and 40 degrees, speaker 1 at 90 and 100
    angles = torch.tensor([0.0, 10, 40, 90, 100], dtype=torch.float64).deg2rad()
    embeddings = torch.stack([angles.cos(), angles.sin()], dim=1)
    labels = torch.tensor([0, 0, 0, 1, 1])
    found = {
        sampling: TripletLoss("angular", margin=0.5, sampling=sampling).loss(embeddings, labels).item()
        for sampling in ("all", "hard", "negative", "easy")
    }
    hard = [40 - 90, 30 - 80, 40 - 50, 10 - 50, 10 - 60]
    negative = [10 - 90, 40 - 90, 10 - 80, 30 - 80, 40 - 50, 30 - 50, 10 - 50, 10 - 60]
    degrees = {key: np.degrees(value) - 90 for key, value in found.items()}
    assert degrees["hard"] == pytest.approx(np.mean(hard))
    assert degrees["negative"] == pytest.approx(np.mean(negative))
    # each positive is nearer than each negative, so that all are easy
    assert degrees["easy"] == pytest.approx(degrees["all"])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("margin", [0.2, 0.5, 1.0])
def test_contrastive_loss_is_its_formula(metric, margin):
    embeddings, y = random_embeddings(), LABELS.tolist()
    d, largest = distances_of(embeddings, metric), METRICS[metric]
    pairs = list(itertools.combinations(range(len(y)), 2))
    near = [d[i, j] ** 2 / 2 for i, j in pairs if y[i] == y[j]]
    far = [max(0, margin * largest - d[i, j]) ** 2 / 2 for i, j in pairs if y[i] != y[j]]
    approach = ContrastiveLoss(metric=metric, margin=margin)
    assert approach.loss(embeddings, LABELS).item() == pytest.approx(np.mean(near) + np.mean(far))
    assert approach.measures() == {"active_negatives": pytest.approx(np.mean(np.array(far) > 0))}


def test_classification_is_its_formula():
    approach, embeddings = with_head(Classification()), random_embeddings()
    head = {key: value.numpy() for key, value in approach.head.state_dict().items()}
    logits = embeddings.numpy() @ head["weight"].T + head["bias"]
    assert approach.loss(embeddings, LABELS).item() == pytest.approx(softmax_loss(logits, LABELS))
    assert approach.measures() == {"accuracy": np.mean(logits.argmax(axis=1) == LABELS.numpy())}


def test_center_loss_follows_equations_4_and_5():
    approach = with_head(CenterLoss(weight=0.3, center_rate=0.5))
    softmax = Classification()
    softmax.head = approach.head
    centers = np.zeros((4, 6))
    for seed in range(5):
        embeddings = random_embeddings(seed)
        values, y = embeddings.numpy(), LABELS.numpy()
        pulled = np.mean(
            [((value - centers[label]) ** 2).sum() / 2 for value, label in zip(values, y, strict=True)]
        )
        found = approach.loss(embeddings, LABELS).item()
        assert found == pytest.approx(softmax.loss(embeddings, LABELS).item() + 0.3 * pulled)
        for label in range(4):
            own = values[y == label]
            centers[label] -= 0.5 * (centers[label] - own).sum(axis=0) / (1 + len(own))
        assert np.allclose(approach.head.centers.numpy(), centers)
    assert not approach.head.centers.requires_grad


@pytest.mark.parametrize("margin", [0.0, 0.2, 1.0])
def test_additive_angular_margin_loss_is_its_formula(margin):
    approach, embeddings = with_head(AdditiveAngularMarginLoss(margin, scale=5.0)), random_embeddings()
    cosine = 1 - cdist(embeddings.numpy(), approach.head.weight.detach().numpy(), metric="cosine")
    logits = cosine.copy()
    for row, label in enumerate(LABELS.tolist()):
        angle = math.acos(cosine[row, label])
        beyond = angle > math.pi - margin
        logits[row, label] = (
            math.cos(angle) - margin * math.sin(margin) if beyond else math.cos(angle + margin)
        )
    assert approach.loss(embeddings, LABELS).item() == pytest.approx(softmax_loss(5 * logits, LABELS))
    # accuracy is that without the margin
    assert approach.measures() == {"accuracy": np.mean(cosine.argmax(axis=1) == LABELS.numpy())}


def test_a_wider_angle_never_raises_the_logit_of_the_own_speaker():
    approach = AdditiveAngularMarginLoss(margin=0.5, scale=30.0)
    cosine = torch.linspace(0, math.pi, 2001, dtype=torch.float64).cos()[:, None]
    penalised = approach.loss_logits(30 * cosine, torch.zeros(2001, dtype=torch.int64))
    assert (penalised.diff(dim=0) < 0).all() and (penalised[1:-1] < 30 * cosine[1:-1]).all()


# the same by another hand


@pytest.fixture
def library():
    return pytest.importorskip("pytorch_metric_learning")


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("clamp", ["positive", "softmargin"])
def test_triplet_loss_equals_pytorch_metric_learning(library, metric, clamp):
    from pytorch_metric_learning import distances, losses, reducers

    cosine = distances.CosineSimilarity()
    other = losses.TripletMarginLoss(
        margin=0.1 * METRICS[metric],
        smooth_loss=clamp == "softmargin",
        distance=cosine if metric == "cosine" else distances.LpDistance(normalize_embeddings=False),
        reducer=reducers.MeanReducer(),
    )
    for seed in range(5):
        embeddings = random_embeddings(seed)
        found = TripletLoss(metric, clamp, margin=0.1).loss(embeddings, LABELS)
        assert found.item() == pytest.approx(other(embeddings, LABELS).item())


@pytest.mark.parametrize("margin", [0.0, 0.2, 0.5, 1.5])
@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_additive_angular_margin_loss_equals_pytorch_metric_learning(library, margin, scale):
    from pytorch_metric_learning import losses

    approach = with_head(AdditiveAngularMarginLoss(margin, scale))
    other = losses.ArcFaceLoss(num_classes=4, embedding_size=6, margin=math.degrees(margin), scale=scale)
    other.W = nn.Parameter(approach.head.weight.detach().T.clone())
    for seed in range(5):
        mine, theirs = random_embeddings(seed).requires_grad_(), random_embeddings(seed).requires_grad_()
        found, wanted = approach.loss(mine, LABELS), other(theirs, LABELS)
        assert found.item() == pytest.approx(wanted.item(), rel=1e-6)
        found.backward()
        wanted.backward()
        assert torch.allclose(mine.grad, theirs.grad, rtol=1e-4)


def test_congenerous_cosine_loss_equals_pytorch_metric_learning(library):
    from pytorch_metric_learning import losses

    approach = with_head(CongenerousCosineLoss(scale=4.0))
    other = losses.NormalizedSoftmaxLoss(num_classes=4, embedding_size=6, temperature=0.25)
    other.W = nn.Parameter(approach.head.weight.detach().T.clone())
    for seed in range(5):
        embeddings = random_embeddings(seed)
        assert approach.loss(embeddings, LABELS).item() == pytest.approx(other(embeddings, LABELS).item())


# gradients

SAMPLINGS = ("all", "hard", "negative", "easy")
EVERY = {
    **{f"triplet {m} {c}": lambda m=m, c=c: TripletLoss(m, c, 0.1) for m in METRICS for c in CLAMPS},
    **{f"triplet {m} {s}": lambda m=m, s=s: TripletLoss(m, sampling=s) for m in METRICS for s in SAMPLINGS},
    **{f"contrastive {m}": lambda m=m: ContrastiveLoss(m, 0.8) for m in METRICS},
    "classification": Classification,
    "center": lambda: CenterLoss(weight=0.7),
    "congenerous cosine": CongenerousCosineLoss,
    "arcface": lambda: AdditiveAngularMarginLoss(margin=0.4, scale=5.0),
}


def gradient_is_right(approach, embeddings, labels):
    """Compare gradients of embeddings and of what the loss learns with differences."""
    if isinstance(approach, CenterLoss):
        approach.loss(random_embeddings(1), LABELS)
    keys = [key for key, _ in approach.head.named_parameters()]

    def loss(embeddings, *parameters):
        # a loss may move what it holds, and differences need the same function twice
        fresh = copy.deepcopy(approach)
        for key, value in zip(keys, parameters, strict=True):
            delattr(fresh.head, key)
            setattr(fresh.head, key, value)
        return fresh.loss(embeddings, labels)

    return torch.autograd.gradcheck(loss, (embeddings.requires_grad_(), *approach.head.parameters()))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "labels",
    [LABELS, torch.zeros(8, dtype=torch.int64), torch.tensor([3, 1, 0, 2])],
    ids=["usual", "one speaker", "no speaker twice"],
)
def test_gradient_is_right(name, labels):
    assert gradient_is_right(with_head(EVERY[name]()), random_embeddings(2, len(labels)), labels)


@pytest.mark.parametrize(
    "name", [name for name in EVERY if name.split()[1:2] not in (["euclidean"], ["angular"])]
)
def test_gradient_is_right_where_embeddings_are_equal(name):
    embeddings = random_embeddings(3, count=1).repeat(len(LABELS), 1)
    assert gradient_is_right(with_head(EVERY[name]()), embeddings, LABELS)


@pytest.mark.parametrize("name", ["classification", "center"])
def test_gradient_is_right_at_zero_where_there_is_no_kink(name):
    assert gradient_is_right(with_head(EVERY[name]()), torch.zeros(8, 6).double(), LABELS)


@pytest.mark.parametrize("name", [name for name in EVERY if name.startswith("triplet")])
@pytest.mark.parametrize(
    "labels", [[0] * 8, list(range(8)), [0]], ids=["one speaker", "no speaker twice", "one"]
)
def test_without_a_triplet_loss_and_gradient_are_0(name, labels):
    embeddings = random_embeddings(count=len(labels)).requires_grad_()
    approach = EVERY[name]()
    loss = approach.loss(embeddings, torch.tensor(labels))
    loss.backward()
    assert loss.item() == 0 and torch.equal(embeddings.grad, torch.zeros_like(embeddings))
    assert approach.measures() == {"active_triplets": 0}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", ["equal", "zero", "one zero", "own center", "opposite", "long", "short"])
def test_is_finite_at_the_edges(name, dtype, batch):
    approach = EVERY[name]()
    torch.manual_seed(0)
    approach.head = approach.make_head(6, 4).to(dtype)
    embeddings = random_embeddings().to(dtype)
    with torch.no_grad():
        if batch == "equal":
            embeddings[:] = embeddings[0]
        elif batch == "zero":
            embeddings[:] = 0
        elif batch == "one zero":
            embeddings[0] = 0
        elif batch in ("own center", "opposite") and hasattr(approach.head, "weight"):
            embeddings = (1 if batch == "own center" else -1) * approach.head.weight[LABELS].clone()
        elif batch in ("own center", "opposite"):
            embeddings[1::2] = -embeddings[::2]
        elif batch in ("long", "short"):
            embeddings *= 1e15 if batch == "long" else 1e-15
    embeddings.requires_grad_()
    loss = approach.loss(embeddings, LABELS)
    loss.backward()
    assert torch.isfinite(loss)
    for tensor in (embeddings, *approach.head.parameters()):
        assert torch.isfinite(tensor.grad).all()


# watching and refusing


def test_measures_are_means_since_the_last_call():
    approach = with_head(Classification(), dimension=2, classes=2)
    approach.head.load_state_dict({"weight": torch.eye(2).double(), "bias": torch.zeros(2).double()})
    embeddings = torch.eye(2).double()
    assert approach.measures() == {}
    approach.loss(embeddings, torch.tensor([0, 1]))
    approach.loss(embeddings, torch.tensor([0, 0]))
    assert approach.measures() == {"accuracy": 0.75}
    assert approach.measures() == {}


@pytest.mark.parametrize(
    "make",
    [
        lambda: TripletLoss(margin=-0.1),
        lambda: TripletLoss(margin=1.1),
        lambda: ContrastiveLoss(margin=0.0),
        lambda: ContrastiveLoss(margin=2.0),
        lambda: CenterLoss(weight=-1.0),
        lambda: CenterLoss(center_rate=1.5),
        lambda: CongenerousCosineLoss(scale=0.0),
        lambda: AdditiveAngularMarginLoss(scale=-1.0),
        lambda: AdditiveAngularMarginLoss(margin=-0.1),
        lambda: AdditiveAngularMarginLoss(margin=30.0),
    ],
)
def test_senseless_parameters_are_refused(make):
    with pytest.raises(ConfigError, match="must"):
        make()
