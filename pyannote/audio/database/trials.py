"""Trials of speaker verification protocols: pairs of recordings, and whether both are of the same speaker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.core.collected_errors import combined_error
from pyannote.audio.core.errors import DataError, ToolkitError, UsageError
from pyannote.audio.database.bounds import check_regions
from pyannote.audio.database.protocol_files import by_name, find_protocol, read_recording, value_of
from pyannote.audio.database.protocols import (
    Found,
    Recording,
    Unusable,
    name_of,
    readable_recordings,
    refuse_unannotated,
)
from pyannote.audio.database.sources import sources_of
from pyannote.audio.database.strict import read_strictly
from pyannote.audio.database.trial_lists import check_both_kinds, numbered_trials
from pyannote.audio.database.unannotated import is_unannotated, unannotated

Parts = tuple[tuple[float, float], ...]
"""Start and end of each part of a recording, in seconds, shape (parts, 2)."""


@dataclass(frozen=True)
class Trials:
    """Pairs of recordings.

    Parameters
    ----------
    files : list of Recording, shape (files,)
        Each recording once, in the order of their names. Its `regions` are the parts to compare: the
        `try_with` of the protocol, else its annotated regions, else the whole recording.
    first, second : int64, shape (trials,)
        Indices into `files`, in [0, files).
    targets : bool, shape (trials,)
        Whether both recordings are of the same speaker. Both kinds of trials occur.
    unannotated : tuple of Unusable, shape (unannotated,)
        Recordings without annotated regions (see `database.unannotated`), which are left out.
    left_out : int
        Number of trials that name one of them, and are left out too.
    source : Path, optional
        List of the trials; None where the protocol itself provides them.
    lines : int64, shape (trials,), optional
        Line of each trial in `source`.

    Examples
    --------
    >>> pairs = Trials([{"uri": "a"}, {"uri": "b"}], np.array([0]), np.array([1]), np.array([True]))
    >>> pairs.files[pairs.second[0]]["uri"]
    'b'
    """

    files: list[Recording]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    targets: NDArray[np.bool_]
    unannotated: tuple[Unusable, ...] = ()
    left_out: int = 0
    source: Path | None = None
    lines: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def is_verification(name: str) -> bool:
    """Whether a protocol has trials, that is, belongs to the task SpeakerVerification.

    Parameters
    ----------
    name : str
        Full name, such as "VoxCeleb.SpeakerVerification.VoxCeleb1".

    Raises
    ------
    UsageError
        If there is no such protocol.

    Examples
    --------
    >>> from pyannote.audio.database.known_protocols import load_database
    >>> path = getfixture("tmp_path") / "database.yml"
    >>> _ = path.write_text(
    ...     "Protocols: {Pairs: {SpeakerVerification: {One: {scope: file, train: {uri: a.lst}}}}}"
    ... )
    >>> load_database(str(path))
    >>> is_verification("Pairs.SpeakerVerification.One")
    True
    """
    from pyannote.database.protocol import SpeakerVerificationProtocol

    return isinstance(find_protocol(name, None), SpeakerVerificationProtocol)


def trials(
    name: str,
    subset: str,
    templates: Mapping[str, str] | None = None,
    accept: Callable[[Sequence[Unusable]], None] = refuse_unannotated,
) -> Trials:
    r"""Trials of one subset of a protocol.

    Where `database.yml` names their list (`trial:`), it is read strictly, and each of the files must be in
    the list of the subset; names may have the suffix of an audio file, as in the lists of VoxCeleb. Otherwise
    the protocol itself provides them. The readers of pyannote.database know the lists of VoxCeleb alone
    (`trial_forms`); those of other forms are refused when they pass through them.

    Parameters
    ----------
    name : str
        Full name, such as "VoxCeleb.SpeakerVerification.VoxCeleb1".
    subset : {"train", "development", "test"}
        Subset of the protocol.
    templates : mapping of str to str, optional
        The `preprocessors` of a configuration; `audio` overrides the location of audio files.
    accept : callable
        Called with the recordings without annotated regions; it raises an error, or they are left out, and
        their trials too.

    Returns
    -------
    trials : Trials
        Three arrays of shape (trials,), and the recordings that they refer to.

    Raises
    ------
    UsageError
        If there is no such protocol, or it has no trials in this subset.
    DataError
        If a line of the list is wrong, there are no target or no non-target trials, audio is missing, or no
        part of a recording is annotated.

    Examples
    --------
    >>> import soundfile
    >>> from pyannote.audio.database.known_protocols import load_database
    >>> folder = getfixture("tmp_path")
    >>> for uri in ("ann1", "ann2", "bob"):
    ...     soundfile.write(folder / f"{uri}.wav", np.zeros(8000), 8000)
    >>> _ = (folder / "test.lst").write_text("ann1\nann2\nbob\n")
    >>> _ = (folder / "test.trials").write_text("1 ann1 ann2\n0 ann1 bob\n")
    >>> _ = (folder / "database.yml").write_text('''
    ... Databases: {People: "{uri}.wav"}
    ... Protocols:
    ...   People:
    ...     SpeakerVerification:
    ...       Two: {scope: global, test: {uri: test.lst, trial: test.trials}}
    ... ''')
    >>> load_database(str(folder / "database.yml"))
    >>> trials("People.SpeakerVerification.Two", "test").targets
    array([ True, False])
    """
    if not is_verification(name):
        raise UsageError(
            f"The protocol {name} has no trials.", fix="Name one of the task SpeakerVerification."
        )
    listed = sources_of(name, subset).get("trial")
    if listed is not None:
        return _read(listed, readable_recordings(name, subset, templates, annotated=False), accept)
    try:
        with read_strictly():
            provided = getattr(find_protocol(name, templates), f"{subset}_trial")()
            pairs = _from_protocol(provided, name, subset, accept)
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
    check_both_kinds([bool(target) for target in pairs.targets])
    return pairs


def _read(path: Path, found: Found, accept: Callable[[Sequence[Unusable]], None]) -> Trials:
    accept(found.unannotated)
    if found.unusable:
        raise combined_error([one.reason for one in found.unusable])
    known = {file["uri"]: file for file in found.readable}
    bare = {one.name.partition("/")[2] for one in found.unannotated}
    every = numbered_trials(path, {uri: uri for uri in (*known, *bare)})
    numbered = [(line, one) for line, one in every if not bare.intersection((one.first, one.second))]
    listed = [trial for _, trial in numbered]
    check_both_kinds([trial.target for trial in listed], path)
    used = {uri for trial in listed for uri in (trial.first, trial.second)}
    index = {uri: position for position, uri in enumerate(sorted(used))}
    return Trials(
        [known[uri] for uri in index],
        np.array([index[trial.first] for trial in listed], dtype=np.int64),
        np.array([index[trial.second] for trial in listed], dtype=np.int64),
        np.array([trial.target for trial in listed], dtype=bool),
        tuple(found.unannotated),
        len(every) - len(listed),
        path,
        np.array([line for line, _ in numbered], dtype=np.int64),
    )


def _from_protocol(
    protocol_trials: Iterable[Mapping[str, Any]],
    name: str,
    subset: str,
    accept: Callable[[Sequence[Unusable]], None],
) -> Trials:
    """Trials that a protocol yields; a file that is compared by two different parts counts as two."""
    files: dict[tuple[str, str, Parts], Recording] = {}
    pairs: list[tuple[tuple[str, str, Parts], tuple[str, str, Parts], bool]] = []
    bare: dict[str, str] = {}
    left_out = 0
    for trial in protocol_trials:
        if trial["reference"] not in (0, 1):
            found = f"The reference {trial['reference']!r} of a trial is neither 0 nor 1."
            raise DataError(found, fix="Correct the list of trials.")
        both = (trial["file1"], trial["file2"])
        if unheard := [file for file in both if is_unannotated(file)]:
            bare.update((name_of(file), str(file["uri"])) for file in unheard)
            left_out += 1
            continue
        sides = []
        for file in both:
            sides.append((*by_name(file), _parts(file)))
            if sides[-1] not in files:
                files[sides[-1]] = _with_parts(read_recording(file, {}, annotated=False), sides[-1][2])
        pairs.append((sides[0], sides[1], bool(trial["reference"])))
    reasons = unannotated(name, subset, bare.values())
    left = tuple(Unusable(one, reasons[uri]) for one, uri in bare.items())
    accept(left)
    index = {side: position for position, side in enumerate(sorted(files))}
    return Trials(
        [files[side] for side in index],
        np.array([index[first] for first, _, _ in pairs], dtype=np.int64),
        np.array([index[second] for _, second, _ in pairs], dtype=np.int64),
        np.array([target for _, _, target in pairs], dtype=bool),
        left,
        left_out,
    )


def _parts(file: Any) -> Parts:
    from pyannote.core import Segment, Timeline

    tried = value_of(file, "try_with")
    timeline = Timeline([tried] if isinstance(tried, Segment) else tried or [])
    return tuple((part.start, part.end) for part in timeline.support())


def _with_parts(recording: Recording, parts: Iterable[tuple[float, float]]) -> Recording:
    duration = recording["duration"]
    check_regions(recording["uri"], parts, duration, None)
    recording["regions"] = [(start, min(end, duration)) for start, end in parts] or recording["regions"]
    return recording
