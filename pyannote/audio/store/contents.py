"""Digests of recordings, remembered by their quick look, so that none is read twice for its digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import blake2b
from itertools import compress
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.collected_errors import result_or_error
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.progress import Progress
from pyannote.audio.io.arrays import load_arrays, save_arrays
from pyannote.audio.io.storage import remove
from pyannote.audio.io.waveform import AudioFile
from pyannote.audio.io.workers import Workers
from pyannote.audio.store.computing import portable
from pyannote.audio.store.content_key import content_of
from pyannote.audio.store.location import write_beside

MOST_FILES = 32
"""Files of digests in a folder from which on they are merged."""

Pair = tuple[bytes, str]
"""Quick look at a recording, without its speed, and digest of its content."""


class Contents:
    """Digests of the content of recordings.

    All stores of a cache folder share them: a new list of known recordings, or other features of them, needs
    no look into the recordings.

    Parameters
    ----------
    folder : Path
        Where they are remembered: ``<digest>.npz`` with quick looks and digests.
    workers : Workers
        What reads the recordings.
    """

    def __init__(self, folder: Path, workers: Workers) -> None:
        self.folder, self.workers = folder, workers
        self._known: dict[bytes, str] = {}

    def of(
        self, files: Sequence[AudioFile], states: Sequence[bytes], progress: Progress
    ) -> list[str | DataError]:
        """Digest of the content of each recording, or the reason why it cannot be read.

        Parameters
        ----------
        files : sequence of path or mapping
        states : sequence of bytes
            See `state_of`.
        progress : Progress
        """
        looks = [state[:-1] for state in states]
        waveforms = [isinstance(file, Mapping) and "waveform" in file for file in files]
        self._known.update((look, look.hex()) for look in compress(looks, waveforms))
        self._recall(set(looks) - self._known.keys())
        unknown = {look: file for look, file in zip(looks, files, strict=True) if look not in self._known}
        errors: dict[bytes, DataError] = {}
        if unknown:
            found, errors = self._read(unknown, progress)
            self._save(found)
        return [errors.get(look) or self._known[look] for look in looks]

    def _read(
        self, files: dict[bytes, AudioFile], progress: Progress
    ) -> tuple[list[Pair], dict[bytes, DataError]]:
        """Read recordings from their first byte to their last one."""
        work = list(files.items())
        if self.workers.scheduler is not None:
            work = [(look, portable(file)) for look, file in work]
        done = self.workers.map(_read_one, work, file=itemgetter(1))
        results = list(progress(done, total=len(work), description="Reading recordings"))
        errors = {look: found for look, found in results if isinstance(found, DataError)}
        pairs = [(look, found) for look, found in results if isinstance(found, str)]
        self._known.update(pairs)
        return pairs, errors

    def _recall(self, looks: set[bytes]) -> None:
        """Read the digests that belong to some looks from the folder, latest files first."""
        if not looks:
            return
        heads = np.frombuffer(b"".join(looks), dtype="<u8")[::2]
        for path in self._files():
            found = _load(path)
            rows = np.flatnonzero(np.isin(found[0][:, 0], heads))
            self._known.update(
                (found[0][row].tobytes(), found[1][row].tobytes().hex()) for row in rows.tolist()
            )
            if self._known.keys() >= looks:
                return

    def _files(self) -> list[Path]:
        times = []
        for path in self.folder.glob("*.npz"):
            try:
                times.append((path.stat().st_mtime_ns, path))
            except FileNotFoundError:
                # another process has just merged it with others
                continue
        return [path for _, path in sorted(times, reverse=True)]

    def _save(self, pairs: Sequence[Pair]) -> None:
        """Write new digests to a file of their own; where there are many files, merge them."""
        if not pairs:
            return
        looks = np.frombuffer(b"".join(look for look, _ in pairs), dtype="<u8").reshape(-1, 2)
        contents = np.frombuffer(bytes.fromhex("".join(content for _, content in pairs)), dtype=np.uint8)
        new = looks, contents.reshape(-1, 16)
        earlier = self._files()
        merged = earlier if len(earlier) >= MOST_FILES else []
        parts = [new, *map(_load, merged)]
        looks, contents = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        _, first = np.unique(looks, axis=0, return_index=True)
        looks, contents = looks[first], contents[first]
        path = self.folder / f"{blake2b(looks.tobytes(), digest_size=16).hexdigest()}.npz"
        write_beside(self.folder, partial(save_arrays, path, {"looks": looks, "contents": contents}))
        # what was merged is in the new file, which is on the disk
        remove(one for one in merged if one != path)


def _read_one(work: tuple[bytes, AudioFile]) -> tuple[bytes, str | DataError]:
    look, file = work
    return look, result_or_error(content_of, file)


def _load(path: Path) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Looks, shape (recordings, 2), and digests, shape (recordings, 16); none of a file that is damaged."""
    none: list[NDArray[Any]] = [np.empty(0), np.empty(0)]
    looks, contents = load_arrays(path, "looks", "contents") or none
    sound = looks.dtype == np.uint64 and looks.shape[1:] == (2,)
    if not sound or contents.dtype != np.uint8 or contents.shape != (len(looks), 16):
        return np.empty((0, 2), dtype=np.uint64), np.empty((0, 16), dtype=np.uint8)
    return looks, contents
