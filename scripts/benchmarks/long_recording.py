"""How much memory does a recording of ten hours need?

Limit: 300 MB above the libraries. Each row is a process of its own: once it has done the same with one
second, which imports all that it needs, its peak resident memory is noted, and again when it has done it with
the whole recording.

The recording is 16-bit mono: a minute of noise every half an hour, and silence between, so that it takes
little space on a disk that leaves out what is empty.

Usage: long_recording.py [--hours=H]
       long_recording.py --row=NAME <long> <short> <folder>

  --hours=H   Duration [default: 10].
  --row=NAME  Measure one row on a long and a short recording, and print the numbers as JSON.
"""

from __future__ import annotations

import json
import resource
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import docopt
import numpy as np
from common import CLASSES, table, timed

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.inference.slide import Slide
from pyannote.audio.io.arrays import read_only
from pyannote.audio.io.storage import write_array
from pyannote.audio.models._local import LocalModel
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.store.feature_store import FeatureStore

LIMIT = 300
"""MB."""

SPECIFICATIONS = Specifications("Dcase", {"X": 40, "long_term": 40}, tuple(CLASSES), 2.0, 0.01, 44100)

Work = Callable[[Path, Path], object]
"""What is done with a recording; results may be written to a folder."""


def stored(extraction: FeatureExtraction, recording: Path, folder: Path) -> None:
    """Features of a recording, computed into the store."""
    FeatureStore(extraction, folder).prepare([recording])


def applied(architecture: type[LocalModel], recording: Path, folder: Path) -> None:
    """Scores of a recording, from the wav to a file, as `apply` computes them."""
    store = FeatureStore(LibrosaMelSpectrogram(44100, n_mels=40), folder)
    store.prepare([recording])
    inputs = {"X": read_only(store.get(recording)), "long_term": store.long_term(recording)}
    slide = Slide(architecture(SPECIFICATIONS), SPECIFICATIONS.frames)
    write_array(folder / "scores.npy", slide(inputs))


ROWS: dict[str, tuple[int, Work]] = {
    "log-mel, 44.1 kHz, into the store": (44100, partial(stored, LibrosaMelSpectrogram(44100, n_mels=40))),
    "MFCC + deltas, 16 kHz, into the store": (16000, partial(stored, LibrosaMFCC())),
    "MFCC + deltas of 44.1 kHz, resampled, into the store": (44100, partial(stored, LibrosaMFCC())),
    "wav to scores, Dcase": (44100, partial(applied, Dcase)),
    "wav to scores, Crnn": (44100, partial(applied, Crnn)),
}
"""Rate of the recording, and what is done with it."""


def write_recording(path: Path, rate: int, seconds: int) -> None:
    """Write a WAV file that is mostly empty."""
    size = 2 * rate * seconds
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", size),
    )
    noise = np.random.default_rng(0).integers(-3000, 3000, size=min(60, seconds) * rate, dtype=np.int16)
    with path.open("wb") as file:
        file.write(header)
        for start in range(0, max(1, seconds - 59), 1800):
            file.seek(len(header) + 2 * rate * start)
            file.write(noise.tobytes())
        file.truncate(len(header) + size)


def peak() -> float:
    """Largest resident memory of this process until now, in MB."""
    # Linux counts in KiB, macOS in bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1 << 20 if sys.platform == "darwin" else 1 << 10
    )


def measure(name: str, long: Path, short: Path, folder: Path) -> dict[str, float]:
    """Peak memory after a short recording, and after the long one; seconds that the long one takes."""
    work = ROWS[name][1]
    work(short, folder)
    before = peak()
    seconds = timed(lambda: work(long, folder))
    return {"before": before, "after": peak(), "seconds": seconds}


def in_its_own_process(name: str, hours: float) -> dict[str, float]:
    """Measure a row on recordings that are deleted afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        long, short = Path(folder) / "long.wav", Path(folder) / "short.wav"
        write_recording(long, ROWS[name][0], round(3600 * hours))
        write_recording(short, ROWS[name][0], 1)
        command = [sys.executable, __file__, f"--row={name}", str(long), str(short), folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    """Print the memory that each row needs."""
    arguments = docopt.docopt(__doc__)
    if arguments["--row"]:
        paths = [Path(arguments[name]) for name in ("<long>", "<short>", "<folder>")]
        print(json.dumps(measure(arguments["--row"], *paths)))
        return
    hours, rows = float(arguments["--hours"]), []
    for name in ROWS:
        print(f"{name} ...", file=sys.stderr)
        found = in_its_own_process(name, hours)
        rows.append(
            [
                f"{name}, {hours:g} h",
                f"{LIMIT} MB",
                f"{found['after'] - found['before']:.0f} MB",
                f"{found['before']:.0f} MB",
                f"{found['seconds']:.0f} s",
            ]
        )
    print(table(["what", "limit", "above the libraries", "libraries", "time"], rows))


if __name__ == "__main__":
    main()
