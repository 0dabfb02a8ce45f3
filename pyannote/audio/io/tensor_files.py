"""Files of tensors, read without executing code from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.io.archives import check_archive

if TYPE_CHECKING:
    import torch


def load_tensors(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read a file of tensors and plain values without executing code from it.

    Parameters
    ----------
    path : Path
        File of `torch.save`, as large as its tensors or larger.
    device : torch.device or str
        Device of the tensors.

    Raises
    ------
    CheckpointError
        If it is missing or damaged, or contains other objects.

    Examples
    --------
    >>> import torch
    >>> path = getfixture("tmp_path") / "a.pt"
    >>> torch.save({"bias": torch.ones(2)}, path)
    >>> load_tensors(path)
    {'bias': tensor([1., 1.])}
    """
    try:
        if path.exists() and not path.is_file():
            # reading a pipe or a device could block forever
            raise CheckpointError(
                "It cannot be read: it is not a regular file.", file=path, fix="Use another file."
            )
        with path.open("rb") as stream:
            return loaded(stream, path, device)
    except FileNotFoundError:
        raise CheckpointError("There is no such file.", file=path, fix="Check the path.") from None
    except OSError as error:
        raise CheckpointError(
            f"This file of weights cannot be read ({error.strerror}).", file=path, fix="Use another file."
        ) from None


def loaded(stream: BinaryIO, path: Path, device: torch.device | str) -> dict[str, Any]:
    """Content of an open file of tensors (see `load_tensors`)."""
    import torch

    try:
        check_archive(stream)
        content = torch.load(stream, map_location=device, weights_only=True)
        if _largest_tensor(content) > os.fstat(stream.fileno()).st_size:
            raise ValueError("a tensor claims more bytes than the file has")
    except Exception as error:
        # torch raises a dozen classes of exceptions for damaged files
        reason = str(error).split("\n")[0] or type(error).__name__
        raise CheckpointError(
            f"This file of weights cannot be read ({reason}).", file=path, fix="Use another epoch or file."
        ) from None
    if not isinstance(content, dict):
        raise CheckpointError("This file contains no weights.", file=path, fix="Use another epoch or file.")
    return content


def _largest_tensor(content: Any) -> int:
    """Bytes of the largest tensor in nested values: with strides of 0, it may exceed any memory."""
    if isinstance(content, (dict, list, tuple)):
        inner = content.values() if isinstance(content, dict) else content
        return max(map(_largest_tensor, inner), default=0)
    return content.numel() * content.element_size() if hasattr(content, "element_size") else 0
