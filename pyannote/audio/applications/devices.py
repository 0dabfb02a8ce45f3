"""Devices that commands compute on."""

from __future__ import annotations

import torch

from pyannote.audio.applications.terminal import warn
from pyannote.audio.store.packs import Pack, fits


def choose_device(cpu: bool, gpu: bool) -> torch.device:
    """The GPU, unless the CPU is asked for or there is none."""
    if gpu and not torch.cuda.is_available():
        warn("there is no GPU that torch can use; going on with the CPU.")
    return torch.device("cpu" if cpu or not torch.cuda.is_available() else "cuda")


def on_device(pack: Pack, device: torch.device) -> Pack:
    """Features in the memory of a device, if they fit there."""
    if fits(pack, device):
        return pack.to(device)
    warn(
        f"training data of {pack.nbytes / 2**30:.1f} GiB are too much for the free memory of the GPU; "
        "batches are gathered on the CPU, and copied."
    )
    return pack
