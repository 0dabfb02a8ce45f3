"""Options of all commands, each defined once with its name, range, default and help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pyannote.audio.applications.arguments import (
    argument,
    epoch,
    listed,
    option,
    path,
    real,
    whole,
    words,
)
from pyannote.audio.applications.options_shared import Machine, Reading, Workers

Choice = Literal["auto", "on", "off"]
DistanceName = Literal["cosine", "euclidean", "angular"]
SUBSETS = ("train", "development", "test")
DAY = 86400


def _subset(help: str, default: str) -> Any:
    return option("--subset", help, "S", default, read=words(*SUBSETS, kind="subset"))


def _paths(given: Sequence[str]) -> tuple[Path, ...]:
    return tuple(map(Path, given))


def _choice(word: str, value: str, help: str) -> Any:
    return option(word, help, value, "auto", read=words("auto", "on", "off"))


def seconds(word: str, value: str, help: str) -> Any:
    """Option that takes seconds, from a millisecond to a day."""
    return option(word, help, value, read=real(0.001, DAY))


def _batch(what: str) -> Any:
    return option("--batch", f"{what} that are computed at once", "N", "32", read=whole(1, 1 << 20))


def _step(help: str) -> Any:
    return option("--step", help, "R", "0.25", read=real(0.001, 1))


SKIP = 0.1
"""Largest share of training files that are left out, by default."""


@dataclass(frozen=True, kw_only=True)
class TrainOptions(Workers):
    """Options of `train`."""

    root: Path = argument("<root>", Path)
    protocol: str = argument("<protocol>")
    subset: str = _subset("Files to train on", "train")
    first: int | Literal["last"] = option(
        "--from", "Go on after epoch N, or after the `last` one; replace later ones", "N", "0", read=epoch
    )
    accept_changes: bool = option(
        "--accept-changes",
        "Go on though configuration, recordings or annotation have changed, and store the changes",
    )
    last: int | None = option("--to", "Train up to this epoch", "N", "100", read=whole(1))
    seed: int = option("--seed", "Seed of all random draws", "N", "0", read=whole(0, 2**31))
    skip: float = option(
        "--skip",
        "Leave out files that cannot be used for training, up to this share of all files",
        "SHARE",
        str(SKIP),
        read=real(0, 1),
    )
    pretrained: Path | None = option("--pretrained", "Start from these weights", "FILE", read=path)
    mixed: Choice = _choice(
        "--mixed", "M", "Multiply in bfloat16: on, off, or auto (where it was measured to pay)"
    )
    compiled: Choice = _choice("--compile", "C", "Compile the network with torch.compile: on, off, or auto")
    graphs: Choice = _choice(
        "--graphs", "G", "Record steps on a GPU as a CUDA graph, and replay it: on, off, or auto"
    )
    validate: bool = option(
        "--validate",
        "Validate on the development files after each epoch, and stop when nothing improves "
        "(EarlyStopping below `callbacks:` in config.yml)",
    )


@dataclass(frozen=True, kw_only=True)
class ValidateOptions(Workers):
    """Options of `validate` that all blocks have."""

    train: Path = argument("<train>", Path)
    protocol: str = argument("<protocol>")
    subset: str = _subset("Files to validate on", "development")
    first: int | Literal["last"] = option("--from", "First epoch, or the `last` one", "N", "0", read=epoch)
    last: int | None = option("--to", "Last epoch (default: until training has ended)", "N", read=whole(1))
    every: int = option("--every", "Validate epochs that are multiples of N", "N", "1", read=whole(1))
    evergreen: bool = option("--evergreen", "Take the newest epoch first")
    batch: int = _batch("Chunks")
    duration: float | None = seconds(
        "--duration", "D", "Duration of a chunk in seconds (default: that of training)"
    )
    step: float = _step("From one chunk to the next, as a share of it")


@dataclass(frozen=True, kw_only=True)
class DetectionOptions(ValidateOptions):
    """Options of `validate` of detectors."""

    criterion: Literal["balanced", "fscore", "error_rate"] = option(
        "--criterion",
        "Measure that epochs and thresholds of each class are selected for: fscore, error_rate, or balanced "
        "(the former minus the latter)",
        "M",
        "balanced",
        read=words("balanced", "fscore", "error_rate", kind="criterion"),
    )
    unit: Literal["segments", "frames"] = option(
        "--unit",
        "Unit of that measure: segments (of 1 s) or frames",
        "U",
        "segments",
        read=words("segments", "frames", kind="unit"),
    )
    precision: float | None = option(
        "--precision", "Maximise recall at this precision or more, instead", "P", read=real(0.001, 1)
    )
    prior: float = option(
        "--prior",
        "Cost of the distance of a threshold from 0.5; 0: the plain best threshold",
        "W",
        "2",
        read=real(0, 1e6),
    )
    tolerance: float = option(
        "--tolerance",
        "Distance from the best measure up to which a later epoch is still taken; a class takes an epoch of "
        "its own if that is better by ten times as much. 0: the plain best epoch",
        "T",
        "0.05",
        read=real(0, 1),
    )
    shortest: float = option(
        "--shortest",
        "Let each class choose whether events and gaps of less than S seconds are dropped and closed; 0: no",
        "S",
        "0.5",
        read=real(0, DAY),
    )


@dataclass(frozen=True, kw_only=True)
class EmbeddingOptions(ValidateOptions):
    """Options of `validate` of embeddings.

    `step_seconds` is used instead of `step` if it is given; `folder` instead of `validate_<measure>`.
    """

    metric: DistanceName | None = option(
        "--metric",
        "Distance: cosine, euclidean or angular (default: that of the training)",
        "M",
        read=words("cosine", "euclidean", "angular", kind="metric"),
    )
    backend: str | None = option(
        "--backend",
        "Back-end that compares embeddings: its name, or a mapping of name and params as YAML (default: that "
        "of the training)",
        "B",
    )
    purity: float | None = option(
        "--purity",
        "Maximise coverage at this purity, instead of the F-score of purity and coverage",
        "P",
        read=real(0.001, 1),
    )
    duration: float | None = seconds(
        "--duration",
        "D",
        "Duration of a chunk in seconds; a recording has the mean embedding of its chunks (default: the "
        "longest one of training)",
    )
    step_seconds: float | None = None
    folder: str | None = None


@dataclass(frozen=True, kw_only=True)
class ApplyOptions(Workers):
    """Options of `apply` that all blocks have; `step_seconds` is used instead of `step` if it is given."""

    validate: tuple[Path, ...] = argument("<validate>", lambda given: (Path(given),))
    protocol: str = argument("<protocol>")
    subset: str = _subset("Files to apply it to", "test")
    batch: int = _batch("Chunks")
    duration: float | None = seconds(
        "--duration", "D", "Duration of a chunk in seconds (default: that of the validation)"
    )
    step: float = _step("From one chunk to the next, as a share of it")
    step_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class DetectionApplyOptions(ApplyOptions):
    """Options of `apply` of detectors, of which several may be named."""

    validate: tuple[Path, ...] = argument("<validate>...", _paths)
    selection: Literal["class-wise", "global"] = option(
        "--selection",
        "class-wise (an epoch for each class) or global (one for all)",
        "S",
        "class-wise",
        read=words("class-wise", "global", kind="selection"),
    )
    seen: Literal["refuse", "score"] = option(
        "--seen",
        "Figures of files that the model was trained on: refuse, or score",
        "S",
        "refuse",
        read=words("refuse", "score"),
    )
    formats: tuple[str, ...] = option(
        "--format",
        "Formats of the events, with commas between: tsv (event list of sed_eval, which `evaluate` reads), "
        "rttm, and those of pyannote.audio.database.formats that can be written",
        "F",
        "tsv,rttm",
        read=listed,
    )


@dataclass(frozen=True, kw_only=True)
class CompareOptions(Machine):
    """Options of `compare`."""

    validate: Path = argument("<validate>", Path)
    first: Path = argument("<first>", Path)
    second: Path = argument("<second>", Path)
    duration: float | None = seconds(
        "--duration", "D", "Duration of a chunk in seconds (default: that of the validation)"
    )


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """Options of `evaluate`."""

    folders: tuple[Path, ...] = argument("<apply>...", _paths)
    subset: str = _subset(
        "Results of train, development or test files; files that the model was trained on are refused", "test"
    )
    protocol: str | None = option(
        "--protocol", "Results of this protocol, where a folder holds those of several", "P"
    )
    output: Path | None = option("--output", "Write the figures there, as JSON", "FILE", read=path)
    debug: bool = option("--debug", "Show tracebacks")


@dataclass(frozen=True, kw_only=True)
class CheckOptions(Reading):
    """Options of `check`."""

    root: Path = argument("<root>", Path)
    protocol: str | None = argument("[<protocol>]", str, default=None)
    quick: bool = option("--quick", "Decode no audio, and measure no batches")
    json: bool = option("--json", "Print everything as JSON, for programs")
    last: int | None = option("--to", "Number of epochs whose duration is estimated", "N", read=whole(1))
