"""Who works on files, or with others, raises or dies: an error in time that names the file, and no hang."""

import os
import re
import signal
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from pyannote.audio.augmentation.add_noise_from_gaps import AddNoiseFromGaps
from pyannote.audio.core.errors import OutOfMemoryError, ToolkitError
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.io.workers import Workers
from pyannote.audio.store.feature_store import FeatureStore

IN_TIME = 10.0
"""Seconds within which an error must come."""

ERRORS = {
    ValueError("axis 1 is out of bounds"): "(ValueError: axis 1 is out of bounds)",
    RuntimeError("internal error"): "(RuntimeError: internal error)",
    KeyError("x"): "(KeyError: 'x')",
    MemoryError(): "There is too little memory for this file.",
}
"""What is raised, and what is said of it."""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Six recordings, one of which, the bad one, is of another rate."""
    folder, random = tmp_path_factory.mktemp("recordings"), np.random.default_rng(0)
    for index in range(6):
        rate = 8000 if index == 3 else 16000
        soundfile.write(folder / f"{index}.wav", random.uniform(-0.5, 0.5, 2 * rate), rate)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def bad(recordings):
    return recordings[3]


def raising(error, when=lambda *arguments: True):
    """What raises an error where something is so, instead of doing its work."""

    def instead(work):
        def run(*arguments, **options):
            if when(*arguments):
                raise error
            return work(*arguments, **options)

        return run

    return instead


def in_libsndfile(monkeypatch, error, bad):
    is_bad = lambda stream, *others: os.fsdecode(stream.name) == str(bad)  # noqa: E731
    monkeypatch.setattr(soundfile.SoundFile, "read", raising(error, is_bad)(soundfile.SoundFile.read))


def in_soxr(monkeypatch, error, bad):
    """The bad recording is the only one that is resampled."""
    monkeypatch.setattr(soxr, "resample", raising(error)(soxr.resample))


def in_numpy(monkeypatch, error, bad):
    """Deep in its features."""
    work = LibrosaMelSpectrogram.open

    def opened(extraction, file):
        reader = work(extraction, file)
        return replace(reader, read=raising(error)(reader.read)) if Path(file) == bad else reader

    monkeypatch.setattr(LibrosaMelSpectrogram, "open", opened)


@pytest.mark.parametrize("parallel", [1, 2, 4])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", [in_libsndfile, in_soxr, in_numpy], ids=lambda place: place.__name__)
def test_an_error_in_a_thread_names_the_file(place, error, parallel, recordings, bad, tmp_path, monkeypatch):
    place(monkeypatch, error, bad)
    store = FeatureStore(LibrosaMelSpectrogram(), tmp_path, parallel)
    began = time.monotonic()
    with pytest.raises(ToolkitError) as caught:
        store.prepare(recordings)
    assert time.monotonic() - began < IN_TIME
    assert str(caught.value).startswith(f"{bad}: ")
    assert ERRORS[error] in str(caught.value)
    # what others have finished stays
    monkeypatch.undo()
    assert len(list(tmp_path.rglob("*.npy"))) >= 1
    store.prepare(recordings)
    assert len(list(tmp_path.rglob("*.npy"))) == len(recordings) and not list(tmp_path.rglob("*.part"))


def test_an_error_of_one_recording_alone_names_it(bad, tmp_path, monkeypatch):
    in_numpy(monkeypatch, ValueError("no"), bad)
    with pytest.raises(ToolkitError, match=r"3\.wav: An unexpected error occurred \(ValueError: no\)"):
        FeatureStore(LibrosaMelSpectrogram(), tmp_path).get(bad)


@pytest.mark.parametrize("parallel", [1, 2])
def test_a_command_names_the_file(parallel, experiment, here, tmp_path, monkeypatch, promise):
    error = RuntimeError("internal error")
    monkeypatch.setattr(LibrosaMelSpectrogram, "open", raising(error)(LibrosaMelSpectrogram.open))
    arguments = ("--cpu", "--to=1", f"--parallel={parallel}", experiment.root, experiment.protocol)
    result = here("dcase", "train", *arguments, cache=tmp_path / "new")
    assert result.code == 1
    told = r"Error: \S+\.wav: An unexpected error occurred \(RuntimeError: internal error\)\. .*\n"
    assert re.fullmatch(told, result.err), result.err
    promise(
        "A thread that fails is an error that names the file, and no hang.",
        f"{len(ERRORS)} kinds of errors are raised in reading, resampling and features of one of 6 "
        "recordings, with 1, 2 and 4 threads.",
        f"the file is named in less than {IN_TIME:g} s",
    )


def test_drawing_a_batch_that_fails_names_it(experiment, here, monkeypatch):
    text = experiment.config.read_text()
    experiment.config.write_text(text + "data_augmentation: {name: AddNoiseFromGaps}\n")
    calls = iter(range(2))
    late = raising(ValueError("no"), lambda *arguments: next(calls, None) is None)
    monkeypatch.setattr(AddNoiseFromGaps, "__call__", late(AddNoiseFromGaps.__call__))
    result = here("dcase", "train", "--cpu", "--to=5", experiment.root, experiment.protocol)
    assert result.code == 1
    assert result.err.startswith("Error: batch 1 of epoch 3: An unexpected error occurred (ValueError: no).")
    assert experiment.weights(2).exists()


# Workers of a cluster


def die(bad, path):
    """Work on a recording; the bad one ends the process."""
    if path == bad:
        os.kill(os.getpid(), signal.SIGKILL)
    return len(path.name)


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    import dask

    distributed.protocol.pickle.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    with (
        # each worker has the file alone that it works on, so that no other one is blamed
        dask.config.set(
            {"distributed.scheduler.allowed-failures": 1, "distributed.scheduler.worker-saturation": 1.0}
        ),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as local,
    ):
        yield local.scheduler_address


@pytest.mark.slow
def test_workers_of_a_cluster_that_die_of_a_file_name_it(recordings, bad, cluster, promise):
    began = time.monotonic()
    with pytest.raises(
        OutOfMemoryError, match="Several workers of the cluster died while they processed this file"
    ) as caught:
        list(Workers(scheduler=cluster).map(partial(die, bad), recordings))
    assert time.monotonic() - began < 60
    assert str(caught.value).startswith(f"{bad}: ")
    promise(
        "Workers of a cluster that a file kills are an error that names it.",
        "Each worker that works on one of 6 recordings is killed.",
        "the file is named",
    )


def refuse(bad, path):
    if path == bad:
        raise RuntimeError("internal error")
    return len(path.name)


@pytest.mark.slow
def test_a_worker_of_a_cluster_that_fails_names_the_file(recordings, bad, cluster):
    with pytest.raises(ToolkitError, match="RuntimeError: internal error") as caught:
        list(Workers(scheduler=cluster).map(partial(refuse, bad), recordings))
    assert str(caught.value).startswith(f"{bad}: ")
