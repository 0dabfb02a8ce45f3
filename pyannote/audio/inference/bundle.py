"""The one reader of a trained model: configuration, classes and epochs as its training stored them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyannote.audio.config.registry import build, find
from pyannote.audio.config.schema import Config, load_config
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.own_code import own_digest
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.experiment_folders import CONFIG, TrainFolder, ValidateFolder, load_specifications
from pyannote.audio.io.yaml_files import checked_text, is_intact, is_sealed
from pyannote.audio.models.base import Model

OTHERS = "Copy trainings as whole folders, or train again."


@dataclass(frozen=True)
class Bundle:
    """A trained model.

    Parameters
    ----------
    folder : TrainFolder
        Where it was trained.
    config : Config
        Configuration that it was trained with.
    specifications : Specifications
        Inputs and classes.
    digest : str
        Of all that its outputs depend on beside the weights (see `model_digest`).
    stored : bool
        Whether the training has stored its configuration: those of earlier versions have not.
    """

    folder: TrainFolder
    config: Config
    specifications: Specifications
    digest: str
    stored: bool

    @classmethod
    def of(cls, folder: TrainFolder) -> Bundle:
        """Read a folder of `train`.

        A training of an earlier version has no configuration of its own: that of `<root>` is taken, as it is
        today.

        Raises
        ------
        CheckpointError
            If what the folder holds is damaged, was edited, or does not belong together.
        ConfigError
            If the configuration names classes or parameters that do not exist (any more).
        """
        stored = stored_config(folder)
        specifications = load_specifications(folder.path)
        config = stored or load_config(folder.root / CONFIG)
        extraction = _extraction(config)
        now = model_digest(config, extraction, specifications)
        if stored is not None and now != _entry(stored, "model"):
            raise _other_model(folder, stored)
        _compare(specifications, extraction, folder)
        return cls(folder, config, specifications, now, stored is not None)

    @property
    def remarks(self) -> list[str]:
        """What the user should know of a training of an earlier version."""
        if self.stored:
            return []
        return [
            f"{self.folder.path} was trained by an earlier version, which did not store its configuration: "
            f"{self.folder.root / CONFIG} is used as it is today."
        ]

    @property
    def checkpoints(self) -> Checkpoints:
        """Its epochs."""
        return Checkpoints(self.folder.weights, self.digest if self.stored else None)

    def extraction(self) -> FeatureExtraction:
        """Features that it was trained on."""
        return _extraction(self.config)

    def network(self) -> Model:
        """Network with fresh weights."""
        model: Model = build(
            "architecture",
            self.config.architecture,
            self.config.document,
            specifications=self.specifications,
        )
        return model

    def load(self, model: Model, epoch: int) -> Model:
        """Give a network the weights of an epoch.

        Raises
        ------
        CheckpointError
            If the epoch is missing, damaged, or of another training.
        """
        checkpoints = self.checkpoints
        load_weights(model, checkpoints.load_weights(epoch), checkpoints.weights(epoch))
        return model

    def trained_on(self) -> dict[str, tuple[str, ...]] | None:
        """Digests of audio and annotation of each training file; None if an earlier version stored none."""
        return None if not self.stored else self.folder.trained_on(_entry(self.config, "files"))


def bundle_of(folder: ValidateFolder, params: Mapping[str, Any]) -> Bundle:
    """The trained model that a validation has chosen epochs of.

    Parameters
    ----------
    folder : ValidateFolder
    params : mapping
        Content of its params.yml.

    Raises
    ------
    CheckpointError
        If the training is damaged, or another one than was validated.
    """
    bundle = Bundle.of(folder.train)
    provenance = params.get("provenance")
    validated = provenance.get("model") if isinstance(provenance, Mapping) else None
    if validated not in (None, bundle.digest):
        raise CheckpointError(
            "This validation is one of other features, classes or another architecture than those of the "
            f"training in {folder.train.path}.",
            file=folder.params,
            fix="Run `validate` again.",
        )
    return bundle


def stored_config(folder: TrainFolder) -> Config | None:
    """Configuration that a training has stored; None where an earlier version has stored none.

    Raises
    ------
    CheckpointError
        If it is damaged or was edited.
    """
    if not folder.config.exists():
        return None
    text = checked_text(folder.config)
    config = load_config(folder.config)
    if not (is_sealed(text) and is_intact(text) and isinstance(config.provenance, Mapping)):
        raise CheckpointError(
            "This configuration has changed since its training stored it.",
            file=folder.config,
            fix=f"Undo the change; edit {folder.root / CONFIG} to train anew.",
        )
    return config


def model_digest(config: Config, extraction: FeatureExtraction, specifications: Specifications) -> str:
    """Digest of all that the outputs of a network depend on beside its weights.

    Parameters
    ----------
    config : Config
        A resolved configuration.
    extraction : FeatureExtraction
        Its features, which know the version of their code.
    specifications : Specifications
        Inputs and classes.
    """
    block = config.architecture
    found = find("architecture", block.name, config.document, (*block.where, "name"))
    return digest(
        {
            "features": extraction.parameters,
            "architecture": block.described(),
            "code": own_digest(found.__module__),
            "specifications": specifications.dump(),
        }
    )


def load_weights(model: Model, weights: Mapping[str, Any], file: Path) -> None:
    """Give a model trained weights.

    Raises
    ------
    CheckpointError
        If they are those of another architecture.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).strip().split("\n")[-1].strip()
        raise CheckpointError(
            f"These weights do not fit the architecture of config.yml ({reason}).",
            file=file,
            fix="Use the configuration that they were trained with.",
        ) from None


def _entry(config: Config, name: str) -> str:
    value = (config.provenance or {}).get(name)
    if not isinstance(value, str):
        raise CheckpointError(
            f"The entry {name!r} of `provenance` is missing.", file=config.document.file, fix=OTHERS
        )
    return value


def _extraction(config: Config) -> FeatureExtraction:
    found: FeatureExtraction = build("feature_extraction", config.feature_extraction, config.document)
    return found


def _other_model(folder: TrainFolder, stored: Config) -> CheckpointError:
    code = ", code of --code" if (stored.provenance or {}).get("code") else ""
    return CheckpointError(
        f"Features{code}, classes or architecture are not those that this model was trained with: specs.yml "
        "or this file is that of another training, or the toolkit computes other features now.",
        file=folder.config,
        fix=OTHERS,
    )


def _compare(specifications: Specifications, extraction: FeatureExtraction, folder: TrainFolder) -> None:
    """Refuse features that are not those of the training: precomputed ones may have been computed anew."""
    pairs = {
        "dimension": (specifications.inputs["X"], extraction.dimension),
        "step": (specifications.step, extraction.sliding_window.step),
        "sample rate": (specifications.sample_rate, extraction.sample_rate),
    }
    for name, (before, now) in pairs.items():
        if before != now:
            raise CheckpointError(
                f"The {name} of its features is {now:g}, and was {before:g} in training.",
                file=folder.path / "specs.yml",
                fix="Undo the change of `feature_extraction`, or train again.",
            )
