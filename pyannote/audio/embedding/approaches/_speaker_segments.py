"""Sampler of approaches: batches of some segments of some speakers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.randomness import generator
from pyannote.audio.core.ranks import WHOLE, Rank
from pyannote.audio.core.training_rules import TrainingRules
from pyannote.audio.core.windows import DAY, LARGEST_BATCH, batches_per_epoch, check_epoch
from pyannote.audio.database.protocols import Recording
from pyannote.audio.embedding.approaches._segments import SegmentSampler, Speakers, durations
from pyannote.audio.store.packs import Pack


class SpeakerSegments(TrainingRules):
    """Batches of `per_fold` speakers and `per_label` segments of each.

    All segments of a batch are of one duration, which is drawn anew for each batch. All speakers are met once
    before any is met again. Segments are drawn where a speaker talks alone. A turn that is shorter than the
    duration of the batch, of a speaker who has no longer one, is repeated from its beginning.

    Parameters
    ----------
    duration : float, optional
        Duration of all segments, in seconds, instead of random ones.
    min_duration, max_duration : float
        Range of durations of a batch, in seconds, at most a day. Turns shorter than the smallest one are left
        out.
    per_fold : int
        Speakers of a batch, at least 2.
    per_label : int
        Segments of each speaker, at least 1; at most 65,536 segments a batch.
    per_epoch : float
        Audio of an epoch, in days.
    label_min_duration : float
        Speakers with fewer seconds of speech are left out.

    Raises
    ------
    ConfigError
        If a value is out of its range.

    Examples
    --------
    >>> segments = SpeakerSegments(min_duration=0.5, max_duration=1.5, per_fold=20, per_label=3)
    >>> segments.chunks, segments.batch_seconds, segments.batches_per_epoch
    (60, 60.0, 1440)
    """

    def __init__(
        self,
        duration: float | None = None,
        min_duration: float = 0.5,
        max_duration: float = 1.5,
        per_fold: int = 20,
        per_label: int = 3,
        per_epoch: float = 1.0,
        label_min_duration: float = 0.0,
    ) -> None:
        low, high = (min_duration, max_duration) if duration is None else (duration, duration)
        if not 0 < low <= high <= DAY:
            raise ConfigError(
                f"Segments of {low:g} to {high:g} s were asked for; durations must be positive, min_duration "
                f"at most max_duration, and both at most {DAY}."
            )
        if per_fold < 2 or per_label < 1 or per_fold * per_label > LARGEST_BATCH:
            raise ConfigError(
                "per_fold must be at least 2, per_label at least 1, and their product at most "
                f"{LARGEST_BATCH}."
            )
        if not (0 < per_epoch < float("inf") and label_min_duration >= 0):
            raise ConfigError("per_epoch must be positive, and label_min_duration not negative.")
        check_epoch(per_epoch, (low + high) / 2)
        self.min_duration, self.max_duration = low, high
        self.per_fold, self.per_label = per_fold, per_label
        self.per_epoch = per_epoch
        self.label_min_duration = label_min_duration
        self._speakers: Speakers | None = None

    @property
    def chunks(self) -> int:
        """Segments of a batch."""
        return self.per_fold * self.per_label

    @property
    def batch_seconds(self) -> float:
        """Audio of a batch, in seconds, on average."""
        return (self.min_duration + self.max_duration) / 2 * self.per_fold * self.per_label

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch, at least 1."""
        return batches_per_epoch(self.per_epoch, self.batch_seconds)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers that `check` has found, in alphabetical order."""
        return tuple(self._found.turns)

    def findings(self, files: Sequence[Recording]) -> Iterator[Finding]:
        """Determine the speakers of the training files.

        Yields
        ------
        Finding
            An error if there are fewer speakers than a batch takes; warnings about turns and speakers that
            are left out, and about speakers with a single turn.
        """
        speakers = self._speakers_of(files)
        if len(speakers.turns) < self.per_fold:
            yield Finding(
                "speakers",
                f"A batch takes {self.per_fold} speakers (per_fold), and the training set has "
                f"{len(speakers.turns)} with enough speech; {len(speakers.left_out)} have too little.",
                "Set a smaller per_fold, label_min_duration or min_duration in config.yml.",
                code=DataError.code,
                keys=("params", "per_fold"),
            )
            return
        self._speakers = speakers
        yield from _warnings(speakers, self.min_duration, self.label_min_duration)

    def counts(self, files: Sequence[Recording]) -> dict[str, int]:
        """Numbers of speakers with enough speech, of their turns, and of turns that are too short."""
        speakers = self._speakers_of(files)
        turns = sum(map(len, speakers.turns.values()))
        return {"speakers": len(speakers.turns), "turns": turns, "too_short": speakers.too_short}

    def handful(self, files: Sequence[Recording]) -> list[Recording]:
        """First training file of each speaker of a batch."""
        turns = list(self._speakers_of(files).turns.values())[: self.per_fold]
        first = {own[0][0] for own in turns}
        return [file for index, file in enumerate(files) if index in first]

    def _speakers_of(self, files: Sequence[Recording]) -> Speakers:
        return Speakers.of(files, self.min_duration, self.label_min_duration)

    def prepare(self, pack: Pack, step: float) -> None:
        """Get ready to draw batches from the files that were checked.

        Parameters
        ----------
        pack : Pack
            Features of the files, in the order in which they were checked.
        step : float
            Time between two feature frames, in seconds.
        """
        self._pack, self._step = pack, step
        self._sampler = SegmentSampler(self._found, pack.offsets, step, self.per_fold, self.per_label)

    def statistics(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation of each value over all frames of the files, each (dimension,)."""
        return {"X": self._pack.statistics()}

    def batches(self, epoch: int, seed: int, share: Rank = WHOLE) -> Iterator[dict[str, Tensor]]:
        """Batches of an epoch.

        Parameters
        ----------
        epoch, seed : int
            Each batch depends on them and on its index alone.
        share : Rank
            Rows of each batch whose features are asked for.

        Yields
        ------
        dict of str to Tensor
            Features "X" of shape (per_fold x per_label, frames, dimension), or of fewer rows, and the index
            of the speaker of each segment, "y" of shape (per_fold x per_label,). The segments of a speaker
            stand together.
        """
        count, rows = self.batches_per_epoch, share.rows(self.chunks)
        everyone = self._sampler.speakers(count, generator(seed, epoch, 0, 1))
        seconds = durations(self.min_duration, self.max_duration, count, epoch, seed)
        frames = np.maximum(1, np.rint(seconds / self._step).astype(np.int64)).tolist()
        randoms = [generator(seed, epoch, index, 3) for index in range(count)]
        drawn = [self._sampler.segments(*batch) for batch in zip(everyone, frames, randoms, strict=True)]
        first, available = np.stack(drawn, axis=1)
        # what is drawn is moved to the features at once, not batch by batch
        places, device = self._pack.places(first), self._pack.device
        speakers = torch.from_numpy(np.repeat(everyone, self.per_label, axis=1)).to(device)
        lengths = torch.from_numpy(available).to(device)
        for index in range(count):
            features = self._pack.gather(places[index], frames[index], randoms[index], rows)
            if (available[index][rows] < frames[index]).any():
                features = _repeated(features, lengths[index][rows])
            yield {"X": features, "y": speakers[index]}

    @property
    def _found(self) -> Speakers:
        assert self._speakers is not None, "check the training files first"
        return self._speakers


def _repeated(features: Tensor, available: Tensor) -> Tensor:
    """Replace what follows the end of a turn by the turn itself, from its beginning."""
    index = torch.arange(features.shape[1], device=features.device) % available[:, None]
    return features.gather(1, index[..., None].expand_as(features))


def _warnings(speakers: Speakers, min_duration: float, label_min_duration: float) -> Iterator[Finding]:
    """Turns and speakers that are left out, and speakers with a single turn."""
    if speakers.too_short:
        yield _warning(
            f"{speakers.too_short} turns shorter than {min_duration:g} s (min_duration) are left out.",
            "min_duration",
        )
    if speakers.left_out:
        least, parameter = max((label_min_duration, "label_min_duration"), (min_duration, "min_duration"))
        shown = [f"{name} ({seconds:.0f} s)" for name, seconds in speakers.left_out.items()]
        yield _warning(
            f"{len(shown)} speakers with less than {least:g} s of speech ({parameter}) are left out: "
            f"{_some(shown)}.",
            parameter,
        )
    single = [name for name, turns in speakers.turns.items() if len(turns) == 1]
    if single:
        yield _warning(
            f"{len(single)} speakers have a single turn, from which all their segments are taken: "
            f"{_some(single)}.",
            "min_duration",
        )


def _warning(sentence: str, parameter: str) -> Finding:
    mend = f"Change {parameter}, or add more speech."
    return Finding("speakers", sentence, mend, keys=("params", parameter))


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
