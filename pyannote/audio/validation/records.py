"""Scores of validated epochs on disk, so that no epoch is computed twice."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.core.user_code import user_code_digest, user_modules
from pyannote.audio.io.storage import remove, write_bytes, write_text


def _always_the_same(epoch: int) -> str:
    return "0"


class Records:
    """Scores of validation files, one .npy an epoch, in whose name stands a digest of its content.

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
        code = [user_code_digest(module.__name__) for module in user_modules().values()]
        all_settings = {**settings, "code": code} if code else dict(settings)
        self.settings = json.dumps(all_settings, indent=1, sort_keys=True) + "\n"
        self.version = version

    def kept(self, epochs: Iterable[int]) -> list[int]:
        """Those of some epochs whose scores are here and undamaged, in rising order."""
        self._throw_away_others()
        here = {path.name.partition(".")[0] for path in self.folder.glob("*.npy")}
        return sorted(
            epoch for epoch in epochs if f"{epoch:04d}" in here and self._content(epoch) is not None
        )

    def save(self, epoch: int, scores: Sequence[NDArray[np.float32]]) -> None:
        """Keep the scores of an epoch, one array of shape (frames, classes) a file."""
        self._throw_away_others()
        remove(self.folder.glob(f"{epoch:04d}.*.npy"))
        stream = io.BytesIO()
        np.save(stream, np.concatenate(scores), allow_pickle=False)
        content = stream.getvalue()
        write_bytes(self.folder / f"{self._prefix(epoch)}.{_digest(content)}.npy", content)

    def read(self, epoch: int) -> NDArray[np.float32]:
        """Scores of an epoch that is `kept`, of all files in one array."""
        content = self._content(epoch)
        if content is None:
            raise CheckpointError(
                f"The scores of epoch {epoch} are missing or damaged.",
                file=self.folder,
                fix="Run `validate` again.",
            )
        stacked: NDArray[np.float32] = np.load(io.BytesIO(content), allow_pickle=False)
        return stacked

    def load(self, epoch: int, outputs: Sequence[int]) -> list[NDArray[np.float32]]:
        """Scores of an epoch, one array a file, of `outputs` frames each."""
        return np.split(self.read(epoch), np.cumsum(outputs)[:-1])

    def _throw_away_others(self) -> None:
        file = self.folder / "settings.json"
        if not file.exists() or file.read_bytes() != self.settings.encode():
            remove(self.folder.glob("*.npy"))
            write_text(file, self.settings)

    def _prefix(self, epoch: int) -> str:
        return f"{epoch:04d}.{self.version(epoch)}"

    def _content(self, epoch: int) -> bytes | None:
        """Content of the file of an epoch; None if there is none, or it has changed since it was written."""
        for path in self.folder.glob(f"{self._prefix(epoch)}.*.npy"):
            content = path.read_bytes()
            if path.name.endswith(f".{_digest(content)}.npy"):
                return content
        return None


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()
