"""Random features of invented recordings, for a trial of a network without data."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.database.protocols import Recording
from pyannote.audio.store.packs import Pack


def noise(corpus: Corpus) -> tuple[list[Recording], Pack]:
    """Invented recordings, one for each label or speaker of a batch, and random features of them.

    Returns
    -------
    files : list of Recording
        Each lasts about two chunks and is annotated with one label.
    pack : Pack
        Features from a standard normal distribution.
    """
    task, extraction = corpus.recipe.task, corpus.recipe.extraction
    labels, chunk = task.example(), task.chunk_seconds[1]
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
