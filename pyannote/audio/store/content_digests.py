"""Cache of content digests by file state, so that no recording is read twice for its digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from pyannote.audio.features._threads import threads_per_recording
from pyannote.audio.io.arrays import load_arrays, save_arrays
from pyannote.audio.io.storage import remove
from pyannote.audio.io.waveform import AudioFile
from pyannote.audio.io.workers import Workers
from pyannote.audio.store.computing import portable
from pyannote.audio.store.content_key import content_of
from pyannote.audio.store.location import write_shared

MAX_FILES = 32
"""Number of files of digests in a folder from which on they are merged."""

Pair = tuple[bytes, str]
"""State of a recording without its speed, 16 bytes, and digest of its content."""


class ContentDigests:
    """Digests of the content of recordings, cached in a folder.

    All stores of a cache folder share them: for a new list of known recordings, or for other features of
    them, no recording is read.

    Parameters
    ----------
    folder : Path
        Folder of ``<digest>.npz``, with file states, uint64 of shape (recordings, 2), and digests, uint8 of
        shape (recordings, 16).
    workers : Workers
        Processes or workers of a cluster that read recordings.

    Examples
    --------
    >>> from pyannote.audio.core.progress import silent
    >>> from pyannote.audio.store.content_key import state_of
    >>> folder = getfixture("tmp_path")
    >>> (folder / "a.wav").write_bytes(b"content")
    7
    >>> digests = ContentDigests(folder / "contents", Workers(1, None))
    >>> digests.get([folder / "a.wav"], [state_of(folder / "a.wav")], silent)
    ['ed7002b439e9ac845f22357d822bac14']
    """

    def __init__(self, folder: Path, workers: Workers) -> None:
        self.folder, self.workers = folder, workers
        self._known: dict[bytes, str] = {}

    def get(
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
        states = [state[:-1] for state in states]
        waveforms = [isinstance(file, Mapping) and "waveform" in file for file in files]
        self._known.update((state, state.hex()) for state in compress(states, waveforms))
        self._load(set(states) - self._known.keys())
        unknown = {state: file for state, file in zip(states, files, strict=True) if state not in self._known}
        errors: dict[bytes, DataError] = {}
        if unknown:
            pairs, errors = self._read(unknown, progress)
            self._save(pairs)
        return [errors.get(state) or self._known[state] for state in states]

    def _read(
        self, files: dict[bytes, AudioFile], progress: Progress
    ) -> tuple[list[Pair], dict[bytes, DataError]]:
        """Read all bytes of recordings."""
        work = list(files.items())
        if self.workers.scheduler is not None:
            work = [(state, portable(file)) for state, file in work]
        # as many at once as features take threads: a digest is computed by a single one
        threads = self.workers.parallel * threads_per_recording(self.workers.parallel)
        workers = replace(self.workers, parallel=threads)
        done = workers.map(_read_one, work, file=itemgetter(1))
        results = list(progress(done, total=len(work), description="Reading recordings"))
        errors = {state: error for state, error in results if isinstance(error, DataError)}
        pairs = [(state, digest) for state, digest in results if isinstance(digest, str)]
        self._known.update(pairs)
        return pairs, errors

    def _load(self, states: set[bytes]) -> None:
        """Read the digests of some states from the folder, latest files first."""
        if not states:
            return
        heads = np.frombuffer(b"".join(states), dtype="<u8")[::2]
        for path in self._files():
            stored, digests = _load(path)
            rows = np.flatnonzero(np.isin(stored[:, 0], heads)).tolist()
            self._known.update((stored[row].tobytes(), digests[row].tobytes().hex()) for row in rows)
            if self._known.keys() >= states:
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
        """Write new digests to a new file; if there are many files, merge them."""
        if not pairs:
            return
        states = np.frombuffer(b"".join(state for state, _ in pairs), dtype="<u8").reshape(-1, 2)
        contents = np.frombuffer(bytes.fromhex("".join(content for _, content in pairs)), dtype=np.uint8)
        new = states, contents.reshape(-1, 16)
        earlier = self._files()
        merged = earlier if len(earlier) >= MAX_FILES else []
        parts = [new, *map(_load, merged)]
        states, contents = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        _, first = np.unique(states, axis=0, return_index=True)
        states, contents = states[first], contents[first]
        path = self.folder / f"{blake2b(states.tobytes(), digest_size=16).hexdigest()}.npz"
        write_shared(self.folder, partial(save_arrays, path, {"looks": states, "contents": contents}))
        # the new file, which has been written, contains the merged ones
        remove(one for one in merged if one != path)


def _read_one(work: tuple[bytes, AudioFile]) -> tuple[bytes, str | DataError]:
    state, file = work
    return state, result_or_error(content_of, file)


def _load(path: Path) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """States, shape (recordings, 2), and digests, shape (recordings, 16); empty arrays of a damaged file."""
    none: list[NDArray[Any]] = [np.empty(0), np.empty(0)]
    states, contents = load_arrays(path, "looks", "contents") or none
    valid = states.dtype == np.uint64 and states.shape[1:] == (2,)
    if not valid or contents.dtype != np.uint8 or contents.shape != (len(states), 16):
        return np.empty((0, 2), dtype=np.uint64), np.empty((0, 16), dtype=np.uint8)
    return states, contents
