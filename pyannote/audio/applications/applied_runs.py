"""Provenance of a run of `apply`, and what it tells of files that the model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyannote.audio.applications.blocks.base import Applier
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.terminal import say, warn
from pyannote.audio.core.counted import counted
from pyannote.audio.database.contents import contents_of, seen_before
from pyannote.audio.database.protocols import Recording
from pyannote.audio.io.apply_folders import AppliedRun
from pyannote.audio.io.lines import quoted


def run_of(
    applier: Applier,
    files: Sequence[Recording],
    corpus: Corpus,
    classes: Sequence[str] = (),
    pipeline: Mapping[str, Any] | None = None,
) -> AppliedRun:
    """Everything that the results of applying a model to recordings depend on.

    Parameters
    ----------
    applier : Applier
    files : sequence of Recording
    corpus : Corpus
        Knows the digests of their audio.
    classes : sequence of str, optional
        Columns of the frames, where these are scores.
    pipeline : mapping, optional
        Parameters that turn scores into answers.
    """
    contents = contents_of(files, corpus.store.contents(files))
    trained_on = applier.bundle.trained_on()
    return AppliedRun(
        classes=list(classes),
        scores=applier.provenance,
        pipeline=pipeline or {},
        files=contents,
        seen=None if trained_on is None else seen_before(trained_on, contents),
    )


def tell_seen(run: AppliedRun, count: int, subset: str | None) -> None:
    """Tell how many files the model was trained on: results of those are better than those of others.

    Parameters
    ----------
    run : AppliedRun
    count : int
        Files that the model was applied to.
    subset : str, optional
        That was named, if figures were computed.
    """
    if not run.seen:
        return
    share = f"{len(run.seen)} of {counted(count, 'file')}"
    if subset == "train":
        say(f"These are figures of training files: the model was trained on {share}.")
    else:
        figures = "" if subset is None else " The figures above are not those of unseen recordings."
        warn(f"the model was trained on {share}, such as {quoted(run.seen[0])}.{figures}")
