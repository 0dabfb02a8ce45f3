"""Trials of speaker verification protocols: pairs of recordings, and whether one speaker is heard in both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.errors import DataError, ToolkitError, UsageError
from pyannote.audio.database.bounds import check_regions
from pyannote.audio.database.protocols import (
    Recording,
    _by_name,
    _protocol,
    _recording,
    _value,
    recordings,
)
from pyannote.audio.database.sources import sources_of
from pyannote.audio.database.strict import read_strictly
from pyannote.audio.database.trial_lists import check_both_kinds, read_trials

Parts = tuple[tuple[float, float], ...]
"""Start and end of each part of a recording, in seconds."""


@dataclass(frozen=True)
class Trials:
    """Pairs of recordings.

    Parameters
    ----------
    files : list of Recording
        Each recording that occurs, once, in the order of their names. Its `regions` are the parts to compare:
        the `try_with` of the protocol, else its annotated parts, else all of it.
    first, second : array of int64, trials
        Indices into `files`.
    targets : array of bool, trials
        Whether one speaker is heard in both. Both kinds of trials occur.
    """

    files: list[Recording]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    targets: NDArray[np.bool_]


def is_verification(name: str) -> bool:
    """Whether a protocol is of the kind that has trials.

    Parameters
    ----------
    name : str
        Full name, such as "VoxCeleb.SpeakerVerification.VoxCeleb1".

    Raises
    ------
    UsageError
        If there is no such protocol.
    """
    from pyannote.database.protocol import SpeakerVerificationProtocol

    return isinstance(_protocol(name, None), SpeakerVerificationProtocol)


def trials(name: str, subset: str, templates: Mapping[str, str] | None = None) -> Trials:
    """Trials of one subset of a protocol.

    Where `database.yml` names their list (`trial:`), it is read strictly, and each of the files must be in
    the list of the subset; they may be called with the suffix of an audio file, as in the lists of VoxCeleb.
    Otherwise the protocol is asked for them.

    Parameters
    ----------
    name : str
        Full name, such as "VoxCeleb.SpeakerVerification.VoxCeleb1".
    subset : {"train", "development", "test"}
        Which part of it.
    templates : mapping, optional
        The `preprocessors` of a configuration; `audio` overrides where audio files are.

    Raises
    ------
    UsageError
        If there is no such protocol, or it has no trials in this subset.
    DataError
        If a line of the list is wrong, there are no target or no non-target trials, or audio is missing.
    """
    if not is_verification(name):
        raise UsageError(
            f"The protocol {name} has no trials.", fix="Name one of the task SpeakerVerification."
        )
    listed = sources_of(name, subset).get("trial")
    if listed is not None:
        return _read(listed, recordings(name, subset, templates, annotated=False))
    try:
        with read_strictly():
            found = _asked(getattr(_protocol(name, templates), f"{subset}_trial")())
    except (NotImplementedError, AttributeError):
        raise UsageError(
            f"The protocol {name} has no trials in its subset {subset!r}.",
            fix="Choose another with --subset, or name a list with `trial:` in database.yml.",
        ) from None
    except ToolkitError:
        raise
    except Exception as error:
        raise DataError(
            f"The trials of {name} cannot be read ({error!r}).", fix="Check its lists."
        ) from error
    check_both_kinds([bool(target) for target in found.targets])
    return found


def _read(path: Path, files: Iterable[Recording]) -> Trials:
    known = {file["uri"]: file for file in files}
    listed = read_trials(path, {uri: uri for uri in known})
    used = {uri for trial in listed for uri in (trial.first, trial.second)}
    index = {uri: position for position, uri in enumerate(sorted(used))}
    return Trials(
        [known[uri] for uri in index],
        np.array([index[trial.first] for trial in listed], dtype=np.int64),
        np.array([index[trial.second] for trial in listed], dtype=np.int64),
        np.array([trial.target for trial in listed], dtype=bool),
    )


def _asked(protocol_trials: Iterable[Mapping[str, Any]]) -> Trials:
    """Trials that a protocol yields; one file that is tried with two parts of it counts as two."""
    files: dict[tuple[str, str, Parts], Recording] = {}
    pairs: list[tuple[tuple[str, str, Parts], tuple[str, str, Parts], bool]] = []
    for trial in protocol_trials:
        if trial["reference"] not in (0, 1):
            found = f"The reference {trial['reference']!r} of a trial is neither 0 nor 1."
            raise DataError(found, fix="Correct the list of trials.")
        sides = []
        for file in (trial["file1"], trial["file2"]):
            sides.append((*_by_name(file), _parts(file)))
            if sides[-1] not in files:
                files[sides[-1]] = _tried(_recording(file, {}, annotated=False), sides[-1][2])
        pairs.append((sides[0], sides[1], bool(trial["reference"])))
    index = {side: position for position, side in enumerate(sorted(files))}
    return Trials(
        [files[side] for side in index],
        np.array([index[first] for first, _, _ in pairs], dtype=np.int64),
        np.array([index[second] for _, second, _ in pairs], dtype=np.int64),
        np.array([target for _, _, target in pairs], dtype=bool),
    )


def _parts(file: Any) -> Parts:
    from pyannote.core import Segment, Timeline

    tried = _value(file, "try_with")
    timeline = Timeline([tried] if isinstance(tried, Segment) else tried or [])
    return tuple((part.start, part.end) for part in timeline.support())


def _tried(recording: Recording, parts: Iterable[tuple[float, float]]) -> Recording:
    duration = recording["duration"]
    check_regions(recording["uri"], parts, duration, None)
    recording["regions"] = [(start, min(end, duration)) for start, end in parts] or recording["regions"]
    return recording
