"""`compare`: whether one speaker is heard in two recordings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyannote.audio.applications.embedding.validations import validation_folder
from pyannote.audio.applications.experiment import choose_device
from pyannote.audio.applications.terminal import say
from pyannote.audio.core.errors import UsageError
from pyannote.audio.inference.speaker_embedding import SpeakerEmbedding


@dataclass(frozen=True)
class CompareOptions:
    """What the command line of `compare` says."""

    validate: Path
    first: Path
    second: Path
    duration: float | None = None
    cpu: bool = False
    gpu: bool = False


def compare(options: CompareOptions) -> None:
    """Say how alike two recordings are, and whether that is more than the threshold of a validation.

    Raises
    ------
    UsageError
        If the validation was not one of trials, so that its threshold says nothing of two recordings.
    """
    validate = validation_folder(options.validate)
    device = choose_device(options.cpu, options.gpu)
    embedding = SpeakerEmbedding(validate, options.duration, device=device)
    if embedding.metric != "equal_error_rate":
        raise UsageError(
            f"{validate} was validated on conversations: its threshold is one of clusters.",
            fix="Run `validate` on a protocol with trials, and name the folder that it prints.",
        )
    similarity = embedding.similarity(options.first, options.second)
    answer = "same speaker" if similarity >= embedding.threshold else "different speakers"
    say(f"similarity {similarity:.3f}, threshold {embedding.threshold:.3f}: {answer}")
