"""Figures of embedding_table.py: error rates with each back-end, and differences of rows over speakers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import better_by, table
from embedding_parts import BACKENDS, MeanPart, Part
from embedding_runs import Run, embeddings_of, package_digest
from kept_trainings import KeptRows, described, row_named
from numpy.typing import NDArray

from pyannote.audio.core.digests import digest
from pyannote.audio.metrics.intervals import interval_of

TRIALS = "trials"


@dataclass(frozen=True)
class Figures:
    """Trainings of a row: for each seed, what each compares, by name."""

    name: str
    seeds: Sequence[Mapping[str, str]]
    output: Path
    marks: tuple[str, ...]

    def parts(self, trials: bool, domain: str = "") -> list[list[Part]]:
        """Comparisons of each seed: that of the trials, or all folds."""
        found = [
            [
                Part(embeddings_of(self.output / "runs" / folder), domain)
                for part, folder in sorted(seed.items())
                if (part == TRIALS) == trials
            ]
            for seed in self.seeds
        ]
        most = max(map(len, found), default=0)
        # a seed counts if it has all folds
        return [parts for parts in found if parts and len(parts) == most]

    def seconds(self) -> float | None:
        """CPU seconds of a training of all speakers, on average, if they are known."""
        paths = [self.output / "runs" / seed[TRIALS] for seed in self.seeds if TRIALS in seed]
        found = [described(path)["cpu_seconds"] for path in paths]
        known = [one for one in found if one is not None]
        return float(np.mean(known)) if known else None


class Kept(KeptRows):
    """Rows of a table of embeddings: for each seed, the folder of each part."""

    trainings = "seeds"

    def add(self, run: Run, folder: str) -> None:
        """Remember a training of a row; those of another configuration of the same name are forgotten."""
        content = [run.row.content(None), run.epochs(), run.protocol, run.folds]
        self.put(run.row, content, run.seed, run.part, folder)

    def figures(self) -> list[Figures]:
        """Figures of each row."""
        found = []
        for name, row in self.rows.items():
            folders = [folder for parts in row["seeds"].values() for folder in parts.values()]
            earlier = any(not one.endswith(package_digest()[:8]) for one in folders)
            marks = (f"{len(row['seeds'])} seeds", *(["earlier code"] if earlier else []))
            found.append(Figures(name, list(row["seeds"].values()), self.output, marks))
        return found


def tables(rows: Sequence[Figures], against: str | None, domains: Sequence[str]) -> str:
    """Markdown of all tables: error rates in percent, on folds of training speakers and on trials.

    Raises
    ------
    UsageError
        If there is no row to compare with.
    """
    base = row_named(rows, against)
    lines = []
    for row in rows:
        seconds = row.seconds()
        shown = "-" if seconds is None else f"{seconds:.0f}"
        lines.append([row.name, *_cells(row), shown, "; ".join(row.marks)])
    parts = [
        "EER in %, mean (and values) of the seeds: on folds of training speakers / on trials.",
        table(["row", *BACKENDS, "CPU s of a training", "remarks"], lines),
    ]
    if several := [row for row in rows if len(row.seeds) > 1]:
        lines = [[row.name, *_cells(row, together=True)] for row in several]
        parts.append(table(["mean of the scores of all seeds", *BACKENDS], lines))
    for domain in domains:
        lines = [[row.name, *_cells(row, domain)] for row in rows]
        parts.append(table([f"pairs of {domain}", *BACKENDS], lines))
    if base is not None:
        lines = [
            [row.name, *(_against(row, base, name) for name in BACKENDS)] for row in rows if row is not base
        ]
        parts.append(table([f"against {against} [95 %]: folds / trials", *BACKENDS], lines))
    return "\n\n".join(parts)


def _cells(row: Figures, domain: str = "", together: bool = False) -> list[str]:
    """Error rates with each back-end, on folds and on trials; of all seeds together, or of each."""
    kinds = [row.parts(trials, domain) for trials in (False, True)]
    compared = [_means(seeds) for seeds in kinds] if together else kinds
    return [" / ".join(spread(seeds, name) for seeds in compared) for name in BACKENDS]


def _means(seeds: Sequence[Sequence[Part]]) -> list[list[MeanPart]]:
    """Parts of all seeds together, as those of one."""
    return [[MeanPart(parts) for parts in zip(*seeds, strict=True)]] if len(seeds) > 1 else []


def spread(seeds: Sequence[Sequence[Part | MeanPart]], name: str) -> str:
    """Mean over seeds of the mean over parts, in percent, and the value of each of several seeds."""
    known = [parts for parts in seeds if all(part.compares for part in parts)]
    values = [100 * float(np.mean([part.rate(name) for part in parts])) for parts in known]
    if not values:
        return "-"
    each = f" ({', '.join(f'{value:.1f}' for value in values)})" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{each}"


def _against(row: Figures, base: Figures, name: str) -> str:
    return " / ".join(difference(row.parts(trials), base.parts(trials), name) for trials in (False, True))


def difference(first: Sequence[Sequence[Part]], second: Sequence[Sequence[Part]], name: str) -> str:
    """How much lower the error rate of a row is than that of another one, with the 95 % interval.

    Speakers are resampled, the same ones for both rows; trainings are not: the interval does not tell how
    other trainings would come out.

    Parameters
    ----------
    first, second : sequence of sequence of Part, shape (seeds, parts)
    name : str
        Back-end.
    """
    if not first or not second:
        return "-"
    if any(_pairs_of(one) != _pairs_of(first[0]) for one in (*first, *second)):
        return "other trials"
    value = float(_mean(first, _rates(name))[0] - _mean(second, _rates(name))[0])
    replicates = _mean(first, _resamples(name)) - _mean(second, _resamples(name))
    low, high = interval_of(replicates, 0.95, np.nan, np.nan)
    return better_by(100 * value, (100 * low, 100 * high), sign=-1, digits=1)


def _rates(name: str) -> Callable[[Part], NDArray[np.float64]]:
    return lambda part: np.array([part.rate(name)])


def _resamples(name: str) -> Callable[[Part], NDArray[np.float64]]:
    return lambda part: part.resamples(name)


def _mean(
    seeds: Sequence[Sequence[Part]], measure: Callable[[Part], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Mean over seeds of the mean over parts, shape (resamples,)."""
    values = [[measure(part) for part in parts] for parts in seeds]
    # parts may have different numbers of resamples, as some lack pairs of one kind
    fewest = min(len(one) for parts in values for one in parts)
    mean: NDArray[np.float64] = np.mean([[one[:fewest] for one in parts] for parts in values], axis=(0, 1))
    return mean


def _pairs_of(parts: Sequence[Part]) -> list[str]:
    """Digests of the pairs of parts."""
    names = ("uris", "first", "second", "targets")
    return [digest([part.content[name].tolist() for name in names]) for part in parts]
