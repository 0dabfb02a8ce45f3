"""Reader of a trained model: configuration, classes and epochs as its training has stored them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pyannote.audio.config.classes import available
from pyannote.audio.config.registry import build
from pyannote.audio.config.schema import Config, load_config
from pyannote.audio.core.contents import Content
from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.outputs import OutputKind
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.inference.stored_config import (
    COPY_WHOLE,
    applied_code,
    model_digest,
    origin_of,
    provenance_entry,
    stored_config,
    stored_spelling,
)
from pyannote.audio.inference.weights import load_weights
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.experiment_folders import CONFIG, TrainFolder, ValidateFolder, load_specifications
from pyannote.audio.io.yaml_files import checked_text, has_checksum
from pyannote.audio.models.base import Model


@dataclass(frozen=True)
class Bundle:
    """A trained model.

    Parameters
    ----------
    folder : TrainFolder
        Folder of the training.
    config : Config
        Configuration of the training.
    specifications : Specifications
        Inputs and classes.
    digest : str
        Digest of all that its outputs depend on beside the weights (see `model_digest`).
    stored : bool
        Whether the training has stored its configuration; those of earlier versions have not.
    notes : tuple of str
        Warnings about the validation that has selected its epochs.

    Examples
    --------
    >>> from pyannote.audio.io.experiment_folders import ValidateFolder
    >>> bundle = Bundle.of(ValidateFolder(getfixture("detector")).train)
    >>> bundle.specifications.classes
    ('car', 'children')
    >>> model = bundle.load(bundle.network(), epoch=1)
    """

    folder: TrainFolder
    config: Config
    specifications: Specifications
    digest: str
    stored: bool
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, folder: TrainFolder) -> Bundle:
        """Read the folder of a training.

        A training of an earlier version has not stored its configuration: the present `<root>/config.yml` is
        read instead.

        Raises
        ------
        CheckpointError
            If a file is damaged, was edited, or is that of another training.
        ConfigError
            If the configuration names classes or parameters that do not exist.

        Examples
        --------
        >>> from pyannote.audio.io.experiment_folders import ValidateFolder
        >>> Bundle.of(ValidateFolder(getfixture("detector")).train).stored
        True
        """
        stored = stored_config(folder)
        config = stored or load_config(folder.root / CONFIG)
        specifications = load_specifications(folder.path, _kind(config))
        extraction = _extraction(config)
        now = model_digest(config, extraction, specifications)
        if stored is not None and now != provenance_entry(stored, "model"):
            raise _other_model(folder)
        _compare(specifications, extraction, folder)
        return cls(folder, config, specifications, now, stored is not None)

    @property
    def code(self) -> dict[str, str]:
        """Digest of the present user code (--code) of its features and network, by the name of the class.

        Examples
        --------
        >>> getfixture("detection").bundle.code
        {}
        """
        return applied_code(self.config)

    @property
    def remarks(self) -> list[str]:
        """Warnings: no stored configuration (earlier versions), an edited validation, changed user code.

        Examples
        --------
        >>> getfixture("detection").bundle.remarks
        []
        """
        if not self.stored:
            return [
                f"{self.folder.path} was trained by an earlier version, which did not store its "
                f"configuration: the present {self.folder.root / CONFIG} is used."
            ]
        before = (self.config.provenance or {}).get("code") or {}
        changed = [
            f"The code of {name} (--code) has changed since this training: scores may differ."
            for name, now in self.code.items()
            if before.get(name) != now
        ]
        return [*self.notes, *changed]

    @property
    def spelling(self) -> dict[str, str]:
        """Original spelling of classes that RTTM cannot express, as the training has found it.

        Examples
        --------
        >>> getfixture("detection").bundle.spelling
        {}
        """
        return stored_spelling(self.config)

    @property
    def checkpoints(self) -> Checkpoints:
        """Epochs of the training.

        Examples
        --------
        >>> getfixture("detection").bundle.checkpoints.epochs()
        [1, 2]
        """
        return Checkpoints(
            self.folder.weights, origin_of(self.config.provenance or {}) if self.stored else None
        )

    def extraction(self) -> FeatureExtraction:
        """Feature extraction of the training, which gives arrays of shape (frames, dimension).

        Examples
        --------
        >>> getfixture("detection").bundle.extraction().dimension
        8
        """
        return _extraction(self.config)

    def network(self) -> Model:
        """Network with random weights.

        Examples
        --------
        >>> import torch
        >>> model = getfixture("detection").bundle.network()
        >>> tuple(model({"X": torch.zeros(4, 50, 8)}).shape)
        (4, 12, 2)
        """
        model: Model = build(
            "architecture",
            self.config.architecture,
            self.config.document,
            specifications=self.specifications,
        )
        return model

    def load(self, model: Model, epoch: int) -> Model:
        """Load the weights of an epoch into a network, and return the network.

        Raises
        ------
        CheckpointError
            If the epoch is missing, damaged, or of another training.

        Examples
        --------
        >>> bundle = getfixture("detection").bundle
        >>> model = bundle.load(bundle.network(), epoch=1)
        >>> tuple(model.state_dict()["X_mean"].shape)
        (8,)
        """
        checkpoints = self.checkpoints
        load_weights(model, checkpoints.load_weights(epoch), checkpoints.weights(epoch))
        return model

    def trained_on(self) -> dict[str, Content] | None:
        """Digests of audio and annotation of each training file; None for trainings of earlier versions.

        Examples
        --------
        >>> getfixture("detection").bundle.trained_on()
        {'a001': Content(audio='audio', annotation='annotation')}
        """
        return None if not self.stored else self.folder.trained_on(provenance_entry(self.config, "files"))


def bundle_of(folder: ValidateFolder, params: Mapping[str, Any]) -> Bundle:
    """Trained model of a validation.

    Parameters
    ----------
    folder : ValidateFolder
    params : mapping
        Content of its params.yml.

    Raises
    ------
    CheckpointError
        If the training is damaged, or is not the one that was validated.

    Examples
    --------
    >>> bundle_of(ValidateFolder(getfixture("detector")), params={}).config.task.name
    'MultilabelDetection'
    """
    bundle = Bundle.of(folder.train)
    provenance = params.get("provenance")
    validated = dict(provenance) if isinstance(provenance, Mapping) else {}
    if validated.get("code", bundle.code) != bundle.code:
        raise CheckpointError(
            "The user code (--code) has changed since this validation.",
            file=folder.params,
            fix="Run `validate` again.",
        )
    if validated.get("model", bundle.digest) != bundle.digest:
        raise CheckpointError(
            "Features, classes or architecture of this validation are not those of the training in "
            f"{folder.train.path}.",
            file=folder.params,
            fix="Run `validate` again.",
        )
    if has_checksum(checked_text(folder.params)):
        return bundle
    return replace(bundle, notes=(f"{folder.params} has been edited since `validate` wrote it.",))


def _extraction(config: Config) -> FeatureExtraction:
    extraction: FeatureExtraction = build("feature_extraction", config.feature_extraction, config.document)
    return extraction


def _kind(config: Config) -> OutputKind:
    """Kind of output of a model whose specs.yml, of an earlier version, does not name it."""
    return "vector" if config.task.name.rpartition(".")[2] in available("approach") else "frames"


def _other_model(folder: TrainFolder) -> CheckpointError:
    return CheckpointError(
        "Features, classes or architecture are not those of this model: specs.yml or this file belongs to "
        "another training, or the toolkit now computes these features differently.",
        file=folder.config,
        fix=COPY_WHOLE,
    )


def _compare(specifications: Specifications, extraction: FeatureExtraction, folder: TrainFolder) -> None:
    """Check that features have not changed since the training, as precomputed ones may have."""
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
