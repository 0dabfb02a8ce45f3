"""Catalog of a store: finds or computes the features of lists of recordings."""

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
from pyannote.audio.store.content_digests import ContentDigests
from pyannote.audio.store.content_key import changed_error, content_key, state_of
from pyannote.audio.store.index import Index
from pyannote.audio.store.location import write_shared
from pyannote.audio.store.stored import StoredFeatures

Lookup = tuple[Index, dict[int, DataError]]
"""Index of a list of recordings, and errors by position of unreadable ones, without key and frames."""


class Catalog:
    """Finds the stored features of recordings, and computes missing ones.

    Parameters
    ----------
    stored : StoredFeatures
        Stored features, each of shape (frames, dimension).

    Examples
    --------
    >>> from pyannote.audio.features.raw_audio import RawAudio
    >>> from pyannote.audio.io.workers import Workers
    >>> folder = getfixture("tmp_path") / "RawAudio"
    >>> catalog = Catalog(StoredFeatures(RawAudio(), folder, Workers(1, None), device=None))
    >>> files = [{"waveform": np.zeros(n), "sample_rate": 16000} for n in (4, 2)]
    >>> catalog.index(files).frames
    array([4, 2])
    """

    def __init__(self, stored: StoredFeatures) -> None:
        self.stored = stored
        self._contents = ContentDigests(stored.folder.parent / "contents", stored.workers)
        self._keys: dict[bytes, str] = {}

    def index(self, files: Sequence[AudioFile], progress: Progress = silent) -> Index:
        """Index of some recordings, with their numbers of frames, shape (recordings,).

        Raises
        ------
        DataError
            A recording cannot be read. Features of all others have been stored.
        """
        index, unreadable = self.look_up(files, progress)
        if unreadable:
            raise combined_error(list(unreadable.values()))
        return index

    def look_up(self, files: Sequence[AudioFile], progress: Progress = silent) -> Lookup:
        """Index of the readable recordings, and the errors of the others by position."""
        if isinstance(self.stored.extraction, Precomputed):
            return self._precomputed(self.stored.extraction, files, progress)
        results = [result_or_error(state_of, file) for file in files]
        states = [b"" if isinstance(result, DataError) else result for result in results]
        path = self.stored.folder / f"index-{blake2b(b''.join(states), digest_size=16).hexdigest()}.npz"
        index, unreadable = (
            None if errors_by_position(results) else Index.load(path, states),
            dict[int, DataError](),
        )
        if index is None or not index.is_complete(self.stored.folder):
            index, unreadable = self._compute(files, results, states, progress)
            if not unreadable:
                write_shared(self.stored.folder, partial(index.save, path))
        self._keys.update((state, key) for state, key in zip(states, index.keys, strict=True) if key)
        return index, unreadable

    def contents(self, files: Sequence[AudioFile], progress: Progress = silent) -> list[str]:
        """Digest of the content of each recording (see `content_of`), shape (files,)."""
        sources = [self._source(file) for file in files]
        results = self._contents.get(sources, [state_of(source) for source in sources], progress)
        if errors := list(errors_by_position(results).values()):
            raise combined_error(errors)
        return [content for content in results if isinstance(content, str)]

    def work(self, file: AudioFile) -> Work:
        """Path of the features of a recording, shape (frames, dimension), stored or not yet."""
        source = self._source(file)
        state = state_of(source)
        if state not in self._keys:
            (content,) = self._contents.get([source], [state], silent)
            if isinstance(content, DataError):
                raise content
            self._keys[state] = content_key(source, content)
        return self._work(file, self._keys[state], state)

    def all_work(self, files: Sequence[AudioFile], index: Index) -> Iterator[Work]:
        """Paths of the features of all recordings of an index, each of shape (frames, dimension)."""
        return map(self._work, files, index.keys, index.states)

    def _source(self, file: AudioFile) -> AudioFile:
        """File whose content the features follow from: the recording, or its `Precomputed` frames."""
        extraction = self.stored.extraction
        return extraction.path(file) if isinstance(extraction, Precomputed) else file

    def _work(self, file: AudioFile, key: str, state: bytes) -> Work:
        return Work(file, self.stored.folder / f"{key}.npy", state)

    def _compute(
        self,
        files: Sequence[AudioFile],
        results: Sequence[bytes | DataError],
        states: Sequence[bytes],
        progress: Progress,
    ) -> Lookup:
        """Determine the keys of recordings, and compute missing features."""
        keys = [
            content if isinstance(content, DataError) else content_key(file, content)
            for file, content in zip(files, self._digests(files, results, progress), strict=True)
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

    def _precomputed(self, extraction: Precomputed, files: Sequence[AudioFile], progress: Progress) -> Lookup:
        """Index of recordings whose frames lie in a folder of the user, with the content of these as keys."""
        counts = [result_or_error(lambda file: len(extraction(file).data), file) for file in files]
        sources = [
            file if isinstance(count, DataError) else extraction.path(file)
            for file, count in zip(files, counts, strict=True)
        ]
        results = [
            count if isinstance(count, DataError) else result_or_error(state_of, source)
            for source, count in zip(sources, counts, strict=True)
        ]
        keys = self._digests(sources, results, progress)
        states = [b"" if isinstance(result, DataError) else result for result in results]
        frames = [
            key if isinstance(key, DataError) else result_or_error(partial(_count, extraction, state), file)
            for file, key, state in zip(files, keys, states, strict=True)
        ]
        return _described(keys, states, frames)

    def _digests(
        self, files: Sequence[AudioFile], states: Sequence[bytes | DataError], progress: Progress
    ) -> list[str | DataError]:
        """Digest of the content of each recording, or the error that prevents reading it."""
        pairs = [(file, state) for file, state in zip(files, states, strict=True) if isinstance(state, bytes)]
        digests = iter(
            self._contents.get([file for file, _ in pairs], [state for _, state in pairs], progress)
        )
        return [state if isinstance(state, DataError) else next(digests) for state in states]


def _count(extraction: Precomputed, state: bytes, file: AudioFile) -> int:
    """Number of frames of a recording; an error if their file has changed since its state was determined."""
    count = len(extraction(file).data)
    if state_of(extraction.path(file)) != state:
        raise changed_error(extraction.path(file))
    return count


def _described(
    keys: Sequence[str | DataError], states: Sequence[bytes], counts: Sequence[int | DataError | None]
) -> Lookup:
    """Index of recordings, given the number of frames or the error of each."""
    if None in counts:
        raise StorageError("Features were removed right after they had been stored.", fix="Start again.")
    frames = [count if isinstance(count, int) else 0 for count in counts]
    known = [
        "" if isinstance(count, DataError) else str(key) for key, count in zip(keys, counts, strict=True)
    ]
    return Index(known, np.array(frames, dtype=np.int64), states), errors_by_position(counts)
