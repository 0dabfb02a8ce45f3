"""Training files that are left out: their audio cannot be used, or no part of them is annotated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyannote.audio.applications.terminal import warn
from pyannote.audio.core.counted import counted
from pyannote.audio.core.errors import DataError
from pyannote.audio.database.protocols import Recording, Unusable
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.train.single_process import SingleProcess

SHOWN = 5
"""Files that a warning names."""


class LeftOut:
    """Training files that are left out, up to a share of all files.

    Parameters
    ----------
    share : float
        Largest share of all files that may be left out, between 0 and 1.
    ranks : SingleProcess
        Processes of the training: all must leave out the same files.
    unannotated : mapping of str to str
        Names and reasons of files without annotated regions. They are left out because the command line
        says so, and are no part of the share.
    """

    def __init__(
        self, share: float, ranks: SingleProcess, unannotated: Mapping[str, str] | None = None
    ) -> None:
        self.share = share
        self.files: list[Unusable] = []
        self._ranks, self._unannotated = ranks, dict(unannotated or {})

    @property
    def count(self) -> int:
        """Number of files that are left out."""
        return len(self._reasons())

    def without(self, usable: list[Recording], unusable: Sequence[Unusable]) -> list[Recording]:
        """The usable ones of some files; a warning tells the faults of the others.

        Raises
        ------
        DataError
            Too many are left out, none is left, or another process has left out others.
        """
        self.files += unusable
        total = len(usable) + len(self.files)
        if not usable or len(self.files) / total > self.share:
            raise self._too_many(total)
        if unusable:
            more = [f"and {len(unusable) - SHOWN} more."] if len(unusable) > SHOWN else []
            reasons = [one.reason for one in unusable[:SHOWN]]
            count = counted(len(unusable), f"of {total} files is", f"of {total} files are")
            warn(f"{count} left out:", *reasons, *more)
        self._agree()
        return usable

    def compare(self, folder: TrainFolder, epoch: int) -> None:
        """Say where a training that goes on after an epoch learns from other files than before."""
        before, now = folder.left_out(), self._reasons()
        changes = [f"{name} is left out from now on" for name in now if name not in before]
        changes += [f"{name} is trained on from now on" for name in before if name not in now]
        if epoch and changes:
            more = f", and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
            warn(f"the files that are left out have changed: {', '.join(changes[:SHOWN])}{more}.")

    def remember(self, folder: TrainFolder) -> None:
        """Write down which files are left out, and why."""
        if self._ranks.is_main and (self._reasons() or folder.left_out()):
            folder.write_left_out(self._reasons())

    def _reasons(self) -> dict[str, str]:
        return self._unannotated | {one.name: str(one.reason) for one in self.files}

    def _too_many(self, total: int) -> DataError:
        count = f"{len(self.files)} of {counted(total, 'file')} cannot be trained on"
        first = self.files[0].reason
        if len(self.files) == total:
            count, fix = f"{count}, so that none is left.", first.fix
        else:
            count = f"{count}, more than the share of {self.share:g} that --skip allows."
            fix = f"{first.fix or 'Mend it.'} Or allow more with --skip."
        return DataError(f"{first.message} {count}", file=first.file, line=first.line, fix=fix)

    def _agree(self) -> None:
        own = [one.name for one in self.files]
        first = self._ranks.from_main(lambda: own)
        if own != first:
            raise DataError(
                f"Process {self._ranks.rank.rank} would leave out other files than process 0, such as "
                f"{min(set(own) ^ set(first))}.",
                fix="Let all machines see the same files.",
            )
