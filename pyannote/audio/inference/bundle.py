"""The one reader of a trained model: configuration, classes and epochs as its training stored them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pyannote.audio.config.classes import available
from pyannote.audio.config.registry import build, find
from pyannote.audio.config.schema import Config, load_config
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.specifications import OutputKind, Specifications
from pyannote.audio.core.user_code import user_code_digest
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.inference.weights import fault_of
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.experiment_folders import CONFIG, TrainFolder, ValidateFolder, load_specifications
from pyannote.audio.io.yaml_files import checked_text, has_checksum, is_intact
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
    notes : tuple of str
        Warnings about the validation that has chosen its epochs.
    """

    folder: TrainFolder
    config: Config
    specifications: Specifications
    digest: str
    stored: bool
    notes: tuple[str, ...] = ()

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
        config = stored or load_config(folder.root / CONFIG)
        specifications = load_specifications(folder.path, _kind(config))
        extraction = _extraction(config)
        now = model_digest(config, extraction, specifications)
        if stored is not None and now != _entry(stored, "model"):
            raise _other_model(folder)
        _compare(specifications, extraction, folder)
        return cls(folder, config, specifications, now, stored is not None)

    @property
    def code(self) -> dict[str, str]:
        """Digest of the code of one's own that its outputs depend on now, by the name of the class."""
        return applied_code(self.config)

    @property
    def remarks(self) -> list[str]:
        """Warnings: no stored configuration (earlier versions), an edited validation, changed own code."""
        if not self.stored:
            return [
                f"{self.folder.path} was trained by an earlier version, which did not store its "
                f"configuration: {self.folder.root / CONFIG} is used as it is today."
            ]
        before = (self.config.provenance or {}).get("code") or {}
        changed = [
            f"The code of {name} (--code) has changed since this training: its scores may be others now."
            for name, now in self.code.items()
            if before.get(name) != now
        ]
        return [*self.notes, *changed]

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
    validated = dict(provenance) if isinstance(provenance, Mapping) else {}
    if validated.get("code", bundle.code) != bundle.code:
        raise CheckpointError(
            "The code of --code has changed since this validation.",
            file=folder.params,
            fix="Run `validate` again.",
        )
    if validated.get("model", bundle.digest) != bundle.digest:
        raise CheckpointError(
            "This validation is one of other features, classes or another architecture than those of the "
            f"training in {folder.train.path}.",
            file=folder.params,
            fix="Run `validate` again.",
        )
    if has_checksum(checked_text(folder.params)):
        return bundle
    return replace(bundle, notes=(f"{folder.params} has been edited since `validate` wrote it.",))


def trained_on(folder: TrainFolder) -> dict[str, tuple[str, ...]] | None:
    """Digests of audio and annotation of the files of a training; None if it has stored none.

    Raises
    ------
    CheckpointError
        If they are missing, damaged, or those of another training.
    """
    config = stored_config(folder)
    return None if config is None else folder.trained_on(_entry(config, "files"))


def stored_config(folder: TrainFolder) -> Config | None:
    """Configuration that a training has stored; None where an earlier version has stored none.

    Raises
    ------
    CheckpointError
        If it is damaged, was edited, or is missing though its epochs name their model.
    """
    if not folder.config.exists():
        if Checkpoints(folder.weights).name_models():
            raise CheckpointError(
                "The configuration that this training has stored is missing.", file=folder.config, fix=OTHERS
            )
        return None
    text = checked_text(folder.config)
    config = load_config(folder.config)
    if not (has_checksum(text) and is_intact(text) and isinstance(config.provenance, Mapping)):
        raise CheckpointError(
            "This configuration has changed since its training stored it.",
            file=folder.config,
            fix=f"Undo the change; edit {folder.root / CONFIG} to train anew.",
        )
    return config


def model_digest(config: Config, extraction: FeatureExtraction, specifications: Specifications) -> str:
    """Digest of all that the outputs of a network depend on beside its weights and code of one's own.

    Parameters
    ----------
    config : Config
        A resolved configuration.
    extraction : FeatureExtraction
        Its features, which know the version of their code.
    specifications : Specifications
        Inputs and classes.
    """
    features = {name: value for name, value in extraction.parameters.items() if name != "code"}
    return digest(
        {
            "features": features,
            "architecture": config.architecture.as_dict(),
            "specifications": specifications.dump(),
        }
    )


def applied_code(config: Config) -> dict[str, str]:
    """Digest of the code of one's own that outputs depend on, by the name of the class."""
    blocks = {"feature_extraction": config.feature_extraction, "architecture": config.architecture}
    found = [
        find(kind, block.name, config.document, (*block.where, "name")) for kind, block in blocks.items()
    ]
    digests = {one.__name__: user_code_digest(one.__module__) for one in found}
    return {name: value for name, value in digests.items() if value is not None}


def load_weights(model: Model, weights: Mapping[str, Any], file: Path) -> None:
    """Give a model trained weights.

    Parameters
    ----------
    model : Model
        Built for the specifications of the training.
    weights : mapping of str to Tensor
        Its state dict.
    file : Path
        Where they come from: `<train>/weights/<epoch>.pt`.

    Raises
    ------
    CheckpointError
        If they are those of another architecture or resolution, or hold what no network has: names that are
        no text, values that are no tensors, of other types, not finite, or in the memory of others.
    """
    if fault := fault_of(weights, model.state_dict()):
        raise CheckpointError(fault, file=file, fix="Use another epoch or file.")
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).strip().split("\n")[-1].strip()
        raise CheckpointError(
            f"These weights do not fit the architecture of config.yml ({reason}).",
            file=file,
            fix="Use the configuration that they were trained with.",
        ) from None
    model.specifications.check_model(model.resolution, file.parent.parent / "specs.yml")


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


def _kind(config: Config) -> OutputKind:
    """Output of a model whose specs.yml, of an earlier version, does not say it."""
    return "vector" if config.task.name.rpartition(".")[2] in available("approach") else "frames"


def _other_model(folder: TrainFolder) -> CheckpointError:
    return CheckpointError(
        "Features, classes or architecture are not those that this model was trained with: specs.yml "
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
