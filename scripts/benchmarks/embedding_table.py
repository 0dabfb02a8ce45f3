"""What helps a speaker embedding, and what does not: loss, network, augmentation, duration, back-end.

Every row is trained from nothing; its last epoch is scored on the trials of the test speakers, each recording
with one embedding of all of it. Three back-ends compare the same embeddings.

Usage: embedding_table.py [options] <protocol> <output>

  --seeds=N       Trainings of each row [default: 2].
  --rows=NAMES    Rows to train, separated by semicolons (default: all).
  --noise=NAMES   Collections of noise, separated by commas [default: MUSAN.Collection.BackgroundNoise].
  --domains=D     Beginnings of uris, separated by commas, that trials are also scored by.
  --config=DIR    Folder with the configurations [default: tutorials/models/speaker_embedding].
  --only-table    Print the table of what has been trained.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docopt
import yaml

from pyannote.audio.applications.blocks._embedding import embedding_measure
from pyannote.audio.applications.blocks.emb import BLOCK
from pyannote.audio.applications.corpus import Corpus
from pyannote.audio.applications.options import EmbeddingOptions, TrainOptions
from pyannote.audio.applications.train import train
from pyannote.audio.config.recipe import Recipe
from pyannote.audio.core.errors import UsageError
from pyannote.audio.embedding.backends.base import Backend
from pyannote.audio.embedding.backends.direct import Direct
from pyannote.audio.embedding.backends.wccn import WCCN
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.metrics.verification import det_curve
from pyannote.audio.validation.verification import Verification

Config = dict[str, Any]
Change = Callable[[Config], None]

WHOLE = 3600.0
"""Seconds of a chunk that no recording reaches."""

BACKENDS: dict[str, Callable[[], Backend]] = {
    "cosine": Direct,
    "WCCN": lambda: WCCN(cohort=0),
    "WCCN and cohort": WCCN,
}
TRIPLET, BEST = "config.triplet.yml", "config.xvector.yml"


def no_speeds(config: Config) -> None:
    """Take other speeds away."""
    config["data_augmentation"] = [
        one for one in config["data_augmentation"] if one["name"] != "SpeedPerturbation"
    ]


def noisy(config: Config) -> None:
    """Add noise to six chunks of ten."""
    noise = {"snr_min": 5, "snr_max": 20, "probability": 0.6}
    config["data_augmentation"].append({"name": "AddNoise", "params": noise})


def all_of(*changes: Change) -> Change:
    """Make several changes, one after the other."""

    def change(config: Config) -> None:
        for one in changes:
            one(config)

    return change


def with_params(block: str, **params: Any) -> Change:
    """Set parameters of a block."""

    def change(config: Config) -> None:
        config[block]["params"].update(params)

    return change


def replaced(block: str, name: str, *kept: str, **params: Any) -> Change:
    """Put another class into a block, with some of the parameters of the one before."""

    def change(config: Config) -> None:
        before = config[block]["params"]
        config[block] = {"name": name, "params": {**{key: before[key] for key in kept}, **params}}

    return change


def fewer_speakers(config: Config) -> None:
    """Take other speeds away, which are speakers of their own: half as many a batch, twice as often."""
    no_speeds(config)
    with_params("approach", per_fold=32, per_label=2)(config)


def reverberated(config: Config) -> None:
    """Add rooms to half of the chunks."""
    config["data_augmentation"].append({"name": "Reverb", "params": {"probability": 0.5}})


SAMPLING = ("duration", "per_fold", "per_label", "per_epoch")
TRIPLETS = {"clamp": "sigmoid", "margin": 0.0, "per_fold": 22, "per_label": 3}
OUTSIDE = {"instance_normalize": False, "normalize": False}
ROWS: dict[str, tuple[str, Change | None]] = {
    "ClopiNet, TripletLoss": (TRIPLET, None),
    "ClopiNet, instance normalisation": (TRIPLET, with_params("architecture", instance_normalize=True)),
    "ClopiNet, without speeds": (TRIPLET, no_speeds),
    "XVector, AdditiveAngularMarginLoss": (BEST, None),
    "XVector with noise": (BEST, noisy),
    "XVector with noise, without speeds": (BEST, all_of(noisy, fewer_speakers)),
    "XVector with noise and rooms": (BEST, all_of(noisy, reverberated)),
    "XVector with noise, input statistics pooled": (
        BEST,
        all_of(noisy, with_params("architecture", input_statistics="pooled")),
    ),
    "XVector with noise, no input statistics": (
        BEST,
        all_of(noisy, with_params("architecture", input_statistics="none")),
    ),
    "XVector with noise, segments of 3 s": (BEST, all_of(noisy, with_params("approach", duration=3.0))),
    "XVector with noise, Classification": (
        BEST,
        all_of(noisy, replaced("approach", "Classification", *SAMPLING)),
    ),
    "XVector with noise, TripletLoss": (
        BEST,
        all_of(noisy, replaced("approach", "TripletLoss", "duration", "per_epoch", **TRIPLETS)),
    ),
    "EcapaTdnn with noise": (
        BEST,
        all_of(noisy, replaced("architecture", "EcapaTdnn", channels=64, dimension=128, **OUTSIDE)),
    ),
    "ResNet with noise": (
        BEST,
        all_of(noisy, replaced("architecture", "ResNet", channels=[8, 16, 32, 64], dimension=128, **OUTSIDE)),
    ),
}


@dataclass(frozen=True)
class Run:
    """One training: a row of the table, and a seed."""

    row: str
    seed: int

    def folder(self, output: Path) -> Path:
        """Where the experiment is."""
        name = "".join(character if character.isalnum() else "_" for character in self.row)
        return output / name / f"seed{self.seed}"

    def results(self, output: Path) -> Path:
        """Where its figures are."""
        return self.folder(output) / "results.json"


def prepare(run: Run, output: Path, configs: Path, noise: Sequence[str]) -> Path:
    """Write the configuration of a run."""
    name, change = ROWS[run.row]
    config = yaml.safe_load((configs / name).read_text())
    given = config["data_augmentation"]
    config["data_augmentation"] = given if isinstance(given, list) else [given]
    if change is not None:
        change(config)
    for block in config["data_augmentation"]:
        if block["name"] == "AddNoise":
            block["params"]["collection"] = list(noise)
    folder = run.folder(output)
    # what was begun and not finished
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "config.yml").write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


def score(root: Path, protocol: str, domains: Sequence[str]) -> dict[str, dict[str, float]]:
    """Figures of the last epoch, for each back-end."""
    folder = TrainFolder(root / "train" / f"{protocol}.train")
    bundle = Bundle.of(folder)
    options = EmbeddingOptions(train=folder.path, protocol=protocol, subset="test", duration=WHOLE)
    whole = embedding_measure(Corpus(Recipe(bundle.config)), bundle, options)
    measure = whole.comparison
    assert isinstance(measure, Verification), "name a protocol with trials"
    bundle.load(whole.embedder.model, bundle.checkpoints.epochs()[-1])
    excerpts, speakers = whole.training_excerpts()
    training, test = whole.embedder(excerpts), whole.embedder(measure.excerpts)
    figures = {}
    for name, make in BACKENDS.items():
        backend = make()
        backend.fit(training, speakers)
        scores = measure.record(backend.transform(test), backend)
        figures[name] = {
            "EER": measure.value(scores),
            "min_dcf": det_curve(scores, measure.targets).min_dcf(0.01).value,
        }
        for domain in domains:
            inside = [measure.excerpts[index].uri.startswith(domain) for index in measure.first]
            curve = det_curve(scores[inside], measure.targets[inside])
            figures[name][f"EER {domain}"] = curve.equal_error_rate().value
    return figures


def table(output: Path, runs: Sequence[Run], domains: Sequence[str]) -> str:
    """Markdown table: a row for each training that has finished, with means over seeds."""
    last = list(BACKENDS)[-1]
    columns = [*(f"EER, {name}" for name in BACKENDS), *domains, "min DCF 0.01", "seconds"]
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for row in dict.fromkeys(run.row for run in runs):
        found = [
            json.loads(run.results(output).read_text())
            for run in runs
            if run.row == row and run.results(output).exists()
        ]
        if not found:
            continue
        cells = [mean([100 * one[name]["EER"] for one in found], 1) for name in BACKENDS]
        cells += [mean([100 * one[last][f"EER {domain}"] for one in found], 1) for domain in domains]
        cells += [
            mean([one[last]["min_dcf"] for one in found], 2),
            mean([one["seconds"] for one in found], 0),
        ]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


def mean(figures: Sequence[float], digits: int) -> str:
    """Mean over seeds, with a number of decimals."""
    return f"{sum(figures) / len(figures):.{digits}f}"


def main() -> None:
    """Train what has not been trained, and print the table."""
    arguments = docopt.docopt(__doc__)
    output, protocol = Path(arguments["<output>"]), arguments["<protocol>"]
    domains = arguments["--domains"].split(",") if arguments["--domains"] else []
    names = arguments["--rows"].split(";") if arguments["--rows"] else list(ROWS)
    if unknown := [name for name in names if name not in ROWS]:
        raise UsageError(f"There is no row {unknown[0]!r}; there are {'; '.join(ROWS)}.")
    runs = [Run(row, seed) for seed in range(int(arguments["--seeds"])) for row in names]
    for run in runs:
        if run.results(output).exists() or arguments["--only-table"]:
            continue
        root = prepare(run, output, Path(arguments["--config"]), arguments["--noise"].split(","))
        started = time.perf_counter()
        epochs = yaml.safe_load((root / "config.yml").read_text())["scheduler"]["params"]["epochs_per_cycle"]
        train(BLOCK, TrainOptions(root=root, protocol=protocol, last=epochs, seed=run.seed))
        seconds = time.perf_counter() - started
        run.results(output).write_text(json.dumps({"seconds": seconds, **score(root, protocol, domains)}))
    text = table(output, runs, domains)
    (output / "table.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    from pyannote.audio.applications.terminal import run as run_command

    raise SystemExit(run_command(main))
