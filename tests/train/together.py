"""Processes that train together, for tests: `python together.py <folder> (<work> <size>)...`.

One process imports what all need, and forks the others: each of them does a work as one of `size`. What they
find lies in the folder afterwards, and how they ended in `ended.json`.
"""

import json
import os
import signal
import socket
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from pyannote.audio.applications import signals, terminal
from pyannote.audio.augmentation.mixup import Mixup
from pyannote.audio.augmentation.time_frequency_masking import TimeFrequencyMasking
from pyannote.audio.core.errors import DataError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.center_loss import CenterLoss
from pyannote.audio.embedding.approaches.classification import Classification
from pyannote.audio.embedding.approaches.triplet_loss import TripletLoss
from pyannote.audio.labeling.tasks.dcase import Dcase as DcaseTask
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.models.tristou_net import TristouNet
from pyannote.audio.store.packs import Pack
from pyannote.audio.train import messages
from pyannote.audio.train.callbacks.weight_averaging import WeightAveraging
from pyannote.audio.train.distributed import join_processes
from pyannote.audio.train.optimizers.sgd import SGD
from pyannote.audio.train.schedulers.constant_scheduler import ConstantScheduler
from pyannote.audio.train.trainer import Trainer

CPU = torch.device("cpu")
STEP, DAY = 0.01, 86400
CLASSES = ("car", "children")
SPEAKERS = ("ann", "bob", "cid", "dan")


def recording(uri, events, duration):
    return {
        "uri": uri,
        "database": "D",
        "audio": Path(uri),
        "duration": duration,
        "regions": [(0.0, duration)],
        "events": events,
    }


def pack_of(files, dimension=6):
    offsets = np.cumsum([0, *(round(file["duration"] / STEP) + 1 for file in files)])
    data = np.random.default_rng(5).normal(size=(offsets[-1], dimension)).astype(np.float32)
    means = [data[first:last].mean(axis=0) for first, last in pairwise(offsets)]
    return Pack(data, offsets, np.stack(means))


def detection(batch_size=7):
    """Four batches of seven chunks an epoch: no number of processes but one shares them evenly."""
    events = [[(0.3, 1.1, "car"), (0.8, 2.5, "children")], [(1.5, 1.9, "car")], [(0.0, 3.0, "children")]]
    files = [recording(f"{index}", one, 3.0) for index, one in enumerate(events)]
    task = DcaseTask(
        {"regular": CLASSES},
        duration=0.3,
        batch_size=batch_size,
        per_epoch=4 * batch_size * 0.3 / DAY,
        class_weights="balanced",
    )
    specifications = Specifications("Dcase", {"X": 6, "long_term": 6}, CLASSES, 0.3, STEP, 16000)
    task.prepare(files, pack_of(files), specifications)
    return task, specifications


def detector(ranks, rate=0.1, batch_size=7, batch_normalize=False, **options):
    task, specifications = detection(batch_size)
    torch.manual_seed(1)
    model = Dcase(
        specifications,
        channels=4,
        hidden=6,
        pooling=(2, 2, 1, 1),
        dropout=0.0,
        batch_normalize=batch_normalize,
    )
    optimizer = SGD()(model.parameters(), 0.0)
    return Trainer(model, task, optimizer, ConstantScheduler(rate), ranks=ranks, **options)


def embedder(ranks, approach):
    """Batches of three speakers with three segments each."""
    files = [recording(name, [(0.0, 2.0, name)], 2.0) for name in SPEAKERS]
    task = approach(
        segments=SpeakerSegments(duration=0.3, per_fold=3, per_label=3, per_epoch=4 * 9 * 0.3 / DAY)
    )
    task.check(files)
    specifications = task.specifications(Extraction())
    task.prepare(files, pack_of(files), specifications)
    torch.manual_seed(2)
    model = TristouNet(specifications, recurrent=[3], linear=[4])
    model.half_precision = False
    task.head = task.make_head(model.dimension, len(SPEAKERS))
    optimizer = SGD()([*model.parameters(), *task.head.parameters()], 0.0)
    return Trainer(model, task, optimizer, ConstantScheduler(0.1), ranks=ranks)


class Extraction:
    """What an approach asks of one."""

    dimension, sample_rate = 6, 16000

    class sliding_window:
        step = STEP


def after(trainer, epochs=2):
    """What a training has come to, and what it said on the way."""
    reports = list(trainer.epochs(1, epochs))
    return {
        "weights": dict(trainer.weights()),
        "head": dict(trainer.task.head.state_dict()),
        "losses": [report.loss for report in reports],
        "samples": [report.samples for report in reports],
        "measures": [dict(report.measures) for report in reports],
        "outputs": reports[-1].outputs,
        "targets": reports[-1].targets,
    }


def learned(ranks):
    """Trainings of several kinds."""
    mixing = [TimeFrequencyMasking(), Mixup()]
    open_rate = detector(ranks, "auto")
    found = open_rate.find_learning_rate(steps=15)
    return {
        "detection": after(detector(ranks)),
        "augmented": after(detector(ranks, augmentations=mixing)),
        "averaged": after(detector(ranks, averaging=WeightAveraging(0.5))),
        "prefetched": after(detector(ranks, prefetch=2)),
        "range test": {"rates": found.rates, "losses": found.losses, "chosen": found.chosen},
        "after range test": after(open_rate),
        **{kind.__name__: after(embedder(ranks, kind)) for kind in (TripletLoss, Classification, CenterLoss)},
    }


def normalized(ranks):
    """Weights and buffers, where batches are normalised over the rows of each process."""
    trainer = detector(ranks, batch_normalize=True)
    list(trainer.epochs(1, 2))
    ranks.synchronize(trainer.model)
    return dict(trainer.model.state_dict())


def learn(ranks, folder):
    """Everything that should be the same whatever the number of processes, and in all of them."""
    with ranks.main_first():
        before = (folder / f"first.{ranks.rank.size}").exists()
        (folder / f"first.{ranks.rank.size}").touch()
        (folder / f"{ranks.rank.rank}.{ranks.rank.size}").touch()
    together = all((folder / f"{rank}.{ranks.rank.size}").exists() for rank in range(ranks.rank.size))
    rows = [list(detection()[0].batches(1, 0, ranks.rank))]
    found = {
        "rows": rows,
        "turn": (before, together),
        "from_main": ranks.from_main(lambda: {"rank": ranks.rank.rank}),
        "on_main": ranks.on_main(signals.uninterrupted()).__class__.__name__,
        "normalized": normalized(ranks),
        "position": ranks.position,
        **learned(ranks),
    }
    torch.save(found, folder / f"learn.{ranks.rank.size}.{ranks.rank.rank}.pt")


def hasty(ranks, number):
    """Train until process 1 gets a signal, in the midst of an epoch."""
    for report in detector(ranks).epochs(1, None):
        ranks.from_main(lambda: None)
        if ranks.rank.rank == 1 and report.epoch == 2:
            os.kill(os.getpid(), number)


def killed(ranks, folder):
    hasty(ranks, signal.SIGKILL)


def stopped(ranks, folder):
    hasty(ranks, signal.SIGSTOP)


def silent(ranks, folder):
    """Process 0 falls silent while the others wait for what it finds."""
    # process 0 holds the store here, which the other needs until it has joined
    ranks.broadcast(0.0)
    ranks.from_main(lambda: os.kill(os.getpid(), signal.SIGSTOP))


def failing(ranks, folder):
    """Process 0 finds what it cannot work with."""
    with ranks.main_first():
        raise DataError("There is nothing in here.")


def raising(ranks, folder, error=ValueError):
    """The other process fails in a way that nobody foresaw, in the thread that draws its batches."""
    trainer = detector(ranks, prefetch=2)
    draw = trainer.task.batches

    def batches(*arguments):
        for index, batch in enumerate(draw(*arguments)):
            if index == 2 and ranks.rank.rank == 1:
                raise error
            yield batch

    trainer.task.batches = batches
    trainer.epoch(1)


def crowded(ranks, folder):
    """The other process has too little memory."""
    raising(ranks, folder, MemoryError)


def slow(ranks, folder):
    """Process 0 takes longer than the others would wait for a step."""
    ranks.from_main(lambda: time.sleep(2 * messages.TIMEOUT))


def small(ranks, folder):
    """A batch that is too small to be shared."""
    detector(ranks, batch_size=3).epoch(1)


def parted(ranks, folder):
    """The other process is told to end, while this one waits for it in a step."""
    if ranks.rank.rank == 1:
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
    detector(ranks).epoch(1)


WORKS = {
    work.__name__: work
    for work in (learn, killed, stopped, silent, failing, raising, crowded, slow, small, parted)
}
HASTE = {"stopped", "silent", "slow"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(folder, work, size, rank, port):
    """Fork a process that does a work as one of several."""
    process = os.fork()
    if process:
        return process
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(size), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    sys.stderr = (folder / f"{work}.{size}.{rank}.err").open("w")
    if work in HASTE:
        messages.TIMEOUT, messages.HEARTBEAT = 2.0, 0.2

    def command():
        with join_processes(CPU) as ranks:
            WORKS[work](ranks, folder)

    code = terminal.run(command)
    sys.stderr.close()
    os._exit(code)


def wait(processes, seconds=100):
    """Exit status of each process; those that are stopped when all others have ended are killed."""
    codes, halted, end = {}, set(), time.monotonic() + seconds
    while len(codes) < len(processes):
        for process in processes - codes.keys():
            found, status = os.waitpid(process, os.WNOHANG | os.WUNTRACED)
            if found and os.WIFSTOPPED(status):
                halted.add(process)
            elif found:
                codes[process] = os.waitstatus_to_exitcode(status)
        left = processes - codes.keys()
        if left <= halted or time.monotonic() > end:
            for process in left:
                os.kill(process, signal.SIGKILL)
            halted.clear()
        time.sleep(0.02)
    return codes


def main():
    folder = Path(sys.argv[1])
    ended = {}
    for work, size in zip(sys.argv[2::2], map(int, sys.argv[3::2]), strict=True):
        port = free_port()
        started = {rank: start(folder, work, size, rank, port) for rank in range(size)}
        began = time.monotonic()
        codes = wait(set(started.values()))
        ended[f"{work}.{size}"] = {
            "codes": [codes[started[rank]] for rank in range(size)],
            "errors": [(folder / f"{work}.{size}.{rank}.err").read_text() for rank in range(size)],
            "seconds": time.monotonic() - began,
        }
    (folder / "ended.json").write_text(json.dumps(ended))


if __name__ == "__main__":
    main()
