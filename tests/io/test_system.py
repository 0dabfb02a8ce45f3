"""Platforms without POSIX calls: locks of Windows, and no locks."""

import os
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from pyannote.audio.core.errors import BusyError
from pyannote.audio.io import system
from pyannote.audio.io.locks import FolderLock, is_locked, shared_lock
from pyannote.audio.io.storage import write_text


@pytest.fixture
def windows(monkeypatch):
    """Locks of single bytes, which exclude other handles of the same process, no calls on folders, and open
    files that cannot be removed."""
    held = {}

    def locking(descriptor, mode, count):
        assert (mode, count) == (2, 1)
        status = os.fstat(descriptor)
        place = (status.st_ino, os.lseek(descriptor, 0, os.SEEK_CUR))
        if held.get(place) not in (None, descriptor) and is_open(held[place], status.st_ino):
            raise PermissionError(13, "Permission denied")
        held[place] = descriptor

    def is_open(descriptor, inode):
        try:
            return os.fstat(descriptor).st_ino == inode
        except OSError:
            return False

    unlink = system.Path.unlink

    def unlink_closed(path, missing_ok=False):
        if path.exists() and any(is_open(one, path.stat().st_ino) for one in range(3, 256)):
            raise PermissionError(13, "in use")
        unlink(path, missing_ok)

    monkeypatch.setattr(system, "_fcntl", None)
    monkeypatch.setattr(system, "_msvcrt", SimpleNamespace(LK_NBLCK=2, locking=locking))
    monkeypatch.setattr(system.Path, "unlink", unlink_closed)
    monkeypatch.delattr(os, "O_DIRECTORY")
    monkeypatch.delattr(os, "O_NOFOLLOW")


@contextmanager
def refused(folder):
    with pytest.raises(BusyError, match=rf"in use for training by process {os.getpid()} on") as caught:
        yield
    assert caught.value.file == folder


def test_one_at_a_time_where_locks_are_of_bytes(tmp_path, windows):
    folder = tmp_path / "new"
    with FolderLock(folder, "training"):
        assert is_locked(folder, "training") and not is_locked(folder, "validation")
        with refused(folder), FolderLock(folder, "training"):
            pass
    assert not is_locked(folder, "training")
    assert not folder.exists()


def test_files_and_shared_folders_where_folders_cannot_be_opened(tmp_path, windows):
    calls = []
    with shared_lock(tmp_path, calls.append):
        write_text(tmp_path / "new" / "a", "b")
    assert (tmp_path / "new" / "a").read_text() == "b"
    assert calls == []


def test_a_platform_without_locks(tmp_path, monkeypatch):
    monkeypatch.setattr(system, "_fcntl", None)
    calls = []
    with FolderLock(tmp_path, "training"), FolderLock(tmp_path, "training"):
        assert not is_locked(tmp_path, "training")
    with shared_lock(tmp_path, calls.append):
        pass
    assert calls == [] and list(tmp_path.iterdir()) == []
