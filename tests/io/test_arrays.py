"""Mapped arrays: released memory is read again, changes in memory stay."""

from pathlib import Path

import numpy as np
import pytest

from pyannote.audio.io.arrays import read_only, release


def resident():
    """Bytes of files that this process holds in memory."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = [line for line in lines if line.startswith("RssFile")]
    if not found:
        pytest.skip("This system does not tell.")
    return 1024 * int(found[0].split()[1])


def test_memory_is_given_back(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.ones((1 << 22,), dtype=np.float32))
    array = np.load(path, mmap_mode="r")
    before = resident()
    assert array.sum() == 1 << 22
    read = resident()
    if read - before < 8 << 20:
        pytest.skip("This system does not count mapped files.")
    release(array[100:200])
    assert resident() - before < 4 << 20
    assert array.sum() == 1 << 22


def test_changes_in_memory_stay(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros(10))
    array = np.load(path, mmap_mode="c")
    array[3] = 1
    release(array)
    assert array[3] == 1 and read_only(array)[3] == 0


def test_arrays_that_are_not_mapped_are_unchanged():
    array = np.arange(3)
    release(array)
    assert read_only(array) is array


def test_read_only_arrays_cannot_be_changed(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(10))
    array = read_only(np.load(tmp_path / "a.npy", mmap_mode="c"))
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
