"""All that a check has found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyannote.audio.applications.checking.data import Data
from pyannote.audio.applications.checking.dry_run import Batch
from pyannote.audio.applications.checking.epoch import Epoch
from pyannote.audio.applications.checking.storage import Storage
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import CheckOptions
from pyannote.audio.core.findings import Finding, exit_status

WARNINGS = 10
"""Exit status where nothing is refused, and something is probably not meant."""


@dataclass
class Check:
    """All that a check has found.

    Parameters
    ----------
    options : CheckOptions
    corpus : Corpus, optional
        What the configuration describes, if it can be built.
    data : Data, optional
        What the protocol holds, if one was named.
    batch, epoch, storage : optional
        What a batch, an epoch and stored features come to, where nothing stands in the way.
    """

    options: CheckOptions
    corpus: Corpus | None = None
    data: Data | None = None
    batch: Batch | None = None
    epoch: Epoch | None = None
    storage: Storage | None = None
    findings: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        """Keep findings, each once, errors first."""
        everything = dict.fromkeys([*self.findings, *findings])
        self.findings = sorted(everything, key=lambda finding: finding.level)

    @property
    def errors(self) -> bool:
        """Whether commands would refuse something."""
        return any(finding.code for finding in self.findings)

    @property
    def status(self) -> int:
        """Exit status."""
        return exit_status(self.findings, WARNINGS)
