"""Position of the frames of a network on its input, found from the number of frames of inputs.

A network whose layers are shift-invariant gives, for n samples (or frames) of input, hop length H, and a
window of W samples minus the padding on both sides, w = W - 2 p,

    F(n) = (n - w) // H + 1

frames, whatever the number of its layers. Frame k is centred on sample (w - 1) / 2 + k H.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pyannote.audio.core.errors import ConfigError

_LONGEST = 1 << 20
"""Largest number of samples or frames with which a network is tried."""


class Layout(NamedTuple):
    """Position of the frames of a network on its input.

    Parameters
    ----------
    hop : int
        Samples (or frames) of the input from a frame to the next one.
    window : int
        Smallest length of the input that gives a frame; 0 or less if the network pads its input by more.

    Examples
    --------
    >>> Layout(hop=320, window=400).frames(16000)
    49
    """

    hop: int
    window: int

    def frames(self, length: int) -> int:
        """Number of frames of an input of some length, 0 or more.

        Examples
        --------
        >>> Layout(hop=160, window=0).frames(16000)
        101
        """
        return max(0, (length - self.window) // self.hop + 1)

    @property
    def padding(self) -> int:
        """Zeros to add on both sides, so that frame k is centred on (k + 1/2) hops, about.

        A network whose window is longer than two hops, and which does not pad its input itself, gives its
        first frame late by more than half a hop. All later stages expect frame k at k hops to k + 1 hops.

        Examples
        --------
        >>> Layout(hop=320, window=400).padding, Layout(hop=320, window=16000).padding
        (0, 7840)
        """
        return (self.window - self.hop) // 2 if self.window > 2 * self.hop else 0


def layout_of(count: Callable[[int], int], start: int, unit: str) -> Layout:
    """Hop length and window of a network.

    Parameters
    ----------
    count : callable
        Number of frames of an input of some length.
    start : int
        Shortest length that is tried. Recurrent layers of onnxruntime end the process if there is so little
        input that nothing reaches them, so that it is not searched from below.
    unit : str
        Word for what an input consists of.

    Raises
    ------
    ConfigError
        The numbers of frames follow no hop length.

    Examples
    --------
    >>> layout_of(lambda length: (length - 400) // 320 + 1, 32000, "samples")
    Layout(hop=320, window=400)
    """
    start = _enough(count, start, unit)
    frames = count(start)
    first = _rise(count, start, frames, unit)
    hop = _rise(count, first, frames + 1, unit) - first
    layout = Layout(hop, first - frames * hop)
    for length in (first + hop - 1, 2 * first + 1, 5 * first + hop // 2):
        if count(length) != layout.frames(length):
            raise ConfigError(
                f"The network gives {count(length)} frames for {length} {unit}, where one frame each "
                f"{hop} {unit}, as for {start} to {first + hop} {unit}, makes {layout.frames(length)}.",
                fix=_CONSTANT,
            )
    if layout.window < -hop:
        raise ConfigError(
            f"The network gives {layout.frames(first)} frames for {first} {unit} at a step of {hop}: more "
            "than there is audio for, so that their position in time is unknown.",
            fix="Export it without the tokens or frames that it adds.",
        )
    return layout


_CONSTANT = "Export a network that gives frames at a constant step."


def _enough(count: Callable[[int], int], length: int, unit: str) -> int:
    """Length that gives at least two frames."""
    while count(length) < 2:
        length *= 2
        if length > _LONGEST:
            raise ConfigError(
                f"The network gives fewer than two frames for {length // 2} {unit}.", fix=_CONSTANT
            )
    return length


def _rise(count: Callable[[int], int], length: int, frames: int, unit: str) -> int:
    """Smallest length with more frames than `length`, which has `frames`."""
    short, long = length, length + 2 * -(-length // frames)
    if count(long) <= frames:
        raise ConfigError(
            f"The network gives {frames} frames for {length} {unit}, and no more for {long}.", fix=_CONSTANT
        )
    while long - short > 1:
        middle = (short + long) // 2
        short, long = (middle, long) if count(middle) <= frames else (short, middle)
    return long
