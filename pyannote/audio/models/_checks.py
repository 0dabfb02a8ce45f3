"""Checks of sizes, depths and choices of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyannote.audio.core.errors import ConfigError

WIDEST = 16384
DEEPEST = 100


def check_sizes(**sizes: int | Sequence[int]) -> None:
    """Refuse sizes of layers out of their range.

    Raises
    ------
    ConfigError
        If one of them is not from 1 to 16384, or a list of them is empty or longer than 100.

    Examples
    --------
    >>> check_sizes(channels=16, linear=[256, 128])
    """
    _check(sizes, WIDEST)


def check_depth(**counts: int | Sequence[int]) -> None:
    """Refuse numbers of layers out of their range.

    Raises
    ------
    ConfigError
        If one of them is not from 1 to 100, or a list of them is empty or longer than 100.

    Examples
    --------
    >>> check_depth(layers=2, blocks=[3, 4, 6, 3])
    """
    _check(counts, DEEPEST)


def _check(given: Mapping[str, int | Sequence[int]], most: int) -> None:
    for name, value in given.items():
        values = [value] if isinstance(value, int) else list(value)
        if not (1 <= len(values) <= DEEPEST and min(values) >= 1 and max(values) <= most):
            raise ConfigError(
                f"{name} must be at least 1 and at most {most}, not {value}.",
                fix=f"Give at least one such size, and at most {DEEPEST}.",
            )


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Refuse a value that is not among the choices.

    Raises
    ------
    ConfigError
        If `value` is not in `choices`.

    Examples
    --------
    >>> check_choice("rnn", "LSTM", ["LSTM", "GRU"])
    """
    if value not in choices:
        listed = ", ".join(map(repr, choices))
        raise ConfigError(f"{name} must be one of {listed}, not {value!r}.", fix="Choose one of them.")
