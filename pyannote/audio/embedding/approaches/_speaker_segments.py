"""Sampler of batches of segments of speakers, for all approaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from pyannote.audio.core.counted import counted
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

    All segments of a batch have one duration, which is drawn for each batch: features have the shape
    (per_fold x per_label, frames, dimension). Each speaker is drawn once before any is drawn again. Segments
    lie where exactly one speaker talks. If no turn of a speaker is as long as the duration of the batch, a
    shorter turn is repeated from its start.

    Parameters
    ----------
    duration : float, optional
        Duration of all segments, in seconds, instead of a random one for each batch.
    min_duration, max_duration : float
        Range of durations of a batch, in seconds, at most a day. Turns shorter than `min_duration` are left
        out.
    per_fold : int
        Speakers of a batch, at least 2.
    per_label : int
        Segments of each speaker, at least 1; at most 65,536 segments a batch.
    per_epoch : float
        Audio of an epoch, in days.
    label_min_duration : float
        Shortest speech of a speaker that is used, in seconds; other speakers are left out.

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
                f"Segments last {low:g} to {high:g} s; durations must be positive, min_duration at most "
                f"max_duration, and both at most {DAY}."
            )
        if per_fold < 2 or per_label < 1 or per_fold * per_label > LARGEST_BATCH:
            raise ConfigError(
                "per_fold must be at least 2, per_label at least 1, and their product at most "
                f"{LARGEST_BATCH}."
            )
        if not (0 < per_epoch < float("inf") and label_min_duration >= 0):
            raise ConfigError("per_epoch must be positive, and label_min_duration 0 or more.")
        check_epoch(per_epoch, (low + high) / 2)
        self.min_duration, self.max_duration = low, high
        self.per_fold, self.per_label = per_fold, per_label
        self.per_epoch = per_epoch
        self.label_min_duration = label_min_duration
        self._speakers: Speakers | None = None

    @property
    def chunks(self) -> int:
        """Segments of a batch.

        Examples
        --------
        >>> SpeakerSegments(per_fold=20, per_label=3).chunks
        60
        """
        return self.per_fold * self.per_label

    @property
    def batch_seconds(self) -> float:
        """Audio of a batch, in seconds, on average.

        Examples
        --------
        >>> SpeakerSegments(duration=1.5, per_fold=20, per_label=3).batch_seconds
        90.0
        """
        return (self.min_duration + self.max_duration) / 2 * self.per_fold * self.per_label

    @property
    def batches_per_epoch(self) -> int:
        """Batches of an epoch, at least 1.

        Examples
        --------
        >>> SpeakerSegments(duration=1.0, per_fold=20, per_label=3, per_epoch=1.0).batches_per_epoch
        1440
        """
        return batches_per_epoch(self.per_epoch, self.batch_seconds)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers that `check` has found, in alphabetical order, shape (speakers,).

        Examples
        --------
        >>> segments = SpeakerSegments(per_fold=2)
        >>> _ = segments.check([{"events": [(0.0, 4.0, "bob"), (4.0, 8.0, "ann")]}])
        >>> segments.speakers
        ('ann', 'bob')
        """
        return tuple(self._checked.turns)

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
        """Prepare to draw batches from the files that `check` has read.

        Parameters
        ----------
        pack : Pack
            Features of the files, of shape (frames of all files, dimension), in the order of `check`.
        step : float
            Time between the starts of two feature frames, in seconds.
        """
        self._pack, self._step = pack, step
        self._sampler = SegmentSampler(self._checked, pack.offsets, step, self.per_fold, self.per_label)

    def statistics(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and standard deviation over all frames of the files, each of shape (dimension,)."""
        return {"X": self._pack.statistics()}

    def batches(self, epoch: int, seed: int, rank: Rank = WHOLE) -> Iterator[dict[str, Tensor]]:
        """Batches of an epoch.

        Parameters
        ----------
        epoch, seed : int
            Each batch depends on them and on its index alone.
        rank : Rank
            Rank whose rows of each batch get features; all rows by default.

        Yields
        ------
        dict of str to Tensor
            Features "X" of shape (rows, frames, dimension), and the index of the speaker of each segment of
            the whole batch, "y" of shape (per_fold x per_label,). The segments of a speaker are adjacent.
        """
        count, rows = self.batches_per_epoch, rank.rows(self.chunks)
        speakers = self._sampler.speakers(count, generator(seed, epoch, 0, 1))
        seconds = durations(self.min_duration, self.max_duration, count, epoch, seed)
        frames = np.maximum(1, np.rint(seconds / self._step).astype(np.int64)).tolist()
        randoms = [generator(seed, epoch, index, 3) for index in range(count)]
        drawn = [self._sampler.segments(*batch) for batch in zip(speakers, frames, randoms, strict=True)]
        first, available = np.stack(drawn, axis=1)
        # indices are moved to the device of the features once an epoch
        places, device = self._pack.places(first), self._pack.device
        labels = torch.from_numpy(np.repeat(speakers, self.per_label, axis=1)).to(device)
        lengths = torch.from_numpy(available).to(device)
        for index in range(count):
            features = self._pack.gather(places[index], frames[index], randoms[index], rows)
            if (available[index][rows] < frames[index]).any():
                features = _repeated(features, lengths[index][rows])
            yield {"X": features, "y": labels[index]}

    @property
    def _checked(self) -> Speakers:
        assert self._speakers is not None, "`check` comes before it"
        return self._speakers


def _repeated(features: Tensor, available: Tensor) -> Tensor:
    """Fill the frames after the end of each turn by repetition of the turn; same shape."""
    index = torch.arange(features.shape[1], device=features.device) % available[:, None]
    return features.gather(1, index[..., None].expand_as(features))


def _warnings(speakers: Speakers, min_duration: float, label_min_duration: float) -> Iterator[Finding]:
    """Turns and speakers that are left out, and speakers with a single turn."""
    if speakers.too_short:
        yield _warning(
            counted(
                speakers.too_short,
                f"turn shorter than {min_duration:g} s (min_duration) is left out.",
                f"turns shorter than {min_duration:g} s (min_duration) are left out.",
            ),
            "min_duration",
        )
    if speakers.left_out:
        least, parameter = max((label_min_duration, "label_min_duration"), (min_duration, "min_duration"))
        shown = [f"{name} ({seconds:.0f} s)" for name, seconds in speakers.left_out.items()]
        little = f"with less than {least:g} s of speech ({parameter})"
        count = counted(len(shown), f"speaker {little} is left out", f"speakers {little} are left out")
        yield _warning(f"{count}: {_shortened(shown)}.", parameter)
    single = [name for name, turns in speakers.turns.items() if len(turns) == 1]
    if single:
        count = counted(len(single), "speaker has", "speakers have")
        yield _warning(
            f"{count} a single turn, from which all their segments are taken: {_shortened(single)}.",
            "min_duration",
        )


def _warning(sentence: str, parameter: str) -> Finding:
    mend = f"Change {parameter}, or add more speech."
    return Finding("speakers", sentence, mend, keys=("params", parameter))


def _shortened(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
