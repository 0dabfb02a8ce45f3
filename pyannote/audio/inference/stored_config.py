"""Configuration that a training has stored, and digests of all that the outputs of its model depend on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyannote.audio.config.registry import find
from pyannote.audio.config.schema import Config, load_config
from pyannote.audio.core.contents import Content
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.core.user_code import user_code_digest
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.io.checkpoint import Checkpoints, Origin
from pyannote.audio.io.experiment_folders import CONFIG, TrainFolder
from pyannote.audio.io.yaml_files import checked_text, has_checksum, is_intact

COPY_WHOLE = "Copy trainings as whole folders, or train again."


def stored_config(folder: TrainFolder) -> Config | None:
    """Configuration that a training has stored; None for trainings of earlier versions, which stored none.

    Raises
    ------
    CheckpointError
        If it is damaged, was edited, or is missing though the epochs name their model.

    Examples
    --------
    >>> from pyannote.audio.io.experiment_folders import ValidateFolder
    >>> folder = ValidateFolder(getfixture("detector")).train
    >>> stored_config(folder).architecture.name
    'Dcase'
    """
    if not folder.config.exists():
        if Checkpoints(folder.weights).name_models():
            raise CheckpointError(
                "The configuration that this training has stored is missing.",
                file=folder.config,
                fix=COPY_WHOLE,
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


def trained_on(folder: TrainFolder) -> dict[str, Content] | None:
    """Digests of audio and annotation of each training file; None for trainings of earlier versions.

    Raises
    ------
    CheckpointError
        If they are missing, damaged, or those of another training.

    Examples
    --------
    >>> from pyannote.audio.io.experiment_folders import ValidateFolder
    >>> list(trained_on(ValidateFolder(getfixture("detector")).train))
    ['a001']
    """
    config = stored_config(folder)
    return None if config is None else folder.trained_on(provenance_entry(config, "files"))


def provenance_entry(config: Config, name: str) -> str:
    """Entry of the provenance of a stored configuration.

    Raises
    ------
    CheckpointError
        If it is missing.

    Examples
    --------
    >>> from pyannote.audio.io.experiment_folders import ValidateFolder
    >>> config = stored_config(ValidateFolder(getfixture("detector")).train)
    >>> provenance_entry(config, "protocol")
    'Own.SpeakerVerification.Protocol'
    """
    value = (config.provenance or {}).get(name)
    if not isinstance(value, str):
        raise CheckpointError(
            f"The entry {name!r} of `provenance` is missing.", file=config.document.file, fix=COPY_WHOLE
        )
    return value


def stored_spelling(config: Config) -> dict[str, str]:
    """Original spelling of the classes of a training, where it is another one; earlier versions stored none.

    Examples
    --------
    >>> stored_spelling(getfixture("detection").bundle.config)
    {}
    """
    stored = (config.provenance or {}).get("spelling")
    return dict(stored) if isinstance(stored, Mapping) else {}


def origin_of(provenance: Mapping[str, Any]) -> Origin:
    """Model and training whose epochs belong to a stored configuration with this provenance.

    Examples
    --------
    >>> origin = origin_of(getfixture("detection").bundle.config.provenance)
    >>> len(origin.model), len(origin.training), origin.earlier
    (32, 32, ())
    """
    changes = provenance.get("changes") or []
    earlier = tuple((change["after"], change.get("training")) for change in changes)
    return Origin(provenance["model"], provenance.get("training"), earlier)


def model_digest(config: Config, extraction: FeatureExtraction, specifications: Specifications) -> str:
    """Digest of all that the outputs of a network depend on beside its weights and user code.

    It has 32 hexadecimal digits.

    Parameters
    ----------
    config : Config
        Resolved configuration.
    extraction : FeatureExtraction
        Features, with the version of their code.
    specifications : Specifications
        Inputs and classes.

    Examples
    --------
    >>> bundle = getfixture("detection").bundle
    >>> model_digest(bundle.config, bundle.extraction(), bundle.specifications) == bundle.digest
    True
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
    """Digest of the user code (--code) of features and network, by the name of the class.

    Examples
    --------
    >>> applied_code(getfixture("detection").bundle.config)
    {}
    """
    blocks = {"feature_extraction": config.feature_extraction, "architecture": config.architecture}
    classes = [
        find(kind, block.name, config.document, (*block.where, "name")) for kind, block in blocks.items()
    ]
    digests = {one.__name__: user_code_digest(one.__module__) for one in classes}
    return {name: value for name, value in digests.items() if value is not None}
