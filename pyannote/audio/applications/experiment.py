"""The one place where the parts are wired together, as a `config.yml` says."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import torch
from torch import nn

from pyannote.audio.applications.options import ValidateOptions
from pyannote.audio.applications.terminal import bar, warn
from pyannote.audio.augmentation._recordings import RecordingAugmentation
from pyannote.audio.augmentation._waveform import Sound, WaveformAugmentation
from pyannote.audio.config.registry import available, build, find
from pyannote.audio.config.resolved import resolved
from pyannote.audio.config.schema import Block, Config
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import ConfigError, DataError, ToolkitError, UsageError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import Recording, Unusable, name_of, readable_recordings, recordings
from pyannote.audio.features.base import FeatureExtraction, Features
from pyannote.audio.io.waveform import AudioFile
from pyannote.audio.models.base import Model
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.store.packs import Pack, fits

if TYPE_CHECKING:
    from pathlib import Path

    from torch.utils.tensorboard import SummaryWriter

    from pyannote.audio.applications.validate import Validator
    from pyannote.audio.inference.bundle import Bundle
    from pyannote.audio.train.trainer import EpochReport

Kind = Literal["task", "approach"]
T = TypeVar("T")


class Experiment(ABC):
    """Parts that a configuration describes.

    Parameters
    ----------
    config : Config
        That of `<root>/config.yml` for a training that begins, else the one that the training has stored.
    parallel : int
        How many files are read at once.
    device : torch.device, optional
        What features are computed on, and networks. Defaults to the CPU.
    scheduler : str, optional
        A Dask cluster that reads files instead of this process.

    Raises
    ------
    ConfigError
        If the configuration names anything that does not exist.
    """

    kind: ClassVar[Kind]
    """Where the registry finds what is trained."""

    task: Any
    """What is trained: see `labeling.tasks` and `embedding.approaches`."""

    def __init__(
        self,
        config: Config,
        parallel: int = 1,
        device: torch.device | None = None,
        scheduler: str | None = None,
    ) -> None:
        self.device = device or torch.device("cpu")
        self.config = config
        self.extraction: FeatureExtraction = self._build("feature_extraction", self.config.feature_extraction)
        self._refuse_other_kind()
        self.task = self._build(self.kind, self.config.task)
        self.store = FeatureStore(self.extraction, parallel=parallel, device=self.device, scheduler=scheduler)
        augmentations = [self._build("data_augmentation", block) for block in self.config.data_augmentation]
        self.recording_augmentations = [
            one for one in augmentations if isinstance(one, RecordingAugmentation)
        ]
        self.waveform_augmentations = [one for one in augmentations if isinstance(one, WaveformAugmentation)]
        others = (RecordingAugmentation, WaveformAugmentation)
        self.augmentations = [one for one in augmentations if not isinstance(one, others)]
        self.check_config()

    def check_config(self) -> None:  # noqa: B027
        """Refuse what this family of experiments cannot use: before hours of training, not after.

        Raises
        ------
        ConfigError
            With the line.
        """

    @abstractmethod
    def log(self, writer: SummaryWriter, report: EpochReport, specifications: Specifications) -> None:
        """Show in tensorboard what an epoch of training looked like."""

    @abstractmethod
    def validator(self, bundle: Bundle, options: ValidateOptions) -> Validator:
        """Make what validates the epochs of a training."""

    @abstractmethod
    def validate_options(self, train: Path, protocol: str, **compute: Any) -> ValidateOptions:
        """Options of a validation within a training: those of `validate` without any."""

    def model(self, specifications: Specifications) -> Model:
        """Network with fresh weights."""
        block = self.config.architecture
        where = (*block.where, "name")
        found: type[Model] = find("architecture", block.name, self.config.document, where)
        with self._located(ConfigError, *where):
            found.check_output(specifications)
        model: Model = self._build("architecture", block, specifications=specifications)
        chunk = specifications.frames
        if chunk < model.resolution:
            raise self.config.document.error(
                (*self.config.task.where, "params", "duration"),
                f"A chunk of {specifications.duration:g} s is {chunk} frames, and "
                f"{block.name} gives one output for {model.resolution} frames.",
                fix="Set a longer duration, or a smaller pooling.",
            )
        return model

    @property
    def resolved(self) -> Config:
        """The configuration with the default of each parameter that it leaves out."""
        return resolved(self.config, self.kind)

    def unused_parameters(self, model: Model) -> list[str]:
        """Parameters of the architecture that have no effect."""
        return [name for name in self.config.architecture.params if name in model.unused_parameters]

    def scheduler(self) -> Any:
        """Scheduler of the learning rate."""
        return self._build("scheduler", self.config.scheduler)

    def optimizer(self, modules: Sequence[nn.Module]) -> torch.optim.Optimizer:
        """Optimizer of the parameters of some modules; the scheduler sets its rate before each step."""
        parameters = chain.from_iterable(module.parameters() for module in modules)
        optimizer: torch.optim.Optimizer = self._build("optimizer", self.config.optimizer)(parameters, 0.0)
        return optimizer

    def callback(self, kind: type[T]) -> T | None:
        """Callback of a class, or of one that derives from it; None where the configuration has none."""
        built = (self._build("callbacks", block) for block in self.config.callbacks)
        return next((callback for callback in built if isinstance(callback, kind)), None)

    def check(self, files: Sequence[Recording]) -> list[str]:
        """What the user should know about training files; errors name the line of what is trained."""
        with self._located(DataError, *self.config.task.where, "params"):
            remarks: list[str] = self.task.check(files)
        return remarks

    def augmented(self, files: list[Recording]) -> list[Recording]:
        """Training files with what augmentations make of them, such as versions at other speeds."""
        for augmentation in self.recording_augmentations:
            files = augmentation(files)
        return files

    def recordings(self, protocol: str, subset: str, annotated: bool = True) -> list[Recording]:
        """Files of a protocol, checked."""
        return recordings(
            protocol, subset, self.config.preprocessors, annotated, speakers=self.kind == "approach"
        )

    def training_files(self, protocol: str, subset: str) -> tuple[list[Recording], list[Unusable]]:
        """Files of a protocol that something can be learned from, as far as one can see, and the others."""
        speakers = self.kind == "approach"
        return readable_recordings(protocol, subset, self.config.preprocessors, speakers=speakers)

    def readable(self, files: Sequence[Recording]) -> tuple[list[Recording], list[Unusable]]:
        """Files whose features are in the store, or can be computed, which is done, and the others."""
        with self._located(ConfigError, *self.config.feature_extraction.where, "params"):
            reasons = self.store.unreadable(files, progress=bar)
        unusable = [Unusable(name_of(files[place]), reason) for place, reason in reasons.items()]
        return [file for place, file in enumerate(files) if place not in reasons], unusable

    def features(self, file: AudioFile) -> Features:
        """Features of a recording, of which nothing is kept."""
        with self._located(ConfigError, *self.config.feature_extraction.where, "params"):
            found: Features = self.extraction(file).data
        return found

    def prepare_features(self, files: Sequence[Recording]) -> None:
        """Compute and cache what is not yet in the store."""
        with self._located(ConfigError, *self.config.feature_extraction.where, "params"):
            self.store.prepare(files, progress=bar)

    def sounds_digest(self, files: Sequence[Recording]) -> str | None:
        """Digest of the recordings that augmentations take sounds from; None where they take none."""
        sounds = [sound.file for one in self.waveform_augmentations for sound in self._sounds(one, files)]
        heard = {name_of(file): file for file in sounds}
        return digest(self.store.waveforms.contents([*heard.values()])) if heard else None

    def _sounds(self, augmentation: WaveformAugmentation, files: Sequence[Recording]) -> list[Sound]:
        with self._located(UsageError, "data_augmentation"):
            return augmentation.sources(files)

    def pack(self, files: Sequence[Recording]) -> Pack:
        """Features of training files, from which batches are gathered, with waveforms augmented."""
        self.prepare_features(files)
        for augmentation in self.waveform_augmentations:
            sounds = self._sounds(augmentation, files)
            rate = self.extraction.sample_rate
            self.store.waveforms.prepare([*(sound.file for sound in sounds), *files], progress=bar)
            heard = {id(sound.file): sound.file for sound in sounds}
            whole = dict(zip(heard, self.store.waveforms.each([*heard.values()]), strict=True))
            waveforms = [
                whole[id(sound.file)][round(sound.start * rate) : round(sound.end * rate), 0]
                for sound in sounds
            ]
            with self._located(DataError, "data_augmentation"):
                augmentation.prepare(waveforms, rate)
        return self.store.pack(files, self.waveform_augmentations)

    def _refuse_other_kind(self) -> None:
        other: Kind = "approach" if self.kind == "task" else "task"
        block = self.config.task
        if block.name.rpartition(".")[2] in available(other):
            command = "pyannote-audio emb" if other == "approach" else "pyannote-audio dcase or mlt"
            raise self.config.document.error(
                (*block.where, "name"),
                f"{block.name} is no {self.kind} that this command trains; there are "
                f"{', '.join(available(self.kind))}.",
                fix=f"Train it with {command}.",
            )

    @contextmanager
    def _located(self, kind: type[ToolkitError], *where: str | int) -> Iterator[None]:
        """Errors of a kind within that name no file are about this part of the configuration."""
        try:
            yield
        except kind as error:
            if error.file is not None:
                raise
            place = self.config.document.error(where, error.found)
            raise kind(error.found, file=place.file, line=place.line, fix=error.fix) from error

    def _build(self, kind: str, block: Block, **injected: Any) -> Any:
        return build(kind, block, self.config.document, **injected)


def on_device(pack: Pack, device: torch.device) -> Pack:
    """Features where they are learned from, if they find room there."""
    if fits(pack, device):
        return pack.to(device)
    warn(
        f"training data of {pack.nbytes / 2**30:.1f} GiB are too much for the free memory of the GPU; "
        "batches are gathered on the CPU, and copied."
    )
    return pack


def choose_device(cpu: bool, gpu: bool) -> torch.device:
    """GPU if there is one and nobody objects."""
    if gpu and not torch.cuda.is_available():
        warn("there is no GPU that torch can use; going on with the CPU.")
    return torch.device("cpu" if cpu or not torch.cuda.is_available() else "cuda")
