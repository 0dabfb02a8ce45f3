"""What every network refuses in the same words."""

from __future__ import annotations

from collections.abc import Sequence

from pyannote.audio.core.errors import ConfigError


def check_sizes(**sizes: int | Sequence[int]) -> None:
    """Refuse sizes that no layer can have.

    Raises
    ------
    ConfigError
        If one of them is below 1, or a list of them is empty.

    Examples
    --------
    >>> check_sizes(channels=16, linear=[256, 128])
    """
    for name, value in sizes.items():
        if min([value] if isinstance(value, int) else value, default=0) < 1:
            shown = value if isinstance(value, int) else list(value)
            raise ConfigError(
                f"{name} must be at least 1, not {shown}.", fix="Give at least one size above 0."
            )


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Refuse what is none of the choices.

    Raises
    ------
    ConfigError
        If `value` is not in `choices`.

    Examples
    --------
    >>> check_choice("rnn", "LSTM", ["LSTM", "GRU"])
    """
    if value not in choices:
        raise ConfigError(
            f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r}.", fix="Change the value."
        )
