"""Detection of classes in chunks of frames: the task that all other tasks of labeling derive from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from pyannote.audio.augmentation.base import TrainingFrames
from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.labels import Composition, Event
from pyannote.audio.core.ranks import WHOLE, Rank
from pyannote.audio.core.specifications import Output, OutputKind, Specifications
from pyannote.audio.core.windows import DAY, LARGEST_BATCH, batches_per_epoch, check_epoch
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.labeling.tasks._class_weights import Weights, check_weights, loss_weights
from pyannote.audio.labeling.tasks._hooks import TaskHooks
from pyannote.audio.labeling.tasks._rules import DetectionRules
from pyannote.audio.labeling.tasks._targets import Target, linear_softmax, targets_of
from pyannote.audio.labeling.tasks._training_set import TrainingSet
from pyannote.audio.store.packs import Pack


class Task(DetectionRules, TaskHooks):
    """Detection of classes that may be active at once, from chunks of one duration.

    A subclass defines its classes in `labels`, or in `findings` where they follow from the training files.
    Where its targets are not the activity of labels, it also overrides `reference`, from which the targets of
    training and the reference of validation are made.

    Batches contain frames "X" of shape (batch, frames, dimension) and activity "y" of shape (batch, frames,
    classes); the network gives logits of shape (batch, outputs, classes), or (batch, classes) for chunks.

    Parameters
    ----------
    duration : float
        Duration of a chunk, in seconds, at most a day.
    batch_size : int
        Chunks of a batch, 1 to 65,536.
    per_epoch : float
        Audio of an epoch, in days: 1 is 43,200 chunks of 2 s.
    target : {"majority", "any", "share", "clip"}
        Target of a class in an output: 1 where the class fills at least half of the output, 1 where it is
        active in any part of the output, or the share of the output that it fills. An output is an output
        frame, or the chunk. "clip": whether the class is active anywhere in the chunk, compared with the
        pooled scores of the chunk (see `linear_softmax`), for recordings whose labels have no times.
    class_weights : "balanced" or mapping of str to float, optional
        Weight of each class in the loss, 0 or more. "balanced": inverse to the square root of the share of
        the training set that the class fills, with mean 1.

    Raises
    ------
    ConfigError
        If a value is out of its range.

    Examples
    --------
    >>> from pyannote.audio.core.labels import ClassDefinition
    >>> class SpeechActivity(Task):
    ...     labels = Composition((ClassDefinition("speech"),))
    >>> SpeechActivity(duration=2.0, batch_size=32, per_epoch=1).batches_per_epoch
    1350
    """

    labels: Composition = Composition()
    """Definitions of the classes; empty if they are known only after `findings` has read the files."""

    output_kind: ClassVar[OutputKind] = "frames"
    """Whether the network scores output frames ("frames") or whole chunks ("chunk")."""

    batch_parameter: ClassVar[str] = "batch_size"
    """Parameter that sets the number of chunks of a batch."""

    def __init__(
        self,
        duration: float = 2.0,
        batch_size: int = 32,
        per_epoch: float = 1.0,
        target: Target = "majority",
        class_weights: Weights = None,
    ) -> None:
        if not (0 < duration <= DAY and 1 <= batch_size <= LARGEST_BATCH and 0 < per_epoch < math.inf):
            raise ConfigError(
                f"duration, batch_size and per_epoch must be positive, duration at most {DAY} (seconds), and "
                f"batch_size at most {LARGEST_BATCH}."
            )
        check_epoch(per_epoch, duration)
        self.head = nn.Identity()
        self.duration = duration
        self.batch_size = batch_size
        self.per_epoch = per_epoch
        self.target = target
        self.class_weights = class_weights
        self._weights: Tensor | None = None
        if self.labels.classes:
            check_weights(class_weights, self.labels.classes)

    @property
    def chunks(self) -> int:
        """Chunks of a batch.

        Examples
        --------
        >>> Task(batch_size=32).chunks
        32
        """
        return self.batch_size

    @property
    def batch_seconds(self) -> float:
        """Audio of a batch, in seconds.

        Examples
        --------
        >>> Task(duration=2.0, batch_size=32).batch_seconds
        64.0
        """
        return self.duration * self.batch_size

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch, at least 1."""
        return batches_per_epoch(self.per_epoch, self.batch_seconds)

    @property
    def shortest_chunk(self) -> tuple[float, str]:
        """Duration of the shortest chunk in seconds, and the parameter that sets it.

        Examples
        --------
        >>> Task(duration=2.0).shortest_chunk
        (2.0, 'duration')
        """
        return self.duration, "duration"

    def specifications(self, extraction: FeatureExtraction) -> Specifications:
        """Inputs (frames "X" of shape (frames, dimension)), classes and their definitions.

        Raises
        ------
        DataError
            If there are no classes.
        """
        if not self.labels.classes:
            raise DataError(
                f"{type(self).__name__} has no classes to learn.",
                fix="Set `labels` in the class, or in `findings` from labels of the training files.",
            )
        return Specifications(
            task=type(self).__name__,
            inputs=self.inputs(extraction),
            classes=self.labels.classes,
            duration=self.duration,
            step=extraction.sliding_window.step,
            sample_rate=extraction.sample_rate,
            output=Output(self.output_kind),
            composition=self.labels,
        )

    def inputs(self, extraction: FeatureExtraction) -> dict[str, int]:
        """Last dimension of each input of the network; "X" has the shape (batch, frames, dimension).

        Examples
        --------
        >>> from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
        >>> Task().inputs(LibrosaMelSpectrogram(n_mels=40))
        {'X': 40}
        """
        return {"X": extraction.dimension}

    def reference(self, events: Iterable[Event], specifications: Specifications) -> list[Event]:
        """Events of each class in a recording: targets of training, and reference of validation.

        It depends on its arguments and on parameters of the task alone, not on training files.

        Parameters
        ----------
        events : iterable of (onset, offset, label)
            Annotation, in seconds.
        specifications : Specifications
            Of the model that is trained or validated.

        Returns
        -------
        list of (onset, offset, class)
            In seconds.

        Raises
        ------
        ConfigError
            If the specifications do not define the classes, and the configuration has other classes.

        Examples
        --------
        >>> classes = Composition.of_labels([], union={"speech": ["man", "woman"]})
        >>> specs = Specifications("Task", {"X": 1}, ("speech",), 2.0, 0.1, 0, composition=classes)
        >>> Task().reference([(0.0, 2.0, "man"), (1.0, 3.0, "woman"), (1.0, 5.0, "car")], specs)
        [(0.0, 3.0, 'speech')]
        """
        return specifications.composed(self.labels).events(events)

    def prepare(self, files: Sequence[Recording], pack: Pack, specifications: Specifications) -> None:
        """Rasterise the annotation and prepare to draw batches.

        Parameters
        ----------
        files : sequence of Recording
            Training files.
        pack : Pack
            Their features, of shape (frames of all files, dimension), in the same order.
        specifications : Specifications
            Result of `specifications`.

        Raises
        ------
        DataError
            If no annotated region is as long as a chunk.
        """
        check_weights(self.class_weights, specifications.classes)
        reference = partial(self.reference, specifications=specifications)
        self._training = TrainingSet(files, pack, specifications, reference)
        self._weights = loss_weights(self.class_weights, self._training.shares, specifications.classes)

    def statistics(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation of each input over the training files, each of shape (dimension,)."""
        return {"X": self._training.pack.statistics()}

    def training_frames(self) -> TrainingFrames:
        """All training files: frames of shape (frames, dimension), activity (frames, classes)."""
        return self._training.training_frames

    def batches(self, epoch: int, seed: int, rank: Rank = WHOLE) -> Iterator[dict[str, Tensor]]:
        """Batches of an epoch, gathered on the device of the features.

        Parameters
        ----------
        epoch, seed : int
            Each sample depends on them and on its index alone.
        rank : Rank
            Rank whose rows of each batch get inputs; all rows by default.

        Yields
        ------
        dict of str to Tensor
            Inputs of these rows, and activity of all rows: "y" of shape (batch, frames, classes).
        """
        count, size = self.batches_per_epoch, self.batch_size
        return self._training.batches(size, count, epoch, seed, rank, self.extra_inputs)

    def targets(self, activity: Tensor, resolution: int) -> Tensor:
        """Targets of the outputs of a network; see `targets_of` for the rules of `target`.

        Parameters
        ----------
        activity : Tensor of float, shape (batch, frames, classes)
            Activity in each feature frame, in [0, 1].
        resolution : int
            Feature frames of an output: of an output frame, or of the chunk.

        Returns
        -------
        Tensor of float, shape (batch, frames // resolution, classes)
            In [0, 1]; of shape (batch, 1, classes) if `target` is "clip".
        """
        return targets_of(activity, resolution, self.target)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Binary cross-entropy, -w (t log s + (1 - t) log(1 - s)) with s = sigmoid(x), over logits x.

        It is averaged over outputs and classes; w is the weight of the class. If `target` is "clip", x is the
        pooled logit of the chunk.

        Parameters
        ----------
        logits, targets : Tensor, shape (batch, outputs, classes)

        Returns
        -------
        Tensor, shape ()
            Scalar to minimise.

        Examples
        --------
        >>> import torch
        >>> round(Task().loss(torch.zeros(1, 3, 2), torch.ones(1, 3, 2)).item(), 3)  # log 2
        0.693
        """
        if self._weights is not None:
            self._weights = self._weights.to(logits.device)
        if self.target == "clip":
            logits = linear_softmax(logits)
        return binary_cross_entropy_with_logits(logits, targets, weight=self._weights)
