"""What tests of several folders share: a cluster of two workers, one of which is killed at work."""

import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["commands", "tested_blocks", "promises"]


def pytest_configure():
    # A shell lets jobs in the background ignore Ctrl-C, and so do their children. Tests send it to both.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # how long examples take says how busy the machine is
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")


def sabotage(flag, last):
    """Let a worker be killed by the operating system at its `last` write, if it is the first to get there."""
    fsync, calls = os.fsync, []

    def deadly(descriptor):
        calls.append(descriptor)
        if len(calls) == last:
            try:
                Path(flag).touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        fsync(descriptor)

    os.fsync = deadly


@pytest.fixture
def dying_cluster(tmp_path):
    """Address of a cluster of two workers; the first that is about to sync its `last` time is killed.

    What it was writing is on the disk then, and has no name yet. At the end, the test fails unless it was so.
    """
    distributed = pytest.importorskip("distributed")

    @contextmanager
    def cluster(last):
        flag = tmp_path / "killed"
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
            ) as local,
            distributed.Client(local, set_as_default=False) as client,
        ):
            # pickled by value: workers cannot import it
            distributed.protocol.pickle.cloudpickle.register_pickle_by_value(sys.modules[__name__])
            client.run(sabotage, str(flag), last)
            yield local.scheduler_address
        assert flag.exists()

    return cluster
