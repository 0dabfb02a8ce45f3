"""Masked prediction: what is hidden, what is asked, and that a network learns from it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pyannote.audio.augmentation import AddNoise, Mixup
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.ranks import Rank
from pyannote.audio.features import LibrosaMelSpectrogram
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.labeling.tasks.masked_prediction import MaskedPrediction
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.store.packs import Pack

BANDS, FRAMES = 16, 3000
STEP = 0.01
DEFAULTS = {"duration": 2.0, "batch_size": 6, "per_epoch": 0.0005, "span": 0.3}


def waves(frames=FRAMES):
    """Bands that rise and fall within 4 s: what is hidden follows from what is around it."""
    time = np.arange(frames)[:, None] * STEP
    return (10 * np.sin(2 * np.pi * time / 4 + np.arange(BANDS)) - 30).astype(np.float32)


def prepared(model=None, **parameters):
    """Task that is ready to draw batches, with its network."""
    task = MaskedPrediction(
        **{"duration": 2.0, "batch_size": 6, "per_epoch": 0.001, "span": 0.3, **parameters}
    )
    specifications = task.specifications(LibrosaMelSpectrogram(n_mels=BANDS))
    network = (model or (lambda specs: Dcase(specs, pooling=(2, 2, 2, 1))))(specifications)
    task.attach(network, specifications)
    frames = waves()
    pack = Pack(frames, np.array([0, 1000, FRAMES]), np.stack([frames[:1000].mean(0), frames[1000:].mean(0)]))
    regions = [{"regions": [(0.0, 10.0)], "events": None}, {"regions": [(0.0, 20.0)], "events": None}]
    task.prepare(regions, pack, specifications)
    return task, network


def test_masked_frames_are_the_mean_and_the_others_are_unchanged():
    task, _ = prepared()
    mean, deviation = (value.numpy() for value in task.statistics()["X"])
    for batch in list(task.batches(1, seed=0))[:3]:
        frames, truth, mask = batch["X"].numpy(), batch["y"].numpy()[..., :-1], batch["y"].numpy()[..., -1]
        assert set(np.unique(mask)) == {0, 1}
        assert np.abs(frames[mask == 1] - mean).max() < 1e-4
        assert np.abs((frames[mask == 0] - mean) / deviation - truth[mask == 0]).max() < 1e-4
        # the masked truth is that of the recording: each chunk is a part of it, found by its other frames
        whole = (waves() - mean) / deviation
        for chunk, hidden in zip(truth, mask, strict=True):
            first = next(
                start for start in range(FRAMES - 200)
                if np.allclose(whole[start : start + 200][hidden == 0], chunk[hidden == 0], atol=1e-4)
            )  # fmt: skip
            assert np.allclose(whole[first : first + 200], chunk, atol=1e-4)


def test_spans_are_whole_output_frames():
    """4 x 2 frames of 10 ms an output: 0.3 s are 4 outputs, and 25 outputs give (0.4 x 25) / 4 = 2 spans."""
    task, network = prepared()
    assert network.resolution == 8
    for batch in task.batches(1, seed=0):
        mask = batch["y"][..., -1]
        share = task.targets(batch["y"], 8)[..., -1]
        assert ((share == 0) | (share == 1)).all()
        assert (share.sum(dim=1) >= 4).all() and (share.sum(dim=1) <= 8).all()
        assert mask.shape == (6, 200) and (mask.sum(dim=1) == 8 * share.sum(dim=1)).all()


def test_the_loss_is_that_of_the_masked_outputs_worked_by_hand():
    task, _ = prepared()
    batch = next(iter(task.batches(1, seed=0)))
    targets = task.targets(batch["y"], 8)
    outputs = torch.randn(6, 25, BANDS, generator=torch.Generator().manual_seed(0))
    total, count = 0.0, 0
    for chunk in range(6):
        for place in range(25):
            rows = batch["y"][chunk, 8 * place : 8 * place + 8]
            if rows[:, -1].all():
                total += float(((outputs[chunk, place] - rows[:, :-1].mean(0)) ** 2).sum())
                count += BANDS
    assert task.loss(outputs, targets).item() == pytest.approx(total / count, rel=1e-4)
    # outputs of what is visible have no effect
    changed = outputs + 100 * (targets[..., -1:] < 0.5)
    assert task.loss(changed, targets).item() == pytest.approx(task.loss(outputs, targets).item())


def test_batches_depend_on_seed_epoch_and_place_alone():
    first, second = prepared()[0], prepared()[0]
    list(second.batches(1, seed=0))
    for one, other in zip(first.batches(2, seed=3), second.batches(2, seed=3), strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)
    others = next(iter(first.batches(3, seed=3)))["y"], next(iter(first.batches(2, seed=4)))["y"]
    assert not any(torch.equal(next(iter(first.batches(2, seed=3)))["y"], other) for other in others)


@pytest.mark.parametrize("logavgmel", [False, True])
def test_processes_share_batches(logavgmel):
    task = prepared(logavgmel=logavgmel)[0]
    parts = [task.batches(1, 0, Rank(index, 2)) for index in range(2)]
    for whole, *shared in zip(task.batches(1, 0), *parts, strict=True):
        for name in whole:
            if name == "y":
                assert all(torch.equal(part["y"], whole["y"]) for part in shared)
            else:
                assert torch.equal(torch.cat([part[name] for part in shared]), whole[name])
        assert ("long_term" in whole) == logavgmel


@pytest.mark.parametrize("make", [Dcase, Crnn])
def test_a_network_learns_to_fill_in_what_is_hidden(make):
    """From 1, the loss of the mean, to less than a third: so it must read the frames around."""
    torch.manual_seed(0)
    sizes = {"pooling": (2, 2, 2, 1)} if make is Dcase else {}
    task, network = prepared(lambda specs: make(specs, dropout=0.0, **sizes), per_epoch=0.001)
    network.set_statistics(task.statistics())
    optimizer = torch.optim.Adam(network.parameters(), 0.003)
    losses = []
    for epoch in range(1, 9):
        for batch in task.batches(epoch, seed=0):
            loss = task.loss(network(batch), task.targets(batch["y"], network.resolution))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert losses[0] > 0.8 and np.mean(losses[-10:]) < 0.33


def test_inputs_are_those_of_the_task_that_the_weights_are_for():
    extraction = LibrosaMelSpectrogram(n_mels=BANDS)
    for logavgmel in (False, True):
        before = MaskedPrediction(logavgmel=logavgmel).specifications(extraction)
        after = DcaseTask({"regular": ["car"]}, logavgmel=logavgmel).specifications(extraction)
        assert before.inputs == after.inputs
        assert replace(after, classes=("car",)).output.activation == "sigmoid"


def test_augmentations_of_features_are_refused():
    MaskedPrediction().check_augmentation(AddNoise())
    with pytest.raises(ConfigError, match="predicts features, which Mixup would change"):
        MaskedPrediction().check_augmentation(Mixup())


@pytest.mark.parametrize(
    "wrong", [{"span": 0.0}, {"span": 2.6}, {"share": 0.0}, {"share": 0.95}, {"share": float("nan")}]
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        MaskedPrediction(**wrong)


def test_a_chunk_of_too_few_outputs_is_refused():
    with pytest.raises(ConfigError, match=r"A chunk of 1.5 s has 1 output frames of 0.81 s, and a span 1"):
        prepared(Dcase, duration=1.5)
