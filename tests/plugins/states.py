"""What a training has come to: weights, all that is kept beside them, and curves."""

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.io.experiment_folders import TrainFolder


def tensors(nested, path=()):
    """Tensors and plain values of nested dicts and lists, by their path."""
    items = nested.items() if isinstance(nested, dict) else enumerate(nested)
    found = {}
    for key, value in items:
        if isinstance(value, (dict, list, tuple)):
            found |= tensors(value, (*path, key))
        else:
            found[(*path, key)] = value
    return found


def bits(value):
    """What tells a value from any other, to the last bit."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.contiguous().numpy().tobytes()
    return repr(value)


def saved(folders, epoch):
    """Bits of all that is kept of an epoch: weights, optimizer, scheduler, averages, head of the loss."""
    paths = (folders.weights(epoch), folders.weights(epoch).with_suffix(".state.pt"))
    content = tensors([torch.load(path, weights_only=True) for path in paths])
    return {name: bits(value) for name, value in content.items()}


def curves(folder):
    """Steps and values of each curve that tensorboard shows, as (step, value)."""
    # tensorboard reads files by the second in their names, and here several begin in one
    for number, path in enumerate(sorted(folder.glob("events*"), key=lambda path: path.stat().st_mtime_ns)):
        path.rename(path.with_name(f"events.out.tfevents.{number:010d}.here"))
    events = EventAccumulator(str(folder))
    events.Reload()
    return {
        name: [(one.step, one.value) for one in events.Scalars(name)] for name in events.Tags()["scalars"]
    }


def checkpoints_of(train):
    """Epochs of a training, written as it writes them itself."""
    return Bundle.of(TrainFolder(train)).checkpoints
