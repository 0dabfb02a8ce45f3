"""`pyannote-audio emb compare`: decision whether two recordings are of the same speaker."""

from __future__ import annotations

from pathlib import Path

from pyannote.audio.applications.blocks.base import Block
from pyannote.audio.applications.devices import choose_device
from pyannote.audio.applications.options import CompareOptions
from pyannote.audio.applications.terminal import say, warn
from pyannote.audio.applications.validation_folder import validation_folder
from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.faults import fault
from pyannote.audio.inference.speaker_embedding import SpeakerEmbedding


def compare(block: Block, options: CompareOptions) -> None:
    """Say how alike two recordings are, and whether that is more than the threshold of a validation.

    Raises
    ------
    UsageError
        If the validation was not one of trials, so that its threshold says nothing of two recordings.
    DataError
        If a recording is missing, damaged or silent.
    """
    validate = validation_folder(options.validate)
    device = choose_device(options.cpu, options.gpu)
    embedding = SpeakerEmbedding(validate, options.duration, device=device)
    for remark in embedding.bundle.remarks:
        warn(remark)
    if embedding.metric != "equal_error_rate":
        raise UsageError(
            f"{validate} was validated on conversations: its threshold is one of clusters.",
            fix="Run `validate` on a protocol with trials, and name the folder that it prints.",
        )
    for path in (options.first, options.second):
        _mind_fault(path)
    similarity = embedding.similarity(options.first, options.second)
    answer = "same speaker" if similarity >= embedding.threshold else "different speakers"
    say(f"similarity {similarity:.3f}, threshold {embedding.threshold:.3f}: {answer}")


def _mind_fault(path: Path) -> None:
    found = fault(path)
    if found == "silent":
        raise DataError("This is silent.", file=path, fix="Name a recording in which somebody speaks.")
    if found == "cancelled":
        raise DataError("Its channels cancel in their mean.", file=path, fix=f"Name one, such as {path}#1.")
    if found == "clipped":
        warn(f"{path} is clipped from end to end, which leaves little of a voice.")
