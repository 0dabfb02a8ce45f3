"""What a model must know of a task, and nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyannote.audio.core.errors import CheckpointError


@dataclass(frozen=True)
class Specifications:
    """Inputs and outputs of a model, as `specs.yml` stores them.

    Parameters
    ----------
    task : str
        Name of the task, such as "Dcase".
    inputs : mapping of str to int
        Dimension of each input: "X" holds frames, other names hold one vector a chunk.
    classes : tuple of str
        One output column each, in this order.
    duration : float
        Duration of the chunks in training, in seconds.
    step : float
        Time between two feature frames, in seconds.
    sample_rate : int
        Rate at which features were computed, in Hertz.

    Examples
    --------
    >>> specs = Specifications("Dcase", {"X": 40, "long_term": 40}, ("car", "children"), 2.0, 0.01, 44100)
    >>> specs.frames
    200
    >>> Specifications.load(specs.dump()) == specs
    True
    """

    task: str
    inputs: Mapping[str, int]
    classes: tuple[str, ...]
    duration: float
    step: float
    sample_rate: int

    @property
    def frames(self) -> int:
        """Feature frames of one training chunk."""
        return self.frames_of(self.duration)

    def frames_of(self, duration: float | None) -> int:
        """Feature frames of a chunk, at least 1; by default those of a training chunk."""
        return max(1, round((self.duration if duration is None else duration) / self.step))

    def dump(self) -> dict[str, Any]:
        """Plain mapping for `specs.yml`."""
        return {
            "task": self.task,
            **{name: {"dimension": dimension} for name, dimension in self.inputs.items()},
            "y": {"classes": list(self.classes)},
            "chunk": {"duration": self.duration, "step": self.step, "sample_rate": self.sample_rate},
        }

    @classmethod
    def load(cls, content: Any, file: str | None = None) -> Specifications:
        """Read what `dump` gave.

        Raises
        ------
        CheckpointError
            If `content` is not what `dump` gives.
        """
        try:
            chunk = content["chunk"]
            return cls(
                task=content["task"],
                inputs={
                    name: int(value["dimension"])
                    for name, value in content.items()
                    if isinstance(value, Mapping) and "dimension" in value
                },
                classes=tuple(content["y"]["classes"]),
                duration=float(chunk["duration"]),
                step=float(chunk["step"]),
                sample_rate=int(chunk["sample_rate"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"These specifications of a trained model are damaged ({error!r}).",
                file=file,
                fix="Train again, or copy specs.yml from where the weights come from.",
            ) from None
