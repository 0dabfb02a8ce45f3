"""Files that seem to be audio and are not read, counted by their suffixes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pyannote.audio.io.waveform import SUFFIXES

UNREAD = (
    frozenset(
        {".ac3", ".amr", ".ape", ".dsf", ".m4b", ".mka", ".mkv", ".mov", ".mp2", ".mpc", ".ra", ".wma", ".wv"}
        | {".3gp", ".aac", ".m4a", ".mp4", ".sph", ".webm"}
    )
    - SUFFIXES
)
"""Suffixes of audio and video that are not read, in lower case."""


def unread_audio(folder: Path) -> Counter[str]:
    """Count files below a folder that seem to be audio and are not read.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "a.WMA").touch()
    >>> unread_audio(folder)
    Counter({'files *.wma, which are not read as audio': 1})
    """
    suffixes = (path.suffix.lower() for path in folder.rglob("*") if not path.name.startswith("."))
    return Counter(f"files *{suffix}, which are not read as audio" for suffix in suffixes if suffix in UNREAD)
