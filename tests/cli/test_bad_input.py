"""Bad input of any block is reported with file, line and fix, and leaves nothing half-written."""

import errno
import re
import resource
import shutil
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml
from outcomes import (
    BUSY,
    CHECKPOINT,
    CONFIG,
    DATA,
    MEMORY,
    STORAGE,
    USAGE,
    check,
    contents,
    leftovers,
    line_of,
)
from recordings import first_difference
from tested_blocks import FIRST_QUICK

from pyannote.audio.io import storage

# Recordings, lists and annotation


def missing_wav(broken):
    broken.wav().unlink()
    return [broken.uri, "No single audio file was found", "path template"]


def wrong_template(broken):
    broken.change(broken.database, r"/\{uri\}.wav", "/road/{uri}.flac")
    return [broken.uri, "No single audio file was found", "database.yml"]


def empty_audio_file(broken):
    broken.wav().write_bytes(b"")
    return [broken.wav(), "empty"]


def audio_without_samples(broken):
    soundfile.write(broken.wav(), np.zeros((0, 2)), 44100)
    return [broken.wav()]


def audio_that_is_text(broken):
    broken.wav().write_text("This is not audio, though it is called so.\n" * 100)
    return [broken.wav()]


def audio_cut_short(broken):
    content = broken.wav().read_bytes()
    broken.wav().write_bytes(content[: len(content) // 2])
    return [broken.wav()]


def audio_of_nan(broken):
    samples = np.zeros(441000, dtype=np.float32)
    samples[1000] = np.nan
    soundfile.write(broken.wav(), samples, 44100, subtype="FLOAT")
    return [broken.wav()]


def annotation_beyond_the_end(broken):
    pattern = rf"^SPEAKER {broken.uri} 1 (\S+) \S+"
    line = broken.change(broken.rttm, pattern, rf"SPEAKER {broken.uri} 1 \1 60.000")
    return [
        f"{broken.rttm}, line {line}:",
        broken.uri,
        f"its audio ends at {broken.seconds}.000 s",
        "Shorten the annotation",
    ]


def annotated_beyond_the_end(broken):
    line = broken.change(broken.uem, rf"^{broken.uri} 1 (\S+) \S+", rf"{broken.uri} 1 \1 60.000")
    return [f"{broken.uem}, line {line}:", f"its audio ends at {broken.seconds}.000 s"]


def broken_rttm_line(broken):
    line = broken.change(broken.rttm, rf"^SPEAKER {broken.uri} 1 \S+", f"SPEAKER {broken.uri} 1 early")
    return [f"{broken.rttm}, line {line}:", "early"]


def missing_rttm(broken):
    broken.rttm.unlink()
    return [broken.rttm, "There is no such file", "Check the path"]


def missing_list(broken):
    broken.list("train").unlink()
    return [broken.list("train"), "Check the path"]


def empty_list(broken):
    broken.list("train").write_text("")
    return [broken.list("train")]


@pytest.mark.parametrize(
    "damage",
    [
        missing_wav, wrong_template, empty_audio_file, audio_without_samples, audio_that_is_text,
        audio_cut_short, audio_of_nan, annotation_beyond_the_end, annotated_beyond_the_end, broken_rttm_line,
        missing_rttm, missing_list, empty_list,
    ],
    ids=lambda damage: damage.__name__,
)  # fmt: skip
def test_faults_of_a_data_set(damage, block, broken, fresh):
    expected = damage(broken)
    check(block.train(fresh, "--to=1", "--skip=0", recordings=broken), DATA, *expected)
    assert not list(fresh.root.rglob("*.pt")) and not (fresh.train / "specs.yml").exists()
    assert leftovers(broken.root / "cache") == []


@pytest.mark.parametrize("block", FIRST_QUICK, indirect=True)
@pytest.mark.parametrize("content", ["Protocols:\n  TUT2017: [\n", None], ids=["no-yaml", "missing"])
def test_a_database_that_cannot_be_read(content, block, fresh, command, tmp_path, monkeypatch):
    path = tmp_path / "database.yml"
    if content:
        path.write_text(content)
    monkeypatch.setenv("PYANNOTE_DATABASE_CONFIG", str(path))
    result = command(block.name, "train", fresh.root, block.protocol)
    expected = (DATA, path, "line") if content else (USAGE, path, "PYANNOTE_DATABASE_CONFIG")
    check(result, *expected)


def test_an_unknown_protocol_gets_the_nearest_name(block, broken, fresh):
    run = partial(block.run, "train", "--cpu", fresh.root, recordings=broken)
    check(run(f"{block.protocol}1"), USAGE, "There is no protocol", f"Did you mean '{block.protocol}'?")
    result = run("Nonsense")
    check(result, USAGE, "There is no protocol 'Nonsense'", broken.database, "PYANNOTE_DATABASE_CONFIG")
    assert list(fresh.root.iterdir()) == [fresh.config]


def test_a_subset_that_the_protocol_lacks(block, broken, fresh):
    content = yaml.safe_load(broken.database.read_text())
    database, task, name = block.protocol.split(".")
    del content["Protocols"][database][task][name]["test"]
    broken.database.write_text(yaml.safe_dump(content))
    result = block.train(fresh, "--subset=test", recordings=broken)
    check(result, USAGE, block.protocol, "no subset 'test'", "--subset")
    check(block.train(fresh, "--subset=trian", recordings=broken), USAGE, "Did you mean 'train'?")


# The configuration


RATE = "   name: ConstantScheduler\n   params:\n      learning_rate: 0.01"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("architecture:", "architectur:", ["no key 'architectur'", "Did you mean 'architecture'?"]),
        ("scheduler:", "schedular:", ["no key 'schedular'", "Did you mean 'scheduler'?"]),
        (RATE, RATE.replace("params", "parms"), ["'parms'", "Did you mean 'params'?"]),
        ("learning_rate", "learning_rat", ["no parameter 'learning_rat'", "mean 'learning_rate'"]),
        ("per_epoch: 0.0005", "per_epoc: 0.0005", ["no parameter 'per_epoc'", "mean 'per_epoch'?"]),
        (r"duration: [\d.]+", "duration: long", ["must be a finite number", "'long'"]),
        (r"(batch_size|per_fold): (\d+)", r"\1: \g<2>.5", [".5"]),
        ("name: Librosa", "name: Libresa", ["Did you mean '{feature_extraction}'?"]),
        ("{shelf}:\n", "{shelf}:\n\tname: x\n", []),
        ("scheduler:", "{shelf}:\n   name: X\nscheduler:", ["'{shelf}' is already in line {first}"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else None,
)
def test_faults_in_a_line_of_the_configuration(old, new, expected, block, fresh):
    words = {
        "shelf": block.shelf,
        "feature_extraction": block.named("feature_extraction"),
        "first": line_of(fresh.config, f"{block.shelf}:"),
    }
    text = fresh.config.read_text()
    for word, value in words.items():
        old, new = old.replace(f"{{{word}}}", str(value)), new.replace(f"{{{word}}}", str(value))
    changed = re.sub(old, new, text, count=1)
    fresh.config.write_text(changed)
    line = first_difference(text, changed)
    expected = [part.format(**words) for part in expected]
    check(block.train(fresh), CONFIG, f"{fresh.config}, line {line}:", *expected)
    assert list(fresh.root.iterdir()) == [fresh.config]


def test_a_scheduler_without_a_name(block, fresh):
    fresh.config.write_text(fresh.config.read_text().replace(RATE, "   3"))
    line = line_of(fresh.config, "scheduler:")
    check(block.train(fresh), CONFIG, f"{fresh.config}, line {line}:", "scheduler must hold a name")


@pytest.mark.parametrize("section", ["shelf", "architecture", "scheduler", "feature_extraction"])
def test_a_class_that_is_misspelt(section, block, fresh):
    key = block.shelf if section == "shelf" else section
    name = block.named(key)
    text = fresh.config.read_text()
    start = text.index(f"{key}:\n")
    fresh.config.write_text(text[:start] + text[start:].replace(f"name: {name}", f"name: {name[:-1]}", 1))
    line = line_of(fresh.config, f"{key}:") + 1
    expected = (f"'{name[:-1]}'", f"Did you mean '{name}'?")
    check(block.train(fresh), CONFIG, f"{fresh.config}, line {line}:", *expected)
    assert list(fresh.root.iterdir()) == [fresh.config]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (r"duration: [\d.]+", "duration: -2", "positive"),
        (r"sample_rate: \d+", "sample_rate: 0", "sample"),
        ("learning_rate: 0.01", "learning_rate: 0", "learning_rate"),
        ("per_epoch: 0.0005", "per_epoch: 0", "per_epoch"),
    ],
)
def test_values_that_make_no_sense_for_any_block(old, new, expected, block, fresh):
    fresh.config.write_text(re.sub(old, new, fresh.config.read_text(), count=1))
    check(block.train(fresh), CONFIG, f"{fresh.config}, line ", expected)
    assert list(fresh.root.iterdir()) == [fresh.config]


@pytest.mark.parametrize("content", [b"", b"- a\n- b\n", b"\xff\xfe\x00", b"[" * 5000])
def test_a_configuration_that_is_none(content, block, fresh):
    fresh.config.write_bytes(content)
    check(block.train(fresh), CONFIG, fresh.config)


def test_a_missing_configuration(block, fresh):
    fresh.config.unlink()
    check(block.train(fresh), CONFIG, fresh.config)
    check(block.run("train", fresh.root / "nowhere", block.protocol), CONFIG, "config.yml")
    assert list(fresh.root.iterdir()) == []


# Folders that are not what they should be


def test_a_folder_without_epochs(block, fresh, impatient):
    fresh.train.mkdir(parents=True)
    check(block.validate(fresh), CHECKPOINT, fresh.train, "no epochs", "Run `train` first")
    assert list(fresh.train.iterdir()) == []


@pytest.mark.parametrize("command", ["validate", "apply"])
@pytest.mark.parametrize("folder", ["nowhere", ".", "/"])
def test_a_folder_that_is_another(command, folder, block, fresh, impatient):
    result = block.run(command, fresh.root / folder, block.protocol)
    if command == "validate":
        check(result, USAGE, "is no training folder", "Name <root>/train")
    else:
        check(result, USAGE, "is no folder of a validation", "Run `validate` first")


def test_a_training_that_was_not_validated(block, trained_copy):
    shutil.rmtree(trained_copy.validate)
    check(block.apply(trained_copy), USAGE, trained_copy.validate, "Run `validate` first")
    assert not trained_copy.validate.exists()


def test_epochs_that_are_left_out(block, trained_copy):
    check(
        block.validate(trained_copy, "--from=50", "--duration=0.9"), CHECKPOINT, trained_copy.train, "--from"
    )
    check(block.train(trained_copy, "--from=7"), USAGE, "no epoch 7")


def test_a_missing_audio_file_to_apply_to(block, trained):
    result = block.run("apply", trained.validate, "nowhere.wav")
    check(result, USAGE, "nowhere.wav", "neither an audio file nor the name of a protocol")


def test_a_damaged_audio_file_to_apply_to(block, trained, tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" + bytes(100))
    check(block.run("apply", trained.validate, path), DATA, path)


# Damaged results


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:100])


def replace_by_other_shapes(path):
    torch.save({"weight": torch.zeros(3)}, path)


def remove(path):
    path.unlink()


def results(folders):
    """Files that `apply` has written."""
    found = (folders.validate / "apply").rglob("*")
    return [path for path in found if path.is_file() and not path.name.startswith(".")]


@pytest.mark.parametrize(
    "damage", [flip, truncate, replace_by_other_shapes, remove], ids=lambda damage: damage.__name__
)
@pytest.mark.parametrize("command", ["train", "validate", "apply"])
def test_damaged_weights(damage, command, block, trained_copy):
    for epoch in (1, 2, 3):
        damage(trained_copy.weights(epoch))
    shutil.rmtree(trained_copy.validate / "scores")
    options = ("--from=last", "--to=4") if command == "train" else ()
    result = block.command(command, trained_copy, *options)
    check(result, CHECKPOINT, trained_copy.train / "weights", "epoch")
    assert not trained_copy.weights(4).exists() and not results(trained_copy)


def test_a_damaged_training_state(block, trained_copy):
    path = trained_copy.train / "weights" / "0003.state.pt"
    flip(path)
    result = block.train(trained_copy, "--from=last", "--to=4")
    check(result, CHECKPOINT, path, "Use another epoch")
    # the way out that it names
    result = block.train(trained_copy, "--from=2", "--to=3")
    assert result.code == 0, result.err


@pytest.mark.parametrize("extra", ["optimizer:\n   name: Adam\n", "callbacks:\n   name: WeightAveraging\n"])
def test_a_training_goes_on_as_it_began(extra, block, trained_copy):
    trained_copy.config.write_text(trained_copy.config.read_text() + extra)
    result = block.train(trained_copy, "--from=last", "--to=4")
    check(result, CONFIG, trained_copy.config, "Since this training began", "Undo the change")
    assert not trained_copy.weights(4).exists()


@pytest.mark.parametrize("content", ["x", "", "optimizer: 3", None])
def test_pretrained_weights_that_are_none(content, block, fresh, tmp_path):
    path = tmp_path / "pretrained.pt"
    if content is not None:
        path.write_text(content)
    check(block.train(fresh, f"--pretrained={path}"), CHECKPOINT, path)
    assert not (fresh.train / "weights").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "a: [",
        lambda text: "",
        lambda text: "- 1",
        lambda text: re.sub("^epoch: .*", "epoch: first", text, flags=re.MULTILINE),
    ],
    ids=["cut", "empty", "list", "no-epoch"],
)
def test_a_damaged_params_yml(damage, block, trained_copy):
    path = trained_copy.validate / "params.yml"
    path.write_text(damage(path.read_text()))
    check(block.apply(trained_copy), CHECKPOINT, path, "alidate")
    assert not results(trained_copy)


def test_params_of_epochs_that_are_gone(block, trained_copy):
    path = trained_copy.validate / "params.yml"
    path.write_text(re.sub("epoch: .*", "epoch: 77", yaml.safe_dump(yaml.safe_load(path.read_text()))))
    check(block.apply(trained_copy), CHECKPOINT, "There is no epoch 77 here; there are 1 to 3.")


@pytest.mark.parametrize("content", ["a: [", "", "task: 3"])
@pytest.mark.parametrize("command", ["validate", "apply"])
def test_damaged_specifications(command, content, block, trained_copy):
    path = trained_copy.train / "specs.yml"
    path.write_text(content)
    check(block.command(command, trained_copy), CHECKPOINT, path)


# Disks and machines


def failing(code, name):
    def fsync(descriptor):
        if name in str(Path(f"/proc/self/fd/{descriptor}").resolve()):
            raise OSError(code, "")

    return fsync


def test_a_full_disk_while_features_are_computed(block, fresh, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    monkeypatch.setattr(storage.os, "fsync", failing(errno.ENOSPC, str(cache)))
    result = block.train(fresh, cache=cache)
    check(result, STORAGE, cache, "the disk is full", "bytes free", "PYANNOTE_AUDIO_CACHE")
    assert leftovers(tmp_path) == [] and not list(cache.rglob("*.npy"))


def test_a_full_disk_while_an_epoch_is_saved(block, trained_copy, monkeypatch):
    weights = trained_copy.train / "weights"
    before = contents(weights)
    with monkeypatch.context() as patch:
        patch.setattr(storage.os, "fsync", failing(errno.ENOSPC, str(weights)))
        result = block.train(trained_copy, "--from=last", "--to=5")
    check(result, STORAGE, weights, "the disk is full", "bytes free", "Free some space")
    assert contents(weights) == before
    assert block.train(trained_copy, "--from=last", "--to=4").code == 0


@pytest.mark.parametrize("command", ["validate", "apply"])
def test_a_full_disk_while_results_are_written(command, block, trained_copy, monkeypatch):
    before = (trained_copy.validate / "params.yml").read_bytes()
    monkeypatch.setattr(storage.os, "fsync", failing(errno.ENOSPC, str(trained_copy.validate)))
    result = block.command(command, trained_copy)
    check(result, STORAGE, trained_copy.validate, "the disk is full")
    assert (trained_copy.validate / "params.yml").read_bytes() == before
    assert [path for path in leftovers(trained_copy.root) if "tfevents" not in path.name] == []


@pytest.mark.parametrize("block", FIRST_QUICK, indirect=True)
def test_a_limit_of_the_shell(block, fresh, command):
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (4_000, 4_000))
    result = command(block.name, "train", "--cpu", fresh.root, block.protocol, preexec_fn=limit)
    check(result, STORAGE, "larger than the disk or the limit of the shell allows")
    assert not list(fresh.root.rglob("weights/*.json"))


def test_a_disk_that_tensorboard_cannot_write_to(block, trained_copy, monkeypatch):
    """Curves are written by a thread of tensorboard's own, whose errors come late."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device", "curves")

    monkeypatch.setattr(RecordWriter, "write", write)
    result = block.train(trained_copy, "--from=last", "--to=5")
    check(result, STORAGE, trained_copy.train / "events.out.tfevents", "the disk is full", "Free some space")


@pytest.mark.parametrize("block", FIRST_QUICK, indirect=True)
def test_curves_that_are_larger_than_the_limit_of_the_shell(block, trained_copy, command):
    shutil.rmtree(trained_copy.validate)
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (20_000, 20_000))
    result = command(
        block.name, "validate", "--cpu", trained_copy.train, block.protocol, preexec_fn=limit
    )  # fmt: skip
    check(result, STORAGE, trained_copy.validate / "events.out.tfevents", "limit of the shell")


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_folder_that_is_read_only(code, block, fresh, monkeypatch):
    make = Path.mkdir

    def mkdir(self, *arguments, **options):
        if fresh.root in self.parents:
            raise OSError(code, "", str(self))
        return make(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    check(block.train(fresh), STORAGE, fresh.train, "Choose another folder")
    assert list(fresh.root.iterdir()) == [fresh.config]


def test_a_file_where_a_folder_should_be(block, fresh, trained_copy, tmp_path):
    (fresh.root / "train").write_text("in the way")
    result = block.train(fresh)
    check(result, STORAGE, fresh.root / "train", "a file, not a folder", "Choose another folder")
    (trained_copy.validate / "apply").write_text("in the way")
    check(block.apply(trained_copy), STORAGE, trained_copy.validate / "apply", "a file, not a folder")
    cache = tmp_path / "cache"
    cache.write_text("in the way")
    (fresh.root / "train").unlink()
    check(block.train(fresh, cache=cache), STORAGE, cache, "PYANNOTE_AUDIO_CACHE")


def test_too_little_memory(block, fresh, monkeypatch):
    from pyannote.audio.train.trainer import Trainer

    def epochs(self, *arguments, **options):
        raise MemoryError

    monkeypatch.setattr(Trainer, "epochs", epochs)
    check(block.train(fresh), MEMORY, "too little memory", "smaller ", "Finished epochs are safe")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_no_error(block, fresh):
    result = block.run("train", "--gpu", "--to=1", fresh.root, block.protocol)
    assert result.code == 0
    assert result.err == "Warning: there is no GPU that torch can use; going on with the CPU.\n"


@pytest.mark.parametrize("block", FIRST_QUICK, indirect=True)
def test_two_trainings_in_one_folder(block, fresh, start):
    first = start(block.name, "train", "--cpu", "--to=100000", fresh.root, block.protocol)
    end = time.monotonic() + 60
    while not fresh.weights(1).exists() and time.monotonic() < end and first.poll() is None:
        time.sleep(0.05)
    result = block.train(fresh)
    check(result, BUSY, fresh.train, f"process {first.pid} on ", "Wait until it has ended")
    assert first.poll() is None
