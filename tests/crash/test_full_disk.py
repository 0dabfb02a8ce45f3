"""A full or read-only disk: a sentence with the path and bytes needed, and all that was finished is safe."""

import errno
import re
import shutil
import subprocess
from contextlib import contextmanager

import numpy as np
import pytest
from operations import full, leftovers, operations

from pyannote.audio.io.checkpoint import Checkpoints

STORAGE = 6
PROMISE = (
    "A full disk ends a command with a sentence (path, bytes needed, exit status 6); earlier epochs load, "
    "nothing half-written is left, and the command goes on when there is room."
)


def check_sentence(result, folder):
    """One sentence that names a file below a folder."""
    assert result.code == STORAGE, result.err
    (sentence,) = [line for line in result.err.splitlines() if not line.startswith("Warning: ")]
    assert sentence.startswith(f"Error: {folder}") and "unexpected" not in sentence
    return sentence


def check_whole(folders, at_least=0):
    """All epochs load, and nothing is left beside them."""
    checkpoints = Checkpoints(folders.train / "weights")
    for epoch in checkpoints.epochs():
        assert checkpoints.load_weights(epoch) and checkpoints.load_state(epoch)
    assert len(checkpoints.epochs()) >= at_least
    assert leftovers(folders.root) == []


def train(folders, here, last=3):
    options = ("--cpu", "--from=last", f"--to={last}", folders.root, folders.protocol)
    return here("dcase", "train", *options)


def validate(folders, here):
    return here("dcase", "validate", "--cpu", "--duration=1", folders.train, folders.protocol)


def apply(folders, here):
    return here("dcase", "apply", "--cpu", "--step=0.5", folders.validate, folders.protocol)


COMMANDS = {"train": lambda folders, here: train(folders, here, 5), "validate": validate, "apply": apply}


@pytest.mark.parametrize("every", [41, pytest.param(5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_becomes_full(command, every, copied, here, tmp_path, promise):
    """At each operation of a command."""
    work, before = COMMANDS[command], tmp_path / "before"
    copied.root.rename(before)
    failures = 0
    while True:
        shutil.copytree(before, copied.root)
        with full(copied.root, every * failures) as refused:
            result = work(copied, here)
        if not refused:
            assert result.code == 0, result.err
            break
        sentence = check_sentence(result, copied.root)
        assert "the disk is full" in sentence and "Free some space" in sentence
        # tensorboard does not say how much it wants to write
        if refused[0][0] in ("write", "fsync") and refused[0][1].suffix == ".part":
            assert "bytes needed" in sentence
        check_whole(copied, at_least=3)
        assert work(copied, here).code == 0
        assert leftovers(copied.root) == []
        shutil.rmtree(copied.root)
        failures += 1
    procedure = f"Let a disk be full from operation 0, {every}, {2 * every}, ... of `{command}` on."
    promise(PROMISE, procedure, f"{failures} of {failures}")


@pytest.mark.parametrize("every", [61, pytest.param(5, marks=pytest.mark.slow)])
def test_a_cache_that_becomes_full(every, experiment, here, tmp_path, promise):
    """The sentence says how another cache is chosen, and features that were finished stay."""
    cache, failures = tmp_path / "cache", 0
    arguments = ("dcase", "train", "--cpu", "--to=1", experiment.root, experiment.protocol)
    while True:
        cache.mkdir()
        with full(cache, every * failures) as refused:
            result = here(*arguments, cache=cache)
        if not refused:
            assert result.code == 0, result.err
            break
        sentence = check_sentence(result, cache)
        assert "the disk is full" in sentence and "PYANNOTE_AUDIO_CACHE" in sentence
        assert leftovers(tmp_path) == [] and list(experiment.root.iterdir()) == [experiment.config]
        assert here(*arguments, cache=cache).code == 0
        assert leftovers(tmp_path) == []
        shutil.rmtree(cache)
        shutil.rmtree(experiment.root / "train")
        failures += 1
    procedure = f"Let the disk of features be full from operation 0, {every}, {2 * every}, ... on."
    promise(PROMISE, procedure, f"{failures} of {failures}")


@contextmanager
def mounted(folder, *options):
    """A file system of its own in a folder, if this may be done."""
    folder.mkdir(parents=True, exist_ok=True)
    if (
        shutil.which("mount") is None
        or subprocess.run(["mount", *options, folder], capture_output=True).returncode
    ):
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("kilobytes", [100, 400, 900, 1400, 1700])
def test_a_real_disk_that_is_too_small(kilobytes, experiment, here, promise):
    config = experiment.config.read_text()
    with mounted(experiment.root, "-t", "tmpfs", "-o", f"size={kilobytes}k", "none"):
        experiment.config.write_text(config)
        result = train(experiment, here, last=5)
        sentence = check_sentence(result, experiment.train)
        assert "the disk is full" in sentence
        check_whole(experiment)
        epochs = Checkpoints(experiment.train / "weights").epochs()
        assert epochs == list(range(1, 1 + len(epochs))) and len(epochs) <= kilobytes // 500
        subprocess.run(["mount", "-o", "remount,size=20m", experiment.root], check=True)
        assert train(experiment, here, last=5).code == 0
        check_whole(experiment, at_least=5)
    promise(
        PROMISE,
        f"Train on a disk of {kilobytes} kB, until it is full; make it larger, and go on.",
        f"{len(epochs)} of {len(epochs)} saved epochs load, all 5 after that",
    )


READ_ONLY = (
    "A read-only folder ends a command with a sentence (path, exit status 6), and nothing in it is changed."
)


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_read_only_folder(command, code, copied, here, promise):
    before = contents(copied.root)
    with full(copied.root, 0, code):
        result = COMMANDS[command](copied, here)
    sentence = check_sentence(result, copied.root)
    assert "Choose another folder" in sentence and re.search("read-only|permission is denied", sentence)
    assert contents(copied.root) == before
    promise(READ_ONLY, f"`{command}` where the operating system says {errno.errorcode[code]}.", "1 of 1")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_real_read_only_disk(command, copied, here, promise):
    before = contents(copied.root)
    with mounted(copied.root, "--bind", copied.root):
        if subprocess.run(["mount", "-o", "remount,ro,bind", copied.root], capture_output=True).returncode:
            pytest.skip("no file system can be made read-only here")
        result = COMMANDS[command](copied, here)
        assert "the disk is read-only" in check_sentence(result, copied.root)
        assert contents(copied.root) == before
    promise(READ_ONLY, f"`{command}` on a file system that is mounted read-only.", "1 of 1")


def test_a_failed_start_leaves_no_folder(experiment, here, tmp_path, promise):
    """A fault that is found when features are computed, after the folder of the training was made."""
    experiment.config.write_text(experiment.config.read_text().replace("n_mels: 40", "n_mels: 400"))
    result = here("dcase", "train", "--cpu", experiment.root, experiment.protocol, cache=tmp_path / "cache")
    assert result.code == 3, result.err
    assert list(experiment.root.iterdir()) == [experiment.config]
    promise("A training that cannot start leaves no folder.", "Mel bands that do not fit the window.", "none")


def test_operations_are_told(tmp_path):
    """What the tests of this folder rest on: an array that is written is seen."""
    done = operations(tmp_path, lambda: np.save(tmp_path / "a.npy", np.zeros(3)))
    assert {name for name, _ in done} == {"open", "write"}
