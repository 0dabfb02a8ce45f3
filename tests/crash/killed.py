"""A training that is killed again and again: `python killed.py <whole> <killed> <kills> <seed> <command>...`.

One process imports what all need, and forks the others: each of them runs the command, on an experiment in
`<whole>` without a kill, and on copies of it, `<killed>-1` and so on, with as many kills -9 as were asked
for, going on each time. What is printed at the end, as JSON, are the epochs that were begun, one list a copy.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from importlib import import_module
from pathlib import Path

IMPORTED = (
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "pyannote.audio.report.embeddings",
    "pyannote.audio.applications.corpus",
    "pyannote.audio.applications.pyannote_audio",
    "pyannote.audio.applications.train",
    "pyannote.audio.features.librosa_mel_spectrogram",
    "pyannote.audio.features.librosa_mfcc",
    "pyannote.database",
    "scipy.linalg",
    "scipy.signal",
    "scipy.stats",
    "torch._dynamo",
    "torch.utils.tensorboard",
)
"""What a training imports: a process that is forked need not."""

BEGUN = "begun.txt"


def start(root, command):
    """Fork a process that runs the command on an experiment, and notes each epoch that it begins."""
    process = os.fork()
    if process:
        return process
    from pyannote.audio.applications import pyannote_audio

    for stream in (1, 2):
        os.dup2(os.open(root / f"{stream}.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    note_epochs(root / BEGUN)
    os._exit(pyannote_audio.run([str(root) if word == "ROOT" else word for word in command]))


def note_epochs(path):
    """Let the trainer note each epoch that it begins, in a file."""
    from pyannote.audio.train.trainer import Trainer

    train_epoch = Trainer.epoch

    def epoch(trainer, number, *others):
        with path.open("a") as stream:
            stream.write(f"{number}\n")
        return train_epoch(trainer, number, *others)

    Trainer.epoch = epoch


def begun(root):
    """Epochs that were begun, in their order."""
    path = root / BEGUN
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def written(root):
    """Names of what is kept of epochs, or is about to be."""
    return sorted(path.name for folder in root.glob("train/*/weights") for path in folder.iterdir())


def manifests(root):
    """Those of epochs that are whole."""
    return [name for name in written(root) if name.endswith(".json")]


def started(root):
    """What is another one each time: there is nothing to wait for."""
    return object()


def finish(root, command):
    """Run the command to its end."""
    _, status = os.waitpid(start(root, command), 0)
    assert status == 0, (root / "2.txt").read_text()


def kill(root, command, sign, seconds):
    """Run the command, and kill it some time after a sign; whether it had not ended by then."""
    before, process = sign(root), start(root, command)
    while sign(root) == before and not os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        time.sleep(0.001)
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL), (root / "2.txt").read_text()
    return status != 0


def kill_again_and_again(root, command, kills, random):
    """Run the command to its end, with so many kills at most, and return how many there were.

    They come as it starts, in an epoch, and while it writes one, in turns, and each tenth one, from the first
    on, just after it has. The time within which they come in an epoch rises as long as none is finished, and
    falls with each that is: however fast the machine is, the kills of a training are many, and it gets to its
    end.
    """
    reach = 0.1
    for number in range(kills):
        before = len(set(begun(root)))
        at_once, in_turns = (manifests, 0.01), ((started, 0.5), (begun, reach), (written, 0.03))
        sign, seconds = in_turns[number % 3] if number % 10 else at_once
        if not kill(root, command, sign, random.uniform(0, seconds)):
            return number
        if sign is begun:
            reach *= 1.3 if len(set(begun(root))) == before else 0.7
    finish(root, command)
    return kills


def main():
    whole, killed = Path(sys.argv[1]), Path(sys.argv[2])
    wanted, moments, command = int(sys.argv[3]), random.Random(int(sys.argv[4])), sys.argv[5:]
    for module in IMPORTED:
        import_module(module)
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "a process with threads must not be forked"
    finish(whole, command)
    trainings, kills = [], 0
    while kills < wanted:
        root = killed.with_name(f"{killed.name}-{len(trainings) + 1}")
        root.mkdir()
        shutil.copy(whole / "config.yml", root)
        kills += kill_again_and_again(root, command, wanted - kills, moments)
        trainings.append(begun(root))
    print(json.dumps(trainings))


if __name__ == "__main__":
    main()
