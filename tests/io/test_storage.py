import errno
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from pyannote.audio.core.errors import BusyError, DataError, StorageError
from pyannote.audio.io import storage
from pyannote.audio.io.locks import shared_lock
from pyannote.audio.io.paths import inside
from pyannote.audio.io.storage import (
    FolderLock,
    digest,
    is_locked,
    move,
    remove,
    write_array,
    write_bytes,
    write_text,
    write_with,
)
from pyannote.audio.io.temporary import remove_temporaries, temporary_folder


def names(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_written_files_come_back(tmp_path):
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_bytes(tmp_path / "a" / "b.bin", b"\x00\xff")
    write_text(tmp_path / "a" / "c.txt", "é\n")
    write_array(tmp_path / "d.npy", array)
    assert (tmp_path / "a" / "b.bin").read_bytes() == b"\x00\xff"
    assert (tmp_path / "a" / "c.txt").read_bytes() == "é\n".encode()
    np.testing.assert_array_equal(np.load(tmp_path / "d.npy"), array)
    assert names(tmp_path) == ["b.bin", "c.txt", "d.npy"]


def test_permissions_follow_the_umask(tmp_path):
    previous = os.umask(0o027)
    try:
        write_text(tmp_path / "a", "")
    finally:
        os.umask(previous)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("failure", [RuntimeError("x"), KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
@pytest.mark.parametrize("existing", [True, False])
def test_a_failing_writer_leaves_nothing(tmp_path, failure, existing):
    path = tmp_path / "a.bin"
    if existing:
        path.write_bytes(b"old")

    def writer(stream):
        stream.write(b"half")
        raise failure

    with pytest.raises(StorageError if isinstance(failure, OSError) else type(failure)):
        write_with(path, writer)
    assert names(tmp_path) == (["a.bin"] if existing else [])
    assert not existing or path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission"),
        (9999, "9999"),
    ],
)
def test_the_reason_is_named(tmp_path, monkeypatch, number, reason):
    def refuse(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(storage.os, "fsync", refuse)
    with pytest.raises(StorageError, match=reason) as caught:
        write_bytes(tmp_path / "a.bin", b"12345")
    assert "5 bytes needed" in str(caught.value)
    assert str(tmp_path / "a.bin") in str(caught.value)
    assert names(tmp_path) == []


def test_parent_that_is_a_file_and_target_that_is_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="a file, not a folder"):
        write_text(tmp_path / "file" / "a", "")
    (tmp_path / "folder" / "full").mkdir(parents=True)
    with pytest.raises(StorageError, match="folder of that name"):
        write_text(tmp_path / "folder", "")
    assert names(tmp_path) == ["file"]


def test_digest(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert digest(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(StorageError, match="cannot be read"):
        digest(tmp_path / "b")


@pytest.mark.parametrize("uri", ["a", "a.b-c_d", "speaker/video/0001.npy", "é", "x" * 255, "..a", "a..b"])
def test_inside_accepts(uri):
    assert inside(Path("folder"), uri) == Path("folder") / uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        ".",
        "/etc/passwd",
        "..",
        "../a",
        "a/../../b",
        "a/..",
        "a\0b",
        "a//b",
        "./a",
        "a/",
        3000 * "a/" + "a",
    ],
)
def test_inside_refuses(uri):
    with pytest.raises(DataError, match="Rename"):
        inside(Path("folder"), uri)


def test_lock_excludes_and_is_released(tmp_path):
    with FolderLock(tmp_path / "new", "training"):
        with pytest.raises(BusyError, match=rf"training by process {os.getpid()} on"):
            FolderLock(tmp_path / "new", "training").__enter__()
        with FolderLock(tmp_path / "new", "validation"):
            pass
    with FolderLock(tmp_path / "new", "training"):
        pass
    assert names(tmp_path) == []


def _hold(folder, ready):
    with FolderLock(folder, "training"):
        ready.set()
        signal.pause()


def test_lock_of_a_dead_process_is_taken_over(tmp_path):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    child = context.Process(target=_hold, args=(tmp_path, ready), daemon=True)
    child.start()
    assert ready.wait(30)
    with pytest.raises(BusyError, match=str(child.pid)):
        FolderLock(tmp_path, "training").__enter__()
    child.kill()
    child.join(30)
    assert names(tmp_path) == [".lock.training"]
    with FolderLock(tmp_path, "training"):
        assert str(os.getpid()) in (tmp_path / ".lock.training").read_text()


def test_lock_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be locked"):
        FolderLock(tmp_path / "file", "training").__enter__()


def test_is_locked_does_not_disturb(tmp_path):
    assert not is_locked(tmp_path / "missing", "training")
    with FolderLock(tmp_path, "training"):
        assert is_locked(tmp_path, "training")
        with pytest.raises(BusyError, match=str(os.getpid())):
            FolderLock(tmp_path, "training").__enter__()
    assert not is_locked(tmp_path, "training")
    assert not (tmp_path / "missing").exists()


def test_asking_never_stops_a_lock(tmp_path):
    """Processes that ask all the time do not make the lock look taken."""
    (tmp_path / ".lock.training").touch()
    context = multiprocessing.get_context("fork")
    child = context.Process(target=_ask_for_ever, args=(tmp_path,), daemon=True)
    child.start()
    for _ in range(200):
        with FolderLock(tmp_path, "training"):
            pass
        (tmp_path / ".lock.training").touch()
    child.kill()
    child.join(30)


def _ask_for_ever(folder):
    while True:
        is_locked(folder, "training")


def test_a_lock_that_points_nowhere(tmp_path):
    (tmp_path / ".lock.training").symlink_to(tmp_path / "nowhere" / "lock")
    with pytest.raises(StorageError, match="cannot be locked"):
        FolderLock(tmp_path, "training").__enter__()


def test_a_folder_that_was_made_for_a_lock_goes_if_it_is_empty(tmp_path):
    with FolderLock(tmp_path / "a" / "b", "training"):
        pass
    assert list(tmp_path.iterdir()) == []
    with FolderLock(tmp_path / "a" / "b", "training"):
        write_text(tmp_path / "a" / "b" / "c", "")
    assert names(tmp_path) == ["c"]
    (tmp_path / "mine").mkdir()
    with FolderLock(tmp_path / "mine", "training"):
        pass
    assert (tmp_path / "mine").exists()


def _write_beside(folder, ready):
    with shared_lock(folder, lambda folder: None), temporary_folder(folder) as scratch:
        (scratch / "half").touch()
        (folder / ".0.part").touch()
        ready.set()
        signal.pause()


def test_temporary_files_of_running_processes_stay(tmp_path):
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    child = context.Process(target=_write_beside, args=(tmp_path, ready), daemon=True)
    child.start()
    assert ready.wait(30)
    with shared_lock(tmp_path, remove_temporaries):
        assert names(tmp_path) == [".0.part", "half"]
    child.kill()
    child.join(30)
    with shared_lock(tmp_path, remove_temporaries):
        assert list(tmp_path.iterdir()) == []


def test_temporaries_of_folders_further_down_stay(tmp_path):
    for folder in ("", "a", "a/b"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / ".0.part").touch()
    remove_temporaries(tmp_path)
    assert [path.parent.name for path in tmp_path.rglob(".0.part")] == ["b"]


def test_removing_and_moving(tmp_path):
    write_text(tmp_path / "a", "a")
    move(tmp_path / "a", tmp_path / "new" / "b")
    assert (tmp_path / "new" / "b").read_text() == "a"
    remove([tmp_path / "a", tmp_path / "new" / "b"])
    assert names(tmp_path) == []
    with pytest.raises(StorageError, match="cannot be removed"):
        remove([tmp_path / "new"])
    with pytest.raises(StorageError, match="no such file"):
        move(tmp_path / "a", tmp_path / "b")
