"""One process at a time in a folder: the second is told who is there, and the dead hold nothing."""

import os
import socket
import time
from contextlib import suppress

import pytest

from pyannote.audio.core.errors import BusyError
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.locks import FolderLock

BUSY = 5


def waits(condition, seconds=120):
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.fixture
def training(experiment, start):
    """A training that has saved an epoch, and goes on."""
    process = start("dcase", "train", "--cpu", "--to=100000", experiment.root, experiment.protocol)
    assert waits(Checkpoints(experiment.train / "weights").epochs), process.communicate()
    return process


def check_refused(result, folder, pid):
    assert result.code == BUSY
    who = f"process {pid} on {socket.gethostname()}"
    assert f"Error: {folder}: The folder is in use for " in result.err and who in result.err
    assert "Wait until it has ended, or choose another folder." in result.err
    assert "Traceback" not in result.err


def test_two_trainings_in_one_folder(experiment, training, here, promise):
    """The second refuses, whichever epoch it starts from; the lock of a killed one is taken over."""
    lock = experiment.train / ".lock.train"
    for first in ("0", "1", "last"):
        arguments = ("--cpu", f"--from={first}", experiment.root, experiment.protocol)
        check_refused(here("dcase", "train", *arguments), experiment.train, training.pid)
    epochs = Checkpoints(experiment.train / "weights").epochs
    before = len(epochs())
    assert waits(lambda: len(epochs()) > before) and training.poll() is None
    training.kill()
    training.communicate()
    assert str(training.pid) in lock.read_text()
    last = epochs()[-1]
    arguments = ("--cpu", "--from=last", f"--to={last + 1}", experiment.root, experiment.protocol)
    result = here("dcase", "train", *arguments)
    assert result.code == 0 and f"Resuming after epoch {last}" in result.out
    assert not lock.exists()
    promise(
        "Of two `train` in one folder, the second refuses and names the first; the dead hold no lock.",
        "Start a second one, three ways; kill -9 the first one, and go on.",
        "3 of 3 refused with process and host, 1 of 1 taken over",
    )


def test_two_validations_in_one_folder(experiment, training, start, here):
    first = start("dcase", "validate", "--cpu", experiment.train, experiment.protocol)
    assert waits((experiment.validate / "params.yml").exists), first.communicate()
    result = here("dcase", "validate", "--cpu", experiment.train, experiment.protocol)
    check_refused(result, experiment.validate, first.pid)
    assert first.poll() is None and training.poll() is None


def test_two_applications_in_one_folder(copied, here):
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0
    with FolderLock(copied.applied, "apply"):
        result = here("dcase", "apply", "--cpu", copied.validate, copied.protocol)
        check_refused(result, copied.applied, os.getpid())


def compete(folder, times):
    """Hold the lock of a folder as often as possible; nobody else may be in there meanwhile."""
    held = 0
    for _ in range(times):
        with suppress(BusyError), FolderLock(folder, "test"):
            inside = os.open(folder / "inside", os.O_CREAT | os.O_EXCL)
            (folder / "inside").unlink()
            os.close(inside)
            held += 1
    return held


def test_many_that_want_the_same_folder(tmp_path, promise):
    """It is made by whoever comes first, and may be removed by whoever has made it."""
    folder, children, times = tmp_path / "train" / "folder", [], 100
    for _ in range(6):
        child = os.fork()
        if not child:
            code = 1
            try:
                code = 0 if compete(folder, times) else 2
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * len(children)
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
    promise(
        "No two processes hold the lock of a folder.",
        f"{len(children)} processes ask {times} times each, and check that they are alone.",
        "0 that were not",
    )
