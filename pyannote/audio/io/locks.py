"""Locks of folders: one process at a time, or several that share a folder."""

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
    """Tell whether a living process holds the `FolderLock` of that purpose.

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
def shared_lock(folder: Path, alone: Callable[[Path], object]) -> Iterator[None]:
    """Shared lock of a folder: context within which several processes may write there.

    Parameters
    ----------
    folder : Path
        The folder, made if missing.
    alone : callable
        Called with the folder if no other process writes in it: unfinished files in it are then those of
        processes that died. Never called on a platform or disk without locks.

    Raises
    ------
    StorageError
        On entry, if the folder cannot be made.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> with shared_lock(folder, lambda folder: print("alone")):
    ...     with shared_lock(folder, lambda folder: print("alone as well")):
    ...         pass
    alone
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        descriptor = system.open_folder(folder)
    except OSError as error:
        raise storage_error(error, folder) from error
    if descriptor is None:
        # without locks, no process knows whether it is alone
        yield
        return
    try:
        if system.lock_folder(descriptor, shared=False):
            with suppress(OSError):
                alone(folder)
        system.lock_folder(descriptor, shared=True)
        yield
    finally:
        os.close(descriptor)


def _lock(stream: IO[str]) -> None:
    # `is_locked` of another process holds the lock for an instant: one refusal does not mean that it is held
    for _ in range(10):
        try:
            return system.lock(stream)
        except BlockingIOError:
            time.sleep(0.01)
    return system.lock(stream)


def _sign(stream: IO[str]) -> None:
    # the name is for people: a disk that has no room for it will be reported where it matters
    with suppress(OSError):
        os.ftruncate(stream.fileno(), 0)
        os.write(stream.fileno(), f"process {os.getpid()} on {socket.gethostname()}".encode())


def _lock_file(folder: Path, purpose: str) -> Path:
    return Path(folder) / f".lock.{purpose.replace(' ', '_').replace('/', '_')}"


class FolderLock:
    """Context within which no other process that asks for the same lock works in a folder.

    The lock belongs to the process, so that it is gone when the process is, however it died. A folder that
    was made for it, and is empty at the end, is removed.

    Parameters
    ----------
    folder : Path
        The folder, made if missing.
    purpose : str
        What it is locked for, e.g. ``"training"``. Locks of different purposes do not exclude each other.

    Raises
    ------
    BusyError
        On entry, if another process holds the lock. The sentence names it.
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
        self._made: list[Path] = []

    def __enter__(self) -> FolderLock:
        above = (self.folder, *self.folder.parents)
        try:
            self._made = list(takewhile(lambda one: not one.exists(), above))
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
            # the holder before us, which had made the folder, has just removed it
            return None
        except FileExistsError:
            # so it has, between two looks at the folder, unless something else has its name
            if self._is_barred():
                raise
            return None
        try:
            _lock(stream)
            if not self._is_current(stream):
                stream.close()
                return None
            _sign(stream)
        except BlockingIOError as error:
            raise self._busy(stream) from error
        except BaseException:
            stream.close()
            raise
        return stream

    def _is_barred(self) -> bool:
        """Whether what has the name of the folder is no folder."""
        try:
            return not stat.S_ISDIR(self.folder.stat().st_mode)
        except FileNotFoundError:
            return self.folder.is_symlink()

    def _is_current(self, stream: IO[str]) -> bool:
        # Between opening and locking, the holder before us may have removed the file that we opened.
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
            for made in self._made:
                made.rmdir()
