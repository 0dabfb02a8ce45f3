"""How fast are features, from a wav to frames?

Peer: librosa, with the same parameters: `librosa.load(sr=None, mono=True)`, then `librosa.feature`. Log-mel
is that of the detection tutorial (40 bands, 25 ms each 10 ms) from 24-bit stereo at 44.1 kHz, MFCC are those
of the speaker tutorial (19 coefficients and derivatives, 59 values) from 16-bit mono at 16 kHz. Files of
noise lie in the page cache.

With one thread, the process has one core. With two, librosa may use them for what its libraries do in
threads, which is the matrix product alone; ours computes parts of the file in threads. Goals: twice as fast
as librosa on one thread, four times on two, wav to features; the same numbers up to 1e-5.

Usage: feature_speed.py [--seconds=S] [--rounds=N]

  --seconds=S  Duration of each file [default: 240].
  --rounds=N   Rounds that count [default: 7].
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docopt
import librosa
import numpy as np
import soundfile
from common import interleaved, median, ratio, table
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from pyannote.audio.features.base import FeatureExtraction
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.librosa_mfcc import LibrosaMFCC
from pyannote.audio.io.waveform import Recording

GOALS = {1: 2, 2: 4}
"""Times as fast as librosa, for each number of threads."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Comparison:
    """Features of one file by two libraries.

    Parameters
    ----------
    name : str
    path : Path
        The file, at the rate of the extraction.
    ours : FeatureExtraction
    librosa : callable
        From a waveform to features of shape (frames, dimension).
    difference : callable
        Largest difference of two features, as a sentence.
    """

    name: str
    path: Path
    ours: FeatureExtraction
    librosa: Callable[[Array], Array]
    difference: Callable[[Array, Array], str]

    def arms(self) -> dict[str, Callable[[], object]]:
        """What takes turns: decoding, features of what is decoded, and both."""
        waveform = Recording(self.path).read()
        decoded = {"waveform": waveform, "sample_rate": self.ours.sample_rate}
        return {
            "decode": lambda: Recording(self.path).read(),
            "decode, librosa": lambda: loaded(self.path),
            "features": lambda: self.ours(decoded),
            "features, librosa": lambda: self.librosa(waveform),
            "both": lambda: self.ours(self.path),
            "both, librosa": lambda: self.librosa(loaded(self.path)),
        }

    def parity(self) -> str:
        """How far the two are from each other."""
        return self.difference(self.ours(self.path).data, self.librosa(loaded(self.path)))


def loaded(path: Path) -> Array:
    """Mono samples, as librosa reads them."""
    return librosa.load(path, sr=None, mono=True)[0]


def log_mel(waveform: Array, rate: int, window: int, hop: int, htk: bool = False) -> Array:
    """Log power of 40 mel bands by librosa, shape (bands, frames)."""
    power = librosa.feature.melspectrogram(
        y=waveform, sr=rate, n_fft=window, hop_length=hop, n_mels=40, htk=htk, pad_mode="constant"
    )
    return librosa.power_to_db(power, top_db=None)


def mfcc(waveform: Array) -> Array:
    """MFCC and derivatives of speech at 16 kHz by librosa."""
    static = librosa.feature.mfcc(S=log_mel(waveform, 16000, 400, 160, htk=True), n_mfcc=20)
    derivatives = [librosa.feature.delta(static, order=order) for order in (1, 2)]
    return np.concatenate([static[1:], *derivatives]).T


def of_power(ours: Array, theirs: Array) -> str:
    """Largest difference of levels, and what it is in power."""
    level = np.abs(ours - theirs).max()
    return f"{level:.1e} dB, which is {10 ** (level / 10) - 1:.1e} of the power"


def of_largest(ours: Array, theirs: Array) -> str:
    """Largest difference, and what it is of the largest value."""
    difference = np.abs(ours - theirs).max()
    return f"{difference:.1e}, which is {difference / np.abs(theirs).max():.1e} of the largest value"


def comparisons(folder: Path, seconds: float) -> list[Comparison]:
    """The two kinds of features, and files of noise that comes and goes."""
    mel = LibrosaMelSpectrogram(sample_rate=44100, n_mels=40)
    paths = [folder / "stereo.wav", folder / "speech.wav"]
    for path, rate, channels, subtype in zip(
        paths, (44100, 16000), (2, 1), ("PCM_24", "PCM_16"), strict=True
    ):
        random = np.random.default_rng(rate)
        noise = random.standard_normal((round(seconds * rate), channels), dtype=np.float32)
        noise *= 0.05 * (1.1 + np.sin(np.arange(len(noise)) / rate))[:, None]
        soundfile.write(path, noise, rate, subtype=subtype)
    return [
        Comparison(
            "log-mel, 44.1 kHz",
            paths[0],
            mel,
            lambda waveform: log_mel(waveform, 44100, mel.window, mel.hop).T,
            of_power,
        ),
        Comparison("MFCC + deltas, 16 kHz", paths[1], LibrosaMFCC(), mfcc, of_largest),
    ]


def measured(comparison: Comparison, threads: int, rounds: int, seconds: float) -> list[list[object]]:
    """Rows of the table: each step on so many threads."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:threads])
    with threadpool_limits(threads, user_api="blas"):
        times = interleaved(comparison.arms(), rounds)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    return [
        [
            f"{comparison.name}: {step}",
            threads,
            GOALS[threads] if step == "both" else "",
            ratio(times[f"{step}, librosa"], times[step]),
            f"{1000 * median(times[step]):.1f} ms",
            f"{1000 * median(times[f'{step}, librosa']):.1f} ms",
            f"{seconds / median(times[step]):.0f}",
        ]
        for step in ("decode", "features", "both")
    ]


def shares(comparison: Comparison) -> str:
    """What one thread spends its time with, by timing the steps of one block alone."""
    ours = comparison.ours
    assert isinstance(ours, LibrosaMelSpectrogram | LibrosaMFCC)
    from scipy.fft import rfft

    blocks, frames = 20, 256
    windows = np.random.default_rng(0).standard_normal((frames, ours.window), dtype=np.float32)
    steps = {
        "FFT": lambda: [rfft(windows) for _ in range(blocks)],
        "window, FFT and power": lambda: [ours.power(windows) for _ in range(blocks)],
        "all to static features": lambda: [ours.compute(windows) for _ in range(blocks)],
    }
    with threadpool_limits(1, user_api="blas"):
        times = interleaved(steps, rounds=9, warmup=2)
    parts = [f"{name} {1e6 * median(spent) / (blocks * frames):.2f}" for name, spent in times.items()]
    return f"- {comparison.name}, microseconds a frame of one thread: {', '.join(parts)}."


def at_work(comparison: Comparison, rounds: int) -> str:
    """How many cores two threads keep busy: they wait for each other to let go of Python's lock."""
    work, busy = comparison.arms()["both"], []
    for _ in range(rounds):
        processor, wall = time.process_time(), time.perf_counter()
        work()
        busy.append((time.process_time() - processor) / (time.perf_counter() - wall))
    block = "operations on a block, between which Python's lock is waited for, take a few to some 100 us"
    return f"- {comparison.name}, cores at work with two threads: {median(busy):.2f} ({block})."


def main() -> None:
    """Print times of each step, and the largest differences."""
    arguments = docopt.docopt(__doc__)
    seconds, rounds = float(arguments["--seconds"]), int(arguments["--rounds"])
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        rows, notes = [], []
        for comparison in comparisons(Path(folder), seconds):
            for threads in GOALS:
                print(f"{comparison.name}, threads: {threads}", file=sys.stderr)
                rows += measured(comparison, threads, rounds, seconds)
            notes += [f"- {comparison.name}, largest difference: {comparison.parity()}.", shares(comparison)]
            notes.append(at_work(comparison, rounds))
    print(table(["what", "threads", "goal", "ratio", "ours", "librosa", "x real time"], rows))
    print('\nDecoding alone fills one array in one thread; in "both" each thread decodes its own parts.\n')
    print("\n".join(notes))


if __name__ == "__main__":
    main()
