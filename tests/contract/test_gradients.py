"""Gradients of all networks and losses are those of differences; a new file is tested as soon as it exists.

All is computed in double precision by `torch.autograd.gradcheck`. Losses are checked value by value. Networks
have too many weights for that: each of their parts is moved in a random direction, in which all of its
weights take part.
"""

import copy
import importlib
import inspect
import typing
from dataclasses import replace
from functools import partial
from itertools import product

import pytest
import torch
from torch import nn
from torch.func import functional_call

from pyannote.audio.config.registry import available
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.embedding.approaches.base import Approach
from pyannote.audio.labeling.tasks._class_weights import loss_weights

DETECTION = Specifications("Dcase", {"X": 7, "long_term": 7}, ("a", "b", "c"), 2.0, 0.01, 44100)
FEATURES = Specifications("TripletLoss", {"X": 7}, ("a", "b", "c"), 1.0, 0.01, 16000)
WAVEFORM = Specifications("TripletLoss", {"X": 1}, ("a", "b", "c"), 1.0, 1 / 16000, 16000)
LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 2, 3])


def class_of(kind, name):
    return getattr(importlib.import_module(available(kind)[name]), name)


def choices(found, common=object):
    """All combinations of the values of those parameters of a class that have a few."""
    hints = typing.get_type_hints(found.__init__)
    own = [
        name
        for name in inspect.signature(found).parameters
        if name not in inspect.signature(common).parameters
    ]
    values = {
        name: typing.get_args(hints[name]) for name in own if typing.get_origin(hints[name]) is typing.Literal
    }
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def random(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


# networks

KINDS = [
    (name, kind) for name in available("architecture") for kind in class_of("architecture", name).output_kinds
]
HEADS = ("pooling", "linear", "output", "long")


def model_of(name, kind):
    """Network in double precision, and what it reads: the waveform, if it takes nothing else."""
    found = class_of("architecture", name)
    wanted = replace(FEATURES if kind == "vector" else DETECTION, output=Output(kind))
    torch.manual_seed(0)
    try:
        model = found(wanted)
    except ConfigError:
        wanted = replace(WAVEFORM, output=Output(kind))
        model = found(wanted)
    for module in model.modules():
        if isinstance(module, (nn.Dropout, nn.Dropout1d, nn.Dropout2d)):
            module.p = 0.0
        if isinstance(module, nn.RNNBase):
            module.dropout = 0.0
    model.double()
    # fresh weights may lie exactly where a function has a kink
    for index, weight in enumerate(model.parameters()):
        weight.data += size(weight) / 100 * random(*weight.shape, seed=index)
    return model, wanted


def inputs_of(model, specifications):
    frames = 1600 if specifications.inputs["X"] == 1 else 2 * model.resolution + 9
    return {
        name: random(*((4, frames) if name == "X" else (4,)), dimension, seed=1)
        for name, dimension in specifications.inputs.items()
    }


def size(tensor):
    return max(0.01, float(tensor.detach().abs().mean()))


def assert_gradient_along(function, tensors):
    """The derivative is that of differences if all tensors are moved together, in a random direction."""
    directions = [size(one) * random(*one.shape, seed=index) for index, one in enumerate(tensors)]

    def moved(distance):
        return function([start + distance * way for start, way in zip(tensors, directions, strict=True)])

    start = torch.zeros((), dtype=torch.float64, requires_grad=True)
    # steps are so small because the largest networks have 100,000 places where they bend
    assert torch.autograd.gradcheck(moved, start, eps=1e-9, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_networks(name, kind, promise):
    model, specifications = model_of(name, kind)
    batch, weights = inputs_of(model, specifications), dict(model.named_parameters())
    parts = sorted({key.partition(".")[0] for key in weights})
    if kind != class_of("architecture", name).output_kinds[0]:
        # all else is looked at with the first kind
        parts = [part for part in parts if part in HEADS]

    def output(batch, weights):
        found = functional_call(model, weights, (batch,))
        return (found * random(*found.shape, seed=2)).sum()

    for training in (True, False):
        model.train(training)
        for part in parts:
            own = [key for key in weights if key.partition(".")[0] == part]
            assert_gradient_along(
                lambda tensors, own=own: output(batch, {**weights, **dict(zip(own, tensors, strict=True))}),
                [weights[key].detach() for key in own],
            )
        for key in batch:
            assert_gradient_along(
                lambda tensors, key=key: output({**batch, key: tensors[0]}, weights), [batch[key]]
            )
    promise(
        "The gradient of each network is right.",
        "gradcheck in double precision, in training without dropout and in evaluation, of each part and each "
        "input in a random direction, at most 1e-4 off.",
        f"{name}, {kind}: {len(parts)} parts",
    )


# losses


@pytest.mark.parametrize("name", available("approach"))
def test_losses_on_embeddings(name, promise):
    found = class_of("approach", name)
    kinds = choices(found, Approach)
    for given in kinds:
        torch.manual_seed(0)
        approach = found(**given)
        approach.head = approach.make_head(4, 4).double()
        weights = dict(approach.head.named_parameters())

        def loss(embeddings, *tensors, approach=approach, weights=weights):
            # a loss may change what it holds, such as centres
            fresh = copy.deepcopy(approach)
            for key, tensor in zip(weights, tensors, strict=True):
                _replace(fresh.head, key, tensor)
            return fresh.loss(embeddings, LABELS)

        tensors = [random(len(LABELS), 4), *(weight.detach() for weight in weights.values())]
        assert torch.autograd.gradcheck(loss, [tensor.requires_grad_() for tensor in tensors]), given
    promise(
        "The gradient of each loss on embeddings is right.",
        "gradcheck in double precision, of each value of embeddings and of what the loss learns, with each "
        "combination of the parameters of the loss, at most 1e-3 off.",
        f"{name}: {len(kinds)} combinations",
    )


def _replace(module, key, tensor):
    owner, _, name = key.rpartition(".")
    owner = module.get_submodule(owner)
    del owner._parameters[name]
    setattr(owner, name, tensor)


@pytest.mark.parametrize("name", available("task"))
def test_losses_of_detection(name, promise):
    found = class_of("task", name)
    known = inspect.signature(found).parameters
    kinds = [kind for kind in choices(found) if "class_weights" not in kind] or [{}]
    needed = {"labels_spec": {"regular": ["a", "b"]}} if "labels_spec" in known else {}
    classes = found(**needed).labels.classes
    weights_of_classes = [
        {"class_weights": each} for each in (None, "balanced", dict.fromkeys(classes[:1], 3.0))
    ]
    # what predicts features has no classes, and one more target: whether they are masked
    values, masks = (len(classes), 0) if classes else (4, 1)
    activity = (random(3, 10, values + masks) > 0).double()
    for kind, weights in product(kinds, weights_of_classes if "class_weights" in known else [{}]):
        task = found(**needed, **kind, **weights)
        if task.class_weights:
            share = activity.mean(dim=(0, 1)).numpy()
            task._weights = loss_weights(task.class_weights, share, classes).double()
        targets = task.targets(activity, 4).double()
        logits = random(*targets.shape[:2], values, seed=3).requires_grad_()
        assert torch.autograd.gradcheck(partial(task.loss, targets=targets), logits), (kind, weights)
    promise(
        "The gradient of the loss of each task is right.",
        "gradcheck in double precision, of each value of logits, with and without weights of classes, "
        "at most 1e-3 off.",
        f"{name}: {len(kinds)} kinds of targets",
    )
