"""Weights of an earlier training as the start of another one, matched by names of classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.inference.bundle import load_weights
from pyannote.audio.io.experiment_folders import load_specifications
from pyannote.audio.models.base import Model

Make = Callable[[Specifications], Model]


def transfer(model: Model, weights: Mapping[str, Tensor], file: Path, make: Make) -> list[str]:
    """Give a network the weights of an earlier training.

    What belongs to a class goes to the class of the same name. The names are those of the `specs.yml` of the
    earlier training, two folders above its weights. Embeddings have no classes: their weights are loaded as
    they are.

    Parameters
    ----------
    model : Model
        With fresh weights.
    weights : mapping of str to Tensor
        State dict of the earlier network.
    file : Path
        Where they come from: `<train>/weights/<epoch>.pt`.
    make : callable
        Builds the same network for other specifications.

    Returns
    -------
    list of str
        Sentences on classes that start afresh or are not needed, and on what could not be checked.

    Raises
    ------
    CheckpointError
        If they are those of other inputs, of another kind of output, or of another architecture.
    """
    now, train = model.specifications, file.resolve().parent.parent
    if now.output.kind == "vector":
        load_weights(model, weights, file)
        return []
    if not (train / "specs.yml").exists():
        load_weights(model, weights, file)
        return [
            f"There is no {train / 'specs.yml'} for {file}: the order of its classes cannot be checked, and "
            "is taken to be that of this training."
        ]
    before = load_specifications(train, now.output.kind)
    _check(before, now, file)
    load_weights(model, _matched(model, weights, before, class_axes(make, now)), file)
    return _remarks(before, now)


def class_axes(make: Make, specifications: Specifications) -> dict[str, int]:
    """Entries of the state dict of a network that have one row a class, and the axis of the rows.

    Parameters
    ----------
    make : callable
        Builds the network.
    specifications : Specifications
        With n classes: shapes are compared with those of a network of n + 1 classes.

    Examples
    --------
    >>> from pyannote.audio.models.dcase import Dcase
    >>> class_axes(Dcase, Specifications("Dcase", {"X": 40}, ("car", "children"), 2.0, 0.01, 44100))
    {'output.3.weight': 0, 'output.3.bias': 0}
    """
    count = len(specifications.classes)
    one_more = replace(specifications, classes=(*specifications.classes, "\0"))
    # what is drawn for weights that no one keeps must not change what is drawn later
    with torch.random.fork_rng(devices=[]):
        small, large = (make(one).state_dict() for one in (specifications, one_more))
    axes = {}
    for name, tensor in small.items():
        for axis, sizes in enumerate(zip(tensor.shape, large[name].shape, strict=True)):
            if sizes == (count, count + 1):
                axes[name] = axis
    return axes


def _matched(
    model: Model, weights: Mapping[str, Tensor], before: Specifications, axes: Mapping[str, int]
) -> dict[str, Tensor]:
    """Weights whose rows are in the order of the classes of a network; rows of new classes are its own."""
    known = [name for name in model.specifications.classes if name in before.classes]
    to, source = (
        torch.tensor([classes.index(name) for name in known], dtype=torch.long)
        for classes in (model.specifications.classes, before.classes)
    )
    fresh, matched = model.state_dict(), dict(weights)
    for name, axis in axes.items():
        given, own = weights.get(name), fresh[name]
        expected = (*own.shape[:axis], len(before.classes), *own.shape[axis + 1 :])
        # an entry of another shape is that of another architecture: loading it says so
        if isinstance(given, Tensor) and given.shape == expected:
            rows = given.to(own).index_select(axis, source.to(own.device))
            matched[name] = own.index_copy(axis, to.to(own.device), rows)
    return matched


def _check(before: Specifications, now: Specifications, file: Path) -> None:
    for what, given, needed in (
        ("inputs", before.inputs, now.inputs),
        ("outputs", before.output.kind, now.output.kind),
    ):
        if given != needed:
            raise CheckpointError(
                f"These weights are those of a network with other {what}: {_told(given)}; those of this "
                f"training are {_told(needed)}.",
                file=file,
                fix="Use the feature extraction and the task that they were trained with, or other weights.",
            )


def _told(value: Mapping[str, int] | str) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(f"{name} of dimension {dimension}" for name, dimension in value.items())


def _remarks(before: Specifications, now: Specifications) -> list[str]:
    remarks = []
    for classes, known, remark in (
        (
            now.classes,
            before.classes,
            "Classes that start afresh, because they are not in these weights: {}.",
        ),
        (
            before.classes,
            now.classes,
            "Classes of these weights that this training does not need: {}.",
        ),
    ):
        others = [repr(name) for name in classes if name not in known]
        if others:
            remarks.append(remark.format(", ".join(others)))
    for what, given, needed in (
        ("computed at {} Hz", before.sample_rate, now.sample_rate),
        ("{} s apart", before.step, now.step),
    ):
        if given != needed:
            remarks.append(
                f"These weights were trained on features {what.format(f'{given:g}')}, and those of this "
                f"training are {what.format(f'{needed:g}')}."
            )
    return remarks
