"""Size of features on disk and in memory."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.protocols import Recording
from pyannote.audio.store.gathering import PACK_FILES, PACK_LIMIT
from pyannote.audio.store.location import VARIABLE

FLOAT = 4
"""Bytes of a number."""


@dataclass(frozen=True)
class Storage:
    """Size of features.

    Parameters
    ----------
    folder : Path
        Folder of the feature store.
    stored : int
        Bytes of the features of all files, and of the waveforms that augmentations change.
    packed : int
        Bytes of the features of training files, from which batches are gathered.
    in_memory : bool
        Whether those lie in memory; otherwise they are mapped from a file.
    free : int
        Bytes that are free on the disk.
    """

    folder: Path
    stored: int
    packed: int
    in_memory: bool
    free: int

    @classmethod
    def of(cls, corpus: Corpus, train: Sequence[Recording], others: Sequence[Recording]) -> Storage:
        """Room that the features of training files and of other ones take."""
        folder = corpus.store.folder
        packed = _features(corpus, train)
        in_memory = len(train) <= PACK_FILES and packed <= PACK_LIMIT
        computed = corpus.recipe.extraction.computed
        stored = computed * (packed + _features(corpus, others)) + (not in_memory) * packed
        if corpus.recipe.augmentations("waveforms"):
            seconds = sum(file["duration"] for file in train)
            stored += round(seconds * corpus.recipe.extraction.sample_rate) * FLOAT
        return cls(folder, stored, packed, in_memory, shutil.disk_usage(_existing(folder)).free)

    def findings(self) -> Iterator[Finding]:
        """Warning if the disk is too small."""
        if self.stored > self.free:
            yield Finding(
                "disk",
                f"Features take {self.stored / 2**30:.1f} GiB, and {self.free / 2**30:.1f} GiB are free.",
                f"Free some space, or name another folder in {VARIABLE}.",
                file=self.folder.parent,
            )


def _features(corpus: Corpus, files: Sequence[Recording]) -> int:
    step, dimension = corpus.recipe.extraction.sliding_window.step, corpus.recipe.extraction.dimension
    return sum(1 + int(file["duration"] / step) for file in files) * dimension * FLOAT


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.is_dir())
