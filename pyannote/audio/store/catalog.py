"""The catalog of a store: keys and frames of lists of recordings, all of which are stored from then on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import blake2b

import numpy as np

from pyannote.audio.core.collected_errors import combined_error, errors_by_position, result_or_error
from pyannote.audio.core.errors import DataError, StorageError
from pyannote.audio.core.progress import Progress, silent
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.waveform import AudioFile
from pyannote.audio.store.computing import Work
from pyannote.audio.store.content_key import content_key, state_of
from pyannote.audio.store.contents import Contents
from pyannote.audio.store.index import Index
from pyannote.audio.store.location import write_beside
from pyannote.audio.store.stored import StoredFeatures

Found = tuple[Index, dict[int, DataError]]
"""Index of a list of recordings, and which of them cannot be read: those have no key and no frames."""


class Catalog:
    """Finds the features of recordings, and has those computed that are missing.

    Parameters
    ----------
    stored : StoredFeatures
    """

    def __init__(self, stored: StoredFeatures) -> None:
        self.stored = stored
        self._contents = Contents(stored.folder.parent / "contents", stored.workers)
        self._keys: dict[bytes, str] = {}

    def index(self, files: Sequence[AudioFile], progress: Progress = silent) -> Index:
        """Index of some recordings.

        Raises
        ------
        DataError
            A recording cannot be read. Features of the others are stored then.
        """
        index, unreadable = self.look_up(files, progress)
        if unreadable:
            raise combined_error(list(unreadable.values()))
        return index

    def look_up(self, files: Sequence[AudioFile], progress: Progress = silent) -> Found:
        """Index of those recordings that can be read, and errors of the others."""
        if isinstance(self.stored.extraction, Precomputed):
            return _precomputed(self.stored.extraction, files)
        looks = [result_or_error(state_of, file) for file in files]
        states = [b"" if isinstance(look, DataError) else look for look in looks]
        path = self.stored.folder / f"index-{blake2b(b''.join(states), digest_size=16).hexdigest()}.npz"
        index, unreadable = (
            None if errors_by_position(looks) else Index.load(path, states),
            dict[int, DataError](),
        )
        if index is None or not index.is_complete(self.stored.folder):
            index, unreadable = self._computed(files, looks, states, progress)
            if not unreadable:
                write_beside(self.stored.folder, partial(index.save, path))
        self._keys.update((state, key) for state, key in zip(states, index.keys, strict=True) if key)
        return index, unreadable

    def contents(self, files: Sequence[AudioFile], progress: Progress = silent) -> list[str]:
        """Digest of the content of each recording (see `content_of`)."""
        extraction = self.stored.extraction
        if isinstance(extraction, Precomputed):
            files = [extraction.path(file) for file in files]
        found = self._contents.of(files, [state_of(file) for file in files], progress)
        if errors := list(errors_by_position(found).values()):
            raise combined_error(errors)
        return [content for content in found if isinstance(content, str)]

    def work(self, file: AudioFile) -> Work:
        """Where the features of a recording are stored, or will be."""
        extraction = self.stored.extraction
        if isinstance(extraction, Precomputed):
            path = extraction.path(file)
            return Work(file, path, state_of(path))
        state = state_of(file)
        if state not in self._keys:
            (found,) = self._contents.of([file], [state], silent)
            if isinstance(found, DataError):
                raise found
            self._keys[state] = content_key(file, found)
        return self._work(file, self._keys[state], state)

    def all_work(self, files: Sequence[AudioFile], index: Index) -> Iterator[Work]:
        """Where the features of all recordings of an index are stored."""
        if isinstance(self.stored.extraction, Precomputed):
            return map(self.work, files)
        return map(self._work, files, index.keys, index.states)

    def _work(self, file: AudioFile, key: str, state: bytes) -> Work:
        return Work(file, self.stored.folder / f"{key}.npy", state)

    def _computed(
        self,
        files: Sequence[AudioFile],
        looks: Sequence[bytes | DataError],
        states: Sequence[bytes],
        progress: Progress,
    ) -> Found:
        """Determine the keys of recordings, and have features computed that are missing."""
        keys = [
            found if isinstance(found, DataError) else content_key(file, found)
            for file, found in zip(files, self._digests(files, looks, progress), strict=True)
        ]
        work = {
            key: self._work(file, key, state)
            for file, key, state in zip(files, keys, states, strict=True)
            if isinstance(key, str)
        }
        frames: dict[str, int | DataError | None] = {
            key: self.stored.frames(one.path) for key, one in work.items()
        }
        missing = [work[key] for key, count in frames.items() if count is None]
        if missing:
            errors = self.stored.compute_all(missing, progress)
            frames.update(
                {one.path.stem: errors.get(one.path) or self.stored.frames(one.path) for one in missing}
            )
        return _described(keys, states, [key if isinstance(key, DataError) else frames[key] for key in keys])

    def _digests(
        self, files: Sequence[AudioFile], looks: Sequence[bytes | DataError], progress: Progress
    ) -> list[str | DataError]:
        """Digests of the content of recordings, or why one cannot be looked at or read."""
        pairs = [(file, look) for file, look in zip(files, looks, strict=True) if isinstance(look, bytes)]
        found = iter(self._contents.of([file for file, _ in pairs], [look for _, look in pairs], progress))
        return [look if isinstance(look, DataError) else next(found) for look in looks]


def _precomputed(extraction: Precomputed, files: Sequence[AudioFile]) -> Found:
    """Index of recordings whose frames lie in a folder of the user, keyed by the look at their files."""
    counts = [result_or_error(lambda file: len(extraction(file).data), file) for file in files]
    states = [
        b"" if isinstance(count, DataError) else state_of(extraction.path(file))
        for file, count in zip(files, counts, strict=True)
    ]
    return _described([state.hex() for state in states], states, counts)


def _described(
    keys: Sequence[str | DataError], states: Sequence[bytes], counts: Sequence[int | DataError | None]
) -> Found:
    """Index of recordings with so many frames, and errors of those that have one instead."""
    if None in counts:
        raise StorageError("Features that have just been stored are no longer there.", fix="Start again.")
    frames = [count if isinstance(count, int) else 0 for count in counts]
    known = [
        "" if isinstance(count, DataError) else str(key) for key, count in zip(keys, counts, strict=True)
    ]
    return Index(known, np.array(frames, dtype=np.int64), states), errors_by_position(counts)
