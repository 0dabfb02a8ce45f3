"""By which measure a protocol is validated."""

from __future__ import annotations

from pyannote.audio.applications.embedding.experiment import EmbeddingExperiment
from pyannote.audio.applications.embedding.measures import Diarization, Measure, Verification
from pyannote.audio.applications.terminal import warn
from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.faults import remarks_on
from pyannote.audio.database.protocols import Recording
from pyannote.audio.database.trials import is_verification, trials
from pyannote.audio.embedding.turns import solo_turns
from pyannote.audio.validation.pairs import all_pairs


def measure_of(experiment: EmbeddingExperiment, protocol: str, subset: str, purity: float | None) -> Measure:
    """Trials where the protocol has some, else clustering; trials of turns where files have one speaker each.

    Raises
    ------
    UsageError, DataError
        If the protocol cannot be read, or nobody speaks.
    """
    if is_verification(protocol):
        found = trials(protocol, subset, experiment.config.preprocessors)
        _refuse_purity(purity, protocol)
        _mind_faults(found.files)
        excerpts = experiment.excerpts([(file, file["regions"]) for file in found.files])
        return Verification(excerpts, found.first, found.second, found.targets)
    files = experiment.recordings(protocol, subset)
    _mind_faults(files)
    spoken = [(file, turn) for file in files for turn in solo_turns(file["events"] or ())]
    if not spoken:
        raise DataError(f"Nobody speaks in the subset {subset!r} of {protocol}.", fix="Annotate some speech.")
    excerpts = experiment.excerpts([(file, [(start, end)]) for file, (start, end, _) in spoken])
    if _conversations(files):
        turns = [(_name(file), end - start, speaker) for file, (start, end, speaker) in spoken]
        return Diarization(excerpts, turns, purity)
    _refuse_purity(purity, protocol)
    pairs = all_pairs([turn[2] for _, turn in spoken], [_name(file) for file, _ in spoken])
    return Verification(excerpts, pairs.first, pairs.second, pairs.targets)


def _name(file: Recording) -> str:
    """Name that no other file has, in a protocol made of several databases either."""
    return f"{file['database']}/{file['uri']}"


def _mind_faults(files: list[Recording]) -> None:
    for remark in remarks_on(files):
        warn(f"{remark} They count like the others; take them out of the lists if they should not.")


def _refuse_purity(purity: float | None, protocol: str) -> None:
    if purity is not None:
        raise UsageError(
            f"{protocol} is validated on trials, in which nothing is clustered.", fix="Leave --purity out."
        )


def _conversations(files: list[Recording]) -> bool:
    """Whether any file has several speakers."""
    return any(len({label for _, _, label in file["events"] or ()}) > 1 for file in files)
