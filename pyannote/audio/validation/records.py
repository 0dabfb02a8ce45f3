"""Store of the scores of validated epochs, so that no epoch is computed twice."""

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


def _same_version(epoch: int) -> str:
    return "0"


class Records:
    """Scores of validation files, one .npy for each epoch, whose name holds a digest of its content.

    Parameters
    ----------
    folder : Path
        `<validate>/scores`.
    settings : mapping
        All that scores depend on beside weights and user code. Scores of other settings are deleted.
    version : callable, optional
        Digest of the weights of an epoch, as a string.

    Examples
    --------
    >>> records = Records(getfixture("tmp_path"), {"step": 0.25})
    >>> records.save(3, [np.zeros((100, 2), np.float32), np.zeros((50, 2), np.float32)])
    >>> records.stored([1, 2, 3]), records.read(3).shape
    ([3], (150, 2))
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], version: Callable[[int], str] = _same_version
    ) -> None:
        self.folder = folder
        code = [user_code_digest(module.__name__) for module in user_modules().values()]
        all_settings = {**settings, "code": code} if code else dict(settings)
        self.settings = json.dumps(all_settings, indent=1, sort_keys=True) + "\n"
        self.version = version

    def stored(self, epochs: Iterable[int]) -> list[int]:
        """Epochs whose scores are stored and undamaged, out of some, in rising order.

        Returns
        -------
        epochs : list of int, shape (epochs,)

        Examples
        --------
        >>> Records(getfixture("tmp_path"), {}).stored([1, 2])
        []
        """
        self._delete_stale()
        present = {path.name.partition(".")[0] for path in self.folder.glob("*.npy")}
        return sorted(
            epoch for epoch in epochs if f"{epoch:04d}" in present and self._content(epoch) is not None
        )

    def save(self, epoch: int, scores: Sequence[NDArray[np.float32]]) -> None:
        """Store the scores of an epoch.

        Parameters
        ----------
        epoch : int
        scores : sequence of float32, each of shape (outputs, classes)
            Scores of each file.

        Examples
        --------
        >>> records = Records(getfixture("tmp_path"), {})
        >>> records.save(1, [np.zeros((100, 2), np.float32)])
        >>> records.stored([1])
        [1]
        """
        self._delete_stale()
        remove(self.folder.glob(f"{epoch:04d}.*.npy"))
        stream = io.BytesIO()
        np.save(stream, np.concatenate(scores), allow_pickle=False)
        content = stream.getvalue()
        write_bytes(self.folder / f"{self._prefix(epoch)}.{_digest(content)}.npy", content)

    def read(self, epoch: int) -> NDArray[np.float32]:
        """Scores of an epoch, of all files in one array.

        Returns
        -------
        float32, shape (outputs of all files, classes)

        Raises
        ------
        CheckpointError
            If they are missing or damaged.

        Examples
        --------
        >>> records = Records(getfixture("tmp_path"), {})
        >>> records.save(1, [np.zeros((100, 2), np.float32)])
        >>> records.read(1).shape
        (100, 2)
        """
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
        """Scores of an epoch, one array for each file.

        Parameters
        ----------
        epoch : int
        outputs : sequence of int
            Outputs of each file.

        Returns
        -------
        list of float32, each of shape (outputs, classes)

        Examples
        --------
        >>> records = Records(getfixture("tmp_path"), {})
        >>> records.save(1, [np.zeros((100, 2), np.float32), np.zeros((50, 2), np.float32)])
        >>> [scores.shape for scores in records.load(1, [100, 50])]
        [(100, 2), (50, 2)]
        """
        return np.split(self.read(epoch), np.cumsum(outputs)[:-1])

    def _delete_stale(self) -> None:
        """Delete the scores of other settings."""
        file = self.folder / "settings.json"
        if not file.exists() or file.read_bytes() != self.settings.encode():
            remove(self.folder.glob("*.npy"))
            write_text(file, self.settings)

    def _prefix(self, epoch: int) -> str:
        return f"{epoch:04d}.{self.version(epoch)}"

    def _content(self, epoch: int) -> bytes | None:
        """Content of the file of an epoch; None if it is missing or damaged."""
        for path in self.folder.glob(f"{self._prefix(epoch)}.*.npy"):
            content = path.read_bytes()
            if path.name.endswith(f".{_digest(content)}.npy"):
                return content
        return None


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()
