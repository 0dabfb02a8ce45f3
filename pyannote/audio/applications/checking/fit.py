"""Findings about a configuration beside its files, as all commands report them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pyannote.audio.applications.checking import labels
from pyannote.audio.applications.checking.epoch import check_epoch
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.checks.recordings import low_rates
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.database.protocols import Recording


def check_fit(corpus: Corpus, train: Subset) -> Iterator[Finding]:
    """Warnings about a configuration beside its training files.

    Parameters
    ----------
    corpus : Corpus
    train : Subset
        Training files without augmented versions.
    """
    # the amount of audio is not known before all files can be read
    yield from check_epoch(corpus, train.files if len(train.files) == len(train.uris) else [])
    yield from check_rate(corpus, train)
    yield from placed(corpus, labels.check_names(corpus.recipe.task), train)
    yield from placed(corpus, labels.check_spread(corpus.recipe.task, train), train)


def check_rate(corpus: Corpus, train: Subset) -> Iterator[Finding]:
    """Warning if the sample rate of the features is above that of all recordings."""
    config = corpus.recipe.config
    place = config.document.error((*config.feature_extraction.where, "params", "sample_rate"), "")
    assert place.file is not None
    headers = [file["header"] for file in train.files if "header" in file]
    yield from low_rates(headers, corpus.recipe.extraction.sample_rate, place.file, place.line)


def check_task(corpus: Corpus, files: Sequence[Recording], train: Subset) -> Iterator[Finding]:
    """Errors and warnings of the task about training files with augmented versions.

    Parameters
    ----------
    corpus : Corpus
    files : sequence of Recording
        Training files with augmented versions.
    train : Subset
        Their lines of annotation.
    """
    yield from placed(corpus, corpus.recipe.task.findings(files), train)


def check_lengths(corpus: Corpus, train: Subset, frame: float) -> Iterator[Finding]:
    """Warnings about classes whose events are short beside an output frame, in seconds."""
    yield from placed(corpus, labels.check_lengths(corpus.recipe.task, train, frame), train)


def placed(corpus: Corpus, findings: Iterator[Finding], subset: Subset) -> Iterator[Finding]:
    """Findings with file and line, of the configuration or of the annotation of a subset."""
    for finding in findings:
        yield labels.at_first_event(corpus.placed(finding), subset)


def summarised(findings: Iterable[Finding]) -> Iterator[str]:
    """The first finding of each kind as a sentence, and how many more there are; equal ones count once.

    Examples
    --------
    >>> findings = [Finding("silent", "All samples are 0.", "Record it again.", name) for name in "ab"]
    >>> print(*summarised(findings))
    a: All samples are 0. Record it again. There is 1 more of this kind; see `pyannote-audio check`.
    """
    kinds: dict[str, list[Finding]] = {}
    for finding in dict.fromkeys(findings):
        kinds.setdefault(finding.kind, []).append(finding)
    for alike in kinds.values():
        others = f"There {'is' if len(alike) == 2 else 'are'} {len(alike) - 1} more of this kind"
        yield f"{alike[0]} {others}; see `pyannote-audio check`." if alike[1:] else str(alike[0])
