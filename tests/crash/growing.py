"""Memory of a training: `python growing.py <batches> <command>...` prints what it has after each 50 batches.

What is printed, as JSON, are bytes in RAM (not those of mapped files), of as many batches as were asked for.
"""

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

from pyannote.audio.applications import pyannote_audio
from pyannote.audio.train.trainer import Trainer

EVERY = 50


class Enough(Exception):
    """As many batches as were asked for have been learned from."""


def resident():
    """Bytes of anonymous memory of this process in RAM."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("RssAnon:"))
    return 1024 * int(kilobytes)


def watch(batches, seen):
    """Let the trainer note its memory, and stop."""
    take_step, count = Trainer._step, iter(range(1, batches + 1))

    def step(*arguments):
        taken = take_step(*arguments)
        number = next(count)
        if number % EVERY == 0:
            seen.append(resident())
        if number == batches:
            raise Enough
        return taken

    Trainer._step = step


def main():
    seen = []
    watch(int(sys.argv[1]), seen)
    with redirect_stdout(sys.stderr):
        pyannote_audio.run(sys.argv[2:])
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
