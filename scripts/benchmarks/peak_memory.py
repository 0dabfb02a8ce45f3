"""How much memory do commands need?

Peak resident memory of training, validating and applying, each as a whole process, on a synthetic data set in
24-bit stereo at 44.1 kHz, with the configuration of the tutorial. Goal: 1 GB for 16 files of 60 s, most of
which is that of the libraries: beside it stands what importing torch alone needs.

Usage: peak_memory.py [--files=N] [--seconds=S] [--rounds=N]

  --files=N    Recordings [default: 16].
  --seconds=S  Duration of each [default: 60].
  --rounds=N   Times that each command is run; the highest peak counts [default: 2].
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import docopt
from commands import TUTORIAL, Experiment, detection_experiment
from common import table

GOAL = 1000
"""In MB."""

# from a small process: one begins with the peak of that which has started it
WATCH = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


def peak(command: list[str], environment: dict[str, str]) -> float:
    """Peak resident memory of a process, in MB."""
    done = subprocess.run(
        [sys.executable, "-c", WATCH, *command], env=environment, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} has failed.")
    # Linux counts in KiB, macOS in bytes
    return int(done.stdout) / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def peaks(experiment: Experiment, rounds: int) -> dict[str, list[float]]:
    """Peaks of each command, in MB, in each round; the cache and the folders are new in each."""
    found: dict[str, list[float]] = {"torch": [], "train, features included": [], "validate": [], "apply": []}
    environment = experiment.environment
    for _ in range(rounds):
        for folder in (experiment.root / "train", Path(environment["PYANNOTE_AUDIO_CACHE"])):
            shutil.rmtree(folder, ignore_errors=True)
        found["torch"].append(peak([sys.executable, "-c", "import torch"], environment))
        found["train, features included"].append(peak(experiment.command("train", "--to=2"), environment))
        for name in ("validate", "apply"):
            found[name].append(peak(experiment.command(name), environment))
    return found


def main() -> None:
    """Print the peak memory of each command."""
    arguments = docopt.docopt(__doc__)
    files, seconds = int(arguments["--files"]), float(arguments["--seconds"])
    work = Path(tempfile.mkdtemp())
    try:
        experiment = detection_experiment(work, files, seconds, TUTORIAL.read_text())
        found = peaks(experiment, int(arguments["--rounds"]))
    finally:
        shutil.rmtree(work)
    torch = max(found.pop("torch"))
    rows: list[list[object]] = [["`import torch`", "", f"{torch:.0f}", 1]]
    for name, megabytes in found.items():
        highest = max(megabytes)
        what = f"{name}, {files} files of {seconds:g} s"
        rows.append([what, GOAL, f"{highest:.0f}", f"{highest / torch:.1f}"])
    print(table(["process", "goal (MB)", "peak (MB)", "times `import torch`"], rows))


if __name__ == "__main__":
    main()
