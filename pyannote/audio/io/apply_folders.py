"""Folders of `apply`: names of results, and the provenance of each run, which readers compare with them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import DataError
from pyannote.audio.io.experiment_folders import TrainFolder, ValidateFolder
from pyannote.audio.io.storage import digest as digest_of_file
from pyannote.audio.io.storage import inside, one_part, write_text

EVENTS, REFERENCE, RTTM = ".events.tsv", ".reference.tsv", ".rttm"
TABLE, FIGURES, PROVENANCE = ".eval", ".evaluation.json", ".provenance.json"
"""Ends of the names of results, each of which begins with `<Protocol>.<subset>`."""

COMPARED = (EVENTS, REFERENCE)
"""Results that `evaluate` reads, and whose digests a provenance therefore holds."""

AGAIN = "Run `apply` again."


@dataclass(frozen=True)
class AppliedRun:
    """Provenance of a run of `apply`: all that its scores and events depend on.

    Parameters
    ----------
    classes : sequence of str
        Columns of the scores.
    scores : mapping
        What scores depend on beside audio: model, code, weights of each epoch, options.
    pipeline : mapping
        Parameters that turn scores into events, for each class.
    files : mapping of str to (str, str)
        Digests of audio and annotation of each recording by its name, `<Database>/<uri>`.
    seen : sequence of str, optional
        Names of those that the model was trained on; None if an earlier version trained it, which did not
        store its training files.
    """

    classes: Sequence[str]
    scores: Mapping[str, Any]
    pipeline: Mapping[str, Any]
    files: Mapping[str, Sequence[str]]
    seen: Sequence[str] | None


class ApplyFolder:
    """Folder of scores and results, `<validate>/apply/<epoch>`.

    Results of each protocol and subset have names of their own, so that runs do not replace each other's.
    Scores lie together: those of a recording are the same in all subsets.

    Parameters
    ----------
    path : Path
        The folder. It may be reached by links.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100  resolving would follow links

    @property
    def train(self) -> TrainFolder:
        """The training whose epochs were applied, if the folder is where `apply` has made it."""
        parents = self.path.parents
        return ValidateFolder(parents[1] if len(parents) > 1 else self.path).train

    def result(self, name: str, end: str) -> Path:
        """Where a result of a run lies.

        Parameters
        ----------
        name : str
            Of the run: `<Protocol>.<subset>`.
        end : str
            What the name of the file ends with.
        """
        return inside(self.path, name, end)

    def rttm_of(self, name: str, label: str) -> Path:
        """Where the events of one class lie."""
        return self.result(f"{name}.{one_part(label)}", RTTM)

    def results(self, name: str, classes: Sequence[str], annotated: bool) -> list[Path]:
        """All results of a run, in the order in which they are written.

        Parameters
        ----------
        name : str
            Of the run: `<Protocol>.<subset>`.
        classes : sequence of str
            Each of which has an RTTM file.
        annotated : bool
            Whether there is a reference. If so, the figures of an earlier version, in `evaluation.json`, are
            among the results: they do not tell of which subset they are, and would be taken for new ones.
        """
        ends = [EVENTS, RTTM, REFERENCE, TABLE, FIGURES]
        found = [self.result(name, end) for end in ends]
        rttms = [self.rttm_of(name, label) for label in classes]
        earlier = [self.path / "evaluation.json"] if annotated else []
        return [*found[:2], *rttms, *found[2:], *earlier, self.result(name, PROVENANCE)]

    def evaluated(self, subset: str) -> list[str]:
        """Protocols that were applied to a subset, with a reference, in order of their names."""
        pattern = re.compile(rf"([^.]+\.[^.]+\.[^.]+)\.{re.escape(subset)}{re.escape(REFERENCE)}")
        found = (pattern.fullmatch(path.name) for path in self.path.glob(f"*{REFERENCE}"))
        return sorted(match[1] for match in found if match)

    def write_provenance(self, name: str, run: AppliedRun) -> None:
        """Store the provenance of a run whose results have been written."""
        paths = [self.result(name, end) for end in COMPARED]
        results = {path.name: digest_of_file(path) for path in paths if path.exists()}
        content = {**asdict(run), "results": results}
        text = json.dumps({**content, "digest": digest(content)}, indent=0, sort_keys=True)
        write_text(self.result(name, PROVENANCE), text + "\n")

    def run(self, name: str) -> AppliedRun | None:
        """Provenance of a run, compared with its results; None if there is none.

        Raises
        ------
        DataError
            If the provenance is damaged, or a result is not the one that `apply` has written.
        """
        path = self.result(name, PROVENANCE)
        if not path.exists():
            return None
        content = _content(path)
        for end in COMPARED:
            result = self.result(name, end)
            now = digest_of_file(result) if result.is_file() else None
            if content["results"].get(result.name) != now:
                raise DataError(
                    f"This result is {'missing' if now is None else 'not the one that `apply` has written'}: "
                    f"its digest differs from the one in {path.name}.",
                    file=result,
                    fix=AGAIN,
                )
        return AppliedRun(**{field.name: content[field.name] for field in fields(AppliedRun)})


def _content(path: Path) -> dict[str, Any]:
    """Content of a provenance, of which nothing has changed since it was written."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and content.pop("digest", None) == digest(content) and _is_whole(content):
        return content
    raise DataError(
        "This provenance of results is damaged, or has changed since `apply` wrote it.", file=path, fix=AGAIN
    )


def _is_whole(content: Mapping[str, Any]) -> bool:
    """Whether all that a provenance holds is of the right kind."""
    mappings = ("scores", "pipeline", "files", "results")
    lists = ("classes", "seen")
    return all(isinstance(content.get(name), dict) for name in mappings) and all(
        isinstance(content.get(name), list) or (name == "seen" and content.get(name) is None)
        for name in lists
    )
