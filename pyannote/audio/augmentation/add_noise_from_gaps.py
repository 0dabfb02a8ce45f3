"""Addition of noise from gaps of the annotation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pyannote.audio.augmentation._noise import Noise
from pyannote.audio.augmentation._waveform import Sound
from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.database.protocols import SUBSETS, Recording, recordings

SHORTEST_GAP = 0.5
"""In seconds."""


class AddNoiseFromGaps(Noise):
    """Add audio from gaps of the annotation, at a random signal-to-noise ratio.

    A gap lies in an annotated region, contains no event, and lasts at least 0.5 s. Gaps are drawn in
    proportion to their durations; one that is shorter than the chunk is repeated from a random position.
    Waveforms have shape (batch, samples) (see `Noise` for the formula).

    Parameters
    ----------
    snr_min, snr_max : float
        Range of the ratio of the power of a chunk to that of the noise, in decibels, within [-100, 100].
    protocol : str, optional
        Full name of the protocol whose gaps are used. Defaults to the files of the training.
    subset : {"train", "development", "test"}
        Subset of `protocol`; ignored without a protocol.
    probability : float
        Share of chunks that get noise, in [0, 1].

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

        Parameters
        ----------
        training : sequence of Recording, shape (files,)
            Used if no protocol is named.

        Returns
        -------
        sounds : list of Sound, shape (gaps,)

        Raises
        ------
        UsageError, DataError
            If there is no gap, or no such protocol (see `pyannote.audio.database.protocols.recordings`).
        """
        files = training if self.protocol is None else recordings(self.protocol, self.subset)
        gaps = [Sound(file, start, end) for file in files for start, end in _gaps(file)]
        if not gaps:
            owner = "training" if self.protocol is None else f"{self.protocol} ({self.subset})"
            raise DataError(
                f"No annotated region of the {len(files)} files of {owner} holds {SHORTEST_GAP} s without "
                "any event, which AddNoiseFromGaps could use as noise.",
                fix="Name a protocol with gaps as its `protocol`, or use AddNoise.",
            )
        return gaps


def _gaps(file: Recording) -> Iterator[tuple[float, float]]:
    if file["events"] is None:
        return
    for start, end in file["regions"]:
        last = start
        for onset, offset, _ in [*sorted(file["events"]), (end, end, "")]:
            if min(onset, end) - last >= SHORTEST_GAP:
                yield last, min(onset, end)
            last = max(last, offset)
