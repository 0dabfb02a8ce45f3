"""Training files at several speeds."""

from __future__ import annotations

from collections.abc import Sequence

from pyannote.audio.augmentation._recordings import RecordingAugmentation
from pyannote.audio.core.errors import AudioError, ConfigError
from pyannote.audio.database.protocols import Recording
from pyannote.audio.io.waveform import percent


class SpeedPerturbation(RecordingAugmentation):
    """Train on each file, and on slower and faster versions of it.

    A list of shape (files,) becomes one of shape (files * (1 + speeds),). The version of the file `a` at the
    speed 0.9 is named `a@0.9`. Its duration, annotated regions and events are divided by the speed; pitch and
    formants are multiplied by it. A version counts as another speaker, so that more speeds are more speakers
    to learn. Files that already have a speed get no further versions.

    Parameters
    ----------
    speeds : sequence of float
        Factors of the speed: 0.5 to 2, in steps of 0.01, not 1.
    new_labels : bool
        Whether the label `x` of a version becomes `x@0.9`, as for speakers. Set it to false to detect events,
        whose classes do not depend on the speed.

    Raises
    ------
    ConfigError
        If there are no speeds, or one is out of range, 1, or named twice.

    References
    ----------
    Ko, Peddinti, Povey and Khudanpur, "Audio Augmentation for Speech Recognition", Interspeech 2015.
    Yamamoto, Lee, Okabe and Koshinaka, "Speaker Augmentation and Bandwidth Extension for Deep Speaker
    Embedding", Interspeech 2019 (versions as other speakers).

    Examples
    --------
    >>> file = {"uri": "a", "duration": 9.0, "regions": [(0.0, 9.0)], "events": [(1.0, 2.0, "ann")]}
    >>> for version in SpeedPerturbation(speeds=[0.5])([file]):
    ...     print(version["uri"], version["duration"], version["events"])
    a 9.0 [(1.0, 2.0, 'ann')]
    a@0.5 18.0 [(2.0, 4.0, 'ann@0.5')]
    """

    def __init__(self, speeds: Sequence[float] = (0.9, 1.1), new_labels: bool = True) -> None:
        try:
            different = {percent(speed) for speed in speeds} - {100}
        except AudioError as error:
            raise ConfigError(error.message, fix=error.fix) from None
        if not speeds or len(different) < len(speeds):
            raise ConfigError(
                f"speeds is {list(speeds)}; each must be named once, and 1 is always included.",
                fix="Name speeds such as 0.9 and 1.1.",
            )
        self.speeds = speeds
        self.new_labels = new_labels

    def __call__(self, training: Sequence[Recording]) -> list[Recording]:
        """Each file, followed by its versions."""
        return [
            version
            for file in training
            for version in (file, *(self._at(speed, file) for speed in self.speeds if "speed" not in file))
        ]

    def _at(self, speed: float, file: Recording) -> Recording:
        suffix = f"@{speed:g}"
        new = suffix if self.new_labels else ""
        events = file["events"]
        if events is not None:
            events = [(onset / speed, offset / speed, f"{label}{new}") for onset, offset, label in events]
        return {
            **file,
            "uri": f"{file['uri']}{suffix}",
            "duration": file["duration"] / speed,
            "regions": [(start / speed, end / speed) for start, end in file["regions"]],
            "events": events,
            "speed": speed,
        }
