"""Rows of detection_table.py: which trainings each has, and the counts of each file with each selection."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from detection_runs import PACKAGE, Run, package_digest, source_digest
from detection_scores import LAST, WAYS, Subsets, averaged, counts_of, load
from kept_trainings import KeptRows, described

from pyannote.audio.core.digests import digest
from pyannote.audio.core.errors import DataError
from pyannote.audio.io.storage import write_text
from pyannote.audio.metrics.segment_based import SegmentCounts

Training = dict[str, SegmentCounts]
"""Counts of each test file by name, of all protocols together."""

Seeds = Sequence[Mapping[str, Subsets]]
"""Scores of each protocol, for each seed."""

SCORED_BY = [Path(__file__).parent / name for name in ("detection_rows.py", "detection_scores.py")]
SCORED_BY += [PACKAGE / "metrics", PACKAGE / "validation"]
"""Code that decides what counts are made of scores."""


@dataclass(frozen=True)
class Figures:
    """Counts of a row.

    Parameters
    ----------
    name : str
    classes : tuple of str
    trainings : mapping of str to list of Training
        Those of each seed (or combination of seeds), for each way to select.
    seconds : tuple of float
        CPU seconds of its trainings, as far as they are known.
    marks : tuple of str
        What is to be known of it.
    """

    name: str
    classes: tuple[str, ...]
    trainings: Mapping[str, list[Training]]
    seconds: tuple[float, ...]
    marks: tuple[str, ...] = ()


class Kept(KeptRows):
    """Rows of a table of detectors: for each seed, folder and file of scores of each protocol."""

    trainings = "runs"

    def add(self, run: Run, folder: str) -> None:
        """Remember a training of a row; those of another configuration of the same name are forgotten."""
        row = run.row
        content = [row.content(run.labels), row.shuffled, row.duration, run.epochs, run.every]
        scores = run.scores(self.output / "runs" / folder).name
        self.put(row, content, run.seed, run.protocol, [folder, scores])

    def figures(self, mean: int | None) -> Iterator[Figures]:
        """Figures of each row, and of the mean of `mean` trainings of each."""
        for name, row in self.rows.items():
            protocols = {protocol for runs in row["runs"].values() for protocol in runs}
            whole = {seed: runs for seed, runs in sorted(row["runs"].items()) if len(runs) == len(protocols)}
            if not whole:
                continue
            about = [
                described(self.output / "runs" / run[0]) for runs in whole.values() for run in runs.values()
            ]
            marks = [f"{len(whole)} x {len(protocols)} trainings"]
            if len(whole) < len(row["runs"]):
                marks.append(f"{len(row['runs']) - len(whole)} unfinished")
            if any(one["package"] != package_digest() for one in about):
                marks.append("earlier code")
            seconds = tuple(one["cpu_seconds"] for one in about if one["cpu_seconds"] is not None)
            classes, alone, combined = self._counted(whole, mean)
            yield Figures(name, tuple(classes), alone, seconds, tuple(marks))
            if mean and combined:
                times = tuple(mean * second for second in seconds)
                yield Figures(
                    f"{name}, mean of {mean}", tuple(classes), combined, times, (*marks, "last epochs")
                )

    def _counted(
        self, runs: Mapping[str, Mapping[str, Sequence[str]]], mean: int | None
    ) -> tuple[Sequence[str], dict[str, list[Training]], dict[str, list[Training]]]:
        """Classes, and counts of trainings and of their means, which are computed once."""
        path = self.output / "counts" / f"{digest([runs, mean, source_digest(SCORED_BY)])}.json"
        if not path.exists():
            seeds = [
                {protocol: load(self.output / "runs" / Path(*run)) for protocol, run in sorted(one.items())}
                for one in runs.values()
            ]
            combined = _of_ways(_means(seeds, mean)) if mean and mean <= len(seeds) else {}
            content = [_classes(seeds), _of_ways(seeds), combined]
            write_text(path, json.dumps(content, default=_plain))
        classes, alone, combined = json.loads(path.read_text(encoding="utf-8"), object_hook=_parsed)
        return classes, alone, combined


def _means(seeds: Seeds, count: int) -> Seeds:
    """Means of the scores of `count` seeds, in each combination, for each protocol."""
    protocols = {name: averaged([seed[name] for seed in seeds], count) for name in seeds[0]}
    return [dict(zip(protocols, some, strict=True)) for some in zip(*protocols.values(), strict=True)]


def _classes(seeds: Seeds) -> tuple[str, ...]:
    """Classes, which must be the same in all trainings of a row."""
    classes, *others = {subsets["test"].classes for seed in seeds for subsets in seed.values()}
    if others:
        raise DataError("The protocols of a row have different classes.", fix="Use --labels=data.")
    return classes


def _of_ways(seeds: Seeds) -> dict[str, list[Training]]:
    """Counts with each way to select; most need development files."""
    developed = all("development" in subsets for seed in seeds for subsets in seed.values())
    return {title: [_together(seed, title) for seed in seeds] for title in WAYS if developed or title == LAST}


def _together(protocols: Mapping[str, Subsets], title: str) -> Training:
    """Counts of the test files of all protocols; those of a file that several have are added."""
    found: Training = {}
    for subsets in protocols.values():
        for uri, counts in counts_of(subsets, WAYS[title]).items():
            found[uri] = found[uri] + counts if uri in found else counts
    return found


def pooled(training: Training) -> SegmentCounts:
    """Counts of all files of a training together."""
    first, *others = training.values()
    for one in others:
        first = first + one
    return replace(first)


def _plain(counts: SegmentCounts) -> dict[str, Any]:
    return {name: np.asarray(value).tolist() for name, value in vars(counts).items()}


def _parsed(content: dict[str, Any]) -> Any:
    """Counts among the objects of a JSON text."""
    if content.keys() != {"tp", "n_reference", "n_system", "substitutions"}:
        return content
    substitutions = content.pop("substitutions")
    return SegmentCounts(
        **{name: np.array(one) for name, one in content.items()}, substitutions=substitutions
    )
