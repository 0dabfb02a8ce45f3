"""Recordings of a protocol, their features, and packs of features, for one configuration."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pyannote.audio.applications.options_shared import Unannotated
from pyannote.audio.applications.terminal import bar, warn
from pyannote.audio.augmentation._waveform import Sound, WaveformAugmentation
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.core.collected_errors import combined_error
from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import ConfigError, DataError, UsageError
from pyannote.audio.core.findings import Finding, raise_first
from pyannote.audio.core.foreign_errors import within_memory
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.faults import without_faults
from pyannote.audio.database.protocols import (
    Found,
    Recording,
    Unusable,
    name_of,
    readable_recordings,
    refuse_unannotated,
)
from pyannote.audio.database.scopes import check_scopes
from pyannote.audio.database.trials import Trials, trials
from pyannote.audio.database.unannotated import skippable
from pyannote.audio.features.frames import Features
from pyannote.audio.inference.embedder import Excerpt
from pyannote.audio.io.lines import quoted
from pyannote.audio.io.waveform import AudioFile
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.store.packs import Pack

Parts = Sequence[tuple[float, float]]
"""Start and end of each part of a recording, in seconds."""


class Corpus:
    """Recordings that a command reads, and their features.

    Parameters
    ----------
    recipe : Recipe
        Parts of the configuration.
    parallel : int
        Recordings that are read at once.
    device : torch.device, optional
        Computes features, and networks. Defaults to the CPU.
    scheduler : str, optional
        Dask cluster that reads recordings instead of this process.
    unannotated : {"refuse", "skip"}
        What becomes of recordings without annotated regions (see `database.unannotated`).

    Attributes
    ----------
    left_out : dict of str to str
        Recordings that were left out for that reason, with the reason, by name.
    """

    def __init__(
        self,
        recipe: Recipe,
        parallel: int = 1,
        device: torch.device | None = None,
        scheduler: str | None = None,
        unannotated: Unannotated = "refuse",
    ) -> None:
        self.recipe = recipe
        self.skip = unannotated == "skip"
        self.left_out: dict[str, str] = {}
        self._told: set[str] = set()
        self.device = device or torch.device("cpu")
        self.store = FeatureStore(
            recipe.extraction, parallel=parallel, device=self.device, scheduler=scheduler
        )

    def recordings(self, protocol: str, subset: str, annotated: bool = True) -> list[Recording]:
        """Files of a protocol, checked."""
        found = self._found(protocol, subset, annotated)
        if found.unusable:
            raise combined_error([one.reason for one in found.unusable])
        return found.readable

    def training_files(
        self, protocol: str, subset: str, known: Collection[str] = ()
    ) -> tuple[list[Recording], list[Unusable]]:
        """Files of a protocol whose headers can be read, and the others; voices must not be silent either.

        Parameters
        ----------
        protocol : str
        subset : str
            Name of a subset, or those of two, as in "train+development".
        known : collection of str
            Files that a finished training has left out.
        """
        usable: dict[str, Recording] = {}
        unusable: dict[str, Unusable] = {}
        for one in subset.split("+"):
            found = self._found(protocol, one, known=known, tolerant=True)
            sound, faulty = found.readable, found.unusable
            if self.recipe.task.speakers:
                sound, silent = without_faults(found.readable)
                faulty = [*found.unusable, *silent]
            # a recording of both subsets is trained on once
            usable |= {name_of(file): file for file in sound if name_of(file) not in usable}
            unusable |= {bad.name: bad for bad in faulty if bad.name not in unusable}
        return list(usable.values()), list(unusable.values())

    def trials(self, protocol: str, subset: str) -> Trials:
        """Trials of a protocol, checked."""
        self._check_scopes(protocol)
        templates = self.recipe.config.preprocessors
        found = trials(protocol, subset, templates, partial(self._leave_out, subset))
        if found.left_out:
            self._tell(f"left out of {subset}, with files that are left out: {found.left_out} trials.")
        return found

    def _found(
        self,
        protocol: str,
        subset: str,
        annotated: bool = True,
        known: Collection[str] = (),
        tolerant: bool = False,
    ) -> Found:
        templates, speakers = self.recipe.config.preprocessors, self.recipe.task.speakers
        self._check_scopes(protocol)
        annotated = annotated and self.recipe.task.annotated
        found = readable_recordings(protocol, subset, templates, annotated, speakers, tolerant)
        if not (found.readable or found.unusable):
            refuse_unannotated(found.unannotated)
        self._leave_out(subset, [one for one in found.unannotated if one.name not in known])
        return found

    def _check_scopes(self, protocol: str) -> None:
        """Refuse labels of speakers without a scope, and warn of those whose scope is the file."""
        for finding in raise_first(check_scopes(protocol) if self.recipe.task.speakers else ()):
            self._tell(str(finding))

    def _leave_out(self, subset: str, unannotated: Sequence[Unusable]) -> None:
        """Refuse recordings without annotated regions, or tell that they are left out."""
        if not unannotated:
            return
        if not self.skip:
            with_option = [Unusable(one.name, skippable(one.reason)) for one in unannotated]
            refuse_unannotated(with_option)
        self.left_out |= {one.name: str(one.reason) for one in unannotated}
        names = ", ".join(quoted(one.name) for one in unannotated)
        files = "1 file" if len(unannotated) == 1 else f"{len(unannotated)} files"
        self._tell(f"left out of {subset}, without annotated regions (--unannotated=skip): {files}, {names}.")

    def _tell(self, sentence: str) -> None:
        """Warn once, though a command may read a protocol several times."""
        if sentence not in self._told:
            self._told.add(sentence)
            warn(sentence)

    def placed(self, finding: Finding) -> Finding:
        """The same finding; if it is about an entry of the configuration, with file and line of the entry."""
        if finding.keys is None:
            return finding
        place = self.recipe.config.document.error((*self.recipe.config.task.where, *finding.keys), "")
        return replace(finding, file=place.file, line=place.line, keys=None)

    def augmented(self, files: list[Recording]) -> list[Recording]:
        """Training files, with versions of them that augmentations make, such as at other speeds."""
        for augmentation in self.recipe.augmentations("recordings"):
            files = augmentation(files)
        return files

    def readable(self, files: Sequence[Recording]) -> tuple[list[Recording], list[Unusable]]:
        """Files whose features are stored, or can be computed, which is done, and the others."""
        with self._features():
            reasons = self.store.unreadable(files, progress=bar)
        unusable = [Unusable(name_of(files[place]), reason) for place, reason in reasons.items()]
        return [file for place, file in enumerate(files) if place not in reasons], unusable

    def features(self, file: AudioFile) -> Features:
        """Features of a recording, which are not stored, of shape (frames, dimension)."""
        with self._features():
            data: Features = self.recipe.extraction(file).data
        return data

    def prepare_features(self, files: Sequence[Recording]) -> None:
        """Compute and store features that are not stored yet."""
        with self._features():
            self.store.prepare(files, progress=bar)

    def inputs(self, file: Recording, specifications: Specifications) -> dict[str, NDArray[np.float32]]:
        """Inputs of a model for a whole recording."""
        return inputs_of(self.store, file, specifications)

    def excerpts(self, chosen: Sequence[tuple[Recording, Parts]]) -> list[Excerpt]:
        """Parts of recordings as ranges of frames of their features, which are computed where need be."""
        files = {name_of(file): file for file, _ in chosen}
        self.prepare_features(list(files.values()))
        data, offsets = self.store.concatenate(list(files.values()))
        features = {name: data[slice(*bounds)] for name, bounds in zip(files, pairwise(offsets), strict=True)}
        contents = dict(zip(files, self.store.contents(list(files.values())), strict=True))
        step = self.recipe.extraction.sliding_window.step
        excerpts = []
        for file, parts in chosen:
            name = name_of(file)
            ranges = _frames_of(parts, step, len(features[name]))
            excerpts.append(Excerpt(file["uri"], features[name], ranges, contents[name]))
        return excerpts

    def sounds_digest(self, files: Sequence[Recording]) -> str | None:
        """Digest of the recordings that augmentations take sounds from; None where they take none."""
        augmentations = self.recipe.augmentations("waveforms")
        sounds = [sound.file for one in augmentations for sound in self._sounds(one, files)]
        distinct = {name_of(file): file for file in sounds}
        return digest(self.store.waveforms.contents([*distinct.values()])) if distinct else None

    def pack(self, files: Sequence[Recording]) -> Pack:
        """Features of training files, from which batches are gathered, with waveforms augmented."""
        self.prepare_features(files)
        augmentations = self.recipe.augmentations("waveforms")
        for augmentation in augmentations:
            self._prepare_sounds(augmentation, files)
        return self.store.pack(files, augmentations)

    def _prepare_sounds(self, augmentation: WaveformAugmentation, files: Sequence[Recording]) -> None:
        sounds, rate = self._sounds(augmentation, files), self.recipe.extraction.sample_rate
        self.store.waveforms.prepare([*(sound.file for sound in sounds), *files], progress=bar)
        distinct = {id(sound.file): sound.file for sound in sounds}
        whole = dict(zip(distinct, self.store.waveforms.each([*distinct.values()]), strict=True))
        waveforms = [
            whole[id(sound.file)][round(sound.start * rate) : round(sound.end * rate), 0] for sound in sounds
        ]
        with self.recipe.located(DataError, "data_augmentation"):
            augmentation.prepare(waveforms, rate)

    def _sounds(self, augmentation: WaveformAugmentation, files: Sequence[Recording]) -> list[Sound]:
        with self.recipe.located(UsageError, "data_augmentation"):
            return augmentation.sources(files)

    def _features(self) -> AbstractContextManager[None]:
        return self.recipe.located(ConfigError, *self.recipe.config.feature_extraction.where, "params")


def inputs_of(
    store: FeatureStore, file: Recording, specifications: Specifications
) -> dict[str, NDArray[np.float32]]:
    """Inputs of a model for a whole recording, from a store of features."""
    inputs = {"X": store.read(file)}
    if "long_term" in specifications.inputs:
        inputs["long_term"] = store.long_term(file)
    return inputs


def training_batches(recipe: Recipe) -> AbstractContextManager[None]:
    """Context in which an error of memory names the line of config.yml that sets the size of batches."""
    task: Any = recipe.task
    name = task.batch_parameter
    where = recipe.config.document.error((*recipe.config.task.where, "params", name), "")
    return within_memory(
        f"batches of {task.chunks} chunks ({name})",
        file=where.file,
        line=where.line,
        fix=f"Set a smaller {name}. Finished epochs are safe: go on with --from=last.",
    )


def applied_batches(count: int) -> AbstractContextManager[None]:
    """Context in which an error of memory names the option that sets the size of batches."""
    return within_memory(f"batches of {count} chunks (--batch={count})", fix="Set a smaller --batch.")


def _frames_of(parts: Parts, step: float, frames: int) -> list[tuple[int, int]]:
    """First and last frame of each part, at least one each, the last one excluded."""
    ranges = []
    for start, end in parts:
        first = min(round(start / step), frames - 1)
        ranges.append((first, max(first + 1, min(round(end / step), frames))))
    return ranges
