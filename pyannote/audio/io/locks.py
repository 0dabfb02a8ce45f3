"""Exclusive and shared locks of folders."""

from __future__ import annotations

import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import IO

from pyannote.audio.core.errors import BusyError
from pyannote.audio.io import system
from pyannote.audio.io.storage_errors import storage_error


def is_locked(folder: Path, purpose: str) -> bool:
    """Whether a running process holds the `FolderLock` of a purpose.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> with FolderLock(folder, "training"):
    ...     is_locked(folder, "training"), is_locked(folder, "validation")
    (True, False)
    >>> is_locked(folder, "training")
    False
    """
    try:
        with _lock_file(folder, purpose).open("rb") as stream:
            system.lock(stream, shared=True)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    except OSError as error:
        raise storage_error(error, folder, action="read") from error
    return False


@contextmanager
def shared_lock(folder: Path, on_exclusive: Callable[[Path], object]) -> Iterator[None]:
    """Shared lock of a folder: context within which several processes may write there.

    Parameters
    ----------
    folder : Path
        The folder, created if missing.
    on_exclusive : callable
        Called with the folder if no other process holds the lock: unfinished files in it are then those of
        processes that were killed. Never called on a platform or disk without locks.

    Raises
    ------
    StorageError
        On entry, if the folder cannot be created.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> with shared_lock(folder, lambda folder: print("first")):
    ...     with shared_lock(folder, lambda folder: print("second")):
    ...         pass
    first
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        descriptor = system.open_folder(folder)
    except OSError as error:
        raise storage_error(error, folder) from error
    if descriptor is None:
        # without locks, no process knows whether it is the only one
        yield
        return
    try:
        if system.lock_folder(descriptor, shared=False):
            with suppress(OSError):
                on_exclusive(folder)
        system.lock_folder(descriptor, shared=True)
        yield
    finally:
        os.close(descriptor)


def _lock(stream: IO[str]) -> None:
    # `is_locked` of another process holds the lock for an instant, so that one refusal proves nothing
    for _ in range(10):
        try:
            return system.lock(stream)
        except BlockingIOError:
            time.sleep(0.01)
    return system.lock(stream)


def _write_holder(stream: IO[str]) -> None:
    # only for messages: a full disk is reported when results are written
    with suppress(OSError):
        os.ftruncate(stream.fileno(), 0)
        os.write(stream.fileno(), f"process {os.getpid()} on {socket.gethostname()}".encode())


def _lock_file(folder: Path, purpose: str) -> Path:
    return Path(folder) / f".lock.{purpose.replace(' ', '_').replace('/', '_')}"


class FolderLock:
    """Exclusive lock of a folder for a purpose, as a context.

    The operating system releases the lock if the process dies. A folder that was created for the lock, and
    is empty at the end, is removed.

    Parameters
    ----------
    folder : Path
        The folder, created if missing.
    purpose : str
        Purpose, such as "training". Locks of different purposes do not exclude each other.

    Raises
    ------
    BusyError
        On entry, if another process holds the lock; with its process number and host.
    StorageError
        On entry, if the folder cannot be written.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> with FolderLock(folder, "training"):
    ...     (folder / ".lock.training").exists()
    True
    >>> (folder / ".lock.training").exists()
    False
    """

    def __init__(self, folder: Path, purpose: str) -> None:
        self.folder = Path(folder)
        self.purpose = purpose
        self.path = _lock_file(self.folder, purpose)
        self._stream: IO[str] | None = None
        self._created: list[Path] = []

    def __enter__(self) -> FolderLock:
        above = (self.folder, *self.folder.parents)
        try:
            self._created = list(takewhile(lambda one: not one.exists(), above))
            while self._stream is None:
                self._stream = self._try()
        except OSError as error:
            raise storage_error(error, self.path, action="locked") from error
        return self

    def _try(self) -> IO[str] | None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            stream = open(self.path, "a+", encoding="utf-8", opener=system.open_without_link)  # noqa: SIM115
        except FileNotFoundError:
            # the previous holder, which had created the folder, has just removed it
            return None
        except FileExistsError:
            # the same between two calls of `mkdir`, unless another file has this path
            if self._is_not_a_folder():
                raise
            return None
        try:
            _lock(stream)
            if not self._is_current(stream):
                stream.close()
                return None
            _write_holder(stream)
        except BlockingIOError as error:
            raise self._busy(stream) from error
        except BaseException:
            stream.close()
            raise
        return stream

    def _is_not_a_folder(self) -> bool:
        """Whether a file, or a broken link, has the path of the folder."""
        try:
            return not stat.S_ISDIR(self.folder.stat().st_mode)
        except FileNotFoundError:
            return self.folder.is_symlink()

    def _is_current(self, stream: IO[str]) -> bool:
        # between opening and locking, the previous holder may have removed the file
        try:
            return os.path.samestat(os.fstat(stream.fileno()), self.path.stat())
        except FileNotFoundError:
            return False

    def _busy(self, stream: IO[str]) -> BusyError:
        with stream:
            stream.seek(0)
            holder = stream.read(200) or "another process"
        return BusyError(
            f"The folder is in use for {self.purpose} by {holder}.",
            file=self.folder,
            fix="Wait until it has ended, or choose another folder.",
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._stream is not None:
            system.remove_locked(self.path, self._stream)
            self._stream = None
        with suppress(OSError):
            for created in self._created:
                created.rmdir()
