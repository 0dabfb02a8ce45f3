"""How long does the exact search over all thresholds take?

Peer: sed_eval's segment-based evaluation, in segments of 1 s, of the same files and classes at a single
threshold, whose event lists lie ready. 24 files of 240 s, six classes. The search is that of `validate`, at
the resolution of each network: scores of segments, all thresholds, the two durations of the shortest event
where they make a difference. Goal: at least 100 x as fast.

A second row of each adds writing the scores to the disk, and selecting among ten epochs.

Usage: threshold_speed.py [options]

  --files=N    Files [default: 24].
  --seconds=S  Duration of each [default: 240].
  --rounds=N   Rounds; medians are shown [default: 5].
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import docopt
import numpy as np
from common import CLASSES, interleaved, median, ratio, synthetic_files, table
from numpy.typing import NDArray

from pyannote.audio.core.labels import Composition, Event
from pyannote.audio.database.protocols import Recording
from pyannote.audio.metrics.official import import_sed_eval
from pyannote.audio.pipeline.binarize import Binarize
from pyannote.audio.train.allocator import tune_allocator
from pyannote.audio.validation.criterion import Criterion
from pyannote.audio.validation.detection import Detection
from pyannote.audio.validation.records import Records
from pyannote.audio.validation.reference import Reference, frames_of
from pyannote.audio.validation.selection import evaluate

RESOLUTIONS = {"Dcase": 81, "tutorial's Dcase": 27, "Crnn": 8}
"""Frames of 10 ms of an output."""
SHORTEST = (0.0, 0.5)
EARLIER = 9
"""Epochs that have been validated before."""

LIMITS = """\
What takes the time, by a profile: at the resolution of Dcase, sorting the scores of 5760 segments, class by
class. At finer ones twice as many searches, one for each duration of the shortest event, and arrays of MBs,
whose memory the C library gives back to the system and asks for again, ten times as long as it takes to fill
them. Of a whole validation, waiting until the scores have reached the disk."""


def smooth_scores(reference: Reference, seed: int) -> list[NDArray[np.float32]]:
    """Scores of noise that follow the annotation, as those of a detector do."""
    random = np.random.default_rng(seed)
    labels = Composition.of_labels(regular=list(reference.classes))
    scores = []
    for events, outputs in zip(reference.events, reference.outputs, strict=True):
        active = labels.raster(events, outputs, reference.step)
        noise = random.normal(-1, 1, size=active.shape)
        scores.append((1 / (1 + np.exp(-noise - 3 * active))).astype(np.float32))
    return scores


def event_lists(
    scores: list[NDArray[np.float32]], files: list[Recording], step: float, shortest: float
) -> list[list[Event]]:
    """Events of all files at the threshold 0.5."""
    minimum = max(0.0, frames_of(shortest, step) - 0.5) * step
    binarize = Binarize(0.5, 0.5, minimum, minimum)
    return [
        [
            (onset, offset, name)
            for column, name in enumerate(CLASSES)
            for onset, offset in binarize(score[:, column], step, file["duration"])
        ]
        for score, file in zip(scores, files, strict=True)
    ]


def search(reference: Reference, scores: list[NDArray[np.float32]]) -> object:
    """Find the best thresholds of all classes."""
    durations = reference.distinct(SHORTEST)
    items = {shortest: reference.items(scores, "segments", shortest) for shortest in durations}
    return evaluate(items, reference.classes, Criterion())


def sed_eval(reference: list[list[Event]], estimate: list[list[Event]]) -> object:
    """Evaluate one event list of each file."""
    metrics = import_sed_eval().sound_event.SegmentBasedMetrics(list(CLASSES), time_resolution=1.0)
    for own, found in zip(reference, estimate, strict=True):
        metrics.evaluate(_rows(own), _rows(found))
    return metrics.results()


def _rows(events: list[Event]) -> list[dict[str, object]]:
    return [{"onset": onset, "offset": offset, "event_label": label} for onset, offset, label in events]


def rows_of(network: str, files: list[Recording], rounds: int, folder: Path) -> list[list[str]]:
    """Time the search, and the whole of a validation whose scores are given."""
    step = RESOLUTIONS[network] / 100
    outputs = [int(np.ceil(file["duration"] / step)) for file in files]
    reference = Reference(files, CLASSES, [file["events"] or [] for file in files], step, outputs)
    scores = smooth_scores(reference, seed=1)
    estimate = event_lists(scores, files, step, SHORTEST[1])
    records = Records(folder, {})
    validation = Detection(None, None, None, reference, {}, "", Criterion(), shortest=SHORTEST)
    for epoch in range(EARLIER):
        validation.add(epoch, np.concatenate(smooth_scores(reference, epoch)))

    def validate() -> None:
        record = np.concatenate(scores)
        records.save(EARLIER, [record])
        validation.add(EARLIER, record)
        validation.selection()

    arms = {
        "search": partial(search, reference, scores),
        "validation": validate,
        "sed_eval": partial(sed_eval, reference.events, estimate),
    }
    spent = interleaved(arms, rounds)
    found = sum(map(len, estimate))
    return [
        [
            f"{network}, {step:g} s an output: {what}",
            goal,
            ratio(spent["sed_eval"], spent[arm]),
            f"{1000 * median(spent[arm]):.1f} ms",
            f"{median(spent['sed_eval']):.2f} s ({found} events)",
        ]
        for arm, what, goal in (
            ("search", "search", "100"),
            ("validation", "scores kept, search, selection", "-"),
        )
    ]


def main() -> None:
    """Print the table."""
    arguments = docopt.docopt(__doc__)
    tune_allocator()  # as `validate` does
    files = synthetic_files(int(arguments["--files"]), float(arguments["--seconds"]), CLASSES)
    rows = []
    for network in RESOLUTIONS:
        with tempfile.TemporaryDirectory() as folder:
            rows += rows_of(network, files, int(arguments["--rounds"]), Path(folder))
    print(table(["what", "goal", "times as fast as sed_eval", "ours", "sed_eval"], rows))
    print(f"\n{LIMITS}")


if __name__ == "__main__":
    main()
