"""What every network with a local part must do: overlapping chunks that share it change nothing."""

import importlib

import pytest
import torch

from pyannote.audio.config.registry import available
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.inference.chunks import ChunkEdges, logits
from pyannote.audio.models._local import LocalModel

CLASSES = {
    name: getattr(importlib.import_module(module), name) for name, module in available("architecture").items()
}
MODELS = {name: (found, {}) for name, found in CLASSES.items() if issubclass(found, LocalModel)}
MODELS |= {
    "Dcase, other poolings": (CLASSES["Dcase"], {"pooling": (2, 1, 3, 1), "batch_normalize": True}),
    "Dcase, no pooling": (CLASSES["Dcase"], {"pooling": (1, 1, 1, 1)}),
    "Crnn, other strides": (CLASSES["Crnn"], {"time_stride": (3, 1, 2)}),
    "Crnn, no strides": (CLASSES["Crnn"], {"time_stride": (1, 1, 1)}),
}


def test_both_detectors_have_a_local_part():
    assert {"Dcase", "Crnn"} <= set(MODELS)


@pytest.fixture(params=[("X",), ("X", "long_term")], ids=["short", "short and long"])
def inputs(request):
    return request.param


@pytest.fixture(params=MODELS)
def model(request, inputs):
    """A network whose statistics and whose running ones are not those of its first day."""
    found, parameters = MODELS[request.param]
    torch.manual_seed(0)
    specifications = Specifications("Dcase", dict.fromkeys(inputs, 20), ("a", "b"), 2.0, 0.01, 16000)
    model = found(specifications, **parameters)
    model.set_statistics({name: (torch.randn(20), 1 + torch.rand(20)) for name in inputs})
    model.train()({name: torch.randn((4, 324, 20) if name == "X" else (4, 20)) for name in inputs})
    return model.eval()


def one_by_one(model, frames, starts, length, others):
    chunks = []
    for index, start in enumerate(starts.tolist()):
        own = {name: one[[index]] for name, one in others.items()}
        chunks.append(model({"X": frames[None, start : start + length], **own}))
    return torch.cat(chunks)


@pytest.mark.parametrize("length", [163, 164, 165, 166, 200, 201, 247])
def test_chunks_that_share_are_chunks_alone(model, inputs, length):
    starts = torch.tensor([0, 1, 2, 3, 5, 7, 8, 11]) * model.resolution
    frames = torch.randn(int(starts[-1]) + length + 5, 20)
    others = {name: torch.randn(len(starts), 20) for name in inputs if name != "X"}
    with torch.inference_mode():
        expected = one_by_one(model, frames, starts, length, others)
        found = logits(model, frames, starts, length, others)
    assert expected.shape == (len(starts), length // model.resolution, 2)
    assert torch.allclose(found, expected, atol=1e-5)


def test_sharing_takes_place(model, inputs, monkeypatch):
    given = []

    def local(frames, whole=model.local):
        given.append(frames.shape[0] * frames.shape[1])
        return whole(frames)

    monkeypatch.setattr(model, "local", local)
    starts = torch.arange(32) * model.resolution
    others = {name: torch.randn(len(starts), 20) for name in inputs if name != "X"}
    logits(model, torch.randn(31 * model.resolution + 324, 20), starts, 324, others)
    assert sum(given) < 32 * 324 / 2


def test_a_local_frame_sees_no_further_than_its_reach(model):
    resolution, (before, after) = model.local_resolution, model.context
    frames = torch.randn(1, 100 * resolution, 20)
    first, last = 50 * resolution - before, 51 * resolution - 1 + after

    def changed(frame):
        other = frames.clone()
        other[:, frame] += 50 * torch.randn(20)
        with torch.inference_mode():
            return not torch.equal(model.local(frames)[0, 50], model.local(other)[0, 50])

    assert changed(first)
    assert not any(changed(frame) for frame in [*range(first - 20, first), *range(last + 1, last + 20)])


def test_chunks_of_one_output_are_computed_alone(model, inputs):
    length = model.resolution
    frames, starts = torch.randn(10 * length, 20), torch.arange(10) * length
    others = {name: torch.randn(10, 20) for name in inputs if name != "X"}
    with torch.inference_mode():
        expected = one_by_one(model, frames, starts, length, others)
        assert torch.allclose(logits(model, frames, starts, length, others), expected, atol=1e-5)


def test_chunks_share_where_they_overlap_and_only_there(model):
    edges = ChunkEdges(model, 324)
    assert not edges.save_frames(frames=10 * 324, chunks=10)
    assert edges.save_frames(frames=324 + 99 * model.resolution, chunks=100)
