"""Hooks of a task: parts that a task may override, and that do nothing by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor, nn

from pyannote.audio.augmentation.base import TrainingFrames
from pyannote.audio.core.specifications import Specifications

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from pyannote.audio.train.trainer import EpochReport


class TaskHooks:
    """Optional parts of a task.

    Examples
    --------
    >>> TaskHooks().speakers, TaskHooks().uniform
    (False, True)
    """

    head: nn.Module
    """Layers that belong to the loss and are trained with the network; none by default."""

    speakers: ClassVar[bool] = False
    """Whether labels are names of speakers."""

    uniform: bool = True
    """Whether all batches have one shape, and targets and loss the same operations for each of them."""

    def defaults(self) -> dict[str, dict[str, Any]]:
        """Defaults of other parts of a configuration that follow from the task, by kind of class; none.

        Examples
        --------
        >>> TaskHooks().defaults()
        {}
        """
        return {}

    def check_augmentation(self, augmentation: Any) -> None:
        """Refuse an augmentation that does not suit the chunks of this task; accept all by default.

        Raises
        ------
        ConfigError
            With the reason.

        Examples
        --------
        >>> from pyannote.audio.augmentation.mixup import Mixup
        >>> TaskHooks().check_augmentation(Mixup())
        """

    def attach(self, model: Any, specifications: Specifications) -> None:
        """Build `head`, the layers of the loss, for a network; nothing by default.

        Parameters
        ----------
        model : Model
            Network, with outputs of shape (batch, frames, classes), (batch, classes) or (batch, dimension).
        specifications : Specifications
            Classes and kind of output.
        """

    def log(self, writer: SummaryWriter, report: EpochReport, specifications: Specifications) -> None:
        """Write inputs, targets and scores of a batch to tensorboard, after epoch 1 and each tenth epoch.

        Parameters
        ----------
        writer : SummaryWriter
        report : EpochReport
            Epoch, and a batch: features, targets and outputs, each of shape (batch, frames, values).
        specifications : Specifications
            Names of the classes.
        """
        from pyannote.audio.report.figures import batch_figure, is_pictured

        if is_pictured(report.epoch):
            figure = batch_figure(report.features, report.targets, report.outputs, specifications)
            writer.add_figure("train/batch", figure, report.epoch)

    def expects(self, label: str) -> bool:
        """Whether the annotation may contain a label; any label by default.

        Examples
        --------
        >>> TaskHooks().expects("car")
        True
        """
        return True

    def extra_inputs(self, files: Tensor) -> dict[str, Tensor]:
        """Further inputs, one vector of each recording; none by default.

        Parameters
        ----------
        files : Tensor of int64, shape (batch,)
            Index of the file of each chunk.

        Returns
        -------
        dict of str to Tensor, each of shape (batch, dimension)

        Examples
        --------
        >>> import torch
        >>> TaskHooks().extra_inputs(torch.tensor([0, 0, 1]))
        {}
        """
        return {}

    def measures(self) -> dict[str, float]:
        """Means of further measures of training since the last call, by name; none by default.

        Examples
        --------
        >>> TaskHooks().measures()
        {}
        """
        return {}

    def training_frames(self) -> TrainingFrames | None:
        """Frames of shape (frames, dimension) of all training files, with their activity; none by default.

        Examples
        --------
        >>> TaskHooks().training_frames()
        """
        return None
