"""Checkpoints: weights and training state of each epoch.

An epoch exists if its manifest exists: weights and training state are written and flushed first, then the
manifest with their digests.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.io.storage import digest_of, remove, write_bytes, write_text
from pyannote.audio.io.storage_errors import storage_error
from pyannote.audio.io.temporary import remove_temporaries
from pyannote.audio.io.tensor_files import loaded

if TYPE_CHECKING:
    import torch


MANIFEST = {"epoch", "model", "training", "sha256"}
"""Keys of a manifest. Manifests of earlier versions have neither `model` nor `training`."""

OTHERS = {
    "model": "This epoch was trained with other features, another architecture or other classes than the "
    "configuration beside it.",
    "training": "This epoch belongs to another training than the configuration beside it.",
}
"""Why an epoch is refused, by the key of its manifest that differs."""

OTHER_EPOCH = "Use another epoch, or train again from the last complete one with --from."


class Origin(NamedTuple):
    """Model and training that epochs belong to.

    Parameters
    ----------
    model : str
        Digest of everything that the outputs of a network depend on except its weights.
    training : str, optional
        Digest of everything that the training depends on. Without one, epochs of any training are read.
    earlier : tuple of (int, str or None)
        Accepted changes, the first one first: epoch after which the training went on as another one, and its
        digest until then.

    Examples
    --------
    >>> origin = Origin("5d", "c3", earlier=((4, "a1"), (7, "b2")))
    >>> [origin.training_of(epoch) for epoch in (4, 5, 7, 8)]
    ['a1', 'b2', 'b2', 'c3']
    """

    model: str
    training: str | None = None
    earlier: tuple[tuple[int, str | None], ...] = ()

    def training_of(self, epoch: int) -> str | None:
        """Digest of the training that an epoch was trained in."""
        found = self.training
        for after, training in reversed(self.earlier):
            if epoch > after:
                break
            found = training
        return found


class Checkpoints:
    """Epochs of a training, in `<train>/weights/`.

    Parameters
    ----------
    folder : Path
        `<train>/weights`. It is created with the first epoch.
    origin : Origin, optional
        Model and training, which are stored in manifests; epochs of others are refused.

    Examples
    --------
    >>> import torch
    >>> checkpoints = Checkpoints(getfixture("tmp_path") / "weights")
    >>> checkpoints.save(1, {"bias": torch.ones(2)}, state={"step": 10})
    >>> checkpoints.epochs(), checkpoints.load_weights(1), checkpoints.load_state(1)
    ([1], {'bias': tensor([1., 1.])}, {'step': 10})
    """

    def __init__(self, folder: Path, origin: Origin | None = None) -> None:
        self.folder = folder
        self.origin = origin

    def weights(self, epoch: int) -> Path:
        """File of the weights of an epoch.

        Examples
        --------
        >>> Checkpoints(Path("weights")).weights(3).as_posix()
        'weights/0003.pt'
        """
        return self.folder / f"{epoch:04d}.pt"

    def state(self, epoch: int) -> Path:
        """File of the state of optimizer and scheduler at the end of an epoch."""
        return self.folder / f"{epoch:04d}.state.pt"

    def manifest(self, epoch: int) -> Path:
        """File with the digests of an epoch, which is written last."""
        return self.folder / f"{epoch:04d}.json"

    def files(self, epoch: int) -> tuple[Path, Path, Path]:
        """All files of an epoch: weights, state and manifest.

        Examples
        --------
        >>> [path.name for path in Checkpoints(Path("weights")).files(3)]
        ['0003.pt', '0003.state.pt', '0003.json']
        """
        return self.weights(epoch), self.state(epoch), self.manifest(epoch)

    def epochs(self) -> list[int]:
        """Epochs that have a manifest, in ascending order.

        Examples
        --------
        >>> Checkpoints(getfixture("tmp_path")).epochs()
        []
        """
        return sorted(int(match[1]) for _, match in self._files() if match[2] == "json")

    def save(self, epoch: int, weights: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Write an epoch atomically. An earlier version of it is removed first.

        Parameters
        ----------
        epoch : int
        weights, state : mapping
            Tensors of any shape, and plain values.

        Raises
        ------
        StorageError
            If the disk is full or the folder read-only; other epochs are unchanged.
        """
        remove([self.manifest(epoch)])
        files = {self.weights(epoch): _serialized(weights), self.state(epoch): _serialized(state)}
        for path, data in files.items():
            write_bytes(path, data)
        digests = {path.name: digest_of(io.BytesIO(data)) for path, data in files.items()}
        content = {"epoch": epoch, **self._origin_of(epoch), "sha256": digests}
        write_text(self.manifest(epoch), json.dumps(content, indent=1) + "\n")

    def drop_after(self, epoch: int) -> None:
        """Remove later epochs, before a resumed training replaces them.

        The last epoch is removed first, so that there is no gap if this is interrupted. Incomplete epochs
        and temporary files are removed as well.
        """
        later = [(int(match[1]), match[2], file) for file, match in self._files() if int(match[1]) > epoch]
        # manifests first: without one, an epoch does not exist
        later.sort(key=lambda one: (-one[0], one[1] != "json"))
        remove(file for _, _, file in later)
        remove_temporaries(self.folder)

    def _files(self) -> Iterator[tuple[Path, re.Match[str]]]:
        """All files of epochs, complete or not, with their matches: epoch and suffix."""
        for file in self.folder.glob("*"):
            if match := re.fullmatch(r"(\d{4,})\.(json|state\.pt|pt)", file.name):
                yield file, match

    def version(self, epoch: int) -> str:
        """Identifier of the weights of an epoch: the first 16 hexadecimal digits of their SHA-256."""
        return self._digest(epoch, self.weights(epoch))[:16]

    def name_models(self) -> bool:
        """Whether any manifest has the digest of its model; manifests of earlier versions have none."""
        return any("model" in self._manifest(epoch) for epoch in self.epochs())

    def load_weights(self, epoch: int, device: torch.device | str = "cpu") -> dict[str, Any]:
        """Weights of an epoch, checked against its manifest.

        Raises
        ------
        CheckpointError
            If the epoch does not exist, its files are damaged, or it belongs to another model.
        """
        return self._load(epoch, self.weights(epoch), device)

    def load_state(self, epoch: int, device: torch.device | str = "cpu") -> dict[str, Any]:
        """State of optimizer and scheduler at the end of an epoch, checked against its manifest."""
        return self._load(epoch, self.state(epoch), device)

    def _load(self, epoch: int, path: Path, device: torch.device | str) -> dict[str, Any]:
        expected = self._digest(epoch, path)
        if not path.is_file():
            # reading a pipe or a device could block forever
            raise CheckpointError("This file of the epoch is missing.", file=path, fix=OTHER_EPOCH)
        try:
            with path.open("rb") as stream:
                # the same stream is checked and loaded: the file may be replaced in between
                actual = digest_of(stream)
                stream.seek(0)
                if actual == expected:
                    return loaded(stream, path, device)
        except FileNotFoundError:
            raise CheckpointError("This file of the epoch is missing.", file=path, fix=OTHER_EPOCH) from None
        except OSError as error:
            raise storage_error(error, path, action="read") from error
        raise CheckpointError("This file has changed since it was saved.", file=path, fix=OTHER_EPOCH)

    def _digest(self, epoch: int, path: Path) -> str:
        """Digest of a file of an epoch, from its manifest."""
        content = self._manifest(epoch)
        for key, value in self._origin_of(epoch).items():
            # an earlier version has written no model
            if content.get(key, value if key == "model" else None) != value:
                raise CheckpointError(
                    OTHERS[key], file=self.manifest(epoch), fix="Copy whole training folders."
                )
        return str(content["sha256"][path.name])

    def _origin_of(self, epoch: int) -> dict[str, str]:
        """Model and training of an epoch, as far as they are known."""
        if self.origin is None:
            return {}
        training = self.origin.training_of(epoch)
        return {"model": self.origin.model, **({} if training is None else {"training": training})}

    def _manifest(self, epoch: int) -> dict[str, Any]:
        """Checked content of the manifest of an epoch."""
        manifest = self.manifest(epoch)
        try:
            content = json.loads(_manifest_text(manifest))
            names = {self.weights(epoch).name, self.state(epoch).name}
            if content["epoch"] != epoch or set(content["sha256"]) != names or set(content) - MANIFEST:
                raise ValueError
            if not all(re.fullmatch("[0-9a-f]{64}", digest) for digest in content["sha256"].values()):
                raise ValueError
            return dict(content)
        except FileNotFoundError:
            epochs = self.epochs()
            raise CheckpointError(
                f"There is no epoch {epoch} here; there are {_ranges(epochs) if epochs else 'none'}.",
                file=self.folder,
                fix="Name one of these." if epochs else "Train first.",
            ) from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CheckpointError("This manifest is damaged.", file=manifest, fix=OTHER_EPOCH) from None
        except OSError as error:
            raise storage_error(error, manifest, action="read") from error


def _manifest_text(manifest: Path) -> str:
    """Text of a manifest, of at most 64 KiB."""
    if os.path.lexists(manifest) and not manifest.is_file():
        raise ValueError("it is not a regular file")
    with manifest.open("rb") as stream:
        text = stream.read(1 << 16)
        if stream.read(1):
            raise ValueError("it is too long")
    return text.decode()


def _serialized(content: Mapping[str, Any]) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    return buffer.getvalue()


def _ranges(epochs: list[int]) -> str:
    if epochs == list(range(epochs[0], epochs[-1] + 1)):
        return f"{epochs[0]} to {epochs[-1]}" if len(epochs) > 1 else str(epochs[0])
    return ", ".join(map(str, epochs))
