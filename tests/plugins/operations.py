"""What code does to files, operation by operation: counted, failing, or deadly.

An operation is a call that changes something on the disk: a file opened for writing, each half of each
write, fsync, rename, removal, a folder made or removed. Python's audit hooks tell of all but writes and
fsync, whoever calls; streams that are opened for binary writing are replaced by ones whose writes are told.
"""

import builtins
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

DIED = 77

PROMISE = "Whoever dies at any operation on a file leaves what was there or what is new, whole and paired."

_watchers: list[tuple[Path, Callable[[str, Path], None]]] = []
_hooked: list[bool] = []


def _tell(name, path):
    for folder, act in list(_watchers):
        if folder in (path, *path.parents):
            act(name, path)


def _at(path, descriptor=-1):
    """Where a path lies that may be relative to an open folder."""
    return (Path.cwd() if descriptor in (None, -1) else _opened(descriptor)) / os.fsdecode(path)


def _opened(descriptor):
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def _audit(event, arguments):
    if not _watchers:
        return
    if event == "open":
        path, _, flags = arguments
        if not isinstance(path, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            _tell("open", _at(path))
    elif event == "os.rename":
        _tell("rename", _at(arguments[1], arguments[3]))
    elif event in ("os.mkdir", "os.rmdir", "os.remove"):
        _tell(event.removeprefix("os."), _at(arguments[0], arguments[-1]))


class Stream:
    """A binary stream without buffer, each half of whose writes is told of."""

    def __init__(self, raw, path):
        self._raw, self._path = raw, path

    def write(self, data):
        data = memoryview(data).cast("B")
        middle = len(data) // 2
        for half in (data[:middle], data[middle:]):
            _tell("write", self._path)
            self._raw.write(half)
        return len(data)

    def __getattr__(self, name):
        return getattr(self._raw, name)

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self._raw.close()


def _opener(original):
    def opened(file, mode="r", *arguments, **options):
        path = None if isinstance(file, int) else _at(file)
        inside = path is not None and any(folder in path.parents for folder, _ in _watchers)
        if inside and "b" in mode and set(mode) & set("wxa"):
            return Stream(original(file, mode, 0), path)
        return original(file, mode, *arguments, **options)

    return opened


def _fsync(original):
    def synced(descriptor):
        _tell("fsync", _opened(descriptor if isinstance(descriptor, int) else descriptor.fileno()))
        original(descriptor)

    return synced


@contextmanager
def told(folder: Path, act: Callable[[str, Path], None]) -> Iterator[None]:
    """Context in which `act` is called with name and path before each operation in a folder."""
    if not _hooked:
        # a hook cannot be removed: without a watcher, it does nothing
        sys.addaudithook(_audit)
        _hooked.append(True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", _opener(io.open))
        patch.setattr(builtins, "open", _opener(builtins.open))
        patch.setattr(os, "fsync", _fsync(os.fsync))
        _watchers.append((Path(folder).resolve(), act))
        try:
            yield
        finally:
            _watchers.pop()


def operations(folder, work):
    """Name and path of all operations of some work in a folder."""
    found = []
    with told(folder, lambda name, path: found.append((name, path))):
        work()
    return found


def dies_at(folder, work, point):
    """Do some work in a forked process that dies at an operation; tell whether it died before it was done."""
    child = os.fork()
    if not child:
        _live(folder, work, point)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, DIED), f"The process ended with {code} at operation {point}."
    return code == DIED


def _live(folder, work, point):
    """What the forked process does; it never returns."""
    count = [0]

    def act(name, path):
        if count[0] == point:
            os._exit(DIED)
        count[0] += 1

    code = 1
    try:
        signal.alarm(120)
        # the threads of the parent are not here
        torch.set_num_threads(1)
        with told(folder, act):
            work()
        code = 0
    finally:
        # without any of what Python and pytest do at the end
        os._exit(code)


def procedure(what, every=1):
    points = f"for k = 0, {every}, {2 * every}, ..."
    return f"Fork, and os._exit at the k-th operation of {what}, {points}; read; do it again."


def found(deaths):
    return f"{deaths} deaths, 0 torn or unpaired states, nothing left behind by the next run"


def leftovers(folder):
    return [path for path in folder.rglob(".*") if not path.name.startswith(".lock")]


@contextmanager
def full(folder, point, code=errno.ENOSPC):
    """Context in which a disk is full, or of another fault, from an operation on: nothing but removal works.

    Parameters
    ----------
    point : int
        Operations that work before that.
    code : int
        What the operating system says; where nothing can be removed, as on a read-only disk, not even that.

    Yields
    ------
    list
        Name and path of operations that were refused.
    """
    count, refused = [0], []

    def act(name, path):
        count[0] += 1
        if count[0] > point and (code != errno.ENOSPC or name not in ("remove", "rmdir")):
            refused.append((name, path))
            raise OSError(code, os.strerror(code), str(path))

    with told(folder, act):
        yield refused
