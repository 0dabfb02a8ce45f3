"""Content of a protocol, and findings about it that do not depend on the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pyannote.audio.applications.options import SKIP, CheckOptions
from pyannote.audio.applications.terminal import bar
from pyannote.audio.config.schema import Config
from pyannote.audio.core.errors import DataError, ToolkitError, UsageError
from pyannote.audio.core.findings import Finding
from pyannote.audio.core.training_rules import TrainingRules
from pyannote.audio.database.checks.annotation import check_annotation, shared_speakers
from pyannote.audio.database.checks.audio import check_audio
from pyannote.audio.database.checks.reader import Reader
from pyannote.audio.database.checks.recordings import empty_annotation, untimed_labels, unusual_headers
from pyannote.audio.database.checks.shared_names import shared_names
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.database.checks.trials import check_pairs, check_trials
from pyannote.audio.database.protocols import Recording, Unusable
from pyannote.audio.database.scopes import check_scopes
from pyannote.audio.database.trials import is_verification, trials

if TYPE_CHECKING:
    from pyannote.audio.database.trials import Trials

FAULTS = ("silent", "clipped", "cancelled")
"""Kinds of findings about recordings that trainings on speakers leave out."""


@dataclass
class Data:
    """Content of a protocol.

    Parameters
    ----------
    subsets : list of Subset
    findings : list of Finding
        Errors and warnings about its files.
    trials : dict of str to Trials
        Trials of the subsets that have some.
    """

    subsets: list[Subset]
    findings: list[Finding]
    trials: dict[str, Trials] = field(default_factory=dict)

    @classmethod
    def of(
        cls, protocol: str, config: Config | None, rules: type[TrainingRules], options: CheckOptions
    ) -> Data:
        """Read all subsets of a protocol.

        Parameters
        ----------
        protocol : str
        config : Config, optional
        rules : type
            Task or approach that is trained.
        options : CheckOptions

        Raises
        ------
        UsageError
            If there is no such protocol.
        """
        templates = {} if config is None else config.preprocessors
        speakers, skip = bool(getattr(rules, "speakers", False)), options.unannotated == "skip"
        reader = Reader(protocol, templates, speakers, skip, rules.annotated)
        data = cls(reader.subsets(bar), reader.findings)
        data.findings += check_annotation(data.subsets)
        data.findings += _without_subsets(data, protocol)
        data.findings += shared_names(data.subsets)
        if speakers:
            data.findings += check_scopes(protocol)
            data.findings += shared_speakers(data.subsets)
            data._check_comparison(protocol, templates)
        headers = {subset.name: list(subset.headers.values()) for subset in data.subsets}
        everything = {header.path: header for own in headers.values() for header in own}
        data.findings += unusual_headers(everything.values())
        for subset in data.subsets:
            data.findings += empty_annotation(subset.files, subset.listing, subset.lines)
            # the task says so of training files
            if not speakers and subset.name != "train":
                data.findings += [replace(one, file=subset.listing) for one in untimed_labels(subset.files)]
        if not options.quick:
            data.findings += check_audio(headers, options.parallel, bar)
        data._left_out(speakers)
        return data

    def subset(self, name: str) -> Subset:
        """A subset; an empty one, if there is none."""
        return next((subset for subset in self.subsets if subset.name == name), Subset(name))

    def _left_out(self, speakers: bool) -> None:
        """Make errors of training files warnings, where `train` leaves these files out by default."""
        train = self.subset("train")
        decoded = {header.path for header in train.headers.values()}
        kinds = ("damaged", "silent", "cancelled") if speakers else ("damaged",)
        faults = {one for one in self.findings if one.file in decoded and one.kind in kinds}
        faults.update(train.unusable)
        faults.update(one for one in self.findings if one.recording in train.lines)
        count = len({one.recording or one for one in faults})
        few = count <= SKIP * len(train.uris) and count < len(train.uris)
        code = 0 if few else DataError.code
        self.findings = [replace(one, code=code) if one in faults else one for one in self.findings]

    @property
    def errors(self) -> bool:
        """Whether a command would refuse one of the files."""
        return any(finding.code for finding in self.findings)

    @property
    def sound(self) -> list[Recording]:
        """Training files in which no fault of the audio is known."""
        faulty = {finding.file for finding in self.findings if finding.kind in FAULTS}
        return [file for file in self.subset("train").files if file["audio"] not in faulty]

    def _check_comparison(self, protocol: str, templates: Mapping[str, str]) -> None:
        """Check trials, or the files that are compared in pairs where the protocol has no trials."""
        if self.errors:
            return
        if is_verification(protocol):
            self._read_trials(protocol, templates)
        else:
            development = self.subset("development")
            self.findings += (
                replace(finding, file=development.listing)
                for finding in check_pairs(development.files, development.name)
            )

    def _read_trials(self, protocol: str, templates: Mapping[str, str]) -> None:
        for subset in self.subsets:
            try:
                self.trials[subset.name] = trials(protocol, subset.name, templates, accept=_told)
            except UsageError:
                continue
            except ToolkitError as error:
                self.findings.append(Finding.of("trials", error))
            else:
                self.findings += check_trials(self.trials[subset.name])


def _told(unannotated: Sequence[Unusable]) -> None:
    """Accept recordings without annotated regions, of which the reader of the subsets has told."""


def _without_subsets(data: Data, protocol: str) -> Iterator[Finding]:
    names = [subset.name for subset in data.subsets]
    for subset, lacking in (("train", "nothing can be trained"), ("development", "no epoch can be chosen")):
        if subset not in names:
            yield Finding(
                "empty",
                f"The protocol {protocol} has no subset {subset!r}: {lacking}.",
                "Name some recordings for it, or use another one with --subset.",
                file=_listing(data),
            )


def _listing(data: Data) -> Path | None:
    return next((subset.listing for subset in data.subsets if subset.listing), None)
