"""What every approach to embedding must do; a new file is tested as soon as it exists."""

import copy
import importlib
import math

import pytest
import torch
from torch import nn

from pyannote.audio.config.registry import available, build, parameters_of
from pyannote.audio.config.schema import Block
from pyannote.audio.config.yaml_lines import read_yaml
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.base import Approach

NAMES = list(available("approach"))
LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 3, 4])
SAMPLING = parameters_of(SpeakerSegments)


def class_of(name):
    return getattr(importlib.import_module(available("approach")[name]), name)


def made(name, dimension=6, classes=5, seed=0, **given):
    torch.manual_seed(seed)
    approach = class_of(name)(**given)
    approach.head = approach.make_head(dimension, classes)
    return approach


def random_embeddings(count=10, dimension=6, seed=0):
    return torch.randn(count, dimension, generator=torch.Generator().manual_seed(seed))


def test_the_approaches_of_the_toolkit_are_known():
    assert {"AdditiveAngularMarginLoss", "CenterLoss", "Classification", "CongenerousCosineLoss"} < set(NAMES)
    assert {"ContrastiveLoss", "TripletLoss"} < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
class TestApproach:
    def test_a_configuration_gives_parameters_of_the_sampler_among_those_of_the_loss(self, name, tmp_path):
        own = parameters_of(class_of(name))
        assert {key: own[key] for key in SAMPLING} == SAMPLING
        (tmp_path / "config.yml").write_text("approach:\n")
        block = Block(name, {**dict.fromkeys(SAMPLING, 2), "duration": None}, ("approach",))
        approach = build("approach", block, read_yaml(tmp_path / "config.yml"))
        assert isinstance(approach, class_of(name))
        same = SpeakerSegments(**block.params)
        assert vars(approach.segments) == vars(same)
        assert approach.batches_per_epoch == same.batches_per_epoch

    def test_copies_do_not_share_the_length_of_an_epoch(self, name):
        approach = made(name)
        other = copy.copy(approach)
        other.per_epoch = 2.0
        assert (approach.per_epoch, other.per_epoch) == (1.0, 2.0)

    @pytest.mark.parametrize(
        "given",
        [{"duration": 0.0}, {"min_duration": 2.0}, {"per_fold": 1}, {"per_label": 0}, {"per_epoch": 0.0}],
    )
    def test_senseless_sampling_is_refused(self, name, given):
        with pytest.raises(ConfigError, match="must"):
            class_of(name)(segments=SpeakerSegments(**given))

    def test_is_an_approach_with_a_metric_and_a_head(self, name):
        approach = made(name)
        assert isinstance(approach, Approach) and isinstance(approach.head, nn.Module)
        assert approach.metric in ("cosine", "euclidean", "angular")

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_loss_is_a_finite_scalar_with_gradient(self, name, dtype):
        approach, embeddings = made(name), random_embeddings().to(dtype).requires_grad_()
        approach.head.to(dtype)
        loss = approach.loss(embeddings, LABELS)
        loss.backward()
        assert loss.shape == () and loss.dtype == dtype and torch.isfinite(loss) and loss >= 0
        assert embeddings.grad.abs().sum() > 0
        assert all(parameter.grad.abs().sum() > 0 for parameter in approach.head.parameters())

    def test_leaves_what_it_is_given_as_it_is(self, name):
        embeddings, labels = random_embeddings(), LABELS.clone()
        made(name).loss(embeddings, labels)
        assert torch.equal(embeddings, random_embeddings()) and torch.equal(labels, LABELS)

    def test_order_of_the_batch_does_not_matter(self, name):
        embeddings, order = random_embeddings(), torch.randperm(len(LABELS))
        one, other = made(name), made(name)
        loss = one.loss(embeddings, LABELS)
        assert torch.allclose(loss, other.loss(embeddings[order], LABELS[order]), rtol=1e-5)
        assert one.measures() == pytest.approx(other.measures())

    def test_is_the_same_twice(self, name):
        losses = [made(name).loss(random_embeddings(), LABELS) for _ in range(2)]
        assert torch.equal(*losses)

    def test_fifty_steps_bring_it_down_and_speakers_apart(self, name):
        approach = made(name, dimension=4)
        random = torch.Generator().manual_seed(1)
        # what all have in common is large, so that all begin near each other
        means = 3 + torch.randn(5, 8, generator=random)
        samples = means[LABELS] + 0.5 * torch.randn(len(LABELS), 8, generator=random)
        network = nn.Linear(8, 4)
        optimizer = torch.optim.Adam([*network.parameters(), *approach.head.parameters()], lr=0.03)
        losses, contrasts = [], []
        for _ in range(50):
            embeddings = network(samples)
            loss = approach.loss(embeddings, LABELS)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            cosine = nn.functional.cosine_similarity(embeddings[:, None], embeddings, dim=2).detach()
            same = LABELS[:, None] == LABELS
            contrasts.append(cosine[same].mean().item() - cosine[~same].mean().item())
        assert losses[-1] < 0.9 * losses[0]
        assert contrasts[-1] > contrasts[0]

    def test_head_is_saved_and_restored(self, name, tmp_path):
        one = made(name)
        one.loss(random_embeddings(), LABELS)
        torch.save(one.head.state_dict(), tmp_path / "head.pt")
        wanted = one.loss(random_embeddings(seed=1), LABELS)
        other = made(name, seed=1)
        other.head.load_state_dict(torch.load(tmp_path / "head.pt", weights_only=True))
        assert torch.equal(other.loss(random_embeddings(seed=1), LABELS), wanted)

    def test_is_copied_whole(self, name):
        approach = made(name)
        approach.loss(random_embeddings(), LABELS)
        assert copy.deepcopy(approach).measures() == approach.measures()

    @pytest.mark.parametrize(
        "labels",
        [[0], [0, 0, 0], [0, 1, 2], [4, 4, 0]],
        ids=["one", "one speaker", "all different", "unequal"],
    )
    def test_small_batches_are_batches(self, name, labels):
        approach, embeddings = made(name), random_embeddings(len(labels)).requires_grad_()
        loss = approach.loss(embeddings, torch.tensor(labels))
        loss.backward()
        assert torch.isfinite(loss) and torch.isfinite(embeddings.grad).all()
        assert all(math.isfinite(value) for value in approach.measures().values())

    def test_measures_are_shares_since_the_last_call(self, name):
        approach = made(name)
        approach.loss(random_embeddings(), LABELS)
        measures = approach.measures()
        assert all(isinstance(value, float) and 0 <= value <= 1 for value in measures.values())
        assert approach.measures() in ({}, measures)
