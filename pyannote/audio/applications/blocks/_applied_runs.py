"""Provenance of a run of `apply`, and what it tells of files that the model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyannote.audio.applications.blocks.base import Applier
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.names import enumerated
from pyannote.audio.applications.terminal import warn
from pyannote.audio.core.contents import Contents
from pyannote.audio.core.counted import counted
from pyannote.audio.database.contents import contents_of, seen_before
from pyannote.audio.database.protocols import Recording, name_of
from pyannote.audio.io.apply_folders import AppliedRun


def run_of(
    applier: Applier,
    files: Sequence[Recording],
    corpus: Corpus,
    classes: Sequence[str] = (),
    pipeline: Mapping[str, Any] | None = None,
    spelling: Mapping[str, str] | None = None,
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
    spelling : mapping of str to str, optional
        Original spelling of classes, where it is another one.
    """
    contents = contents_of(files, corpus.store.contents(files))
    return AppliedRun(
        classes=list(classes),
        scores=applier.provenance,
        pipeline=pipeline or {},
        files=contents,
        seen=_seen([bundle.trained_on() for bundle in applier.bundles], contents),
        left_out=sorted(corpus.left_out),
        regions={name_of(file): file["regions"] for file in files},
        spelling=dict(spelling or {}),
    )


def _seen(trained_on: Sequence[Contents | None], contents: Contents) -> list[str] | None:
    """Recordings that any training has seen; None if none is known, and a training does not tell its own."""
    seen = {name for known in trained_on if known is not None for name in seen_before(known, contents)}
    if not seen and None in trained_on:
        return None
    return [name for name in contents if name in seen]


def tell_seen(run: AppliedRun, annotated: bool = False, scored: bool = False) -> None:
    """Name the files that the model was trained on: results of those are better than those of others.

    Parameters
    ----------
    run : AppliedRun
    annotated : bool, optional
        Whether figures could be computed.
    scored : bool, optional
        Whether they are.
    """
    if not run.seen:
        return
    share = f"{len(run.seen)} of {counted(len(run.files), 'file')} ({enumerated(run.seen)})"
    figures = ""
    if scored:
        figures = " The figures are not those of unseen recordings, and are marked so (--seen=score)."
    elif annotated:
        figures = " No figures are written; --seen=score writes them, and marks them."
    warn(f"the model was trained on {share}.{figures}")
