"""Transfer of weights between trainings, matched by names of classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.inference.weights import load_weights
from pyannote.audio.io.experiment_folders import load_specifications
from pyannote.audio.models.base import Model

Make = Callable[[Specifications], Model]


def transfer(model: Model, weights: Mapping[str, Tensor], file: Path, make: Make) -> list[str]:
    """Initialise a network with the weights of an earlier training.

    Weights of a class are copied to the class of the same name. Names are those in the `specs.yml` of the
    earlier training, two folders above its weights. Embeddings have no classes: all weights are copied.

    Parameters
    ----------
    model : Model
        Network with random weights.
    weights : mapping of str to Tensor
        State dict of the earlier network; rows of classes are the only shapes that may differ.
    file : Path
        File of the weights, `<train>/weights/<epoch>.pt`.
    make : callable
        Builds the same network for other specifications.

    Returns
    -------
    list of str
        Warnings about classes that are new or not used, and about differences of features.

    Raises
    ------
    CheckpointError
        If inputs, kind of output or architecture are not the same.

    Examples
    --------
    >>> bundle = getfixture("detection").bundle
    >>> model = bundle.network()
    >>> transfer(model, bundle.checkpoints.load_weights(1), bundle.checkpoints.weights(1), type(model))
    []
    """
    now, train = model.specifications, file.resolve().parent.parent
    if now.output.kind == "vector":
        load_weights(model, weights, file)
        return []
    if not (train / "specs.yml").exists():
        load_weights(model, weights, file)
        return [
            f"There is no {train / 'specs.yml'} for {file}: the order of its classes cannot be checked, and "
            "is assumed to be that of this training."
        ]
    before = load_specifications(train, now.output.kind)
    _check(before, now, file)
    # values of frames, which pretraining predicts, are no classes, whatever their names are
    alike = before.output.activation == now.output.activation
    known = [name for name in now.classes if alike and name in before.classes]
    load_weights(model, _matched(model, weights, before, known, class_axes(make, now)), file)
    return _remarks(before, now) if alike else [_ONLY_LAST, *_other_features(before, now)]


def class_axes(make: Make, specifications: Specifications) -> dict[str, int]:
    """Weights of a network with one row for each class, and the axis of these rows.

    Parameters
    ----------
    make : callable
        Builds the network.
    specifications : Specifications
        Specifications of n classes; shapes are compared with those of a network of n + 1 classes.

    Examples
    --------
    >>> from pyannote.audio.models.dcase import Dcase
    >>> class_axes(Dcase, Specifications("Dcase", {"X": 40}, ("car", "children"), 2.0, 0.01, 44100))
    {'output.3.weight': 0, 'output.3.bias': 0}
    """
    count = len(specifications.classes)
    one_more = replace(specifications, classes=(*specifications.classes, "\0"))
    # random numbers for these temporary weights must not change later random numbers
    with torch.random.fork_rng(devices=[]):
        small, large = (make(one).state_dict() for one in (specifications, one_more))
    axes = {}
    for name, tensor in small.items():
        for axis, sizes in enumerate(zip(tensor.shape, large[name].shape, strict=True)):
            if sizes == (count, count + 1):
                axes[name] = axis
    return axes


def _matched(
    model: Model,
    weights: Mapping[str, Tensor],
    before: Specifications,
    known: Sequence[str],
    axes: Mapping[str, int],
) -> dict[str, Tensor]:
    """Weights with rows in the order of the classes of a network; rows of classes not known stay random."""
    to, source = (
        torch.tensor([classes.index(name) for name in known], dtype=torch.long)
        for classes in (model.specifications.classes, before.classes)
    )
    fresh, matched = model.state_dict(), dict(weights)
    for name, axis in axes.items():
        given, target = weights.get(name), fresh[name]
        expected = (*target.shape[:axis], len(before.classes), *target.shape[axis + 1 :])
        # another shape belongs to another architecture, which `load_weights` reports
        if isinstance(given, Tensor) and given.shape == expected:
            rows = given.to(target).index_select(axis, source.to(target.device))
            matched[name] = target.index_copy(axis, to.to(target.device), rows)
    return matched


def _check(before: Specifications, now: Specifications, file: Path) -> None:
    for what, given, needed in (
        ("inputs", before.inputs, now.inputs),
        ("outputs", before.output.kind, now.output.kind),
    ):
        if given != needed:
            raise CheckpointError(
                f"The {what} of these weights are {_text(given)}; this training has {_text(needed)}.",
                file=file,
                fix="Use the feature extraction and the task that they were trained with, or other weights.",
            )


def _text(value: Mapping[str, int] | str) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(f"{name} of dimension {dimension}" for name, dimension in value.items())


_ONLY_LAST = (
    "These weights are those of pretraining: all layers but the last one are used, and that starts from "
    "random values."
)


def _remarks(before: Specifications, now: Specifications) -> list[str]:
    remarks = []
    for classes, known, remark in (
        (
            now.classes,
            before.classes,
            "Classes that these weights do not contain, which start from random values: {}.",
        ),
        (
            before.classes,
            now.classes,
            "Classes of these weights that this training does not use: {}.",
        ),
    ):
        missing = [repr(name) for name in classes if name not in known]
        if missing:
            remarks.append(remark.format(", ".join(missing)))
    return [*remarks, *_other_features(before, now)]


def _other_features(before: Specifications, now: Specifications) -> list[str]:
    return [
        f"These weights were trained on features {what.format(f'{given:g}')}; this training computes "
        f"them {what.format(f'{needed:g}')}."
        for what, given, needed in (
            ("at {} Hz", before.sample_rate, now.sample_rate),
            ("with a step of {} s", before.step, now.step),
        )
        if given != needed
    ]
