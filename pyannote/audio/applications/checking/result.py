"""Result of `check`: findings, and figures of the parts that could be built."""

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
"""Exit status if there are warnings and no errors."""


@dataclass
class Check:
    """Result of `check`.

    Parameters
    ----------
    options : CheckOptions
    corpus : Corpus, optional
        Parts of the configuration, if they can be built.
    data : Data, optional
        Content of the protocol, if one was named.
    batch, epoch, storage : optional
        Figures of a batch, of an epoch and of stored features, if there are no errors.
    """

    options: CheckOptions
    corpus: Corpus | None = None
    data: Data | None = None
    batch: Batch | None = None
    epoch: Epoch | None = None
    storage: Storage | None = None
    findings: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        """Add findings, each once, errors first."""
        everything = dict.fromkeys([*self.findings, *findings])
        self.findings = sorted(everything, key=lambda finding: finding.level)

    @property
    def errors(self) -> bool:
        """Whether a command would refuse the configuration or the data."""
        return any(finding.code for finding in self.findings)

    @property
    def status(self) -> int:
        """Exit status."""
        return exit_status(self.findings, WARNINGS)
