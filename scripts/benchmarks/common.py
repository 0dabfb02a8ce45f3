"""Synthetic recordings and features for benchmarks that need no audio."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.packs import Pack

CLASSES = ["car", "children", "people_speaking", "people_walking", "large_vehicle", "brakes_squeaking"]


def synthetic_files(count: int, duration: float, classes: Sequence[str], seed: int = 0) -> list[Recording]:
    """Recordings of `duration` seconds, each with ten random events of up to 5 s of each class."""
    random = np.random.default_rng(seed)
    files = []
    for index in range(count):
        events = []
        for label in classes:
            for onset in random.uniform(0, duration - 5, size=10):
                events.append((float(onset), float(onset + random.uniform(0.2, 5)), label))
        files.append(
            Recording(
                uri=f"file{index}",
                database="synthetic",
                audio=Path(f"file{index}.wav"),
                duration=duration,
                regions=[(0.0, duration)],
                events=sorted(events),
            )
        )
    return files


def synthetic_pack(files: Sequence[Recording], dimension: int, step: float = 0.01, seed: int = 0) -> Pack:
    """Gaussian features of recordings."""
    random = np.random.default_rng(seed)
    frames = [1 + int(file["duration"] / step) for file in files]
    data = random.standard_normal((sum(frames), dimension), dtype=np.float32)
    offsets = np.concatenate([[0], np.cumsum(frames)])
    means = [data[first:last].mean(axis=0) for first, last in pairwise(offsets)]
    return Pack(data, offsets, np.stack(means))
