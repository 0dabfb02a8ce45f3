"""Detection of several classes that may be active at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.labels import Composition
from pyannote.audio.core.randomness import generator
from pyannote.audio.core.shares import WHOLE, Share
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import Recording, labels_of
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.io.lines import is_text, quoted, safe_names
from pyannote.audio.labeling.tasks.base import ChunkSampler, Task
from pyannote.audio.store.packs import Pack
from pyannote.audio.store.tensor_packs import excerpts

LABELS_KEYS = ("regular", "union", "intersection", "ignore")


class MultilabelDetection(Task):
    """Chunks of features, and which classes are active in each output frame.

    Parameters
    ----------
    labels_spec : mapping
        `regular`: labels that are classes; `union` and `intersection`: names of classes, each with
        the labels that it is made of; `ignore`: labels of the data that are left out on purpose.
    duration : float
        Duration of a chunk, in seconds.
    batch_size : int
        Chunks of a batch.
    per_epoch : float
        Audio of an epoch, in days.
    target : {"majority", "any", "share"}
        Target of a class in an output frame: 1 where it fills at least half of the frame, 1 where it
        touches the frame, or the share of the frame that it fills.
    class_weights : "balanced" or mapping of str to float, optional
        Weight of each class in the loss. "balanced": inverse to the square root of how much of the
        training set the class fills, with mean 1.
    """

    def __init__(
        self,
        labels_spec: Mapping[str, Any],
        duration: float = 2.0,
        batch_size: int = 32,
        per_epoch: float = 1.0,
        target: Literal["majority", "any", "share"] = "majority",
        class_weights: Literal["balanced"] | Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(duration, batch_size, per_epoch)
        self.labels, self.ignored = _labels(labels_spec)
        if isinstance(class_weights, Mapping):
            unknown = sorted(set(class_weights) - set(self.labels.classes))
            if unknown:
                raise ConfigError(f"class_weights names {unknown[0]!r}, which is no class of labels_spec.")
            if any(weight < 0 for weight in class_weights.values()):
                raise ConfigError("class_weights must not be negative.")
        self.target = target
        self.class_weights = class_weights
        self._weights: Tensor | None = None

    def specifications(self, extraction: FeatureExtraction) -> Specifications:
        """Describe inputs (the features of a chunk) and classes (those of `labels_spec`)."""
        return Specifications(
            task=type(self).__name__,
            inputs=self.inputs(extraction),
            classes=self.labels.classes,
            duration=self.duration,
            step=extraction.sliding_window.step,
            sample_rate=extraction.sample_rate,
            composition=self.labels,
        )

    def inputs(self, extraction: FeatureExtraction) -> dict[str, int]:
        """Dimension of each input of the model."""
        return {"X": extraction.dimension}

    def prepare(self, files: Sequence[Recording], pack: Pack, specifications: Specifications) -> None:
        """Rasterise the annotation, and set the sampler up."""
        self._pack, self._frames = pack, specifications.frames
        self._sampler = ChunkSampler(files, pack.offsets, specifications.frames, specifications.step)
        rasters = [
            self.labels.raster(file["events"] or (), int(last - first), specifications.step)
            for file, first, last in zip(files, pack.offsets[:-1], pack.offsets[1:], strict=True)
        ]
        activity = np.concatenate(rasters)
        self._weights = self._loss_weights(activity.mean(axis=0))
        self._tensors = {"y": torch.from_numpy(activity).to(pack.device)}

    def check(self, files: Sequence[Recording]) -> list[str]:
        """Refuse labels that only the configuration or only the data knows.

        Raises
        ------
        DataError
            With the label, and the nearest one of the other side.
        """
        found = labels_of(files)
        known = (*self.labels.labels, *self.ignored)
        for label in self.labels.labels:
            if label not in found:
                close = get_close_matches(label, found, n=1, cutoff=0.6)
                hint = f"Did you mean {close[0]!r}?" if close else "Remove it, or annotate some."
                held = ", ".join(found) or "none"
                raise DataError(
                    f"labels_spec names {label!r}, which no training file holds; they hold {held}.", fix=hint
                )
        for label in found:
            if label not in known:
                raise DataError(
                    f"The training files hold {label!r}, which labels_spec does not name.",
                    fix="Add it to `regular`, or to `ignore` to leave it out.",
                )
        return []

    def statistics(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation of each band over all frames of the training files."""
        return {"X": self._pack.statistics()}

    def batches(self, epoch: int, seed: int, share: Share = WHOLE) -> Iterator[dict[str, Tensor]]:
        """Gather inputs and activity where the features are; what is drawn is moved there once an epoch."""
        size, device = self.batch_size, self._pack.device
        own = share.rows(size)
        drawn = self._sampler.draw(self.batches_per_epoch * size, epoch, seed)
        places, (files, starts) = self._pack.places(drawn[1]), torch.from_numpy(np.stack(drawn)).to(device)
        for index in range(self.batches_per_epoch):
            batch = slice(index * size, (index + 1) * size)
            yield {
                "X": self._pack.gather(places[batch], self._frames, generator(seed, epoch, index, 1), own),
                **self.extra_inputs(files[batch][own]),
                "y": excerpts(self._tensors["y"], starts[batch], self._frames).float(),
            }

    def extra_inputs(self, files: Tensor) -> dict[str, Tensor]:
        """Further inputs, which belong to whole files; `files` holds the index of the file of each chunk."""
        return {}

    def targets(self, activity: Tensor, resolution: int) -> Tensor:
        """Which classes are active in each output frame.

        Parameters
        ----------
        activity : Tensor of float, shape (batch, frames, classes)
            Activity in each feature frame, between 0 and 1.
        resolution : int
            Feature frames of an output frame.

        Returns
        -------
        Tensor of float, shape (batch, frames // resolution, classes)
            Between 0 and 1, as `target` says.
        """
        batch, frames, classes = activity.shape
        outputs = frames // resolution
        filled = activity[:, : outputs * resolution].reshape(batch, outputs, resolution, classes)
        share = filled.mean(dim=2)
        if self.target == "share":
            return share
        return (share >= 0.5 if self.target == "majority" else share > 0).float()

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Binary cross-entropy, averaged over frames and classes."""
        if self._weights is not None:
            self._weights = self._weights.to(logits.device)
        return binary_cross_entropy_with_logits(logits, targets, weight=self._weights)

    def _loss_weights(self, share: np.ndarray) -> Tensor | None:
        if self.class_weights is None:
            return None
        if isinstance(self.class_weights, Mapping):
            return torch.tensor([float(self.class_weights.get(name, 1.0)) for name in self.labels.classes])
        weights = 1 / np.sqrt(np.maximum(share, 1e-4))
        return torch.from_numpy(weights / weights.mean()).float()


def _labels(spec: Mapping[str, Any]) -> tuple[Composition, tuple[str, ...]]:
    for key in spec:
        if key not in LABELS_KEYS:
            close = get_close_matches(str(key), LABELS_KEYS, n=1)
            raise ConfigError(
                f"labels_spec has no key {key!r}; it has {', '.join(LABELS_KEYS)}.",
                fix=f"Did you mean {close[0]!r}?" if close else None,
            )
    parts = {key: spec.get(key) or {} for key in ("union", "intersection")}
    for key, groups in parts.items():
        if not isinstance(groups, Mapping) or not all(map(_are_names, [[*groups], *groups.values()])):
            raise ConfigError(
                f"{key} of labels_spec must map names of classes to lists of labels.",
                fix="Write names that read as numbers or as true and false in quotes.",
            )
    regular, ignored = spec.get("regular") or [], spec.get("ignore") or []
    if not (_are_names(regular) and _are_names(ignored)):
        raise ConfigError(
            "regular and ignore of labels_spec must be lists of labels.",
            fix="Write labels that read as numbers or as true and false in quotes.",
        )
    try:
        labels = Composition.of_labels(regular, **parts)
    except ConfigError as error:
        raise ConfigError(f"In labels_spec: {error.found}", fix=error.fix) from None
    if not labels.classes:
        raise ConfigError("labels_spec names no class.", fix="List labels below `regular`.")
    _check_names(labels.classes)
    return labels, tuple(ignored)


def _check_names(classes: Sequence[str]) -> None:
    """Refuse classes that could not be told apart in what is written of them: before training, not after."""
    for name in classes:
        # lines and columns of event lists must not be torn
        if not (name.strip() and is_text(name)):
            raise ConfigError(
                f"{quoted(name)} cannot be the name of a class in labels_spec.",
                fix="Use letters, digits and blanks, without line breaks or tabs.",
            )
    try:
        safe_names(classes)
    except DataError as error:
        raise ConfigError(error.found, fix=error.fix) from None


def _are_names(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)
