"""Figures of an epoch, and findings about batches and epochs beside the amount of training audio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pyannote.audio.applications.checking.configuration import located, param
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.windows import DAY
from pyannote.audio.database.protocols import Recording

MOST_PASSES = 1000
"""Passes over the training files from which on an epoch is long beyond reason."""

MOST_OF_A_BATCH = 2
"""Times that a batch may hold all there is to learn from."""


def seconds_of(files: Sequence[Recording]) -> float:
    """Annotated audio, in seconds."""
    return sum(end - start for file in files for start, end in file["regions"])


def check_epoch(corpus: Corpus, files: Sequence[Recording]) -> Iterator[Finding]:
    """Warnings about the size of batches and epochs beside the duration of the training files."""
    task, config, learned = corpus.recipe.task, corpus.recipe.config, seconds_of(files)
    days, batches = task.per_epoch * DAY, task.batches_per_epoch
    if days < task.batch_seconds / 2:
        yield located(
            config,
            param(config, "per_epoch"),
            "epoch",
            f"An epoch of {days:g} s is less than half a batch ({task.batch_seconds:g} s); it is one batch.",
            f"Set per_epoch to {task.batch_seconds / DAY:.2g} or more; it is in days.",
        )
    if learned and batches * task.batch_seconds > MOST_PASSES * learned and batches > 1:
        yield located(
            config,
            param(config, "per_epoch"),
            "epoch",
            f"An epoch passes {batches * task.batch_seconds / learned:.0f} times over {learned:.0f} s of "
            "training files; until it ends, nothing is saved or validated.",
            f"Set per_epoch to {10 * learned / DAY:.2g}, which is 10 passes; it is in days.",
        )
    if learned and task.batch_seconds > MOST_OF_A_BATCH * learned:
        name = task.batch_parameter
        yield located(
            config,
            param(config, name),
            "batch",
            f"A batch of {task.batch_seconds:g} s is more than {MOST_OF_A_BATCH} times all "
            f"{learned:.0f} s of training files.",
            f"Set a smaller {name}, or find more data.",
        )


@dataclass(frozen=True)
class Epoch:
    """Figures of an epoch.

    Parameters
    ----------
    batches : int
    seconds : float
        Audio that it draws.
    passes : float, optional
        Ratio of that audio to the annotated audio of the training files.
    of_a_batch : float, optional
        Seconds that a batch takes on this machine.
    measured : int
        Batches over which that was measured.
    on : str
        Source of these batches, such as "training files".
    speakers, turns, too_short : int, optional
        For approaches: numbers of speakers with enough speech, of their turns that are long enough, and of
        turns that are too short.
    """

    batches: int
    seconds: float
    passes: float | None
    of_a_batch: float | None = None
    measured: int = 0
    on: str = ""
    speakers: int | None = None
    turns: int | None = None
    too_short: int | None = None

    @classmethod
    def of(cls, corpus: Corpus, files: Sequence[Recording]) -> Epoch:
        """An epoch of these training files, or of none that are known."""
        task, learned = corpus.recipe.task, seconds_of(files)
        seconds = task.batches_per_epoch * task.batch_seconds
        epoch = cls(task.batches_per_epoch, seconds, seconds / learned if learned else None)
        return replace(epoch, **task.counts(files)) if files else epoch

    @property
    def duration(self) -> float | None:
        """Seconds that it takes on this machine."""
        return None if self.of_a_batch is None else self.batches * self.of_a_batch
