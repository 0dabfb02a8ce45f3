"""Where memory runs out: a sentence with the size of batches, and all that was finished is there."""

import re
import resource
import shutil

import pytest
import torch

from pyannote.audio.augmentation.add_noise_from_gaps import AddNoiseFromGaps
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.models.dcase import Dcase
from pyannote.audio.models.tristou_net import TristouNet

LIMIT = 6 << 30
"""Bytes of addresses: far more than a training with small batches needs."""

HUGE = 65536
"""Chunks of a batch, whose features alone are 2 GB; no more are allowed."""

# as PyTorch, cuBLAS, the C++ library, NumPy and the operating system say it
ERRORS = {
    "CUDA": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has 79.10 GiB."),
    "CUDA late": RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "CPU": RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory"),
    "C++": RuntimeError("std::bad_alloc"),
    "NumPy": MemoryError("Unable to allocate 4.00 TiB for an array with shape (1099511627776,)"),
    "Python": MemoryError(),
    "system": OSError(12, "Cannot allocate memory"),
}


of_some = pytest.mark.parametrize(
    "error", [ERRORS[kind] for kind in ("CUDA", "Python")], ids=["CUDA", "Python"]
)
"""All of them are raised in steps; elsewhere, some will do."""


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


def failing(error, calls=0):
    """What does nothing but raise an error, after so many calls of what it stands for."""

    def instead(work):
        count = iter(range(calls))

        def run(*arguments, **options):
            if next(count, None) is None:
                raise error
            return work(*arguments, **options)

        return run

    return instead


def replace(monkeypatch, owner, name, instead):
    monkeypatch.setattr(owner, name, instead(getattr(owner, name)))


def contents(folders):
    return {path.name: path.read_bytes() for path in (folders.train / "weights").iterdir()}


@pytest.fixture(params=ERRORS)
def error(request):
    return ERRORS[request.param]


def test_a_batch_that_is_too_large_for_the_process(copied, start, here, promise):
    text = copied.config.read_text()
    copied.config.write_text(text.replace("batch_size: 32", f"batch_size: {HUGE}"))
    before = contents(copied)
    options = ("--cpu", "--from=last", "--to=4", "--accept-changes")
    arguments = ("dcase", "train", *options, copied.root, copied.protocol)
    process = start(*arguments, preexec_fn=limited)
    _, err = process.communicate(timeout=120)
    *warnings, error = err.splitlines(keepends=True)
    assert all(line.startswith("Warning: ") for line in warnings)
    assert error == (
        f"Error: {copied.config}, line 5: There is too little memory for batches of {HUGE} chunks "
        "(batch_size). Set a smaller batch_size. Finished epochs are safe: go on with --from=last.\n"
    )
    assert process.returncode == 7
    assert contents(copied) == before
    copied.config.write_text(text)
    result = here(*arguments)
    assert result.code == 0 and "Resuming after epoch 3" in result.out, result.err
    promise(
        "Where memory runs out, a sentence tells how large batches are and where that is set.",
        f"A training of 3 epochs goes on with batches of {HUGE} chunks and {LIMIT >> 30} GiB (RLIMIT_AS); "
        f"what {len(ERRORS)} libraries say where memory runs out is raised in steps, in validation, in "
        "applying, in features and in threads.",
        "exit status 7, 0 bytes of earlier epochs differ, the training goes on with smaller batches",
    )


@pytest.mark.slow
def test_in_processes_that_torchrun_has_started(copied, torchrun):
    text = copied.config.read_text()
    copied.config.write_text(text.replace("batch_size: 32", f"batch_size: {HUGE}"))
    before = contents(copied)
    arguments = ("dcase", "train", "--cpu", "--from=last", "--to=4", copied.root, copied.protocol)
    process = torchrun(*arguments, preexec_fn=limited)
    _, err = process.communicate(timeout=120)
    assert process.returncode != 0
    assert f"There is too little memory for batches of {HUGE} chunks (batch_size)." in err
    assert contents(copied) == before


def test_in_a_step(error, copied, here, monkeypatch):
    before = contents(copied)
    # one batch an epoch: the fourth epoch is the last that is whole
    replace(monkeypatch, Dcase, "forward", failing(error, calls=1))
    arguments = ("dcase", "train", "--cpu", "--from=last", "--to=6", copied.root, copied.protocol)
    result = here(*arguments)
    assert result.code == 7
    assert result.err.startswith(
        f"Error: {copied.config}, line 5: There is too little memory for batches of 32 chunks (batch_size). "
    )
    assert before.items() < contents(copied).items() and copied.weights(4).exists()
    assert not copied.weights(5).exists()
    monkeypatch.undo()


def test_a_training_that_ran_out_of_memory_goes_on_to_the_same(finished, experiment, here, monkeypatch):
    arguments = ("dcase", "train", "--cpu", "--from=last", "--to=3", experiment.root, experiment.protocol)
    with monkeypatch.context() as patch:
        replace(patch, Dcase, "forward", failing(ERRORS["CUDA"], calls=1))
        assert here(*arguments).code == 7
    assert here(*arguments).code == 0
    for epoch in (1, 2, 3):
        assert experiment.weights(epoch).read_bytes() == finished.weights(epoch).read_bytes()


def test_in_a_step_of_an_embedding(embedding, emb, monkeypatch):
    replace(monkeypatch, TristouNet, "forward", failing(ERRORS["CUDA"]))
    result = emb("train", "--cpu", "--to=1", embedding.root, embedding.protocol)
    line = 1 + embedding.config.read_text().splitlines().index("      per_fold: 4")
    assert result.code == 7
    assert result.err.startswith(
        f"Error: {embedding.config}, line {line}: There is too little memory for batches of 12 chunks "
        "(per_fold). Set a smaller per_fold."
    )


@of_some
def test_in_the_thread_that_draws_batches(error, experiment, here, monkeypatch):
    experiment.config.write_text(
        experiment.config.read_text() + "data_augmentation: {name: AddNoiseFromGaps}\n"
    )
    replace(monkeypatch, AddNoiseFromGaps, "__call__", failing(error, calls=1))
    result = here("dcase", "train", "--cpu", "--to=3", experiment.root, experiment.protocol)
    assert result.code == 7
    assert "line 5: There is too little memory for batches of 32 chunks (batch_size)." in result.err
    assert experiment.weights(1).exists()


@of_some
@pytest.mark.parametrize("command", ["validate", "apply"])
def test_in_validation_and_applying(command, error, copied, here, monkeypatch):
    folder = copied.validate if command == "apply" else copied.train
    for path in (copied.validate / "scores").iterdir():
        path.unlink()
    replace(monkeypatch, Dcase, "local", failing(error))
    result = here("dcase", command, "--cpu", "--batch=4096", folder, copied.protocol)
    assert result.code == 7
    told = "There is too little memory for batches of 4096 chunks (--batch=4096). Set a smaller --batch."
    assert result.err == f"Error: {told}\n"
    assert not list(copied.root.rglob("*.part"))


@pytest.mark.parametrize("command", ["validate", "apply"])
def test_in_validation_and_applying_of_embeddings(command, embedded_copy, emb, monkeypatch):
    folder = embedded_copy.validate if command == "apply" else embedded_copy.train
    if command == "validate":
        shutil.rmtree(embedded_copy.validate)
    replace(monkeypatch, TristouNet, "forward", failing(ERRORS["CUDA"]))
    result = emb(command, "--cpu", "--batch=4096", folder, embedded_copy.protocol)
    assert result.code == 7
    assert "There is too little memory for batches of 4096 chunks (--batch=4096). Set" in result.err


@of_some
@pytest.mark.parametrize("parallel", [1, 2])
def test_in_the_features_of_a_file(parallel, error, experiment, here, tmp_path, monkeypatch):
    replace(monkeypatch, LibrosaMelSpectrogram, "open", failing(error))
    arguments = ("--cpu", "--to=1", f"--parallel={parallel}", experiment.root, experiment.protocol)
    result = here("dcase", "train", *arguments, cache=tmp_path / "new")
    assert result.code == 7
    found = re.fullmatch(
        r"Error: (\S+\.wav): There is too little memory for this file\. Set a smaller --parallel.*\n",
        result.err,
    )
    assert found, result.err
