"""Rules of detection tasks on training files, and their choice of files for a trial."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import islice

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.labels import Composition
from pyannote.audio.core.outputs import OutputKind
from pyannote.audio.core.training_rules import TrainingRules
from pyannote.audio.core.windows import DAY
from pyannote.audio.database.checks.recordings import short_recordings, untimed_labels
from pyannote.audio.database.protocols import Recording
from pyannote.audio.labeling.tasks._targets import Target

HANDFUL = 4
"""Training files that are enough for a few batches."""

INVENTED_LABELS = ("label 1", "label 2")
"""Labels of a trial on noise, where the classes of a task follow from the data."""


def check_applied(duration: float | None, kind: OutputKind) -> None:
    """Check the duration in seconds of the chunks of a recording that is scored, if there is one.

    Raises
    ------
    ConfigError
        If it is out of its range, or the network scores chunks, which are as long as in training.

    Examples
    --------
    >>> check_applied(8.0, "frames")
    >>> check_applied(8.0, "chunk")
    Traceback (most recent call last):
    ...
    pyannote.audio.core.errors.ConfigError: applied_duration needs scores of frames, not of ...
    """
    if duration is None:
        return
    if kind != "frames":
        raise ConfigError("applied_duration needs scores of frames, not of chunks.", fix="Leave it out.")
    if not 0 < duration <= DAY:
        raise ConfigError(f"applied_duration must be positive and at most {DAY} (seconds), not {duration:g}.")


class DetectionRules(TrainingRules):
    """Rules of a task that draws chunks of one duration and whose classes are made of labels."""

    labels: Composition
    """Definitions of the classes."""

    duration: float
    """Duration of a chunk, in seconds."""

    target: Target
    """Rule by which targets of outputs follow from activity."""

    @property
    def chunk_seconds(self) -> tuple[float, float]:
        """Durations of the shortest and of the longest chunk, in seconds."""
        return self.duration, self.duration

    def keys_of(self, label: str) -> tuple[str | int, ...]:
        """Keys of the entry of the configuration, below the block of the task, that names a label."""
        return ("params",)

    def findings(self, files: Sequence[Recording]) -> Iterator[Finding]:
        """Files without a region of the duration of a chunk, and labels that seem to have no times.

        It is an error if all training files are too short. A task whose classes follow from the data
        determines them here, and sets `labels`.

        Parameters
        ----------
        files : sequence of Recording, shape (files,)
            Training files.

        Yields
        ------
        Finding
        """
        yield from self.short_files(files)
        if self.target != "clip":
            yield from untimed_labels([file for file in files if "speed" not in file])

    def short_files(self, files: Sequence[Recording]) -> Iterator[Finding]:
        """Files without a region of the duration of a chunk: an error if all of the (files,) are."""
        originals = [file for file in files if "speed" not in file]
        short = list(short_recordings(originals, self.duration))
        if originals and len(short) == len(originals):
            yield Finding(
                "chunk",
                f"No annotated region of the {len(originals)} training files is as long as a chunk "
                f"({self.duration:g} s).",
                "Set a shorter duration.",
                code=DataError.code,
                keys=("params", "duration"),
            )
        else:
            yield from short

    def counts(self, files: Sequence[Recording]) -> dict[str, int]:
        """Numbers of speakers and turns in training files: none, as labels are not speakers."""
        return {}

    def handful(self, files: Sequence[Recording]) -> list[Recording]:
        """A few training files with a region of the duration of a chunk, for a trial.

        Returns
        -------
        files : list of Recording, shape (files,)
            At most `HANDFUL`.
        """
        long_enough = (
            file for file in files if any(end - start >= self.duration for start, end in file["regions"])
        )
        return list(islice(long_enough, HANDFUL))

    def example(self) -> Sequence[str]:
        """Labels of a trial on noise: each is active in a recording of its own."""
        return self.labels.examples() or INVENTED_LABELS

    def for_trial(self, files: Sequence[Recording]) -> DetectionRules:
        """Copy that learns from a few files, or from noise, whatever `findings` says about them."""
        trial = deepcopy(self)
        if not trial.labels.classes:
            trial.check(files)
        return trial
