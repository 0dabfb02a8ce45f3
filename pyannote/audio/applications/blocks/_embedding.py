"""Measure of embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyannote.audio.applications.checking.applied import warn_of_validation
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import EmbeddingOptions
from pyannote.audio.applications.terminal import warn
from pyannote.audio.config.resolved import filled
from pyannote.audio.config.schema import Block
from pyannote.audio.core.collected_errors import combined_error
from pyannote.audio.core.contents import Contents
from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.core.findings import raise_first
from pyannote.audio.database.checks.trials import check_pairs, check_trials
from pyannote.audio.database.contents import changes, contents_of
from pyannote.audio.database.protocols import Recording, name_of
from pyannote.audio.database.trials import is_verification
from pyannote.audio.embedding.approaches._segments import Speakers
from pyannote.audio.embedding.backends._build import backend_of, block_of_option
from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.embedding.turns import solo_turns
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.embedder import Embedder, Excerpt
from pyannote.audio.validation.comparison import Comparison
from pyannote.audio.validation.diarization import Diarization
from pyannote.audio.validation.embeddings import EmbeddingMeasure
from pyannote.audio.validation.pairs import all_pairs
from pyannote.audio.validation.trial_scores import side_names
from pyannote.audio.validation.verification import Verification

TEACHERS, TURNS = 1000, 20
"""Training speakers that a back-end learns from, and turns of each of them, at most."""


def embedding_measure(corpus: Corpus, bundle: Bundle, options: EmbeddingOptions) -> EmbeddingMeasure:
    """Measure by trials, or by clustering the turns of conversations."""
    specifications = bundle.specifications
    comparison = comparison_of(corpus, options.protocol, options.subset, options.purity, bundle.trained_on())
    duration = options.duration or specifications.duration
    step = options.step if options.step_seconds is None else options.step_seconds / duration
    model = corpus.recipe.model(specifications).to(corpus.device)
    frames = specifications.frames_of(duration)
    embedder = Embedder(model, frames, max(1, round(step * frames)), options.batch)
    backend, block = backend_for(corpus, options)
    chunk = {"duration": duration, "step": step}
    return EmbeddingMeasure(bundle, embedder, comparison, backend, block, chunk, _Teachers(corpus, bundle))


def backend_for(corpus: Corpus, options: EmbeddingOptions) -> tuple[Backend, Block]:
    """Back-end by which embeddings are compared, and its resolved block.

    `--metric` replaces the metric of the approach, and `--backend` the back-end of the configuration.
    """
    config = corpus.recipe.config
    block, document = (
        (config.backend, config.document) if options.backend is None else block_of_option(options.backend)
    )
    backend = backend_of(block, document, corpus.recipe.task.metric, options.metric)
    return backend, filled("backend", block, document, {"metric": backend.metric})


class _Teachers:
    """Turns of training speakers, evenly spaced over their speech, and the speaker of each."""

    def __init__(self, corpus: Corpus, bundle: Bundle) -> None:
        self.corpus, self.bundle = corpus, bundle
        self._found: tuple[list[Excerpt], NDArray[np.int64]] | None = None

    def __call__(self) -> tuple[list[Excerpt], NDArray[np.int64]]:
        if self._found is None:
            self._found = self._read()
        return self._found

    def _read(self) -> tuple[list[Excerpt], NDArray[np.int64]]:
        protocol, _, subset = self.bundle.folder.path.name.rpartition(".")
        files = self._trained_on(protocol, subset)
        shortest = self.corpus.recipe.task.segments.min_duration
        turns = Speakers.of(files, shortest, label_min_duration=0.0).turns
        chosen = [
            (turn, index)
            for index, name in enumerate(_spread(list(turns), TEACHERS))
            for turn in _spread(turns[name], TURNS)
        ]
        excerpts = self.corpus.excerpts([(files[file], [(start, end)]) for (file, start, end), _ in chosen])
        return excerpts, np.array([index for _, index in chosen])

    def _trained_on(self, protocol: str, subset: str) -> list[Recording]:
        """Training files, without those that the training has left out."""
        left_out = self.bundle.folder.left_out()
        files, unusable = self.corpus.training_files(protocol, subset, left_out)
        if errors := [one.reason for one in unusable if one.name not in left_out]:
            raise combined_error(errors)
        files = [file for file in files if name_of(file) not in left_out]
        self._compare(files)
        return files

    def _compare(self, files: list[Recording]) -> None:
        """Refuse training files that are not those of the training."""
        known = self.bundle.trained_on()
        if known is None:
            return
        now = contents_of(files, self.corpus.store.contents(files))
        found = list(changes(known, now))
        if found:
            more = f" and {counted(len(found) - 1, 'more change')}" if found[1:] else ""
            raise DataError(
                f"The back-end learns from the training files, and since the training, {found[0]}{more}.",
                file=self.bundle.folder.path,
                fix="Undo the change, or train again.",
            )


def _spread(items: list[Any], most: int) -> list[Any]:
    """At most so many items, evenly spaced."""
    count = min(most, len(items))
    return [items[round(index)] for index in np.linspace(0, len(items) - 1, count)]


def comparison_of(
    corpus: Corpus,
    protocol: str,
    subset: str,
    purity: float | None,
    trained_on: Contents | None = None,
) -> Comparison:
    """Trials where the protocol has some, else clustering; trials of turns where files have one speaker each.

    Raises
    ------
    UsageError, DataError
        If the protocol cannot be read, or nobody speaks.
    """
    if is_verification(protocol):
        found = corpus.trials(protocol, subset)
        _refuse_purity(purity, protocol)
        for finding in raise_first(check_trials(found)):
            warn(str(finding))
        regions = [file["regions"] for file in found.files]
        excerpts = corpus.excerpts(list(zip(found.files, regions, strict=True)))
        warn_of_validation(corpus, found.files, protocol, subset, trained_on)
        names = side_names(found.files, regions)
        return Verification(excerpts, found.first, found.second, found.targets, names)
    files = corpus.recordings(protocol, subset)
    spoken = [(file, turn) for file in files for turn in solo_turns(file["events"] or ())]
    if not spoken:
        raise DataError(f"Nobody speaks in the subset {subset!r} of {protocol}.", fix="Annotate some speech.")
    raise_first(check_pairs(files, subset))
    excerpts = corpus.excerpts([(file, [(start, end)]) for file, (start, end, _) in spoken])
    warn_of_validation(corpus, files, protocol, subset, trained_on)
    if _conversations(files):
        turns = [(name_of(file), end - start, speaker) for file, (start, end, speaker) in spoken]
        return Diarization(excerpts, turns, purity)
    _refuse_purity(purity, protocol)
    pairs = all_pairs([turn[2] for _, turn in spoken], [name_of(file) for file, _ in spoken])
    names = side_names([file for file, _ in spoken], [[turn[:2]] for _, turn in spoken])
    return Verification(excerpts, pairs.first, pairs.second, pairs.targets, names)


def _refuse_purity(purity: float | None, protocol: str) -> None:
    if purity is not None:
        raise UsageError(
            f"{protocol} is validated on trials, in which nothing is clustered.", fix="Leave --purity out."
        )


def _conversations(files: list[Recording]) -> bool:
    """Whether any file has several speakers."""
    return any(len({label for _, _, label in file["events"] or ()}) > 1 for file in files)
