"""How much faster do two processes train than one?

The same batches are learned from by one process of one thread, and by two such processes which share each
batch (gloo, on one machine). Goal: 1.7 times as fast, with batches of 32 and of 256 chunks.

Two limits tell where the rest goes. A process that learns from half of each batch, while the other core is
idle, would be twice as fast if nothing in a step were the same for any batch (calls of small operations, the
update of the weights). Two such processes at once, which exchange nothing, also show what the two cores take
from each other. What is lost beyond that is lost in exchanging gradients and outputs, and in waiting.

Usage: distributed_speed.py [options]

  --rounds=N    Rounds that count, after one that warms up [default: 5].
  --samples=N   Chunks of an epoch [default: 3072].
"""

from __future__ import annotations

import os
import socket
import sys
from functools import partial

# before anything reads it
os.environ["OMP_NUM_THREADS"] = "1"

import docopt
import torch
from common import CLASSES, interleaved, median, ratio, synthetic_files, synthetic_pack, table

from pyannote.audio.core.specifications import Specifications
from pyannote.audio.core.windows import DAY
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.models.crnn import Crnn
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.train.distributed import join_processes
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.single_process import SingleProcess
from pyannote.audio.train.trainer import Trainer

GOAL = 1.7
HEADER = (
    "network, batch",
    "goal",
    "as fast as one: two",
    "limit: two that exchange nothing",
    "limit: one with half of each batch",
    "chunks/s, one",
    "chunks/s, two",
)
SPECIFICATIONS = Specifications("Dcase", {"X": 40, "long_term": 40}, tuple(CLASSES), 2.0, 0.01, 44100)


def trainer(architecture: type[Dcase] | type[Crnn], size: int, batches: int, ranks: SingleProcess) -> Trainer:
    """Trainer whose epochs have so many batches of one size."""
    files = synthetic_files(16, 60.0, CLASSES)
    task = DcaseTask({"regular": CLASSES}, batch_size=size, per_epoch=batches * size * 2.0 / DAY)
    task.prepare(files, synthetic_pack(files, 40), SPECIFICATIONS)
    model = architecture(SPECIFICATIONS)
    model.set_statistics(task.statistics())
    return Trainer(model, task, SGD()(model.parameters(), 0.01), ConstantScheduler(0.01), ranks=ranks)


def measured(
    architecture: type[Dcase] | type[Crnn], size: int, samples: int, rounds: int, ranks: SingleProcess
) -> list[str]:
    """Row of the table for one network and one size of batches, as process 0 sees it."""
    batches = max(1, samples // size)
    one = trainer(architecture, size, batches, SingleProcess())
    two = trainer(architecture, size, batches, ranks)
    half = trainer(architecture, size // 2, batches, SingleProcess())
    seconds = interleaved(
        {
            # the other process waits for an answer, which takes no time of a core
            "one": lambda: ranks.from_main(lambda: one.epoch(1).loss),
            "before two": lambda: ranks.broadcast(0.0),
            "two": lambda: two.epoch(1),
            "before apart": lambda: ranks.broadcast(0.0),
            "apart": lambda: (half.epoch(1), ranks.broadcast(0.0)),
            "half": lambda: ranks.from_main(lambda: half.epoch(1).loss),
        },
        rounds,
    )
    return [
        f"{architecture.__name__}, {size}",
        f"{GOAL}",
        ratio(seconds["one"], seconds["two"]),
        ratio(seconds["one"], seconds["apart"]),
        ratio(seconds["one"], seconds["half"]),
        *(f"{batches * size / median(seconds[name]):.0f}" for name in ("one", "two")),
    ]


def work(samples: int, rounds: int) -> None:
    """What each of the two processes does; process 0 prints."""
    with join_processes(torch.device("cpu")) as ranks:
        rows = []
        for architecture in (Dcase, Crnn):
            for size in (256, 32):
                rows.append(measured(architecture, size, samples, rounds, ranks))
                if ranks.is_main:
                    print(rows[-1], file=sys.stderr, flush=True)
    if ranks.is_main:
        print(table(HEADER, rows), flush=True)


def process(rank: int, port: int, samples: int, rounds: int) -> None:
    """One of two processes."""
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    work(samples, rounds)


def main() -> None:
    """Start two processes."""
    arguments = docopt.docopt(__doc__)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = partial(torch.multiprocessing.spawn, nprocs=2)
    start(process, (port, int(arguments["--samples"]), int(arguments["--rounds"])))


if __name__ == "__main__":
    main()
