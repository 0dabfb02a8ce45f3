"""How does cost grow with size?

Training sets of 1, 10 and 100 h (synthetic features of 40 bands, mapped into memory from a file), recordings
of 1 min to 10 h (with 10^5 events in the longest), 1 to 100 classes, 10^3 to 10^6 trials. Goal: linear or
better, that is an exponent of at most 1 over the last tenfold rise in size, 1.1 with the noise of timing.
Seconds are those of the processor, in one thread; of short runs, the fastest within two seconds counts.
Memory is what a run adds to that of the process, at its peak; files that are mapped do not count.

Usage: growth.py [--only=PANEL]

  --only=PANEL  "training set", "recording", "classes" or "trials"; draws no picture.
"""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docopt
import numpy as np
import torch
from common import CLASSES, synthetic_files, table
from matplotlib.figure import Figure
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pyannote.audio.core.labels import Composition, Event
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.protocols import Recording
from pyannote.audio.database.trial_lists import Trial, read_trials, write_trials
from pyannote.audio.embedding.turns import solo_turns
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.inference.slide import Slide
from pyannote.audio.io.rttm import read_events, read_rttm
from pyannote.audio.io.rttm_writer import write_rttm
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.metrics.official import evaluate as official
from pyannote.audio.metrics.segment_based import activity, count
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.pipeline.binarize import Binarize
from pyannote.audio.store.packs import Pack
from pyannote.audio.validation.criterion import Criterion
from pyannote.audio.validation.reference import Reference
from pyannote.audio.validation.selection import evaluate
from pyannote.audio.validation.trials import evaluate as evaluate_trials
from pyannote.audio.validation.trials import known_speakers

GOAL, NOISE = 1.0, 0.1
BANDS, STEP, RATE = 40, 0.01, 16000
OUTPUT_STEP = 0.27
PICTURE = Path(__file__).parent / "results" / "growth.png"
LENGTHS = (60, 600, 3600, 36000)
"""Of recordings, in seconds."""

Work = Callable[[], object]


@dataclass(frozen=True)
class Curve:
    """A cost over sizes.

    Parameters
    ----------
    panel, name : str
        Where it is drawn, and what is done.
    sizes : sequence of int
        In rising order; the last one is ten times the one before, or there is one that is.
    prepare : callable
        From a size to the work that is timed.
    """

    panel: str
    name: str
    sizes: Sequence[int]
    prepare: Callable[[int], Work]


@dataclass(frozen=True)
class Measured:
    """Seconds and megabytes of a curve at each of its sizes."""

    curve: Curve
    seconds: list[float]
    megabytes: list[float]

    @property
    def exponent(self) -> float:
        """Slope of log cost over log size, over the last tenfold rise."""
        sizes = self.curve.sizes
        earlier = max(index for index, size in enumerate(sizes) if 10 * size <= sizes[-1])
        rise = np.log(sizes[-1] / sizes[earlier])
        return float(np.log(self.seconds[-1] / self.seconds[earlier]) / rise)


def specified(classes: Sequence[str]) -> Specifications:
    """What a model is told: chunks of 2 s."""
    return Specifications("Dcase", {"X": BANDS, "long_term": BANDS}, tuple(classes), 2.0, STEP, RATE)


# Memory


@contextmanager
def added_memory() -> Iterator[list[float]]:
    """Megabytes that the process has gained at its peak, of its own: files that are mapped do not count."""
    found = [0.0]
    before = own_megabytes()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.005):
            found[0] = max(found[0], own_megabytes() - before)

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield found
    finally:
        done.set()
        watch.join()


def own_megabytes() -> float:
    """Resident memory of this process without files, where Linux tells."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024


# Training sets


def training_set(folder: Path, hours: int) -> tuple[DcaseTask, list[Recording], Pack, Specifications]:
    """Files of ten minutes, and their features, of which all are zero: a file with nothing on the disk."""
    files = synthetic_files(6 * hours, 600.0, CLASSES)
    frames = 1 + round(600 / STEP)
    path = folder / f"{hours}.npy"
    if not path.exists():
        np.lib.format.open_memmap(path, "w+", np.float32, (frames * len(files), BANDS)).flush()
    data = np.load(path, mmap_mode="c")
    pack = Pack(data, frames * np.arange(len(files) + 1), np.zeros((len(files), BANDS), np.float32))
    specifications = specified(CLASSES)
    # 100 batches of 32 chunks of 2 s
    return DcaseTask({"regular": CLASSES}, per_epoch=6400 / 86400), files, pack, specifications


def prepared_training(folder: Path, hours: int) -> Work:
    """Annotation to activity, and mean and deviation of features."""
    task, files, pack, specifications = training_set(folder, hours)

    def work() -> None:
        task.prepare(files, pack, specifications)
        task.statistics()

    return work


def training_batches(folder: Path, hours: int) -> Work:
    """Batches of an epoch that has the same number of them, however much there is to choose from."""
    task, *prepared = training_set(folder, hours)
    task.prepare(*prepared)
    return lambda: [None for _ in task.batches(1, 0)]


# Recordings


def silent_wav(folder: Path, seconds: int) -> Path:
    """16 bits, mono; most of it is a hole in the file."""
    path, size = folder / f"{seconds}.wav", 2 * RATE * seconds
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    path.write_bytes(
        b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE" + form + b"data" + struct.pack("<I", size)
    )
    os.truncate(path, 44 + size)
    return path


def features_of_recording(folder: Path, seconds: int) -> Work:
    """From a file to all pieces of its features."""
    extraction, path = LibrosaMelSpectrogram(RATE, n_mels=BANDS), silent_wav(folder, seconds)
    return lambda: [None for _ in extraction.open(path).pieces(extraction.piece)]


def scores_of_recording(seconds: int) -> Work:
    """From features to scores, by a network of which each chunk of 2 s overlaps three others."""
    specifications = specified(CLASSES)
    slide = Slide(Dcase(specifications), specifications.frames)
    minute = np.random.default_rng(0).standard_normal((6000, BANDS), dtype=np.float32)
    inputs = {"X": np.tile(minute, (seconds // 60, 1)), "long_term": np.zeros(BANDS, np.float32)}
    return lambda: slide(inputs)


def dense_events(seconds: int, classes: Sequence[str] = CLASSES) -> list[Event]:
    """2.8 events a second: 10^5 in ten hours."""
    random = np.random.default_rng(0)
    number = round(seconds / 0.36)
    onsets, lengths = random.uniform(0, seconds - 5, number), random.uniform(0.2, 5, number)
    events = zip(onsets.tolist(), (onsets + lengths).tolist(), random.choice(classes, number), strict=True)
    return sorted((onset, offset, str(label)) for onset, offset, label in events)


def annotation_of_recording(seconds: int) -> Work:
    """From events to activity in frames and segments, for classes of several labels as well."""
    labels = Composition.of_labels(CLASSES, {"people": CLASSES[1:4]}, {"both": CLASSES[:2]})
    events = dense_events(seconds)

    def work() -> None:
        own = labels.events(events)
        labels.raster(events, round(seconds / STEP), STEP)
        activity(own, labels.classes, 1.0)
        solo_turns(events)

    return work


def rttm_of_recording(folder: Path, seconds: int) -> Work:
    """To a file of RTTM and back."""
    from pyannote.core import Annotation, Segment

    path = folder / "a.rttm"
    annotation = Annotation(uri="a")
    for track, (onset, offset, label) in enumerate(dense_events(seconds)):
        annotation[Segment(onset, offset), track] = label

    def work() -> None:
        write_rttm(path, {"a": annotation})
        read_events(path)
        read_rttm(path)

    return work


def thresholds_of(files: list[Recording], classes: Sequence[str]) -> Work:
    """Exact thresholds of all classes on segments, then events of one file."""
    labels = Composition.of_labels(classes)
    outputs = [round(file["duration"] / OUTPUT_STEP) for file in files]
    random = np.random.default_rng(0)
    scores = [random.random((number, len(classes)), dtype=np.float32) for number in outputs]

    def work() -> None:
        events = [labels.events(file["events"] or ()) for file in files]
        reference = Reference(files, labels.classes, events, OUTPUT_STEP, outputs)
        items = {shortest: reference.items(scores, "segments", shortest) for shortest in (0.0, 0.5)}
        for found, column in zip(
            evaluate(items, labels.classes, Criterion()).values(), scores[0].T, strict=True
        ):
            Binarize(found.threshold, found.threshold)(column, OUTPUT_STEP, files[0]["duration"])

    return work


def thresholds_of_recording(seconds: int) -> Work:
    """Thresholds on one long file."""
    [file] = synthetic_files(1, float(seconds), CLASSES)
    return thresholds_of([{**file, "events": dense_events(seconds)}], CLASSES)


# Classes


def names_of(classes: int) -> list[str]:
    """Names of so many classes."""
    return [f"class{index}" for index in range(classes)]


def training_step(classes: int) -> Work:
    """Forward, loss and backward of a batch of 32 chunks."""
    names = names_of(classes)
    specifications = specified(names)
    model, task = Dcase(specifications), DcaseTask({"regular": names})
    batch = {"X": torch.randn(32, specifications.frames, BANDS), "long_term": torch.randn(32, BANDS)}
    targets = task.targets((torch.rand(32, specifications.frames, classes) < 0.1).float(), model.resolution)
    return lambda: task.loss(model(batch), targets).backward()


def thresholds_of_classes(classes: int) -> Work:
    """Thresholds on 24 files of 4 min with ten events of each class."""
    return thresholds_of(synthetic_files(24, 240.0, names_of(classes)), names_of(classes))


def figures_of_classes(classes: int, ours: bool) -> Work:
    """Segment-based counts, or sed_eval's evaluation, of two files of 4 min with ten events of each class."""
    names = names_of(classes)
    files = synthetic_files(4, 240.0, names)
    reference, estimate = (
        {str(i): file["events"] or [] for i, file in enumerate(half)} for half in (files[:2], files[2:])
    )
    if not ours:
        return lambda: official(reference, estimate, names)
    return lambda: [
        count(activity(reference[uri], names), activity(estimate[uri], names)) for uri in reference
    ]


# Trials


def scored_trials(trials: int) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.int64]]:
    """Scores, targets, and files of both sides: 20 of each of 40 speakers."""
    random = np.random.default_rng(0)
    files = random.integers(800, size=(trials, 2))
    targets = files[:, 0] % 40 == files[:, 1] % 40
    return random.normal(size=trials) + 2 * targets, targets, files


def rates_of_trials(trials: int) -> Work:
    """Error rates, detection costs and the curve."""
    scores, targets, _ = scored_trials(trials)
    return lambda: evaluate_trials(scores, targets, n=0)


def intervals_of_trials(trials: int) -> Work:
    """The same, with 100 resamples of the speakers, who are found among the files."""
    scores, targets, files = scored_trials(trials)
    return lambda: evaluate_trials(scores, targets, known_speakers(*files.T, targets), n=100)


def sorting_of_trials(trials: int) -> Work:
    """Limit of both: the order of their scores."""
    scores, _, _ = scored_trials(trials)
    return lambda: np.argsort(scores)


def list_of_trials(folder: Path, trials: int) -> Work:
    """A list of trials, written and read."""
    _, targets, files = scored_trials(trials)
    listed = [
        Trial(bool(target), f"f{a}", f"f{b}") for target, (a, b) in zip(targets, files.tolist(), strict=True)
    ]
    names, path = {f"f{index}": f"f{index}" for index in range(800)}, folder / "trials"

    def work() -> None:
        write_trials(path, listed)
        read_trials(path, names)

    return work


def curves(folder: Path) -> list[Curve]:
    """All that is measured."""
    hours, classes, trials = (1, 10, 100), (1, 3, 10, 30, 100), (1000, 10_000, 100_000, 1_000_000)
    return [
        Curve("training set", "prepare a training", hours, lambda n: prepared_training(folder, n)),
        Curve("training set", "draw 100 batches", hours, lambda n: training_batches(folder, n)),
        Curve("recording", "features", LENGTHS, lambda n: features_of_recording(folder, n)),
        Curve("recording", "scores", LENGTHS, scores_of_recording),
        Curve("recording", "events to activity", LENGTHS, annotation_of_recording),
        Curve("recording", "RTTM", LENGTHS, lambda n: rttm_of_recording(folder, n)),
        Curve("recording", "exact thresholds", LENGTHS, thresholds_of_recording),
        Curve("classes", "training step", classes, training_step),
        Curve("classes", "exact thresholds", classes, thresholds_of_classes),
        Curve("classes", "segment-based counts", classes, lambda n: figures_of_classes(n, ours=True)),
        Curve("classes", "sed_eval's evaluation", classes, lambda n: figures_of_classes(n, ours=False)),
        Curve("trials", "error rates", trials, rates_of_trials),
        Curve("trials", "100 resamples for intervals", trials, intervals_of_trials),
        Curve("trials", "sorting alone", trials, sorting_of_trials),
        Curve("trials", "list of trials", trials, lambda n: list_of_trials(folder, n)),
    ]


def fastest(work: Work, enough: float = 2.0, most: int = 7) -> float:
    """Seconds of the fastest of some runs, as many as fit into so many seconds and at least one."""
    spent: list[float] = []
    while not spent or (sum(spent) + spent[-1] < enough and len(spent) < most):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return min(spent)


def measure(curve: Curve) -> Measured:
    """Measure a curve, the smallest size first."""
    measured = Measured(curve, [], [])
    for size in curve.sizes:
        work = curve.prepare(size)
        if size == curve.sizes[0]:
            work()
        with added_memory() as added:
            measured.seconds.append(fastest(work))
        measured.megabytes.append(added[0])
        shown = f"{measured.seconds[-1]:.3f} s, {added[0]:.0f} MB"
        print(f"{curve.panel}, {curve.name}, {size}: {shown}", file=sys.stderr, flush=True)
    return measured


def row(measured: Measured) -> list[object]:
    """Row of the table."""
    curve, seconds = measured.curve, measured.seconds
    sizes = ", ".join(
        f"{size / 60:g} min" if curve.panel == "recording" else f"{size:,}" for size in curve.sizes
    )
    return [
        f"{curve.panel}: {curve.name}",
        sizes,
        ", ".join(f"{one:.3g}" for one in seconds),
        f"{GOAL:g}",
        f"{measured.exponent:.2f}",
        f"{measured.megabytes[-1]:.0f}",
    ]


CACHES = (
    "sorting is no better than n log n, and the largest arrays no longer fit into the processor's cache "
    "(see `sorting alone`)."
)
OBJECTS = (
    "Python objects by the 10^5 no longer fit into the cache, and sorting them is no better than n log n; "
    "without the garbage collector (gc.disable) it is the same."
)
COLLECTED = (
    "reading makes Python objects by the 10^5, which the garbage collector goes through again and again: "
    "without it (gc.disable), reading 10^5 events takes a third of the time."
)
LIMITS = {
    "sed_eval's evaluation": "sed_eval compares each event of a file with each other one, and there are ten "
    "of each class. The official figures are its own.",
    "error rates": CACHES,
    "100 resamples for intervals": CACHES,
    "sorting alone": CACHES,
    "exact thresholds": CACHES,
    "list of trials": OBJECTS,
    "RTTM": COLLECTED,
    "events to activity": OBJECTS,
}
"""What makes a cost rise faster."""

AXES = {
    "training set": ("hours", 1.0),
    "recording": ("minutes", 60.0),
    "classes": ("classes", 1.0),
    "trials": ("trials", 1.0),
}
"""Label of the axis of each panel, and what sizes are divided by for it."""


def draw(found: Sequence[Measured]) -> Figure:
    """Seconds over size, both logarithmic, one panel for each kind of size."""
    figure = Figure(figsize=(11, 10), layout="constrained")
    for axis, (panel, (label, unit)) in zip(figure.subplots(2, 2).flat, AXES.items(), strict=True):
        own = [measured for measured in found if measured.curve.panel == panel]
        for measured in own:
            name = f"{measured.curve.name} ({measured.exponent:.2f})"
            sizes = np.array(measured.curve.sizes) / unit
            axis.plot(sizes, measured.seconds, marker="o", markersize=4, label=name)
        low, high = min(min(m.seconds) for m in own) / 2, 2 * max(max(m.seconds) for m in own)
        ends = np.array([own[0].curve.sizes[0], own[0].curve.sizes[-1]]) / unit
        # lines of slope 1, a decade apart
        for exponent in range(-8, 8):
            line = 10.0**exponent * ends / ends[0]
            axis.plot(ends, line, color="#dddddd", linewidth=0.8, linestyle="--", zorder=0)
        axis.set(xscale="log", yscale="log", xlabel=label, ylabel="seconds", ylim=(low, high), title=panel)
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False)
    figure.suptitle("Growth of cost: exponents in brackets; dashed: linear")
    return figure


def main() -> None:
    """Print exponents, and draw the curves."""
    only = docopt.docopt(__doc__)["--only"]
    started = time.perf_counter()
    torch.set_num_threads(1)
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        chosen = [curve for curve in curves(Path(folder)) if only in (None, curve.panel)]
        found = [measure(curve) for curve in chosen]
    if only is None:
        PICTURE.parent.mkdir(exist_ok=True)
        draw(found).savefig(PICTURE, dpi=100)
        print(f"![Seconds over size, with lines of linear growth](results/{PICTURE.name})\n")
    header = ["what", "sizes", "seconds", "goal", "exponent", "MB added at the largest"]
    print(table(header, [row(measured) for measured in found]))
    for measured in found:
        if measured.exponent > GOAL + NOISE:
            name = measured.curve.name
            print(f"\nWorse than linear is {name}: {LIMITS.get(name, 'to be mended.')}")
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
