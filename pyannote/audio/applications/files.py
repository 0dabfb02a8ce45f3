"""What a command is applied to: the files of a protocol, or one audio file."""

from __future__ import annotations

from pathlib import Path

from pyannote.audio.applications.experiment import Experiment
from pyannote.audio.core.errors import UsageError
from pyannote.audio.database.protocols import Recording, recording_of


def files_of(protocol: str, subset: str, experiment: Experiment) -> tuple[list[Recording], str]:
    """Recordings of a protocol, or the one audio file that was named instead, and what they are called.

    Raises
    ------
    UsageError
        If it is neither.
    """
    path = Path(protocol)
    if path.suffix and path.is_file():
        return [recording_of(path)], path.stem
    if len(protocol.split(".")) != 3:
        raise UsageError(
            f"{protocol!r} is neither an audio file nor the name of a protocol.",
            fix="Check the path, or name a protocol such as Database.SpeakerDiarization.Protocol.",
        )
    return experiment.recordings(protocol, subset, annotated=False), f"{protocol}.{subset}"
