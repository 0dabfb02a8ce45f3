"""Options that many commands share: devices, processes, and what becomes of recordings without regions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from pyannote.audio.applications.arguments import (
    option,
    whole,
    words,
)

CORES = max(1, (os.cpu_count() or 2) - 1)

Unannotated = Literal["refuse", "skip"]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Options of all commands that compute."""

    code: str | None = option(
        "--code", "Python files with classes of your own that config.yml names, with commas between", "FILES"
    )
    cpu: bool = option("--cpu", "Compute on the CPU")
    gpu: bool = option("--gpu", "Compute on the GPU (default: if there is one)")
    debug: bool = option("--debug", "Show tracebacks, and look for NaN in gradients")


@dataclass(frozen=True, kw_only=True)
class Reading(Machine):
    """Options of all commands that read a protocol."""

    unannotated: Unannotated = option(
        "--unannotated",
        "Recordings of a list without annotated regions, where `annotated:` names regions: refuse, or skip",
        "U",
        "refuse",
        read=words("refuse", "skip"),
    )
    parallel: int = option("--parallel", "Read that many files at once", "N", f"{CORES}", read=whole(1, 1024))


@dataclass(frozen=True, kw_only=True)
class Workers(Reading):
    """Options of all commands that read a protocol and compute features."""

    scheduler: str | None = option(
        "--scheduler", "Let a Dask cluster read them: address of its scheduler, or the scheduler file", "ADDR"
    )
