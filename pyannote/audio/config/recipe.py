"""Objects that a configuration describes: features, task, network, optimizer and others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pyannote.audio.config.registry import available, build, find
from pyannote.audio.config.resolved import resolved
from pyannote.audio.config.schema import Block, Config
from pyannote.audio.core.errors import ConfigError, ToolkitError
from pyannote.audio.core.specifications import Specifications

if TYPE_CHECKING:
    import torch
    from torch import nn

Shelf = Literal["task", "approach"]
T = TypeVar("T")


def shelf_of(config: Config) -> Shelf:
    r"""Kind of class that a configuration trains: a task of labeling, or an approach of embedding.

    Examples
    --------
    >>> from pyannote.audio.config.schema import load_config
    >>> path = getfixture("tmp_path") / "config.yml"
    >>> _ = path.write_text(
    ...     "approach: {name: TripletLoss}\nfeature_extraction: {name: LibrosaMFCC}\n"
    ...     "architecture: {name: ClopiNet}\nscheduler: {name: ConstantScheduler}"
    ... )
    >>> shelf_of(load_config(path))
    'approach'
    """
    name = config.task.name.rpartition(".")[2]
    unknown = name not in available("task")
    if name in available("approach") or (unknown and config.task.where == ("approach",)):
        return "approach"
    return "task"


class Recipe:
    r"""Objects that a configuration describes.

    Parameters
    ----------
    config : Config
        Content of `<root>/config.yml` for a new training, otherwise of the copy that the training has stored.

    Raises
    ------
    ConfigError
        If a class or parameter does not exist, or two parts cannot be combined.

    Examples
    --------
    >>> from pyannote.audio.config.schema import load_config
    >>> path = getfixture("tmp_path") / "config.yml"
    >>> _ = path.write_text(
    ...     "task: {name: Dcase, params: {labels_spec: {regular: [car]}}}\n"
    ...     "feature_extraction: {name: LibrosaMelSpectrogram}\n"
    ...     "architecture: {name: Dcase}\nscheduler: {name: ConstantScheduler}"
    ... )
    >>> recipe = Recipe(load_config(path))
    >>> recipe.shelf, type(recipe.task).__name__, type(recipe.scheduler()).__name__
    ('task', 'Dcase', 'ConstantScheduler')
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.shelf: Shelf = shelf_of(config)
        self.extraction: Any = self.build("feature_extraction", config.feature_extraction)
        self.task: Any = self.build(self.shelf, config.task)
        self.all_augmentations = [
            self.build("data_augmentation", block) for block in config.data_augmentation
        ]
        for block, one in zip(config.data_augmentation, self.all_augmentations, strict=True):
            with self.located(ConfigError, *block.where, "name"):
                self.task.check_augmentation(one)

    @cached_property
    def resolved(self) -> Config:
        """Configuration with the defaults of all missing parameters."""
        defaults = {**self.task.defaults(), "feature_extraction": self.extraction.found}
        return resolved(self.config, self.shelf, defaults)

    def augmentations(self, acts_on: str) -> list[Any]:
        """Augmentations of one kind, in the order of the configuration.

        Parameters
        ----------
        acts_on : {"recordings", "waveforms", "batches"}
            Input that they change.
        """
        return [one for one in self.all_augmentations if one.acts_on == acts_on]

    def model(self, specifications: Specifications) -> Any:
        """Network with fresh weights, for the shortest chunk of the task.

        Raises
        ------
        ConfigError
            If the network does not have the output that the task needs, or its output frames are longer than
            a chunk.
        """
        block = self.config.architecture
        where = (*block.where, "name")
        architecture: Any = find("architecture", block.name, self.config.document, where)
        with self.located(ConfigError, *where):
            architecture.check_output(specifications)
        model = self.build("architecture", block, specifications=specifications)
        seconds, parameter = self.task.shortest_chunk
        frames = specifications.frames_of(seconds)
        if frames < model.resolution:
            needed = model.resolution * specifications.step
            raise self.config.document.error(
                (*self.config.task.where, "params", parameter),
                f"A chunk of {seconds:g} s has {frames} frames; {block.name} needs {model.resolution} or "
                "more.",
                fix=f"Set {parameter} to {needed:g} or more, or choose a network of higher resolution.",
            )
        self.task.attach(model, specifications)
        return model

    def scheduler(self) -> Any:
        """Learning rate scheduler."""
        return self.build("scheduler", self.config.scheduler)

    def optimizer(self, modules: Sequence[nn.Module]) -> torch.optim.Optimizer:
        """Optimizer of the parameters of modules; the scheduler sets its learning rate before each step."""
        parameters = chain.from_iterable(module.parameters() for module in modules)
        optimizer: torch.optim.Optimizer = self.build("optimizer", self.config.optimizer)(parameters, 0.0)
        return optimizer

    def callback(self, kind: type[T]) -> T | None:
        """First callback of a class or its subclasses; None if the configuration has none."""
        built = (self.build("callbacks", block) for block in self.config.callbacks)
        return next((callback for callback in built if isinstance(callback, kind)), None)

    @contextmanager
    def located(self, kind: type[ToolkitError], *where: str | int) -> Iterator[None]:
        """Context that adds file and line of an entry of the configuration to errors without a file."""
        try:
            yield
        except kind as error:
            if error.file is not None:
                raise
            located = self.config.document.error(where, error.message)
            raise kind(error.message, file=located.file, line=located.line, fix=error.fix) from error

    def build(self, kind: str, block: Block, **injected: Any) -> Any:
        """Object that a block describes."""
        return build(kind, block, self.config.document, **injected)
