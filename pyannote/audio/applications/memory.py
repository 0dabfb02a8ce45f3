"""What is said where there is too little memory for batches: how large they are, and where that is set."""

from __future__ import annotations

from contextlib import AbstractContextManager

from pyannote.audio.applications.experiment import Experiment
from pyannote.audio.core.foreign_errors import within_memory


def training_batches(experiment: Experiment) -> AbstractContextManager[None]:
    """Where memory runs out within, name the line of config.yml that sets how large batches are."""
    block, document = experiment.config.task, experiment.config.document
    name = "batch_size" if experiment.kind == "task" else "per_fold"
    where = document.error((*block.where, "params", name), "")
    return within_memory(
        f"batches of {experiment.task.chunks} chunks ({name})",
        file=where.file,
        line=where.line,
        fix=f"Set a smaller {name}. Finished epochs are safe: go on with --from=last.",
    )


def applied_batches(count: int) -> AbstractContextManager[None]:
    """Where memory runs out within, name the option that sets how large batches are."""
    return within_memory(f"batches of {count} chunks (--batch={count})", fix="Set a smaller --batch.")
