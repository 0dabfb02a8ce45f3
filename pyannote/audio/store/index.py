"""Index of a list of recordings: their keys and frames, so that none of them need be opened again."""

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
    """Recordings of a list, in their order.

    Parameters
    ----------
    keys : sequence of str
        Content key of each (see `content_key`).
    frames : int64, shape (recordings,)
        Frames of the features of each.
    states : sequence of bytes
        Quick look at each when the list was looked up (see `state_of`), which is not saved.

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
        """Where each recording begins if they stand one after the other, and where the last one ends."""
        return np.concatenate([[0], np.cumsum(self.frames)], dtype=np.int64)

    @property
    def digest(self) -> str:
        """Digest of the content of all recordings, in their order."""
        return blake2b("".join(self.keys).encode(), digest_size=16).hexdigest()

    def is_complete(self, folder: Path) -> bool:
        """Whether a folder holds features of all recordings, by the names of its files alone."""
        try:
            with os.scandir(folder) as entries:
                names = {entry.name for entry in entries}
        except FileNotFoundError:
            return False
        return all(f"{key}.npy" in names for key in self.keys)

    def save(self, path: Path) -> None:
        """Write it, completely or not at all."""
        save_arrays(path, {"keys": np.array(self.keys, dtype="S"), "frames": self.frames})

    @classmethod
    def load(cls, path: Path, states: Sequence[bytes]) -> Index | None:
        """Read what was saved; None if there is nothing, or it is damaged."""
        arrays = load_arrays(path, "keys", "frames")
        return None if arrays is None else cls(arrays[0].astype(str).tolist(), arrays[1], states)
