"""Measure the peak memory of training, validating and applying, each as a whole process.

Limit: 1 GB for 16 files of 60 s in 24-bit stereo at 44.1 kHz. The data set is synthesised.

Usage: peak_memory.py [--files=N] [--seconds=S]

  --files=N    Recordings [default: 16].
  --seconds=S  Duration of each [default: 60].
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import docopt
import yaml

from pyannote.audio.database.demonstration import make_demonstration
from pyannote.audio.database.tut2017 import prepare

PROTOCOL = "TUT2017.SpeakerDiarization.MyProtocol"
CONFIG = Path(__file__).parents[2] / "tutorials" / "models" / "dcase" / "config.yml"


def peak(command: list[str], environment: dict[str, str]) -> float:
    """Peak resident memory of a process, in MB."""
    process = subprocess.Popen([sys.executable, "-m", *command], env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} has failed.")
    # Linux counts in KiB, macOS in bytes
    return usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main() -> None:
    """Print the peak memory of each command."""
    arguments = docopt.docopt(__doc__)
    work = Path(tempfile.mkdtemp())
    try:
        make_demonstration(
            work / "data", files=int(arguments["--files"]), seconds=float(arguments["--seconds"])
        )
        database = prepare(work / "data", work / "database")
        root = work / "experiment"
        root.mkdir()
        config = yaml.safe_load(CONFIG.read_text())
        (root / "config.yml").write_text(yaml.safe_dump(config))
        environment = {
            **os.environ,
            "PYANNOTE_DATABASE_CONFIG": str(database),
            "PYANNOTE_AUDIO_CACHE": str(work / "cache"),
        }
        module = "pyannote.audio.applications.pyannote_audio"
        train = root / "train" / f"{PROTOCOL}.train"
        validate = train / "validate_average_detection_fscore" / f"{PROTOCOL}.development"
        for name, arguments in {
            "train (features included)": ["train", "--to=2", str(root), PROTOCOL],
            "validate": ["validate", str(train), PROTOCOL],
            "apply": ["apply", str(validate), PROTOCOL],
        }.items():
            print(f"{name}: {peak([module, 'dcase', *arguments], environment):.0f} MB")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
