"""Ctrl-C and SIGTERM at any moment: the last whole epoch is safe, and nothing stays behind."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import alive, children, hears, session, signal_group, waits

from pyannote.audio.io.checkpoint import Checkpoints

IN_TIME = 5.0
"""Seconds within which a command must end."""

ENDS = {
    signal.SIGINT: (130, "Interrupted. What was finished is safe.\n"),
    signal.SIGTERM: (143, "Terminated. What was finished is safe.\n"),
}
"""Exit status, and what is said."""

KINDS = {
    "train": "`dcase train`, as it starts and computes features,",
    "epochs": "`dcase train`, as it trains and saves,",
    "validate": "`dcase validate`",
    "apply": "`dcase apply`",
    "emb": "`emb train`",
}


@pytest.fixture
def command(finished, embedding, corpora, new_experiment, start, tmp_path):
    """Start a command of a kind in a session of its own; the experiment that it works in, and the process."""

    def begin(kind, name):
        options = {"start_new_session": True, "env": {**os.environ}}
        folders = new_experiment(tmp_path / name)
        words = ["dcase", kind, "--cpu"]
        if kind in ("validate", "apply"):
            shutil.copytree(finished.root, folders.root, dirs_exist_ok=True)
            shutil.rmtree(folders.validate / "scores")
            words.append(folders.validate if kind == "apply" else folders.train)
        elif kind == "emb":
            folders = embedding._replace(root=tmp_path / f"{name}.emb")
            shutil.copytree(embedding.root, folders.root)
            options["env"]["PYANNOTE_DATABASE_CONFIG"] = corpora.config
            words = ["emb", "train", "--cpu", "--to=100000", folders.root]
        else:
            # features are computed, too
            options["env"]["PYANNOTE_AUDIO_CACHE"] = str(folders.root / "cache")
            words = ["dcase", "train", "--cpu", "--to=100000", "--parallel=2", folders.root]
        return folders, start(*words, folders.protocol, **options)

    return begin


def begun(kind, folders, process):
    """What is waited for: that Python lets the command hear signals, or that there is an epoch."""
    if kind == "epochs":
        return folders.weights(1).with_suffix(".json").exists()
    return hears(process.pid, signal.SIGTERM)


def ended(process, number, again):
    """Seconds that a process takes to end after a signal, and its output; another one comes while it ends."""
    began = time.monotonic()
    signal_group(process, number)
    time.sleep(again)
    signal_group(process, number)
    out, err = process.communicate(timeout=60)
    return time.monotonic() - began, out, err


def check_whole(folders):
    """Each epoch that exists can be loaded, and nothing half-written or locked is left."""
    checkpoints = Checkpoints(folders.train / "weights")
    for epoch in checkpoints.epochs():
        assert checkpoints.load_weights(epoch) and checkpoints.load_state(epoch)
    left = ("*.part", ".lock.*", ".work-*")
    assert not [path for name in left for path in folders.root.rglob(name)]


@pytest.mark.parametrize(
    ("kind", "times"),
    [("train", 1), ("epochs", 1), *(pytest.param(kind, 8, marks=pytest.mark.slow) for kind in KINDS)],
)
def test_a_signal_at_any_moment(kind, times, command, promise):
    moments, slowest = random.Random(f"{kind} {times}"), 0.0
    for count in range(times):
        folders, process = command(kind, f"{kind}.{count}")
        assert waits(lambda: begun(kind, folders, process) or process.poll() is not None), kind  # noqa: B023
        time.sleep(moments.uniform(0, 1 if kind == "epochs" else 4))
        number = moments.choice(list(ENDS))
        seconds, _, err = ended(process, number, again=moments.uniform(0, 0.2))
        slowest = max(slowest, seconds)
        # it may have come to its end by itself
        assert (process.returncode, err) in (ENDS[number], (0, "")), (count, number)
        assert not session(process.pid)
        check_whole(folders)
    assert slowest < IN_TIME
    promise(
        f"Ctrl-C and SIGTERM end {KINDS[kind]} in time, with all epochs whole.",
        "Signals to its process group at random moments, and again while it ends.",
        f"{times} signals: exit status 130 or 143 within {IN_TIME:g} s; 0 processes, half-written files "
        "and locks left",
    )


BUSY = """\
import hashlib, sys
from pyannote.audio.applications import signals, terminal
signals.PATIENCE = 0.5
signals.watch()
def command():
    print("at work", flush=True)
    # Python hears no signal before it is done
    hashlib.pbkdf2_hmac("sha256", b"", b"", 1 << 30)
signals.leave(terminal.run(command))
"""


@pytest.mark.parametrize("number", ENDS)
def test_what_cannot_be_interrupted_is_left(number):
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "at work\n"
    time.sleep(0.5)
    seconds, _, err = ended(process, number, again=0.1)
    assert (process.returncode, err) == ENDS[number]
    assert seconds < IN_TIME


def test_before_there_is_anything_to_interrupt():
    text = (
        "import time\nfrom pyannote.audio.applications import signals\nsignals.watch()\nprint(flush=True)\n"
    )
    for number in ENDS:
        process = subprocess.Popen(
            [sys.executable, "-c", f"{text}time.sleep(60)"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdout.readline()
        process.send_signal(number)
        assert process.communicate(timeout=60) == (b"", b"")
        assert process.returncode == ENDS[number][0]


@pytest.mark.slow
@pytest.mark.parametrize("number", ENDS)
def test_processes_that_torchrun_has_started(number, experiment, torchrun, promise):
    process = torchrun("dcase", "train", "--cpu", "--to=100000", experiment.root, experiment.protocol)
    assert waits(experiment.weights(2).with_suffix(".json").exists, 120), process.poll()
    ranks = children(process.pid)
    assert len(ranks) == 2
    # torchrun gives them sessions of their own
    began = time.monotonic()
    signal_group(process, number)
    assert waits(lambda: not any(map(alive, ranks)))
    assert time.monotonic() - began < IN_TIME
    _, err = process.communicate(timeout=60)
    assert err.count(ENDS[number][1]) == 1
    # torchrun tells of its own end as it likes
    assert not [line for line in err.splitlines() if "pyannote" in line and "File" in line]
    assert not session(process.pid)
    check_whole(experiment)
    promise(
        "Ctrl-C and SIGTERM end all processes of a training that torchrun has started.",
        "A signal to the process group of torchrun and two processes, in an epoch.",
        f"both within {IN_TIME:g} s, one sentence, 0 processes left",
    )


@pytest.mark.slow
def test_tests_in_the_background_of_a_script():
    """A shell lets jobs in the background ignore Ctrl-C: those tests that send it do so all the same."""
    tests = [
        "tests/applications/test_check.py::test_it_can_be_interrupted",
        "tests/crash/test_signals.py::test_before_there_is_anything_to_interrupt",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert done.returncode == 0, done.stdout
