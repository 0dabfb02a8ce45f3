"""Checks of a training that begins: the rules of `check --quick`, of which the first error is raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pyannote.audio.applications.checking.configuration import read, unused
from pyannote.audio.applications.checking.fit import check_fit, check_lengths, check_task, summarised
from pyannote.audio.applications.checking.spellings import check_spellings
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.terminal import warn
from pyannote.audio.config.schema import Config
from pyannote.audio.core.errors import AudioError, DataError
from pyannote.audio.core.findings import Finding, raise_first
from pyannote.audio.database.checks.annotation import check_annotation, shared_speakers
from pyannote.audio.database.checks.audio import audio_findings, measure_audio
from pyannote.audio.database.checks.excerpts import seems_faulty
from pyannote.audio.database.checks.lists import empty_subsets, listed_twice
from pyannote.audio.database.checks.reader import Reader
from pyannote.audio.database.checks.recordings import empty_annotation, unusual_headers
from pyannote.audio.database.checks.subsets import Subset, joined
from pyannote.audio.database.protocols import Recording, Unusable
from pyannote.audio.database.sources import sources_of
from pyannote.audio.io.waveform import AudioInfo


def _channels_that_cancel(headers: Sequence[AudioInfo]) -> Iterator[Finding]:
    """Warnings about channels that cancel; only recordings that seem to have some are decoded completely."""
    for header in headers:
        with suppress(AudioError):
            if header.channels > 1 and seems_faulty(header):
                findings = audio_findings(measure_audio(header))
                yield from (one for one in findings if one.kind in ("cancelled", "phase"))


def checked_config(root: Path, accept: Callable[[Config], None]) -> Config:
    """Configuration of an experiment.

    Parameters
    ----------
    root : Path
        Folder of the experiment.
    accept : callable
        Raises an error if the command does not train what the configuration names.

    Raises
    ------
    ToolkitError
        With the first error that `check` reports about the configuration alone.
    """
    config, errors = read(root)
    if config is not None:
        accept(config)
    raise_first(errors)
    assert config is not None
    return config


class TrainingCheck:
    """Findings about the files of a training, and about their lists and annotation.

    Parameters
    ----------
    corpus : Corpus
    protocol : str
    name : str
        Subset to train on, or two of them, as in "train+development".

    Raises
    ------
    ToolkitError
        With the first error of a list of the protocol, or of annotation.
    """

    def __init__(self, corpus: Corpus, protocol: str, name: str) -> None:
        self.corpus = corpus
        templates, speakers = corpus.recipe.config.preprocessors, corpus.recipe.task.speakers
        reader = Reader(protocol, templates, speakers, corpus.skip)
        self.subsets = reader.listed()
        listed = {subset.name: subset for subset in self.subsets}
        self.names = name.split("+")
        self.parts = [listed.get(one) or Subset(one, sources_of(protocol, one)) for one in self.names]
        self.train = joined(self.parts)
        # files to train on may be left out, if there are few of them
        found = [one for one in reader.findings if one.recording not in self.train.lines]
        found += [*listed_twice(self.subsets), *empty_subsets(self.subsets)]
        self._warnings = [finding for finding in raise_first(found) if finding.kind == "spelling"]

    def located(self, unusable: Sequence[Unusable]) -> list[Unusable]:
        """Files that cannot be used; reasons that name no file are located in the list of the subset."""
        return [
            one if one.reason.file is not None else Unusable(one.name, self._of_listing(one))
            for one in unusable
        ]

    def check(self, files: Sequence[Recording]) -> None:
        """Check training files, with augmented versions.

        Raises
        ------
        DataError
            With the first error of the task.
        """
        self.train.files = [file for file in files if "speed" not in file]
        self.train.uris = self.train.uris or [(file["uri"], 0) for file in self.train.files]
        for part in self.parts if self.parts[1:] else ():
            part.files = [file for file in self.train.files if file["uri"] in part.lines]
        found = [*check_task(self.corpus, files, self.train)]
        others = [subset for subset in self.subsets if subset.name not in self.names]
        # classes may follow from the training files; what a label is called is the first thing to mend
        spellings = check_spellings(self.corpus.recipe.task, [self.train, *others])
        self._warnings += raise_first([*spellings, *found])

    def warn(self, resolution: int) -> None:
        """Print a warning for each kind of finding.

        Parameters
        ----------
        resolution : int
            Number of feature frames of an output of the network.
        """
        for sentence in summarised([*self._warnings, *self._of_files(resolution)]):
            warn(sentence)

    def _of_files(self, resolution: int) -> Iterator[Finding]:
        train, window = self.train, self.corpus.recipe.extraction.sliding_window
        others = [subset for subset in self.subsets if subset.name not in self.names]
        yield from unused(self.corpus)
        yield from check_fit(self.corpus, train)
        yield from check_annotation([*self.parts, *others])
        if self.corpus.recipe.task.speakers:
            yield from shared_speakers([train, *others])
        headers = [file["header"] for file in train.files if "header" in file]
        yield from unusual_headers(headers)
        yield from _channels_that_cancel(headers)
        for part in self.parts:
            yield from empty_annotation(part.files, part.listing, part.lines)
        yield from check_lengths(self.corpus, train, resolution * window.step)

    def _of_listing(self, one: Unusable) -> DataError:
        uri, reason = one.name.partition("/")[2], one.reason
        part = next((part for part in self.parts if uri in part.lines), self.parts[0])
        return type(reason)(reason.message, file=part.listing, line=part.lines.get(uri), fix=reason.fix)
