"""Noise of the recordings themselves, from where no one speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pyannote.audio.augmentation._noise import Noise
from pyannote.audio.augmentation._waveform import Sound
from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.database.protocols import SUBSETS, Recording, recordings

SHORTEST_GAP = 0.5
"""Seconds."""


class AddNoiseFromGaps(Noise):
    """Add what is heard in gaps of the annotation, at a random signal-to-noise ratio.

    A gap lies in an annotated region, holds no event of any label, and lasts at least 0.5 s. Gaps are drawn
    in proportion to their durations; one that is shorter than the chunk is repeated from a random place on.

    Parameters
    ----------
    snr_min, snr_max : float
        Range of the ratio of the power of a whole chunk to that of what is added, in decibels.
    protocol : str, optional
        Full name of the protocol whose gaps are used. Defaults to the files of the training.
    subset : {"train", "development", "test"}
        Subset of `protocol`; without effect if there is none.
    probability : float
        Rank of chunks that get noise, in [0, 1].

    Raises
    ------
    ConfigError
        A value is out of its range.

    Examples
    --------
    >>> file = {"uri": "a", "regions": [(0.0, 9.0)], "events": [(1.0, 4.0, "ann"), (3.0, 8.0, "bob")]}
    >>> [(gap.start, gap.end) for gap in AddNoiseFromGaps().sources([file])]
    [(0.0, 1.0), (8.0, 9.0)]
    """

    by_duration: ClassVar[bool] = True

    def __init__(
        self,
        snr_min: float = 10,
        snr_max: float = 20,
        protocol: str | None = None,
        subset: str = "train",
        probability: float = 1.0,
    ) -> None:
        super().__init__(snr_min, snr_max, probability)
        if subset not in SUBSETS:
            raise ConfigError(f"subset is {subset!r}; allowed are {', '.join(SUBSETS)}.")
        self.protocol = protocol
        self.subset = subset

    def sources(self, training: Sequence[Recording]) -> list[Sound]:
        """All gaps of the training files, or of those of the protocol.

        Raises
        ------
        UsageError, DataError
            There is no gap, or no such protocol (see `pyannote.audio.database.protocols.recordings`).
        """
        files = training if self.protocol is None else recordings(self.protocol, self.subset)
        found = [Sound(file, start, end) for file in files for start, end in _gaps(file)]
        if not found:
            owner = "training" if self.protocol is None else f"{self.protocol} ({self.subset})"
            raise DataError(
                f"No annotated region of the {len(files)} files of {owner} holds {SHORTEST_GAP} s without "
                "any event, which AddNoiseFromGaps would take for noise.",
                fix="Name a protocol with gaps as its `protocol`, or use AddNoise.",
            )
        return found


def _gaps(file: Recording) -> Iterator[tuple[float, float]]:
    if file["events"] is None:
        return
    for start, end in file["regions"]:
        last = start
        for onset, offset, _ in [*sorted(file["events"]), (end, end, "")]:
            if min(onset, end) - last >= SHORTEST_GAP:
                yield last, min(onset, end)
            last = max(last, offset)
