"""Output of a model, as `specs.yml` stores it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from pyannote.audio.core.values import Values
from pyannote.audio.core.windows import DAY

OutputKind = Literal["frames", "vector", "chunk"]
Activation = Literal["sigmoid", "none"]


@dataclass(frozen=True)
class Output:
    """Output of a model.

    Parameters
    ----------
    kind : {"frames", "vector", "chunk"}
        Scores of classes in each output frame, one vector for each chunk (an embedding), or one score of
        each class for each chunk.
    window, step : float, optional
        Duration of an output frame, and time between the starts of two, in seconds. None until the model is
        known, and for vectors.
    activation : {"sigmoid", "none"}, optional
        Function that turns outputs into scores. Defaults to "none" for vectors, otherwise to "sigmoid".

    Examples
    --------
    >>> Output("frames", window=0.09, step=0.09).dump()
    {'kind': 'frames', 'window': 0.09, 'step': 0.09, 'activation': 'sigmoid'}
    """

    kind: OutputKind = "frames"
    window: float | None = None
    step: float | None = None
    activation: Activation | None = None

    def __post_init__(self) -> None:
        if self.activation is None:
            object.__setattr__(self, "activation", "none" if self.kind == "vector" else "sigmoid")

    def dump(self) -> dict[str, Any]:
        """Plain mapping for `specs.yml`."""
        return {name: value for name, value in vars(self).items() if value is not None}

    @classmethod
    def load(cls, values: Values) -> Output:
        """Read the entry `output` of `specs.yml`, with `window` and `step` in seconds.

        Examples
        --------
        >>> content = {"output": {"kind": "chunk", "activation": "sigmoid"}}
        >>> Output.load(Values(content, "specs.yml", "Correct it.")).kind
        'chunk'
        """
        values.only("output", allowed=("kind", "window", "step", "activation"))
        times = {
            name: values.number("output", name, low=0, high=DAY, above=True)
            for name in ("window", "step")
            if name in values.names("output")
        }
        return cls(
            kind=values.choice("output", "kind", among=get_args(OutputKind)),
            activation=values.choice("output", "activation", among=get_args(Activation)),
            **times,
        )
