"""The one place where the parts are wired together, as a `config.yml` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from pyannote.audio.applications.terminal import bar, warn
from pyannote.audio.config.registry import build
from pyannote.audio.config.schema import Block, load_config
from pyannote.audio.core.errors import ConfigError, UsageError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.store import FeatureStore
from pyannote.audio.inference.pretrained import load_specifications
from pyannote.audio.io.storage import write_text
from pyannote.audio.labeling.tasks.base import Base as Task
from pyannote.audio.models.base import Base as Model


class Experiment:
    """What `<root>/config.yml` describes.

    Parameters
    ----------
    root : Path
        Folder of the experiment.
    parallel : int
        How many files are read at once.

    Raises
    ------
    ConfigError
        If the configuration names anything that does not exist.
    """

    def __init__(self, root: Path, parallel: int = 1) -> None:
        self.root = root
        self.config = load_config(root / "config.yml")
        self.extraction: FeatureExtraction = self._build("feature_extraction", self.config.feature_extraction)
        self.task: Task = self._build("task", self.config.task)
        self.store = FeatureStore(self.extraction, parallel=parallel)

    def model(self, specifications: Specifications) -> Model:
        """Network with fresh weights."""
        model: Model = self._build("architecture", self.config.architecture, specifications=specifications)
        chunk = specifications.frames
        if chunk < model.resolution:
            raise self.config.document.error(
                (*self.config.task.where, "params", "duration"),
                f"A chunk of {specifications.duration:g} s is {chunk} frames, and "
                f"{self.config.architecture.name} gives one output for {model.resolution} frames.",
                fix="Set a longer duration, or a smaller pooling.",
            )
        return model

    def unused_parameters(self, model: Model) -> list[str]:
        """Parameters of the architecture that have no effect."""
        return [name for name in self.config.architecture.params if name in model.unused_parameters]

    def scheduler(self) -> Any:
        """Scheduler of the learning rate."""
        return self._build("scheduler", self.config.scheduler)

    def optimizer(self, model: Model, learning_rate: float) -> torch.optim.Optimizer:
        """Optimizer of the parameters of a model."""
        optimizer: torch.optim.Optimizer = self._build("optimizer", self.config.optimizer)(
            model.parameters(), learning_rate
        )
        return optimizer

    def augmentations(self) -> list[Any]:
        """Augmentations of training batches, in their order."""
        return [self._build("data_augmentation", block) for block in self.config.data_augmentation]

    def callbacks(self) -> dict[str, Any]:
        """Callbacks by the name of their class."""
        built = [self._build("callbacks", block) for block in self.config.callbacks]
        return {type(callback).__name__: callback for callback in built}

    def prepare_features(self, files: Sequence[Recording]) -> None:
        """Compute and cache what is not yet in the store."""
        self.store.prepare(files, progress=bar)

    def inputs(self, file: Recording, specifications: Specifications) -> dict[str, NDArray[np.float32]]:
        """Inputs of a model for a whole recording."""
        inputs = {"X": self.store.get(file)}
        if "long_term" in specifications.inputs:
            inputs["long_term"] = self.store.long_term(file)
        return inputs

    def _build(self, kind: str, block: Block, **injected: Any) -> Any:
        return build(kind, block, self.config.document, **injected)


class TrainFolder:
    """`<root>/train/<Protocol>.<subset>`: where a training lives.

    Parameters
    ----------
    path : Path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.parents[1] if len(path.parents) > 1 else path
        self.weights = path / "weights"

    @classmethod
    def existing(cls, path: Path) -> TrainFolder:
        """A folder that `train` has made.

        Raises
        ------
        UsageError
            If there is no configuration where it should be.
        """
        folder = cls(path.resolve())
        if not (folder.root / "config.yml").exists():
            raise UsageError(
                f"{path} is no training folder: there is no {folder.root / 'config.yml'}.",
                fix="Name <root>/train/<Protocol>.<subset>, as `train` has printed it.",
            )
        return folder

    def specifications(self) -> Specifications:
        """Inputs and classes of the trained model."""
        return load_specifications(self.path)

    def write_specifications(self, specifications: Specifications) -> None:
        """Keep the specifications beside the weights."""
        write_yaml(self.path / "specs.yml", specifications.dump())

    def check_specifications(self, specifications: Specifications) -> None:
        """Refuse to go on with a model of other inputs or classes."""
        before = self.specifications()
        if before != specifications:
            changed = [name for name, value in vars(before).items() if value != vars(specifications)[name]]
            raise ConfigError(
                f"The configuration has changed since this training began ({', '.join(changed)}).",
                file=self.root / "config.yml",
                fix="Undo the change, or train in another folder.",
            )


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    """Write a mapping in its own order, for people."""
    write_text(path, yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True))


def choose_device(cpu: bool, gpu: bool) -> torch.device:
    """GPU if there is one and nobody objects."""
    if gpu and not torch.cuda.is_available():
        warn("there is no GPU that torch can use; going on with the CPU.")
    return torch.device("cpu" if cpu or not torch.cuda.is_available() else "cuda")
