"""`pyannote-audio <block> apply`: frames of scores or embeddings of recordings, and their results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from pyannote.audio.applications.blocks.base import Applier, Apply, Block
from pyannote.audio.applications.checking.applied import warn_of_application
from pyannote.audio.applications.cluster import apply_on_cluster
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.devices import choose_device
from pyannote.audio.applications.files import check_paths, files_of
from pyannote.audio.applications.options import ApplyOptions
from pyannote.audio.applications.outputs import new_scores
from pyannote.audio.applications.terminal import warn
from pyannote.audio.applications.validation_folder import validation_folder
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.core.digests import digest
from pyannote.audio.database.protocols import Recording
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.apply_folders import ApplyFolder
from pyannote.audio.io.locks import FolderLock
from pyannote.audio.store.feature_store import FeatureStore


def apply(block: Block, options: ApplyOptions) -> None:
    """Apply the choice of one or several validations to recordings of a protocol, or to one audio file."""
    validate = tuple(map(validation_folder, options.validate))
    device = choose_device(options.cpu, options.gpu)
    applier = block.apply(validate, options, device)
    for remark in dict.fromkeys(remark for bundle in applier.bundles for remark in bundle.remarks):
        warn(remark)
    recipe = Recipe(applier.bundles[0].config)
    corpus = Corpus(recipe, options.parallel, device, options.scheduler, options.unannotated)
    files, name = files_of(options.protocol, options.subset, corpus)
    corpus.prepare_features(files)
    warn_of_application(corpus, files, options.protocol, options.subset)
    # in the folder that was named, even if the validation itself lies elsewhere
    folder = ApplyFolder(options.validate[0] / "apply" / applier.folder)
    with FolderLock(folder.path, purpose="apply"):
        run = applier.open(folder, name, files, corpus)
        with new_scores(folder.path, run.results) as scratch:
            frames = Precomputed.create(
                scratch,
                applier.sliding_window,
                applier.dimension,
                classes=applier.classes,
                provenance=digest(applier.provenance),
            )
            check_paths(files, frames, folder.path)
            if options.scheduler is None:
                answers = list(_answers(applier, files, corpus, frames))
            else:
                cache = corpus.store.folder.parent
                work = partial(apply_one, block.apply, options, validate, scratch, cache, uuid4().hex)
                answers = apply_on_cluster(options.scheduler, work, files)
        run.close(answers)


def _answers(
    applier: Applier, files: Sequence[Recording], corpus: Corpus, frames: Precomputed
) -> Iterator[Any]:
    """Write the frames of each recording, and give its answer."""
    for file, own in zip(files, applier.each(files, corpus), strict=True):
        frames.dump(file, own)
        yield applier.answer(own, file)


def apply_one(
    make: Apply,
    options: ApplyOptions,
    validate: tuple[Path, ...],
    output: Path,
    cache: Path,
    run: str,
    file: Recording,
) -> Any:
    """Write the frames of a recording, and give its answer; this is the work of a worker of a cluster.

    Parameters
    ----------
    make : callable
        Makes the applier of a block.
    options : ApplyOptions
    validate : tuple of Path
        Folders of the validations.
    output : Path
        Folder of frames, as `Precomputed`.
    cache : Path
        Folder of stored features.
    run : str
        Identifier of the command: a worker loads the models anew for each.
    file : Recording
    """
    applier = _applier_once(make, options, validate, run)
    frames = applier.one(file, FeatureStore(applier.bundles[0].extraction(), cache))
    Precomputed(output).dump(file, frames)
    return applier.answer(frames, file)


@lru_cache(maxsize=1)
def _applier_once(make: Apply, options: ApplyOptions, validate: tuple[Path, ...], run: str) -> Applier:
    return make(validate, options, choose_device(options.cpu, options.gpu))
