"""The one place that saves and loads weights and the state of a training.

An epoch exists when its manifest exists: weights and training state are written and flushed first,
the small manifest with their digests last. Readers look at manifests only.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.io.archives import check_archive
from pyannote.audio.io.storage import digest_of, remove, write_bytes, write_text
from pyannote.audio.io.storage_errors import storage_error
from pyannote.audio.io.temporary import remove_temporaries

if TYPE_CHECKING:
    import torch


MANIFEST = {"epoch", "model", "sha256"}
"""Entries of a manifest. Those of earlier versions have no `model`."""

OTHER_EPOCH = "Use another epoch, or train again from the last whole one with --from."


class Checkpoints:
    """The epochs of one training, in `<train>/weights/`.

    Parameters
    ----------
    folder : Path
        `<train>/weights`. It is made when the first epoch is saved.
    model : str, optional
        Digest of all that the outputs of a network depend on beside its weights. It is written into
        manifests, and an epoch whose manifest has another one is refused.
    """

    def __init__(self, folder: Path, model: str | None = None) -> None:
        self.folder = folder
        self.model = model

    def weights(self, epoch: int) -> Path:
        """File of the weights of an epoch."""
        return self.folder / f"{epoch:04d}.pt"

    def state(self, epoch: int) -> Path:
        """File of optimizer and scheduler at the end of an epoch."""
        return self.folder / f"{epoch:04d}.state.pt"

    def manifest(self, epoch: int) -> Path:
        """File whose presence means that an epoch is whole."""
        return self.folder / f"{epoch:04d}.json"

    def files(self, epoch: int) -> tuple[Path, Path, Path]:
        """All files of an epoch: weights, state and manifest."""
        return self.weights(epoch), self.state(epoch), self.manifest(epoch)

    def epochs(self) -> list[int]:
        """Epochs that are whole, in rising order."""
        return sorted(int(match[1]) for _, match in self._files() if match[2] == "json")

    def save(self, epoch: int, weights: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Write one epoch, whole or not at all; one that is saved anew does not exist meanwhile.

        Raises
        ------
        StorageError
            If the disk is full or the folder read-only; earlier epochs are untouched.
        """
        remove([self.manifest(epoch)])
        files = {self.weights(epoch): _serialized(weights), self.state(epoch): _serialized(state)}
        for path, data in files.items():
            write_bytes(path, data)
        digests = {path.name: digest_of(io.BytesIO(data)) for path, data in files.items()}
        model = {} if self.model is None else {"model": self.model}
        content = {"epoch": epoch, **model, "sha256": digests}
        write_text(self.manifest(epoch), json.dumps(content, indent=1) + "\n")

    def drop_after(self, epoch: int) -> None:
        """Remove later epochs, which a training that goes on from an earlier one is about to replace.

        The last one goes first, so that no epoch is missing among those that are left if this is cut short.
        What is left of epochs that were never whole goes as well.
        """
        found = [(int(match[1]), match[2], file) for file, match in self._files() if int(match[1]) > epoch]
        # without its manifest, an epoch does not exist
        found.sort(key=lambda one: (-one[0], one[1] != "json"))
        remove(file for _, _, file in found)
        remove_temporaries(self.folder)

    def _files(self) -> Iterator[tuple[Path, re.Match[str]]]:
        """All files of epochs, whole or not: the number, and what the file holds."""
        for file in self.folder.glob("*"):
            if match := re.fullmatch(r"(\d{4,})\.(json|state\.pt|pt)", file.name):
                yield file, match

    def version(self, epoch: int) -> str:
        """16 hexadecimal digits that tell the weights of an epoch from those of any other."""
        return self._digest(epoch, self.weights(epoch))[:16]

    def name_models(self) -> bool:
        """Whether any manifest names the model of its weights; those of earlier versions do not."""
        return any("model" in self._manifest(epoch) for epoch in self.epochs())

    def load_weights(self, epoch: int, device: torch.device | str = "cpu") -> dict[str, Any]:
        """Weights of an epoch, checked against its manifest."""
        return self._load(epoch, self.weights(epoch), device)

    def load_state(self, epoch: int, device: torch.device | str = "cpu") -> dict[str, Any]:
        """Optimizer and scheduler of an epoch, checked against its manifest."""
        return self._load(epoch, self.state(epoch), device)

    def _load(self, epoch: int, path: Path, device: torch.device | str) -> dict[str, Any]:
        expected = self._digest(epoch, path)
        if not path.is_file():
            # nor is a pipe or a device, which could keep its reader for ever, one
            raise CheckpointError("This file of the epoch is missing.", file=path, fix=OTHER_EPOCH)
        try:
            with path.open("rb") as stream:
                # the name may be given to another file in between, but what was checked is what is loaded
                found = digest_of(stream)
                stream.seek(0)
                if found == expected:
                    return _loaded(stream, path, device)
        except FileNotFoundError:
            raise CheckpointError("This file of the epoch is missing.", file=path, fix=OTHER_EPOCH) from None
        except OSError as error:
            raise storage_error(error, path, action="read") from error
        raise CheckpointError("This file has changed since it was saved.", file=path, fix=OTHER_EPOCH)

    def _digest(self, epoch: int, path: Path) -> str:
        """Digest of a file of an epoch, as its manifest has it."""
        content = self._manifest(epoch)
        if self.model not in (None, content.get("model", self.model)):
            raise CheckpointError(
                "This epoch belongs to a training with other features, another architecture or other "
                "classes than the configuration beside it.",
                file=self.manifest(epoch),
                fix="Copy trainings as whole folders.",
            )
        return str(content["sha256"][path.name])

    def _manifest(self, epoch: int) -> dict[str, Any]:
        """Checked content of the manifest of an epoch."""
        manifest = self.manifest(epoch)
        try:
            content = json.loads(_small(manifest))
            names = {self.weights(epoch).name, self.state(epoch).name}
            if content["epoch"] != epoch or set(content["sha256"]) != names or set(content) - MANIFEST:
                raise ValueError
            if not all(re.fullmatch("[0-9a-f]{64}", digest) for digest in content["sha256"].values()):
                raise ValueError
            return dict(content)
        except FileNotFoundError:
            have = self.epochs()
            raise CheckpointError(
                f"There is no epoch {epoch} here; there are {_ranges(have) if have else 'none'}.",
                file=self.folder,
                fix="Name one of these." if have else "Train first.",
            ) from None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CheckpointError("This manifest is damaged.", file=manifest, fix=OTHER_EPOCH) from None
        except OSError as error:
            raise storage_error(error, manifest, action="read") from error


def load_tensors(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read a file of tensors and plain values; anything else in it is refused, never executed.

    Raises
    ------
    CheckpointError
        If it is missing, damaged, or holds anything but tensors and plain values.
    """
    try:
        if path.exists() and not path.is_file():
            # a pipe or a device could keep its reader for ever
            raise CheckpointError(
                "It cannot be read: it is no plain file.", file=path, fix="Use another file."
            )
        with path.open("rb") as stream:
            return _loaded(stream, path, device)
    except FileNotFoundError:
        raise CheckpointError("There is no such file.", file=path, fix="Check the path.") from None
    except OSError as error:
        raise CheckpointError(
            f"This file of weights cannot be read ({error.strerror}).", file=path, fix="Use another file."
        ) from None


def _loaded(stream: BinaryIO, path: Path, device: torch.device | str) -> dict[str, Any]:
    import torch

    try:
        check_archive(stream)
        content = torch.load(stream, map_location=device, weights_only=True)
        if _claims(content) > os.fstat(stream.fileno()).st_size:
            raise ValueError("it says to hold more than there is")
    except Exception as error:
        # torch answers damaged files with a dozen kinds of exceptions
        reason = str(error).split("\n")[0] or type(error).__name__
        raise CheckpointError(
            f"This file of weights cannot be read ({reason}).", file=path, fix="Use another epoch or file."
        ) from None
    if not isinstance(content, dict):
        raise CheckpointError("This file holds no weights.", file=path, fix="Use another epoch or file.")
    return content


def _small(manifest: Path) -> str:
    """Text of a manifest, which has a few lines."""
    if os.path.lexists(manifest) and not manifest.is_file():
        raise ValueError("it is no plain file")
    with manifest.open("rb") as stream:
        text = stream.read(1 << 16)
        if stream.read(1):
            raise ValueError("it is too long")
    return text.decode()


def _claims(content: Any) -> int:
    """Bytes of the largest tensor in plain values: one whose steps are 0 may be larger than any memory."""
    if isinstance(content, (dict, list, tuple)):
        inner = content.values() if isinstance(content, dict) else content
        return max(map(_claims, inner), default=0)
    return content.numel() * content.element_size() if hasattr(content, "element_size") else 0


def _serialized(content: Mapping[str, Any]) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    return buffer.getvalue()


def _ranges(epochs: list[int]) -> str:
    if epochs == list(range(epochs[0], epochs[-1] + 1)):
        return f"{epochs[0]} to {epochs[-1]}" if len(epochs) > 1 else str(epochs[0])
    return ", ".join(map(str, epochs))
