"""Scores of validated epochs on disk, so that no epoch is computed twice."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.io.storage import write_array, write_text


class Records:
    """Scores of validation files, one .npy an epoch.

    Parameters
    ----------
    folder : Path
        `<validate>/scores`.
    settings : mapping
        All that scores depend on beside the weights. Scores of other settings are thrown away.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        file, content = folder / "settings.json", json.dumps(dict(settings), indent=1, sort_keys=True) + "\n"
        if not file.exists() or file.read_text(encoding="utf-8") != content:
            for stale in folder.glob("*.npy"):
                stale.unlink()
            write_text(file, content)

    def epochs(self) -> list[int]:
        """Epochs with scores, in rising order."""
        found = (re.fullmatch(r"(\d{4,})\.npy", file.name) for file in self.folder.glob("*.npy"))
        return sorted(int(match.group(1)) for match in found if match)

    def save(self, epoch: int, scores: Sequence[NDArray[np.float32]]) -> None:
        """Keep the scores of an epoch, one array of shape (frames, classes) a file."""
        write_array(self.folder / f"{epoch:04d}.npy", np.concatenate(scores))

    def load(self, epoch: int, outputs: Sequence[int]) -> list[NDArray[np.float32]]:
        """Scores of an epoch, one array a file, of `outputs` frames each."""
        stacked = np.load(self.folder / f"{epoch:04d}.npy", allow_pickle=False)
        return np.split(stacked, np.cumsum(outputs)[:-1])
