"""What batches are made of when one looks: a handful of files, or none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.database.protocols import Recording
from pyannote.audio.embedding.approaches._segments import Speakers
from pyannote.audio.store.packs import Pack

HANDFUL = 4
"""Training files of which batches are made for a look; approaches need one for each speaker of a batch."""

LABELS = ("label 1", "label 2")
"""Labels of recordings that do not exist, where the classes of a task follow from the data."""


def handful(corpus: Corpus, files: Sequence[Recording]) -> list[Recording]:
    """Training files that are enough for a batch."""
    task = corpus.recipe.task
    if corpus.recipe.shelf == "task":
        return [
            file for file in files if any(end - start >= task.duration for start, end in file["regions"])
        ][:HANDFUL]
    segments = task.segments
    speakers = Speakers.of(files, segments.min_duration, segments.label_min_duration).turns
    first = {turns[0][0] for turns in list(speakers.values())[: segments.per_fold]}
    return [file for index, file in enumerate(files) if index in first]


def noise(corpus: Corpus) -> tuple[list[Recording], Pack]:
    """Recordings that do not exist, one for each label or speaker of a batch, and random features of them."""
    task, extraction = corpus.recipe.task, corpus.recipe.extraction
    if corpus.recipe.shelf == "task":
        labels, chunk = list(task.labels.examples() or LABELS), task.duration
    else:
        labels = [f"speaker{index}" for index in range(task.segments.per_fold)]
        chunk = task.segments.max_duration
    step = extraction.sliding_window.step
    frames = 2 * max(1, math.ceil(chunk / step))
    whole = (0.0, frames * step)
    files = [
        Recording(
            uri=label,
            database="",
            audio=Path("noise"),
            duration=whole[1],
            regions=[whole],
            events=[(*whole, label)],
        )
        for label in labels
    ]
    random = np.random.default_rng(0)
    data = random.standard_normal((len(files) * frames, extraction.dimension), dtype=np.float32)
    long_term = data.reshape(len(files), frames, -1).mean(axis=1)
    return files, Pack(data, np.arange(len(files) + 1, dtype=np.int64) * frames, long_term)
