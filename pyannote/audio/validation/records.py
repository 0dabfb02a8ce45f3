"""Scores of validated epochs on disk, so that no epoch is computed twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.own_code import own_digest, own_modules
from pyannote.audio.io.storage import write_array, write_text


def _always_the_same(epoch: int) -> str:
    return "0"


class Records:
    """Scores of validation files, one .npy an epoch.

    Parameters
    ----------
    folder : Path
        `<validate>/scores`.
    settings : mapping
        All that scores depend on beside the weights and code of one's own. Scores of other settings are
        thrown away.
    version : callable, optional
        Gives a word for the weights of an epoch, which tells them from those of another training.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], version: Callable[[int], str] = _always_the_same
    ) -> None:
        self.folder = folder
        code = [own_digest(module.__name__) for module in own_modules().values()]
        all_settings = {**settings, "code": code} if code else dict(settings)
        self.settings = json.dumps(all_settings, indent=1, sort_keys=True) + "\n"
        self.version = version

    def kept(self, epochs: Iterable[int]) -> list[int]:
        """Those of some epochs whose scores are here, in rising order."""
        self._throw_away_others()
        return sorted(epoch for epoch in epochs if self._path(epoch).exists())

    def save(self, epoch: int, scores: Sequence[NDArray[np.float32]]) -> None:
        """Keep the scores of an epoch, one array of shape (frames, classes) a file."""
        self._throw_away_others()
        for stale in self.folder.glob(f"{epoch:04d}.*.npy"):
            stale.unlink()
        write_array(self._path(epoch), np.concatenate(scores))

    def read(self, epoch: int) -> NDArray[np.float32]:
        """Scores of an epoch, of all files in one array."""
        try:
            stacked: NDArray[np.float32] = np.load(self._path(epoch), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            raise CheckpointError(
                "These scores are damaged.",
                file=self._path(epoch),
                fix="Remove the file, and validate again.",
            ) from None
        return stacked

    def load(self, epoch: int, outputs: Sequence[int]) -> list[NDArray[np.float32]]:
        """Scores of an epoch, one array a file, of `outputs` frames each."""
        return np.split(self.read(epoch), np.cumsum(outputs)[:-1])

    def _throw_away_others(self) -> None:
        file = self.folder / "settings.json"
        if not file.exists() or file.read_text(encoding="utf-8") != self.settings:
            for stale in self.folder.glob("*.npy"):
                stale.unlink()
            write_text(file, self.settings)

    def _path(self, epoch: int) -> Path:
        return self.folder / f"{epoch:04d}.{self.version(epoch)}.npy"
