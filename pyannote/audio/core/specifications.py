"""Specifications of a model: inputs, classes, chunks and outputs, as `specs.yml` stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any

from pyannote.audio.core.compositions import dump_composition, load_composition
from pyannote.audio.core.errors import CheckpointError, ConfigError
from pyannote.audio.core.labels import Composition
from pyannote.audio.core.outputs import Output, OutputKind
from pyannote.audio.core.values import Values
from pyannote.audio.core.windows import DAY

FINEST = 1e-6
"""Smallest step between two feature frames, in seconds."""

WIDEST = 1 << 24
"""Highest dimension of an input."""

FRAMES = Output()
"""Scores of output frames."""


@dataclass(frozen=True)
class Specifications:
    """Inputs and outputs of a model, as `specs.yml` stores them.

    Parameters
    ----------
    task : str
        Name of the task, such as "Dcase".
    inputs : mapping of str to int
        Dimension of each input: "X" has shape (frames, dimension), all others one vector a chunk.
    classes : tuple of str
        Names of the output columns.
    duration : float
        Duration of the chunks in training, in seconds.
    step : float
        Time between two feature frames, in seconds.
    sample_rate : int
        Rate at which features are computed, in Hertz; 0 if they were precomputed.
    output : Output
        Output of the model. Defaults to scores of output frames.
    composition : Composition, optional
        Definitions of the classes, in their order. None if they are unknown (`specs.yml` of earlier
        versions) or have no meaning (speakers of an embedding).
    applied_duration : float, optional
        Duration of the chunks of a recording that is scored, in seconds; by default, as in training.

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
    output: Output = FRAMES
    composition: Composition | None = None
    applied_duration: float | None = None

    @property
    def frames(self) -> int:
        """Feature frames of one training chunk.

        Examples
        --------
        >>> Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100).frames
        200
        """
        return self.frames_of(self.duration)

    def frames_of(self, duration: float | None) -> int:
        """Feature frames of a chunk, at least 1.

        Parameters
        ----------
        duration : float, optional
            In seconds; None stands for that of the chunks of a recording that is scored.

        Examples
        --------
        >>> Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100).frames_of(0.5)
        50
        """
        applied = self.duration if self.applied_duration is None else self.applied_duration
        return max(1, round((applied if duration is None else duration) / self.step))

    def of_model(self, resolution: int) -> Specifications:
        """Copy with window and step of the outputs of a model.

        Parameters
        ----------
        resolution : int
            Feature frames of one output frame of the model.

        Examples
        --------
        >>> Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100).of_model(9).output.step
        0.09
        """
        if self.output.kind == "vector":
            return self
        # digits beyond the nanosecond are rounding errors of the multiplication
        seconds = self.duration if self.output.kind == "chunk" else round(resolution * self.step, 9)
        return replace(self, output=replace(self.output, window=seconds, step=seconds))

    def check_model(self, resolution: int, file: str | PathLike[str] | None = None) -> None:
        """Refuse a model whose output step differs from that of the trained one.

        Parameters
        ----------
        resolution : int
            Feature frames of one output frame of the model.
        file : path, optional
            File of these specifications, for the error.

        Raises
        ------
        CheckpointError
            If the steps differ.

        Examples
        --------
        >>> trained = Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100).of_model(9)
        >>> trained.check_model(3)
        Traceback (most recent call last):
        pyannote.audio.core.errors.CheckpointError: output.step is 0.09 s, and the architecture of the ...
        """
        step = self.of_model(resolution).output.step
        if self.output.step is not None and step is not None and abs(step - self.output.step) > 1e-6 * step:
            raise CheckpointError(
                f"output.step is {self.output.step:g} s, and the architecture of the configuration gives an "
                f"output every {step:g} s.",
                file=file,
                fix="Use the architecture that was trained, with its parameters.",
            )

    def changes(self, other: Specifications) -> list[str]:
        """Names of the fields that differ, shape (fields,); those unknown to one of the two are equal.

        Examples
        --------
        >>> specs = Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100)
        >>> specs.changes(replace(specs.of_model(9), duration=3.0))
        ['duration']
        """
        names = ["task", "inputs", "classes", "duration", "step", "sample_rate"]
        if self.composition is not None and other.composition is not None:
            names.append("composition")
        if None not in (self.output.step, other.output.step) or self.output.kind != other.output.kind:
            names.append("output")
        return [name for name in names if getattr(self, name) != getattr(other, name)]

    def composed(self, configured: Composition) -> Composition:
        """Definitions of the classes; those of a configuration if `specs.yml` has none.

        Parameters
        ----------
        configured : Composition
            Of the task of the configuration.

        Raises
        ------
        ConfigError
            If `specs.yml` has none, and the configuration has other classes.
        """
        if self.composition is None and configured.classes != self.classes:
            raise ConfigError(
                f"The trained model has the classes {', '.join(self.classes)}, which its specs.yml "
                "does not define, and the configuration has "
                f"{', '.join(configured.classes) or 'none'}.",
                fix="Undo the change of the configuration, or train again.",
            )
        return self.composition or configured

    def dump(self) -> dict[str, Any]:
        """Plain mapping for `specs.yml`.

        Examples
        --------
        >>> Specifications("Dcase", {"X": 40}, ("car",), 2.0, 0.01, 44100).dump()["chunk"]
        {'duration': 2.0, 'step': 0.01, 'sample_rate': 44100}
        """
        made_of = None if self.composition is None else {"made_of": dump_composition(self.composition)}
        applied = None if self.applied_duration is None else {"applied_duration": self.applied_duration}
        return {
            "task": self.task,
            **{name: {"dimension": dimension} for name, dimension in self.inputs.items()},
            "y": {"classes": list(self.classes), **(made_of or {})},
            "chunk": {
                "duration": self.duration,
                **(applied or {}),
                "step": self.step,
                "sample_rate": self.sample_rate,
            },
            "output": self.output.dump(),
        }

    @classmethod
    def load(
        cls, content: Any, file: str | PathLike[str] | None = None, kind: OutputKind = "frames"
    ) -> Specifications:
        """Read the output of `dump`, which users may have edited.

        Parameters
        ----------
        content : object
            Content of `specs.yml`.
        file : path, optional
            The file, for errors.
        kind : {"frames", "vector", "chunk"}
            Output of the model if `content` does not define it, as in files of earlier versions.

        Raises
        ------
        CheckpointError
            If a key is missing or unknown, or a value is not allowed.
        """
        values = Values(content, file, "Correct it, or copy specs.yml from where the weights come from.")
        values.only("y", allowed=("classes", "made_of"))
        values.only("chunk", allowed=("duration", "applied_duration", "step", "sample_rate"))
        classes = values.texts("y", "classes")
        return cls(
            task=values.text("task"),
            inputs=_inputs(values),
            classes=classes,
            duration=values.number("chunk", "duration", low=0, high=DAY, above=True),
            step=values.number("chunk", "step", low=FINEST, high=DAY),
            sample_rate=values.whole("chunk", "sample_rate", low=0, high=2**31 - 1),
            output=Output.load(values) if "output" in values else Output(kind),
            composition=load_composition(values, classes) if "made_of" in values.names("y") else None,
            applied_duration=(
                values.number("chunk", "applied_duration", low=0, high=DAY, above=True)
                if "applied_duration" in values.names("chunk")
                else None
            ),
        )


def _inputs(values: Values) -> dict[str, int]:
    names = [name for name in values.names() if name not in ("task", "y", "chunk", "output")]
    for name in names:
        values.only(name, allowed=("dimension",))
    inputs = {name: values.whole(name, "dimension", low=1, high=WIDEST) for name in names}
    values.get("X")
    return inputs
