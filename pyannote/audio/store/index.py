"""Index of a list of recordings: keys and numbers of frames, so that none is opened again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.io.arrays import load_arrays, save_arrays


@dataclass(frozen=True)
class Index:
    """Keys, numbers of frames and states of the recordings of a list, in order.

    Parameters
    ----------
    keys : sequence of str
        Content key of each recording (see `content_key`).
    frames : int64, shape (recordings,)
        Number of frames of the features of each recording.
    states : sequence of bytes
        State of each recording when the index was made (see `state_of`), which is not saved.

    Examples
    --------
    >>> index = Index(["0a", "0b"], np.array([3, 2]), [b"a", b"b"])
    >>> index.offsets
    array([0, 3, 5])
    >>> path = getfixture("tmp_path") / "index.npz"
    >>> index.save(path)
    >>> Index.load(path, [b"a", b"b"]).keys
    ['0a', '0b']
    """

    keys: Sequence[str]
    frames: NDArray[np.int64]
    states: Sequence[bytes]

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """First frame of each recording in their concatenation, and its length, shape (recordings + 1,).

        Examples
        --------
        >>> Index(["0a", "0b"], np.array([3, 2]), [b"", b""]).offsets.tolist()
        [0, 3, 5]
        """
        return np.concatenate([[0], np.cumsum(self.frames)], dtype=np.int64)

    @property
    def digest(self) -> str:
        """Digest of the content of all recordings, in order, 32 hexadecimal digits.

        Examples
        --------
        >>> len(Index(["0a"], np.array([3]), [b""]).digest)
        32
        """
        return blake2b("".join(self.keys).encode(), digest_size=16).hexdigest()

    def is_complete(self, folder: Path) -> bool:
        """Whether a folder contains features of all recordings, by the names of its files.

        Examples
        --------
        >>> folder = getfixture("tmp_path")
        >>> index = Index(["0a"], np.array([3]), [b""])
        >>> before = index.is_complete(folder)
        >>> (folder / "0a.npy").touch()
        >>> before, index.is_complete(folder)
        (False, True)
        """
        try:
            with os.scandir(folder) as entries:
                names = {entry.name for entry in entries}
        except FileNotFoundError:
            return False
        return all(f"{key}.npy" in names for key in self.keys)

    def save(self, path: Path) -> None:
        """Write the index to an npz file, completely or not at all: keys and frames, shape (recordings,)."""
        save_arrays(path, {"keys": np.array(self.keys, dtype="S"), "frames": self.frames})

    @classmethod
    def load(cls, path: Path, states: Sequence[bytes]) -> Index | None:
        """Read a saved index; None if the file is missing or damaged.

        Examples
        --------
        >>> Index.load(getfixture("tmp_path") / "index.npz", states=[]) is None
        True
        """
        arrays = load_arrays(path, "keys", "frames")
        return None if arrays is None else cls(arrays[0].astype(str).tolist(), arrays[1], states)
