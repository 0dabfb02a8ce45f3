"""What a protocol holds, and what is wrong with it whatever is to be learned from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pyannote.audio.applications.terminal import bar
from pyannote.audio.config.recipe import Shelf
from pyannote.audio.config.schema import Config
from pyannote.audio.core.errors import ToolkitError, UsageError
from pyannote.audio.core.findings import Finding
from pyannote.audio.database.checks.annotation import check_annotation, shared_speakers
from pyannote.audio.database.checks.audio import check_audio
from pyannote.audio.database.checks.reader import Reader
from pyannote.audio.database.checks.recordings import empty_annotation, unusual_headers
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.database.protocols import Recording
from pyannote.audio.database.trials import is_verification, trials

if TYPE_CHECKING:
    from pyannote.audio.database.trials import Trials

HEARD = ("silent", "clipped")
"""Shelfs of findings on recordings that approaches leave out."""


@dataclass
class Data:
    """What a protocol holds.

    Parameters
    ----------
    subsets : list of Subset
    findings : list of Finding
        What is wrong with its files.
    trials : dict of str to Trials
        Trials of the subsets that have some.
    """

    subsets: list[Subset]
    findings: list[Finding]
    trials: dict[str, Trials] = field(default_factory=dict)

    @classmethod
    def of(cls, protocol: str, config: Config | None, kind: Shelf, parallel: int, quick: bool) -> Data:
        """Read a protocol to its end.

        Raises
        ------
        UsageError
            If there is no such protocol.
        """
        templates = {} if config is None else config.preprocessors
        reader = Reader(protocol, templates, speakers=kind == "approach")
        data = cls(reader.subsets(bar), reader.findings)
        data.findings += check_annotation(data.subsets)
        data.findings += _without_subsets(data, protocol)
        if kind == "approach":
            data.findings += shared_speakers(data.subsets)
            data._read_trials(protocol, templates)
        headers = {subset.name: list(subset.headers.values()) for subset in data.subsets}
        everything = {header.path: header for own in headers.values() for header in own}
        data.findings += unusual_headers(everything.values())
        for subset in data.subsets:
            data.findings += empty_annotation(subset.files, subset.listing, subset.lines)
        if not quick:
            data.findings += check_audio(headers, parallel, bar)
        return data

    def subset(self, name: str) -> Subset:
        """A subset; an empty one, if there is none."""
        return next((subset for subset in self.subsets if subset.name == name), Subset(name))

    @property
    def errors(self) -> bool:
        """Whether commands would refuse something."""
        return any(finding.code for finding in self.findings)

    @property
    def sound(self) -> list[Recording]:
        """Training files in which something is heard, as far as is known."""
        faulty = {finding.file for finding in self.findings if finding.kind in HEARD}
        return [file for file in self.subset("train").files if file["audio"] not in faulty]

    def _read_trials(self, protocol: str, templates: Mapping[str, str]) -> None:
        if not is_verification(protocol) or self.errors:
            return
        for subset in self.subsets:
            try:
                self.trials[subset.name] = trials(protocol, subset.name, templates)
            except UsageError:
                continue
            except ToolkitError as error:
                self.findings.append(Finding.of("trials", error))


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
