"""Sliding inference against a float64 loop over chunks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.inference.slide import Slide
from pyannote.audio.models._outputs import chunk_logits
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase

SPECS = Specifications("Dcase", {"X": 16, "long_term": 16}, ("a", "b"), 0.3, 0.01, 16000)


def model_of(kind, specs=SPECS):
    torch.manual_seed(0)
    if kind == "dcase":
        return Dcase(specs, channels=6, hidden=5, pooling=(3, 2, 1, 1))
    return Crnn(specs, channels=(4, 4, 4), recurrent=5)


def inputs_of(frames, seed=0):
    random = np.random.default_rng(seed)
    return {
        "X": random.normal(size=(frames, 16)).astype(np.float32),
        "long_term": random.normal(size=16).astype(np.float32),
    }


def naive(model, inputs, frames, step):
    """Mean over all chunks that cover an output frame, in double precision."""
    model = model.double().eval()
    resolution, features = model.resolution, inputs["X"].astype(np.float64)
    outputs = int(np.ceil(len(features) / resolution))
    hop = min(frames // resolution, max(1, round(step * frames / resolution)))
    total, count, first = np.zeros((outputs, 2)), np.zeros((outputs, 1)), 0
    while True:
        chunk = []
        for frame in range(first * resolution, first * resolution + frames):
            position = frame % (2 * len(features))  # mirrored: 0 1 2 2 1 0 0 1 2
            chunk.append(features[min(position, 2 * len(features) - 1 - position)])
        batch = {
            "X": torch.tensor(np.array(chunk))[None],
            "long_term": torch.tensor(inputs["long_term"]).double()[None],
        }
        with torch.inference_mode():
            scores = torch.sigmoid(model(batch))[0].numpy()
        for index, score in enumerate(scores):
            if first + index < outputs:
                total[first + index] += score
                count[first + index] += 1
        if first + len(scores) >= outputs:
            model.float()
            return total / count
        first += hop


@pytest.mark.parametrize("kind", ["dcase", "crnn"])
@pytest.mark.parametrize("frames", [1, 5, 29, 30, 31, 100, 157])
@pytest.mark.parametrize(("chunk", "step"), [(30, 0.25), (30, 1.0), (32, 0.4), (6, 0.1), (200, 0.25)])
def test_scores_are_those_of_a_loop_over_chunks(kind, frames, chunk, step):
    model, inputs = model_of(kind), inputs_of(frames)
    chunk = max(chunk, model.resolution)
    expected = naive(model, inputs, chunk, step)
    found = Slide(model, chunk, step)(inputs)
    assert found.shape == (-(-frames // model.resolution), 2) and found.dtype == np.float32
    assert np.allclose(found, expected, atol=1e-5)
    assert (found >= 0).all() and (found <= 1).all()


@pytest.mark.parametrize("kind", ["dcase", "crnn"])
@pytest.mark.parametrize("batch_size", [1, 2, 7, 1000])
def test_the_size_of_batches_changes_nothing(kind, batch_size):
    model, inputs = model_of(kind), inputs_of(1570)
    expected = Slide(model, 100, 0.25)(inputs)
    assert np.allclose(Slide(model, 100, 0.25, batch_size)(inputs), expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["dcase", "crnn"])
@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_recordings_that_share_batches_are_recordings_alone(kind, batch_size):
    model = model_of(kind)
    recordings = [inputs_of(frames, seed) for seed, frames in enumerate([30, 1, 400, 157, 8, 31])]
    slide = Slide(model, 60, 0.25, batch_size)
    completed = list(slide.batches(iter(recordings)))
    found = [scores for batch in completed for scores in batch]
    assert [scores.shape for scores in found] == [slide(inputs).shape for inputs in recordings]
    for scores, inputs in zip(found, recordings, strict=True):
        assert np.allclose(scores, naive(model, inputs, 60, 0.25), atol=1e-5)
    chunks = sum(len(slide.starts(len(inputs["X"]))) for inputs in recordings)
    overlap = slide.chunk_outputs / slide.step_outputs
    assert len(completed) == -(-chunks // int(batch_size * overlap))


def test_recordings_are_asked_for_when_there_is_room():
    asked = []

    def recordings():
        for index in range(5):
            asked.append(index)
            yield inputs_of(600)

    slide = Slide(model_of("dcase"), 30, 0.5, batch_size=10)
    next(slide.batches(recordings()))
    assert asked == [0]


def test_no_recordings_give_no_batches():
    assert list(Slide(model_of("dcase"), 30).batches([])) == []


@pytest.mark.parametrize("mode", ["r", "c"])
def test_features_may_be_mapped_and_changes_of_a_private_map_count(tmp_path, mode):
    model, inputs = model_of("dcase"), inputs_of(5000)
    np.save(tmp_path / "x.npy", inputs["X"])
    mapped = np.load(tmp_path / "x.npy", mmap_mode=mode)
    if mode == "c":
        inputs["X"][1234] = mapped[1234] = 7.0
    slide = Slide(model, 30, batch_size=8)
    assert np.array_equal(slide({**inputs, "X": mapped}), slide(inputs))
    assert np.array_equal(mapped, inputs["X"])


def test_inputs_are_left_as_they_are_and_may_be_read_only():
    inputs = inputs_of(100)
    before = {name: value.copy() for name, value in inputs.items()}
    Slide(model_of("dcase"), 30)(inputs)
    assert all(np.array_equal(inputs[name], before[name]) for name in inputs)


def test_dropout_is_off_and_no_graph_is_kept():
    model = model_of("dcase").train()
    slide = Slide(model, 30)
    assert np.array_equal(slide(inputs_of(100)), slide(inputs_of(100)))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_model_that_scores_time_is_put_together_in_time():
    class Clock(nn.Module):
        """Its scores are the means of its inputs."""

        resolution = 2

        def __init__(self):
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(1))

        def forward(self, batch):
            return batch["X"].unfold(1, 2, 2).mean(dim=3)

    time = np.linspace(-3, 3, 50, dtype=np.float32)[:, None]
    found = Slide(Clock(), frames=11, step=0.3)({"X": time})
    assert np.allclose(found.ravel(), 1 / (1 + np.exp(-time.reshape(25, 2).mean(axis=1))), atol=1e-6)


def naive_of_chunks(model, inputs, frames, hop):
    """Mean over all chunks that cover a step of the score of the whole chunk."""
    model, features = model.double().eval(), inputs["X"].astype(np.float64)
    steps = int(np.ceil(len(features) / hop))
    covered = max(1, round(frames / hop))
    scores = [[] for _ in range(steps + covered)]
    for step in range(max(0, steps - covered) + 1):
        positions = np.arange(step * hop, step * hop + frames) % (2 * len(features))
        chunk = features[np.minimum(positions, 2 * len(features) - 1 - positions)]
        batch = {
            "X": torch.tensor(chunk)[None],
            "long_term": torch.tensor(inputs["long_term"]).double()[None],
        }
        with torch.inference_mode():
            score = torch.sigmoid(chunk_logits(model(batch)))[0, 0].numpy()
        for one in scores[step : step + covered]:
            one.append(score)
    model.float()
    return np.array([np.mean(one, axis=0) for one in scores[:steps]])


@pytest.mark.parametrize("kind", ["dcase", "crnn"])
@pytest.mark.parametrize("frames", [1, 29, 30, 31, 157])
@pytest.mark.parametrize(("chunk", "step"), [(30, 0.25), (32, 1.0), (48, 0.5), (60, 0.3), (24, 0.1)])
def test_scores_of_whole_chunks_lie_on_the_grid_of_steps(kind, frames, chunk, step):
    model, inputs = model_of(kind, replace(SPECS, output=Output("chunk"))), inputs_of(frames)
    # a step is so many output frames of the network
    hop = max(1, round(step * chunk / model.resolution)) * model.resolution
    slide = Slide(model, chunk, step, batch_size=7)
    found = slide(inputs)
    assert slide.resolution == hop and found.shape == (slide.outputs(frames), 2) == (-(-frames // hop), 2)
    assert np.allclose(found, naive_of_chunks(model, inputs, chunk, hop), atol=1e-5)


def test_a_network_may_give_frames_where_chunks_are_asked_for():
    """A network of one's own without a head for chunks has the same scores: its frames are pooled."""

    class OnlyFrames(Dcase):
        def __init__(self, specifications, **sizes):
            super().__init__(replace(specifications, output=Output("frames")), **sizes)
            self.specifications = specifications

    specs = replace(SPECS, output=Output("chunk"))
    own = OnlyFrames(specs, channels=6, hidden=5, pooling=(3, 2, 1, 1))
    other = model_of("dcase", specs)
    own.load_state_dict(other.state_dict())
    batch = {name: torch.from_numpy(value)[None] for name, value in inputs_of(60).items()}
    assert own(batch).ndim == 3 and other(batch).ndim == 2
    assert np.allclose(Slide(own, 30)(inputs_of(100)), Slide(other, 30)(inputs_of(100)), atol=1e-6)
