"""What the operating system tells of processes."""

import os
import re
import time
from contextlib import suppress
from pathlib import Path


def waits(condition, seconds=60):
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False


def hears(process, number):
    """Whether a process has a handler of its own for a signal."""
    with suppress(FileNotFoundError, ProcessLookupError):
        caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process}/status").read_text())
        return bool(int(caught[1], 16) >> (number - 1) & 1)
    return False


def children(process):
    """Processes that another one has started."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def alive(process):
    """Whether a process still runs."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def session(leader):
    """Processes of the session of a leader that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _, _, own = path.read_text().rpartition(")")[2].split()[:4]
            if int(own) == leader and state != "Z":
                found.append(int(path.parent.name))
    return found


def signal_group(process, number):
    """Send a signal to all processes of a group, as a terminal does, unless they have ended."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
