"""What a configuration makes of training files: the quick part of `check`, which `train` runs as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyannote.audio.applications.checking import labels
from pyannote.audio.applications.checking.configuration import located
from pyannote.audio.applications.checking.epoch import check_chunks, check_epoch
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.terminal import warn
from pyannote.audio.core.errors import DataError, ToolkitError
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.checks.lists import listed_twice
from pyannote.audio.database.checks.recordings import empty_annotation, low_rates, unusual_headers
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.database.protocols import SUBSETS, Recording
from pyannote.audio.database.sources import sources_of
from pyannote.audio.io.rttm import read_lst


def check_fit(corpus: Corpus, train: Subset) -> Iterator[Finding]:
    """What is odd about a configuration beside its training files."""
    # what is learned from is not known before all of it can be read
    yield from check_epoch(corpus, train.files if len(train.files) == len(train.uris) else [])
    yield from check_chunks(corpus, train.files)
    yield from check_rate(corpus, train)
    if corpus.recipe.shelf == "task":
        yield from labels.check_names(corpus.recipe.config, corpus.recipe.task)
        yield from labels.check_spread(corpus.recipe.task, train)


def check_rate(corpus: Corpus, train: Subset) -> Iterator[Finding]:
    """Whether features look at frequencies that no recording holds."""
    config = corpus.recipe.config
    place = config.document.error((*config.feature_extraction.where, "params", "sample_rate"), "")
    assert place.file is not None
    headers = [file["header"] for file in train.files if "header" in file]
    yield from low_rates(headers, corpus.recipe.extraction.sample_rate, place.file, place.line)


def check_task(corpus: Corpus, files: Sequence[Recording]) -> Iterator[Finding]:
    """What the task says of its training files, with their augmentation."""
    config = corpus.recipe.config
    try:
        for remark in corpus.check(files):
            mend = "Change the parameters that it names, or find more speech."
            yield located(config, config.task.where, "speakers", remark, mend)
    except ToolkitError as error:
        yield Finding.of("task", error)


def warn_of(corpus: Corpus, files: Sequence[Recording], protocol: str, name: str, resolution: int) -> None:
    """Say what is probably not meant about a training that begins: a line for each kind of it.

    Raises
    ------
    DataError
        If nothing can be learned from any file.
    """
    files = [file for file in files if "speed" not in file]
    subset = Subset(name, sources_of(protocol, name), [(file["uri"], 0) for file in files], files=files)
    found = list(check_fit(corpus, subset))
    found += unusual_headers(file["header"] for file in files if "header" in file)
    found += empty_annotation(files, subset.listing, {})
    for other in _others(protocol, name):
        found += listed_twice([subset, other])
    if corpus.recipe.shelf == "task":
        frame = resolution * corpus.recipe.extraction.sliding_window.step
        found += labels.check_lengths(corpus.recipe.config, corpus.recipe.task, subset, frame)
    for finding in found:
        if finding.code:
            raise DataError(finding.message, file=finding.file, line=finding.line, fix=finding.fix)
    for sentence in summarised(found):
        warn(sentence)


def _others(protocol: str, name: str) -> Iterator[Subset]:
    """Lists of the other subsets of a protocol, where they can be read; `check` says why others cannot."""
    for other in SUBSETS:
        sources = sources_of(protocol, other)
        path = sources.get("uri")
        if other != name and path is not None and path.suffix == ".lst" and path.is_file():
            try:
                yield Subset(
                    other, sources, [(uri, line) for line, uri in enumerate(read_lst(path), start=1)]
                )
            except ToolkitError:
                continue


def summarised(findings: Sequence[Finding]) -> Iterator[str]:
    """The first finding of each kind as a sentence, and how many more there are."""
    for kind in dict.fromkeys(finding.kind for finding in findings):
        own = [finding for finding in findings if finding.kind == kind]
        others = f"There {'is' if len(own) == 2 else 'are'} {len(own) - 1} more of this kind"
        yield f"{own[0]} {others}; see `pyannote-audio check`." if own[1:] else str(own[0])
