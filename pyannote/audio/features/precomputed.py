"""Features or scores stored in a folder: metadata.yml, and one npy file for each recording."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from numpy.typing import NDArray

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.frames import Features, FrameReader
from pyannote.audio.io.arrays import is_whole
from pyannote.audio.io.paths import flat_name, inside
from pyannote.audio.io.storage import write_array, write_text
from pyannote.audio.io.waveform import AudioFile
from pyannote.audio.io.yaml_files import read_plain

if TYPE_CHECKING:
    from pyannote.core import SlidingWindow, SlidingWindowFeature


class Precomputed(FeatureExtraction):
    """Stored features or scores: ``<root_dir>/<database>/<uri>.npy``, shape (frames, dimension).

    `metadata.yml` in the same folder gives the position of frames in time (start, duration and step in
    seconds), their dimension, and, if they are scores, the class of each column.

    Parameters
    ----------
    root_dir : path
        The folder.
    use_memmap : bool
        Map files into memory, so that only the frames that are used are read from disk.

    Attributes
    ----------
    classes : list of str or None
        Class of each column, if the columns are scores of classes.

    Raises
    ------
    DataError
        The folder has no metadata, or a value is out of its range.

    Examples
    --------
    >>> from pyannote.core import Segment, SlidingWindow
    >>> window = SlidingWindow(start=0.0, duration=0.1, step=0.1)
    >>> scores = Precomputed.create(getfixture("tmp_path"), window, dimension=2, classes=["car", "people"])
    >>> file = {"database": "TUT2017", "uri": "a001"}
    >>> scores.dump(file, np.zeros((50, 2)))
    >>> scores(file).data.shape, scores.crop(file, Segment(1.0, 2.0), fixed=1.0).shape
    ((50, 2), (10, 2))
    """

    computed = False
    sample_rate = 0

    def __init__(self, root_dir: str | os.PathLike[str], use_memmap: bool = True) -> None:
        self.root_dir = str(Path(root_dir).expanduser())
        self.use_memmap = use_memmap
        path = Path(self.root_dir) / "metadata.yml"
        metadata = _load_metadata(path)
        self._start, self._duration, self._step = (
            _number(metadata, name, path) for name in ("start", "duration", "step")
        )
        self._dimension = int(_number(metadata, "dimension", path))
        self.classes: list[str] | None = metadata.get("classes")
        if self._duration <= 0 or self._step <= 0 or self._dimension < 1:
            raise _damaged(path, "duration, step and dimension must be greater than 0")
        if self.classes is not None and len(self.classes) != self._dimension:
            raise _damaged(path, f"{len(self.classes)} classes for {self._dimension} columns")

    @classmethod
    def create(
        cls,
        root_dir: str | os.PathLike[str],
        sliding_window: SlidingWindow,
        dimension: int,
        classes: Sequence[str] | None = None,
        provenance: str | None = None,
    ) -> Precomputed:
        """Create the folder, or replace the metadata of an existing one.

        Parameters
        ----------
        root_dir : path
        sliding_window : SlidingWindow
            Position of frames in time.
        dimension : int
            Number of columns.
        classes : sequence of str, optional
            Class of each column.
        provenance : str, optional
            Digest of everything but the recordings that the frames depend on.

        Raises
        ------
        StorageError
            The folder cannot be written.

        Examples
        --------
        >>> from pyannote.core import SlidingWindow
        >>> window = SlidingWindow(start=0.0, duration=0.1, step=0.1)
        >>> Precomputed.create(getfixture("tmp_path"), window, dimension=2, classes=["car", "people"]).classes
        ['car', 'people']
        """
        metadata = {
            "start": float(sliding_window.start),
            "duration": float(sliding_window.duration),
            "step": float(sliding_window.step),
            "dimension": int(dimension),
            **({} if classes is None else {"classes": list(classes)}),
            **({} if provenance is None else {"provenance": provenance}),
        }
        text = yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)
        write_text(Path(root_dir).expanduser() / "metadata.yml", text)
        return cls(root_dir)

    @property
    def dimension(self) -> int:
        """Number of columns of the arrays, shape (frames, dimension)."""
        return self._dimension

    @property
    def sliding_window(self) -> SlidingWindow:
        """Position of frames in time, as in metadata.yml."""
        from pyannote.core import SlidingWindow

        return SlidingWindow(start=self._start, duration=self._duration, step=self._step)

    def path(self, file: AudioFile) -> Path:
        """Path of the file with the frames of a recording.

        Parameters
        ----------
        file : mapping
            A file of a protocol: its "uri" and, if the folder holds several databases, its "database".

        Raises
        ------
        DataError
            `file` is no mapping with a "uri", or its path would lie outside the folder.

        Examples
        --------
        >>> from pyannote.core import SlidingWindow
        >>> folder = getfixture("tmp_path")
        >>> scores = Precomputed.create(folder, SlidingWindow(start=0.0, duration=0.1, step=0.1), dimension=2)
        >>> scores.path({"database": "TUT2017", "uri": "a001"}).relative_to(folder).as_posix()
        'TUT2017/a001.npy'
        """
        if not isinstance(file, Mapping) or "uri" not in file:
            raise DataError(
                f"Frames in {self.root_dir} are identified by 'database' and 'uri'.",
                fix="Give a file of a protocol.",
            )
        folder = f"{flat_name(str(file['database']))}/" if file.get("database") else ""
        return inside(Path(self.root_dir), f"{folder}{file['uri']}", ".npy")

    def open(self, file: AudioFile) -> FrameReader:
        """Open the file of a recording to read its frames, shape (frames, dimension)."""
        frames = self._load(file)
        return FrameReader(len(frames), lambda first, last: frames[first:last])

    def __call__(self, file: AudioFile) -> SlidingWindowFeature:
        """All frames of a recording, shape (frames, dimension), mapped into memory if `use_memmap`.

        Raises
        ------
        DataError
            There is no file of this recording, or its frames do not match the metadata.
        """
        from pyannote.core import SlidingWindowFeature

        return SlidingWindowFeature(self._load(file), self.sliding_window, labels=self.classes)

    def dump(self, file: AudioFile, features: NDArray[Any] | SlidingWindowFeature) -> None:
        """Write the frames of a recording.

        Parameters
        ----------
        file : mapping
            A file of a protocol: its "uri" and, if the folder holds several databases, its "database".
        features : shape (frames, dimension)
            Stored as float32.

        Raises
        ------
        DataError
            The shape does not match, or a value is NaN or infinite.
        StorageError
            The file cannot be written.

        Examples
        --------
        >>> from pyannote.core import SlidingWindow
        >>> window = SlidingWindow(start=0.0, duration=0.1, step=0.1)
        >>> scores = Precomputed.create(getfixture("tmp_path"), window, dimension=2)
        >>> scores.dump({"uri": "a001"}, np.zeros((50, 2)))
        >>> scores({"uri": "a001"}).data.dtype
        dtype('float32')
        """
        values = np.asarray(getattr(features, "data", features), dtype=np.float32)
        self._check(values, self.path(file))
        if not np.isfinite(values).all():
            raise DataError("The frames contain NaN or infinity.", file=self.path(file))
        write_array(self.path(file), values)

    def _load(self, file: AudioFile) -> Features:
        path = self.path(file)
        try:
            frames = np.load(path, mmap_mode="c", allow_pickle=False)
        except FileNotFoundError:
            raise DataError(
                "There are no frames of this recording.", file=path, fix="Compute them first."
            ) from None
        except Exception as error:
            # NumPy raises a dozen types of exceptions for damaged files
            raise _damaged(path, "it cannot be read as an array") from error
        if not isinstance(frames, np.ndarray):
            raise _damaged(path, "it is an archive, not an array")
        if not is_whole(frames, path) or not frames.dtype.isnative:
            raise _damaged(path, "its header does not match its content")
        self._check(frames, path)
        frames = frames if self.use_memmap else np.array(frames)
        return frames if frames.dtype == np.float32 else frames.astype(np.float32)

    def _check(self, frames: NDArray[Any], path: Path) -> None:
        if (
            frames.ndim != 2
            or frames.shape[1] != self._dimension
            or len(frames) == 0
            or frames.dtype.kind != "f"
        ):
            raise DataError(
                f"The frames are {frames.dtype} of shape {frames.shape}, not (frames, {self._dimension}).",
                file=path,
                fix="Compute them again, or correct metadata.yml.",
            )


def _load_metadata(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise DataError(
            "The folder has no metadata.yml, which describes the frames.",
            file=path.parent,
            fix="Give the folder that contains it.",
        )
    try:
        metadata = read_plain(path)
    except ConfigError as error:
        raise _damaged(path, error.message.rstrip("."), error.line) from None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("classes", []), list):
        raise _damaged(path, "start, duration, step, dimension and classes are expected")
    return metadata


def _number(metadata: Mapping[str, Any], name: str, path: Path) -> float:
    value = metadata.get(name)
    if not isinstance(value, (int, float)) or not np.isfinite(value):
        raise _damaged(path, f"{name} is {value!r}, not a number")
    return value


def _damaged(path: Path, reason: str, line: int | None = None) -> DataError:
    return DataError(f"The file is damaged: {reason}.", file=path, line=line, fix="Compute the folder again.")
