"""Arrays on disk: written completely or not at all, and taken for missing where they are damaged."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.features.base import Features
from pyannote.audio.io.archives import check_archive
from pyannote.audio.io.refusals import storage_error
from pyannote.audio.io.storage import write_with


def write_pieces(stream: BinaryIO, pieces: Iterable[Features], shape: tuple[int, int]) -> None:
    """Write an npy file piece by piece, so that it never lies in memory as a whole."""
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    for piece in pieces:
        stream.write(np.ascontiguousarray(piece, dtype="<f4").data)


def load_features(path: Path, dimension: int) -> Features | None:
    """Map features into memory; None if there are none, and they must be computed."""
    features = load_array(path)
    return features if features is not None and features.shape[1:] == (dimension,) else None


def load_array(path: Path) -> NDArray[np.float32] | None:
    """Map an array into memory; None if there is none, or it is damaged and must be computed again."""
    try:
        return cast(NDArray[np.float32], np.load(path, mmap_mode="c", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        if getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            # the array is there, and computing it again would not help
            raise storage_error(cast(OSError, error), path, action="read") from error
        return None


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays to a file, completely or not at all."""
    write_with(path, lambda stream: np.savez(stream, **arrays))  # type: ignore[arg-type]


def load_arrays(path: Path, *names: str) -> list[NDArray[Any]] | None:
    """Arrays of a file by their names; None if there is no such file, or it is damaged."""
    try:
        check_archive(path)
        with np.load(path, allow_pickle=False) as arrays:
            return [arrays[name] for name in names]
    except (OSError, ValueError, EOFError, KeyError, BadZipFile):
        return None
