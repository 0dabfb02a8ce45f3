"""What benchmarks share: arms that take turns, tables, the machine, and data that needs no audio."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pyannote.audio.database.protocols import Recording
from pyannote.audio.store.packs import Pack

NOT_HERE = 3
"""Exit status of a benchmark that cannot be run on this machine: its last answer stays."""

CLASSES = ["car", "children", "people_speaking", "people_walking", "large_vehicle", "brakes_squeaking"]


def timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def interleaved(
    arms: Mapping[str, Callable[[], object]], rounds: int = 5, warmup: int = 1
) -> dict[str, NDArray[np.float64]]:
    """Seconds of each arm in each round.

    The arms take turns, so that a machine that slows down slows them all; the first rounds warm up.

    Parameters
    ----------
    arms : mapping of str to callable
        What is timed.
    rounds, warmup : int
        Rounds that count, and rounds before them that do not.

    Examples
    --------
    >>> interleaved({"a": lambda: None}, rounds=3)["a"].shape
    (3,)
    """
    return turns({name: partial(timed, work) for name, work in arms.items()}, rounds, warmup)


def turns(
    arms: Mapping[str, Callable[[], float]], rounds: int = 5, warmup: int = 1
) -> dict[str, NDArray[np.float64]]:
    """As `interleaved`, of arms that give their seconds themselves.

    Examples
    --------
    >>> turns({"a": lambda: 2.0}, rounds=3)["a"]
    array([2., 2., 2.])
    """
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    for index in range(warmup + rounds):
        for name, work in arms.items():
            spent = work()
            if index >= warmup:
                seconds[name].append(spent)
    return {name: np.array(spent) for name, spent in seconds.items()}


def ratio(numerator: Sequence[float], denominator: Sequence[float]) -> str:
    """Median of the ratios of two arms, round by round, with the lowest and the highest one.

    Examples
    --------
    >>> ratio([2.0, 3.0, 5.0], [2.0, 2.0, 2.0])
    '1.50 (1.00 to 2.50)'
    """
    ratios = np.divide(numerator, denominator)
    return f"{np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"


def median(values: Sequence[float]) -> float:
    """Median as a plain number."""
    return float(statistics.median(values))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown of a table.

    Examples
    --------
    >>> print(table(["what", "goal"], [["training", 1.1]]))
    | what | goal |
    |---|---|
    | training | 1.1 |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"|{'|'.join(map(str, line))}|" if index == 1 else f"| {' | '.join(map(str, line))} |"
        for index, line in enumerate(lines)
    )


def better_by(value: float, interval: tuple[float, float], sign: int, digits: int) -> str:
    """A difference in words, with its interval: "better by 0.06 [0.01, 0.11]".

    Parameters
    ----------
    value : float
    interval : tuple of float
        Left out if it is NaN.
    sign : {1, -1}
        Whether more is better, or worse.
    digits : int

    Examples
    --------
    >>> better_by(-0.06, (-0.11, -0.01), sign=-1, digits=2), better_by(-0.1, (float("nan"),) * 2, 1, 1)
    ('better by 0.06 [0.01, 0.11]', 'worse by 0.1')
    """
    better = sign * value >= 0
    shown = sign if better else -sign
    # 0 more, as minus zero would be shown
    low, high = sorted(shown * end + 0.0 for end in interval)
    known = "" if np.isnan(low) else f" [{low:.{digits}f}, {high:.{digits}f}]"
    return f"{'better' if better else 'worse'} by {abs(value):.{digits}f}{known}"


def machine() -> str:
    """Describe the machine, in one line."""
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()}, {_processor()}, {_software()}"
    return f"{_processor()}, {_software()}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {names[0] if names else platform.machine()}, {memory:.0f} GiB"


def _software() -> str:
    return f"{platform.system()}, Python {platform.python_version()}, PyTorch {torch.__version__}"


def synthetic_files(count: int, duration: float, classes: Sequence[str], seed: int = 0) -> list[Recording]:
    """Recordings of `duration` seconds, each with ten random events of up to 5 s of each class."""
    random = np.random.default_rng(seed)
    files = []
    for index in range(count):
        events = []
        for label in classes:
            for onset in random.uniform(0, duration - 5, size=10):
                events.append((float(onset), float(onset + random.uniform(0.2, 5)), label))
        files.append(
            Recording(
                uri=f"file{index}",
                database="synthetic",
                audio=Path(f"file{index}.wav"),
                duration=duration,
                regions=[(0.0, duration)],
                events=sorted(events),
            )
        )
    return files


def synthetic_pack(files: Sequence[Recording], dimension: int, step: float = 0.01, seed: int = 0) -> Pack:
    """Gaussian features of recordings."""
    random = np.random.default_rng(seed)
    frames = [1 + int(file["duration"] / step) for file in files]
    data = random.standard_normal((sum(frames), dimension), dtype=np.float32)
    offsets = np.concatenate([[0], np.cumsum(frames)])
    means = [data[first:last].mean(axis=0) for first, last in pairwise(offsets)]
    return Pack(data, offsets, np.stack(means))
