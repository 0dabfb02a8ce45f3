"""Folders of `apply`: file names of results, and the provenance of each run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import DataError
from pyannote.audio.io.experiment_folders import TrainFolder, ValidateFolder
from pyannote.audio.io.paths import flat_name, inside
from pyannote.audio.io.storage import digest as digest_of_file
from pyannote.audio.io.storage import write_text

EVENTS, REFERENCE, RTTM = ".events.tsv", ".reference.tsv", ".rttm"
TABLE, FIGURES, PROVENANCE = ".eval", ".evaluation.json", ".provenance.json"
"""Suffixes of result files, after `<Protocol>.<subset>`."""

COMPARED = (EVENTS, REFERENCE)
"""Suffixes of the results that `evaluate` reads; a provenance contains their digests."""

AGAIN = "Run `apply` again."


@dataclass(frozen=True)
class AppliedRun:
    """Provenance of a run of `apply`: everything that its scores and events depend on.

    Parameters
    ----------
    classes : sequence of str
        Columns of the scores.
    scores : mapping
        Inputs of the scores except audio: model, code, weights of each epoch, options.
    pipeline : mapping
        Parameters that turn scores into events, for each class.
    files : mapping of str to (str, str)
        Digests of audio and annotation of each recording, by `<Database>/<uri>`.
    seen : sequence of str, optional
        Recordings that the model was trained on; None if it was trained by an earlier version, which did
        not store them.
    left_out : sequence of str
        Recordings of the subset that are not among `files`, as no part of them is annotated.
    spelling : mapping of str to str, optional
        Original spelling of classes, where it is another one.
    regions : mapping of str to sequence of (start, end), optional
        Annotated parts of each recording in seconds, by `<Database>/<uri>`; None if an earlier version has
        not stored them.
    arrays : mapping of str to str, optional
        Digests of metadata.yml and of the scores of each recording, by path; None as for `regions`.

    Examples
    --------
    >>> AppliedRun(["car"], {"epochs": [3]}, {"car": {"onset": 0.5}}, {"Street/a": ("1f", "2e")}, None).seen
    """

    classes: Sequence[str]
    scores: Mapping[str, Any]
    pipeline: Mapping[str, Any]
    files: Mapping[str, Sequence[str]]
    seen: Sequence[str] | None
    left_out: Sequence[str] = ()
    spelling: Mapping[str, str] = field(default_factory=dict)
    regions: Mapping[str, Sequence[Sequence[float]]] | None = None
    arrays: Mapping[str, str] | None = None


class ApplyFolder:
    """Folder of scores and results, `<validate>/apply/<epoch>`.

    File names of results begin with protocol and subset, so that no run overwrites the results of another.
    Scores are stored once for all subsets.

    Parameters
    ----------
    path : Path
        The folder. It may be reached by links.

    Examples
    --------
    >>> folder = ApplyFolder(Path("/experiment/train/P.train/validate_f1/P.development/apply/0003"))
    >>> folder.train.path.as_posix(), folder.result("Street.Events.All.test", EVENTS).name
    ('/experiment/train/P.train', 'Street.Events.All.test.events.tsv')
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.abspath(path))  # noqa: PTH100  resolving would follow links

    @property
    def train(self) -> TrainFolder:
        """Training whose epochs were applied, if the folder is where `apply` creates it.

        Examples
        --------
        >>> ApplyFolder(Path("/P.train/validate_f1/P.development/apply/0003")).train.path.as_posix()
        '/P.train'
        """
        parents = self.path.parents
        return ValidateFolder(parents[1] if len(parents) > 1 else self.path).train

    def result(self, name: str, suffix: str) -> Path:
        """Path of a result of a run.

        Parameters
        ----------
        name : str
            Name of the run, `<Protocol>.<subset>`.
        suffix : str
            Suffix of the file name, such as `EVENTS`.

        Examples
        --------
        >>> ApplyFolder(Path("/0003")).result("Street.Events.All.test", TABLE).as_posix()
        '/0003/Street.Events.All.test.eval'
        """
        return inside(self.path, name, suffix)

    def rttm_of(self, name: str, label: str) -> Path:
        """Path of the events of one class.

        Examples
        --------
        >>> ApplyFolder(Path("/0003")).rttm_of("Street.Events.All.test", "car").name
        'Street.Events.All.test.car.rttm'
        """
        return self.result(f"{name}.{flat_name(label)}", RTTM)

    def results(self, name: str, classes: Sequence[str], annotated: bool) -> list[Path]:
        """All results of a run, in the order in which they are written.

        Parameters
        ----------
        name : str
            Name of the run, `<Protocol>.<subset>`.
        classes : sequence of str, shape (classes,)
            Classes, each with an RTTM file.
        annotated : bool
            Whether there is a reference. If so, `evaluation.json` of earlier versions is among the results:
            it does not name its subset, and would be mistaken for a new result.

        Examples
        --------
        >>> [path.suffix for path in ApplyFolder(Path("/0003")).results("P.test", ["car"], annotated=False)]
        ['.tsv', '.rttm', '.rttm', '.tsv', '.eval', '.json', '.json']
        """
        suffixes = [EVENTS, RTTM, REFERENCE, TABLE, FIGURES]
        paths = [self.result(name, suffix) for suffix in suffixes]
        rttms = [self.rttm_of(name, label) for label in classes]
        earlier = [self.path / "evaluation.json"] if annotated else []
        return [*paths[:2], *rttms, *paths[2:], *earlier, self.result(name, PROVENANCE)]

    def evaluated(self, subset: str) -> list[str]:
        """Protocols with a reference for a subset, in alphabetical order.

        Returns
        -------
        protocols : list of str, shape (protocols,)

        Examples
        --------
        >>> folder = getfixture("tmp_path")
        >>> (folder / f"Street.Events.All.test{REFERENCE}").touch()
        >>> ApplyFolder(folder).evaluated("test")
        ['Street.Events.All']
        """
        pattern = re.compile(rf"([^.]+\.[^.]+\.[^.]+)\.{re.escape(subset)}{re.escape(REFERENCE)}")
        matches = (pattern.fullmatch(path.name) for path in self.path.glob(f"*{REFERENCE}"))
        return sorted(match[1] for match in matches if match)

    def outdated(self, run: AppliedRun) -> list[Path]:
        """Provenances of runs of other weights or options, whose frames those of a new run replace.

        Examples
        --------
        >>> folder = ApplyFolder(getfixture("tmp_path"))
        >>> folder.write_provenance("P.test", AppliedRun([], {"step": 0.5}, {}, {}, []))
        >>> [path.name for path in folder.outdated(AppliedRun([], {"step": 0.25}, {}, {}, []))]
        ['P.test.provenance.json']
        """
        return [
            path
            for path in sorted(self.path.glob(f"*{PROVENANCE}"))
            if not self._is_of(path.name.removesuffix(PROVENANCE), run)
        ]

    def _is_of(self, name: str, run: AppliedRun) -> bool:
        """Whether a run had the same weights and options as another; a damaged provenance is of none."""
        try:
            before = self.run(name)
        except DataError:
            return False
        return before is not None and digest(before.scores) == digest(run.scores)

    def write_provenance(self, name: str, run: AppliedRun) -> None:
        """Store the provenance of a run after its results.

        Examples
        --------
        >>> folder = ApplyFolder(getfixture("tmp_path"))
        >>> folder.write_provenance("P.test", AppliedRun(["car"], {}, {}, {}, []))
        >>> folder.run("P.test").classes
        ['car']
        """
        paths = [self.result(name, suffix) for suffix in COMPARED]
        results = {path.name: digest_of_file(path) for path in paths if path.exists()}
        content = {**asdict(run), "results": results}
        text = json.dumps({**content, "digest": digest(content)}, indent=0, sort_keys=True)
        write_text(self.result(name, PROVENANCE), text + "\n")

    def run(self, name: str) -> AppliedRun | None:
        """Provenance of a run, checked against its results; None if there is none.

        Raises
        ------
        DataError
            If the provenance is damaged, or a result has changed since `apply` wrote it.

        Examples
        --------
        >>> ApplyFolder(getfixture("tmp_path")).run("Street.Events.All.test") is None
        True
        """
        path = self.result(name, PROVENANCE)
        if not path.exists():
            return None
        # earlier versions have stored no spelling
        content = {"spelling": {}, **_content(path)}
        for suffix in COMPARED:
            result = self.result(name, suffix)
            actual = digest_of_file(result) if result.is_file() else None
            if content["results"].get(result.name) != actual:
                raise DataError(
                    f"This result is {'missing' if actual is None else 'not the one that `apply` wrote'}: "
                    f"its digest differs from the one in {path.name}.",
                    file=result,
                    fix=AGAIN,
                )
        # an earlier version has left nothing out, and has no other spelling
        known = [one.name for one in fields(AppliedRun) if one.name in content]
        return AppliedRun(**{name: content[name] for name in known})


def _content(path: Path) -> dict[str, Any]:
    """Content of a provenance file, checked by its digest."""
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
    """Whether all entries of a provenance have the right types."""
    mappings = ("scores", "pipeline", "files", "results", "spelling")
    content = {"spelling": {}, **content}
    return (
        all(isinstance(content.get(name), dict) for name in mappings)
        and all(isinstance(content.get(name) or {}, dict) for name in ("regions", "arrays"))
        and all(isinstance(content.get(name) or [], list) for name in ("classes", "seen", "left_out"))
    )
