"""Networks of ONNX files: read, checked, and run by onnxruntime, one thread a call."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pyannote.audio.core.errors import ConfigError
from pyannote.audio.features.frames import Features
from pyannote.audio.io.storage import digest_of

if TYPE_CHECKING:
    import onnxruntime

_EXTERNAL = b"\n\x08location"
"""Key of an ONNX tensor whose values lie in another file, as its protocol buffer is written."""

_FLOATS = ("tensor(float)", "tensor(float16)", "tensor(double)")

_QUIET = 4
"""Level at which onnxruntime prints fatal errors alone: it raises the others."""


class Network:
    """Network of an ONNX file with one input, which is a waveform or frames, and frames as output.

    Parameters
    ----------
    path : Path
        The file.
    session : onnxruntime.InferenceSession
    bands : int or None
        Values of a frame of the input, of shape (batch, frames, bands) or (frames, bands); None for a
        waveform, of shape (batch, samples) or (samples,).
    output : str or None
        Name of the output, of shape (batch, frames, dimension) or (frames, dimension); None: the first one.

    Attributes
    ----------
    output : str
        Name of the output.

    Raises
    ------
    ConfigError
        The network has other inputs or outputs.
    """

    def __init__(
        self, path: Path, session: onnxruntime.InferenceSession, bands: int | None, output: str | None
    ) -> None:
        self.path, self.bands, self._session = path, bands, session
        given = _input(path, session.get_inputs(), bands)
        self._input, self._batched = given.name, len(given.shape) == (2 if bands is None else 3)
        self.output = _output_name(path, session.get_outputs(), output)

    def __call__(self, units: Features) -> Features:
        """Frames of an input.

        Parameters
        ----------
        units : float32, shape (samples, 1) or (frames, bands)

        Returns
        -------
        frames : float32, shape (frames, dimension)

        Raises
        ------
        ConfigError
            The network fails, or its output has another shape.
        """
        frames = self._output(units)
        shape = frames.shape
        if frames.ndim == 3 and shape[0] == 1:
            frames = frames[0]
        if frames.ndim != 2 or frames.shape[1] == 0:
            raise _refused(
                self.path,
                f"Its output {self.output!r} has shape {shape} for an input of {len(units)} "
                f"{self.unit}; (1, frames, dimension) or (frames, dimension) is needed.",
                "Name another output with `output`, or export the network with frames before values.",
            )
        return frames.astype(np.float32, copy=False)

    @property
    def unit(self) -> str:
        """Word for what the input consists of."""
        return "samples" if self.bands is None else "frames"

    def count(self, length: int) -> int:
        """Frames of an input of `length` samples or frames; 0 if the network cannot take one so short."""
        try:
            return len(self(self._noise(length)))
        except _RunError:
            return 0

    def dimension(self, length: int) -> int:
        """Values of a frame, found with an input of `length` samples or frames."""
        return self(self._noise(length)).shape[1]

    def _noise(self, length: int) -> Features:
        # values that are not constant: a network may divide by their deviation
        return np.random.default_rng(0).normal(scale=0.1, size=(length, self.bands or 1)).astype(np.float32)

    def _output(self, units: Features) -> npt.NDArray[Any]:
        array = units[:, 0] if self.bands is None else units
        try:
            (values,) = self._session.run(
                [self.output], {self._input: np.ascontiguousarray(array[None] if self._batched else array)}
            )
        except Exception as error:
            # onnxruntime raises a dozen types of exceptions
            raise _RunError(
                f"onnxruntime cannot run it on an input of {len(units)} {self.unit} ({_first_line(error)}).",
                file=self.path,
                fix="Export the network with an input of free length.",
            ) from error
        return np.asarray(values)


class _RunError(ConfigError):
    """The network cannot be run on an input."""


def checksum(path: Path) -> str:
    """SHA-256 of an ONNX file that holds all of its weights, as 64 hexadecimal digits.

    Raises
    ------
    ConfigError
        The file is missing, or keeps weights in other files, which the checksum would not cover.

    Examples
    --------
    >>> path = getfixture("tmp_path") / "a.onnx"
    >>> path.write_bytes(b"content")
    7
    >>> checksum(path)[:8]
    'ed7002b4'
    """
    return digest_of(io.BytesIO(_content(path)))


@lru_cache(maxsize=2)
def network(path: Path, sha256: str, bands: int | None, output: str | None) -> Network:
    """Network of a file, which is loaded once in a process.

    Parameters
    ----------
    path : Path
    sha256 : str
        Checksum of the file.
    bands, output
        See `Network`, also for the shapes of input and output.

    Raises
    ------
    ConfigError
        onnxruntime is not installed; or the file is damaged, has changed, or holds another kind of network.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ConfigError(
            "Networks in ONNX are run by onnxruntime, which is not installed.",
            fix="Run: pip install onnxruntime",
        ) from None
    content = _content(path)
    if digest_of(io.BytesIO(content)) != sha256:
        raise _refused(path, "It has changed while it was read.", "Start again.")
    options = onnxruntime.SessionOptions()
    # recordings and their parts are computed in threads; more threads within could change the last bits
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = _QUIET
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime raises a dozen types of exceptions for damaged files
        raise _refused(
            path, f"onnxruntime cannot load it ({_first_line(error)}).", "Export the network again."
        ) from error
    return Network(path, session, bands, output)


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise _refused(path, "There is no such file.", "Correct `file`, or put the network back.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused(path, f"It cannot be read ({error.strerror}).", "Check its permissions.") from error
    if _EXTERNAL in content:
        raise _refused(
            path,
            "It keeps weights in other files, which its checksum does not cover.",
            "Save it as one file: onnx.save(onnx.load(path), other_path).",
        )
    return content


def _input(path: Path, inputs: Sequence[Any], bands: int | None) -> Any:
    """The input, if it is the only one and has the right type and shape."""
    if len(inputs) != 1:
        names = ", ".join(repr(one.name) for one in inputs)
        raise _refused(path, f"It has {len(inputs)} inputs ({names}); one is needed.", _EXPORT)
    (given,) = inputs
    sizes: list[int | None] = [None] if bands is None else [None, bands]
    word = "samples" if bands is None else "frames"
    fits = _fits(given.shape, sizes) or _fits(given.shape, [1, *sizes])
    if not fits or given.type != "tensor(float)":
        rest = "" if bands is None else f", {bands}"
        raise _refused(
            path,
            f"Its input {given.name!r} is {given.type} of shape {_text(given.shape)}; needed is float32 of "
            f"shape (1, {word}{rest}) or ({word}{rest or ','}), with a free number of {word}.",
            _EXPORT,
        )
    return given


_EXPORT = "Export it so; set `mel` if it reads mel bands, and leave `mel` out if it reads a waveform."
"""Mending of a wrong input."""


def _fits(shape: Sequence[Any], sizes: Sequence[int | None]) -> bool:
    """Whether dimensions of a graph (numbers, or names of free ones) can have sizes; None: must be free."""
    return len(shape) == len(sizes) and all(
        not isinstance(found, int) or found == size for found, size in zip(shape, sizes, strict=True)
    )


def _output_name(path: Path, outputs: Sequence[Any], name: str | None) -> str:
    found = next((one for one in outputs if name in (None, one.name)), None)
    if found is None:
        names = ", ".join(repr(one.name) for one in outputs)
        raise _refused(path, f"It has no output {name!r}; it has {names}.", "Correct `output`.")
    if found.type not in _FLOATS:
        raise _refused(
            path, f"Its output {found.name!r} is {found.type}, not a tensor of floats.", "Name another one."
        )
    return str(found.name)


def _text(shape: Sequence[Any]) -> str:
    return f"({', '.join(str(size) for size in shape)}{',' if len(shape) == 1 else ''})"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200].rstrip(".")


def _refused(path: Path, message: str, fix: str) -> ConfigError:
    return ConfigError(f"{path}: {message}", fix=fix)
