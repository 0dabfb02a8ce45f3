"""Scores of `apply`: written to a temporary folder, which replaces that of an earlier run when complete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pyannote.audio.applications.terminal import warn
from pyannote.audio.core.counted import counted
from pyannote.audio.io.paths import inside
from pyannote.audio.io.storage import move, move_all, remove
from pyannote.audio.io.temporary import remove_temporaries, temporary_folder


@contextmanager
def new_scores(output: Path, results: Sequence[Path] = ()) -> Iterator[Path]:
    """Folder to write the scores of a run into, as `Precomputed`; they move to `output` at the end.

    Until then, and if the run fails, what an earlier run has written is as it was. Its results are removed
    before its scores, so that whatever is in the folder belongs together, even if this is cut short. Scores
    of other recordings stay if their metadata.yml is the same, which holds the digest of all that scores
    depend on beside the audio. Otherwise they are removed, and a warning tells how many.

    Parameters
    ----------
    output : Path
        A folder that this process has locked.
    results : sequence of path
        Files in `output` that follow from the scores, in the order in which they are written.

    Raises
    ------
    DataError
        A symbolic link in `output` leads out of it; nothing has been changed then.
    """
    remove_temporaries(output)
    with temporary_folder(output) as scratch:
        yield scratch
        metadata = scratch / "metadata.yml"
        places = {path: inside(output, path.relative_to(scratch).as_posix()) for path in _scores(scratch)}
        remove(reversed(results))
        if not _same(metadata, output / metadata.name):
            outdated = _scores(output, but=scratch)
            remove([output / metadata.name, *outdated])
            _tell_removed(output, {*outdated} - {*places.values()})
        move_all(places)
        move(metadata, output / metadata.name)


def _tell_removed(output: Path, removed: set[Path]) -> None:
    if removed:
        warn(
            f"{output} held scores of {counted(len(removed), 'other file')}, computed with other weights or "
            "options, or by an earlier version. They are removed; events and figures of other runs stay."
        )


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def _scores(folder: Path, but: Path | None = None) -> list[Path]:
    return [path for path in folder.rglob("*.npy") if but not in path.parents]
