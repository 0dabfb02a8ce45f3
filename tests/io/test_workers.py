"""Parallel processing of files: threads, workers of a cluster, and errors without a cluster."""

import sys

import pytest

from pyannote.audio.core.errors import AudioError, UsageError
from pyannote.audio.io import workers
from pyannote.audio.io.waveform import info
from pyannote.audio.io.workers import Workers

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
    ) as local:
        yield local.scheduler_address


@pytest.fixture(params=["threads", "cluster"])
def anyone(request):
    if request.param == "threads":
        return Workers(parallel=2)
    return Workers(scheduler=request.getfixturevalue("cluster"))


def test_all_items_are_worked_on_once(anyone):
    assert sorted(anyone.map(abs, [-3, 2, -2, 2])) == [2, 2, 2, 3]


def test_nothing_to_do_needs_nobody():
    assert list(Workers(scheduler="tcp://127.0.0.1:1").map(abs, [])) == []


def test_errors_come_back_as_they_are(anyone, tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(AudioError, match="empty") as caught:
        list(anyone.map(info, [path]))
    assert caught.value.file == path
    assert caught.value.fix


def test_a_scheduler_file_names_a_cluster(cluster, tmp_path):
    path = tmp_path / "scheduler.json"
    path.write_text(f'{{"address": "{cluster}"}}')
    assert list(Workers(scheduler=str(path)).map(abs, [-1])) == [1]


@pytest.mark.parametrize("place", ["tcp://127.0.0.1:1", "nonsense", "no/such/file.json"])
def test_no_scheduler(place, monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_PATIENCE", 0.3)
    with pytest.raises(UsageError, match="No Dask scheduler answers at"):
        list(Workers(scheduler=place).map(abs, [1]))


@pytest.mark.parametrize("content", ["", "nonsense", "{}", "[]"])
def test_a_file_that_no_scheduler_has_written(content, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "CONNECT_PATIENCE", 0.3)
    path = tmp_path / "scheduler.json"
    path.write_text(content)
    with pytest.raises(UsageError, match="No Dask scheduler answers at"):
        list(Workers(scheduler=str(path)).map(abs, [1]))


def test_no_workers(monkeypatch):
    monkeypatch.setattr(workers, "WORKER_PATIENCE", 0.3)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None, silence_logs=50) as empty,
        pytest.raises(UsageError, match="has no workers"),
    ):
        list(Workers(scheduler=empty.scheduler_address).map(abs, [1]))


def test_workers_of_another_version(cluster, monkeypatch):
    monkeypatch.setattr(workers, "__version__", "0.0")
    with pytest.raises(UsageError, match=r"not 0\.0"):
        list(Workers(scheduler=cluster).map(abs, [1]))


def test_without_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="pip install distributed"):
        list(Workers(scheduler="tcp://127.0.0.1:8786").map(abs, [1]))
