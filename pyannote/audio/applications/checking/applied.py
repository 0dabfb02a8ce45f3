"""Warnings of `validate` and `apply` about their files: those of `check` for the same subset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pyannote.audio.applications.checking.fit import summarised
from pyannote.audio.applications.checking.labels import missing_labels, unknown_labels
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.files import is_audio
from pyannote.audio.applications.terminal import warn
from pyannote.audio.core.contents import Contents
from pyannote.audio.core.errors import AudioError
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.checks.annotation import events_outside, merged_channels, repeated_events
from pyannote.audio.database.checks.audio import audio_findings, measure_audio, same_sound
from pyannote.audio.database.checks.excerpts import seems_faulty
from pyannote.audio.database.checks.lists import listed_twice
from pyannote.audio.database.checks.reader import Reader
from pyannote.audio.database.checks.recordings import untimed_labels
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.database.faults import fault
from pyannote.audio.database.protocols import Recording, name_of
from pyannote.audio.io import waveform


def warn_of_validation(
    corpus: Corpus,
    files: Sequence[Recording],
    protocol: str,
    name: str,
    trained_on: Contents | None,
) -> None:
    """Print warnings about files to validate on.

    Parameters
    ----------
    corpus : Corpus
    files : sequence of Recording
    protocol, name : str
        Protocol and subset of the files.
    trained_on : mapping of str to Content, optional
        Digests of audio and annotation of each training file; None if they are not known.
    """
    misspelt, (subset, *others) = _subsets(corpus, files, protocol, name, "train")
    findings = [*misspelt, *_of_subset(corpus, subset), *missing_labels(corpus.recipe.task, subset)]
    findings += listed_twice([subset, *others])
    known = trained_on or {}
    before = {content.audio: f"{file} (train)" for file, content in known.items()}
    findings += _same_sounds(corpus, [file for file in files if name_of(file) not in known], before)
    for sentence in summarised(findings):
        warn(sentence)


def warn_of_application(corpus: Corpus, files: Sequence[Recording], protocol: str, name: str) -> None:
    """Print warnings about files to apply a model to; parameters are those of `warn_of_validation`."""
    misspelt, (subset,) = _subsets(corpus, files, protocol, name)
    findings = [*misspelt, *_of_subset(corpus, subset), *_same_sounds(corpus, files, {})]
    for sentence in summarised(findings):
        warn(sentence)


def _subsets(
    corpus: Corpus, files: Sequence[Recording], protocol: str, name: str, *others: str
) -> tuple[list[Finding], list[Subset]]:
    """Names that are misspelt, and the subset of some files, followed by those others that have any lists."""
    listed, misspelt = [], []
    if not is_audio(protocol):
        templates, speakers = corpus.recipe.config.preprocessors, corpus.recipe.task.speakers
        reader = Reader(protocol, templates, speakers, corpus.skip)
        listed = reader.listed({name, *others})
        misspelt = [finding for finding in reader.findings if finding.kind == "spelling"]
    subset = next((one for one in listed if one.name == name), None) or Subset(name)
    subset.files = list(files)
    return misspelt, [subset, *(one for one in listed if one is not subset)]


def _of_subset(corpus: Corpus, subset: Subset) -> Iterator[Finding]:
    for file in subset.files:
        yield from audio_warnings(file)
    uris = dict.fromkeys(file["uri"] for file in subset.files)
    yield from repeated_events(event for uri in uris for event in subset.events_of(uri))
    yield from merged_channels(subset)
    yield from events_outside(subset)
    yield from unknown_labels(corpus.recipe.task, subset)
    if not corpus.recipe.task.speakers:
        yield from untimed_labels(subset.files)


def audio_warnings(file: Recording) -> Iterator[Finding]:
    """Warnings about the samples of a recording; only those that seem to be faulty are decoded completely."""
    try:
        header = file.get("header") or waveform.info(file["audio"])
        suspicious = seems_faulty(header) or fault(file) is not None
    except AudioError:
        # features give the error
        return
    if suspicious:
        yield from audio_findings(measure_audio(header))


def _fault(file: Recording) -> str | None:
    """Silence or clipping; none where the audio cannot be read, of which the features give the error."""
    try:
        return fault(file)
    except AudioError:
        return None


def _same_sounds(corpus: Corpus, files: Sequence[Recording], before: Mapping[str, str]) -> Iterator[Finding]:
    """Recordings with the same audio as one of the training or an earlier one of the same files."""
    first = dict(before)
    for file, digest in zip(files, corpus.store.contents(files), strict=True):
        if digest in first:
            # equal silence is no sign of a copy
            if _fault(file) != "silent":
                yield same_sound(file["audio"], first[digest])
        else:
            first[digest] = file["uri"]
