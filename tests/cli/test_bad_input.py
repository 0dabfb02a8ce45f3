"""What is wrong with the input is said in a sentence with file, line and mend; nothing is half-written."""

import errno
import re
import resource
import shutil
from functools import partial

import numpy as np
import pytest
import soundfile
import torch
import yaml

from pyannote.audio.applications import validate
from pyannote.audio.io import storage

USAGE, CONFIG, DATA, BUSY, STORAGE, MEMORY, CHECKPOINT = range(2, 9)


def check(result, code, *expected):
    """One sentence on the screen that holds all that is expected, and the documented exit status."""
    assert "Traceback" not in result.err
    errors = [line for line in result.err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, result.err
    assert [line for line in result.err.splitlines() if not line.startswith(("Error: ", "Warning: "))] == []
    for part in expected:
        assert str(part) in errors[0]
    assert "unexpected" not in errors[0]
    assert errors[0].rstrip().endswith((".", "?", ")"))
    assert result.code == code


def leftovers(folder):
    """Temporary files, and files without content."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if path.suffix == ".part" or path.stat().st_size == 0]


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Broken:
    """A copy of the data set, to be damaged."""

    def __init__(self, root, source, here):
        self.root = root
        shutil.copytree(source / "database", root / "database")
        shutil.copytree(source / "tut" / "audio", root / "audio")
        self.database = root / "database" / "database.yml"
        self.rttm = root / "database" / "TUT2017.rttm"
        self.uem = root / "database" / "TUT2017.uem"
        text = self.database.read_text().replace(f"{source}/tut/audio", f"{root}/audio")
        self.database.write_text(text.replace(f"{source}/database", f"{root}/database"))
        self.uri = self.listed("train")[0]
        self._here = here

    def list(self, subset):
        return self.root / "database" / "lists" / f"Fold1.{subset}.lst"

    def listed(self, subset):
        return self.list(subset).read_text().split()

    def wav(self, uri=None):
        return self.root / "audio" / "street" / f"{uri or self.uri}.wav"

    def change(self, path, pattern, new):
        text = path.read_text()
        changed = re.sub(pattern, new, text, count=1, flags=re.MULTILINE)
        assert changed != text
        path.write_text(changed)
        return 1 + next(
            number
            for number, pair in enumerate(zip(text.split("\n"), changed.split("\n"), strict=False))
            if pair[0] != pair[1]
        )

    def train(self, experiment, *options, protocol=None):
        cache = self.root / "cache"
        arguments = ("--cpu", "--to=1", *options, experiment.root, protocol or experiment.protocol)
        return self._here("dcase", "train", *arguments, database=self.database, cache=cache)


@pytest.fixture
def broken(tmp_path, data, here):
    return Broken(tmp_path / "broken", data, here)


# Recordings, lists and annotation


def missing_wav(broken):
    broken.wav().unlink()
    return [broken.uri, "No single audio file was found", "path template"]


def wrong_template(broken):
    broken.change(broken.database, r"street/\{uri\}.wav", "road/{uri}.flac")
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
        "its audio ends at 10.000 s",
        "Shorten the annotation",
    ]


def annotated_beyond_the_end(broken):
    line = broken.change(broken.uem, rf"^{broken.uri} 1 (\S+) \S+", rf"{broken.uri} 1 \1 60.000")
    return [f"{broken.uem}, line {line}:", "its audio ends at 10.000 s"]


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


def label_that_only_the_data_has(broken):
    broken.change(broken.rttm, rf"^(SPEAKER {broken.uri} 1 .*) \S+ <NA> <NA>$", r"\1 siren <NA> <NA>")
    return ["'siren'", "labels_spec does not name", "Add it to `regular`"]


def labels_that_the_data_lacks(broken):
    broken.rttm.write_text(broken.rttm.read_text().replace(" car ", " cars "))
    return ["labels_spec names 'car'", "Did you mean 'cars'?"]


@pytest.mark.parametrize(
    "damage",
    [
        missing_wav, wrong_template, empty_audio_file, audio_without_samples, audio_that_is_text,
        audio_cut_short, audio_of_nan, annotation_beyond_the_end, annotated_beyond_the_end, broken_rttm_line,
        missing_rttm, missing_list, empty_list, label_that_only_the_data_has, labels_that_the_data_lacks,
    ],
    ids=lambda damage: damage.__name__,
)  # fmt: skip
def test_faults_of_a_data_set(damage, broken, experiment):
    expected = damage(broken)
    check(broken.train(experiment), DATA, *expected)
    assert not list(experiment.root.rglob("*.pt")) and not (experiment.train / "specs.yml").exists()
    assert leftovers(broken.root / "cache") == []


def test_a_database_that_is_no_yaml(experiment, command, tmp_path, monkeypatch):
    path = tmp_path / "database.yml"
    path.write_text("Protocols:\n  TUT2017: [\n")
    monkeypatch.setenv("PYANNOTE_DATABASE_CONFIG", str(path))
    check(command("dcase", "train", experiment.root, experiment.protocol), DATA, path, "line")


def test_a_database_that_is_not_there(experiment, command, tmp_path, monkeypatch):
    path = tmp_path / "nowhere.yml"
    monkeypatch.setenv("PYANNOTE_DATABASE_CONFIG", str(path))
    result = command("dcase", "train", experiment.root, experiment.protocol)
    check(result, USAGE, path, "PYANNOTE_DATABASE_CONFIG")


def test_an_unknown_protocol_gets_the_nearest_name(broken, experiment):
    result = broken.train(experiment, protocol="TUT2017.SpeakerDiarization.Fold11")
    check(result, USAGE, "There is no protocol", "Did you mean 'TUT2017.SpeakerDiarization.Fold1'?")
    result = broken.train(experiment, protocol="Nonsense")
    check(result, USAGE, "There is no protocol 'Nonsense'", broken.database, "PYANNOTE_DATABASE_CONFIG")
    assert list(experiment.root.iterdir()) == [experiment.config]


def test_a_subset_that_the_protocol_lacks(broken, experiment):
    content = yaml.safe_load(broken.database.read_text())
    del content["Protocols"]["TUT2017"]["SpeakerDiarization"]["Fold1"]["test"]
    broken.database.write_text(yaml.safe_dump(content))
    result = broken.train(experiment, "--subset=test")
    check(result, USAGE, experiment.protocol, "no subset 'test'", "--subset")
    check(broken.train(experiment, "--subset=trian"), USAGE, "Did you mean 'train'?")


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_recordings_of_any_rate_and_channels_are_fine(rate, broken, experiment):
    for uri in broken.listed("train"):
        noise = np.random.default_rng(0).normal(0, 0.1, (10 * rate, 1 if uri == broken.uri else 3))
        soundfile.write(broken.wav(uri), noise.clip(-1, 1), rate)
    result = broken.train(experiment)
    assert result.code == 0
    assert all(
        re.match(r"Warning: .* (is resampled|channels|sample_rate)", line) for line in result.err.splitlines()
    )


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
        ("duration: 2.0", "duration: long", ["must be a finite number", "'long'"]),
        ("batch_size: 32", "batch_size: 32.5", ["batch_size", "32.5"]),
        ("name: Librosa", "name: Libresa", ["Mel", "Did you mean 'LibrosaMelSpectrogram'?"]),
        ("task:\n", "task:\n\tname: x\n", []),
        ("scheduler:", "task:\n   name: Dcase\nscheduler:", ["'task' is already in line 1"]),
        (RATE, "   3", ["scheduler must hold a name"]),
    ],
)
def test_faults_in_a_line_of_the_configuration(old, new, expected, experiment, here):
    text = experiment.config.read_text()
    changed = text.replace(old, new, 1)
    experiment.config.write_text(changed)
    same = next(index for index, pair in enumerate(zip(text, changed, strict=False)) if pair[0] != pair[1])
    line = 1 + text[:same].count("\n") - (new == "   3")
    result = here("dcase", "train", "--cpu", experiment.root, experiment.protocol)
    check(result, CONFIG, f"{experiment.config}, line {line}:", *expected)
    assert list(experiment.root.iterdir()) == [experiment.config]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("duration: 2.0", "duration: -2", ["must be positive"]),
        ("duration: 2.0", "duration: 0.01", ["is 1 frames", "Set duration to 0.81 or more"]),
        ("regular:", "regulr:", ["no key 'regulr'", "Did you mean 'regular'?"]),
        ("[brakes_squeaking, ", "[1, ", ["regular", "lists of labels"]),
        ("name: Dcase\nsch", "name: Dcas\nsch", ["'Dcas'", "Did you mean 'Dcase'?"]),
        ("n_mels: 40", "n_mels: 0", ["n_mels"]),
        ("sample_rate: 44100", "sample_rate: 0", ["sample"]),
        ("learning_rate: 0.01", "learning_rate: 0", ["learning_rate"]),
    ],
)
def test_values_of_the_configuration_that_make_no_sense(old, new, expected, experiment, here):
    text = experiment.config.read_text()
    assert old in text
    experiment.config.write_text(text.replace(old, new))
    result = here("dcase", "train", "--cpu", experiment.root, experiment.protocol)
    check(result, CONFIG, f"{experiment.config}, line ", *expected)
    assert list(experiment.root.iterdir()) == [experiment.config]


def test_mel_bands_too_narrow_for_the_window(experiment, here, tmp_path):
    text = experiment.config.read_text().replace("n_mels: 40", "n_mels: 400")
    experiment.config.write_text(text)
    result = here("dcase", "train", "--cpu", experiment.root, experiment.protocol, cache=tmp_path / "cache")
    params = text[: text.index("      sample_rate")].count("\n")
    expected = ["mel bands are narrower", "Set a smaller n_mels"]
    check(result, CONFIG, f"{experiment.config}, line {params}:", *expected)
    assert not list(experiment.train.glob("weights/*")) and not list((tmp_path / "cache").rglob("*.npy"))


@pytest.mark.parametrize("content", [b"", b"- a\n- b\n", b"\xff\xfe\x00", b"[" * 5000])
def test_a_configuration_that_is_none(content, experiment, here):
    experiment.config.write_bytes(content)
    check(here("dcase", "train", experiment.root, experiment.protocol), CONFIG, experiment.config)


def test_a_missing_configuration(experiment, here):
    experiment.config.unlink()
    result = here("dcase", "train", experiment.root, experiment.protocol)
    check(result, CONFIG, experiment.config)
    check(here("dcase", "train", experiment.root / "nowhere", experiment.protocol), CONFIG, "config.yml")
    assert list(experiment.root.iterdir()) == []


# Folders that are not what they should be


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(validate, "START_PATIENCE", 0.0)


def test_a_folder_without_epochs(experiment, here, impatient):
    experiment.train.mkdir(parents=True)
    result = here("dcase", "validate", experiment.train, experiment.protocol)
    check(result, CHECKPOINT, experiment.train, "no epochs", "Run `train` first")
    assert list(experiment.train.iterdir()) == []


@pytest.mark.parametrize("command", ["validate", "apply"])
@pytest.mark.parametrize("folder", ["nowhere", ".", "/"])
def test_a_folder_that_is_another(command, folder, experiment, here, impatient):
    result = here("dcase", command, experiment.root / folder, experiment.protocol)
    if command == "validate":
        check(result, USAGE, "is no training folder", "Name <root>/train")
    else:
        check(result, USAGE, "params.yml", "Run `validate` first")


def test_a_training_that_was_not_validated(copied, here):
    shutil.rmtree(copied.validate)
    result = here("dcase", "apply", copied.validate, copied.protocol)
    check(result, USAGE, copied.validate, "there is no params.yml", "Run `validate` first")
    assert not copied.validate.exists()


def test_epochs_that_are_left_out(copied, here):
    result = here("dcase", "validate", "--from=50", copied.train, copied.protocol, "--precision=0.5")
    check(result, CHECKPOINT, copied.train, "--from")
    check(here("dcase", "train", "--from=7", copied.root, copied.protocol), USAGE, "no epoch 7")


def test_a_folder_without_evaluation(copied, here):
    check(here("dcase", "evaluate", copied.root), USAGE, copied.root, "holds no evaluation", "apply")


def test_a_fold_that_is_named_twice(copied, here):
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0
    result = here("dcase", "evaluate", copied.applied, copied.applied)
    check(result, DATA, copied.applied, "already evaluated", "Name each fold once")


def test_a_missing_audio_file_to_apply_to(copied, here):
    result = here("dcase", "apply", copied.validate, "nowhere.wav")
    check(result, USAGE, "nowhere.wav", "neither an audio file nor the name of a protocol")


def test_a_damaged_audio_file_to_apply_to(copied, here, tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" + bytes(100))
    check(here("dcase", "apply", copied.validate, path), DATA, path)


# Damaged results


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:100])


def replace_by_other_shapes(path):
    torch.save({"weight": torch.zeros(3)}, path)


@pytest.mark.parametrize("damage", [flip, truncate, replace_by_other_shapes, lambda path: path.unlink()])
@pytest.mark.parametrize("command", ["train", "validate", "apply"])
def test_damaged_weights(damage, command, copied, here):
    for epoch in (1, 2, 3):
        damage(copied.weights(epoch))
    shutil.rmtree(copied.validate / "scores")
    folder = {"train": copied.root, "validate": copied.train, "apply": copied.validate}[command]
    options = ("--from=last", "--to=4") if command == "train" else ()
    result = here("dcase", command, "--cpu", *options, folder, copied.protocol)
    check(result, CHECKPOINT, copied.train / "weights", "epoch")
    assert not copied.weights(4).exists()
    assert not list((copied.validate / "apply").rglob("*.rttm"))


def test_a_damaged_training_state(copied, here):
    flip(copied.train / "weights" / "0003.state.pt")
    result = here("dcase", "train", "--cpu", "--from=last", "--to=4", copied.root, copied.protocol)
    check(result, CHECKPOINT, copied.train / "weights" / "0003.state.pt", "Use another epoch")
    # the way out that it names
    result = here("dcase", "train", "--cpu", "--from=2", "--to=3", copied.root, copied.protocol)
    assert result.code == 0, result.err


def test_another_architecture(copied, here):
    before = contents(copied.validate)
    copied.config.write_text(copied.config.read_text().replace("name: Dcase\nsch", "name: Crnn\nsch"))
    shutil.rmtree(copied.validate / "scores")
    # both read the configuration that the training has stored
    for command, folder in (("validate", copied.train), ("apply", copied.validate)):
        assert here("dcase", command, "--cpu", folder, copied.protocol).code == 0
    assert (copied.validate / "params.yml").read_bytes() == before[copied.validate / "params.yml"]
    for accepted in ([], ["--accept-changes"]):
        options = ("--cpu", "--from=last", "--to=4", *accepted)
        result = here("dcase", "train", *options, copied.root, copied.protocol)
        check(
            result, CONFIG, copied.config, "architecture.name was 'Dcase' and is 'Crnn'", "cannot be accepted"
        )


@pytest.mark.parametrize("extra", ["optimizer:\n   name: Adam\n", "callbacks:\n   name: WeightAveraging\n"])
def test_a_training_goes_on_as_it_began(extra, copied, here):
    copied.config.write_text(copied.config.read_text() + extra)
    result = here("dcase", "train", "--cpu", "--from=last", "--to=4", copied.root, copied.protocol)
    check(result, CONFIG, copied.config, "Since this training began", "Undo the change")
    assert not copied.weights(4).exists()


@pytest.mark.parametrize("content", ["x", "", "optimizer: 3", None])
def test_pretrained_weights_that_are_none(content, experiment, here, tmp_path):
    path = tmp_path / "pretrained.pt"
    if content is not None:
        path.write_text(content)
    arguments = ("--cpu", f"--pretrained={path}", experiment.root, experiment.protocol)
    check(here("dcase", "train", *arguments), CHECKPOINT, path)
    assert not (experiment.train / "weights").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda params: "a: [",
        lambda params: "",
        lambda params: "- 1",
        lambda params: yaml.safe_dump({**params, "class_wise": {}}),
        lambda params: yaml.safe_dump({**params, "class_wise": None}),
        lambda params: yaml.safe_dump({**params, "class_wise": {name: {} for name in params["class_wise"]}}),
        lambda params: re.sub("onset: .*", "onset: high", yaml.safe_dump(params)),
        lambda params: re.sub("epoch: .*", "epoch: first", yaml.safe_dump(params)),
    ],
    ids=["cut", "empty", "list", "no-classes", "none", "no-values", "words", "no-epoch"],
)  # fmt: skip
def test_a_damaged_params_yml(damage, copied, here):
    path = copied.validate / "params.yml"
    path.write_text(damage(yaml.safe_load(path.read_text())))
    result = here("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    check(result, CHECKPOINT, path, "alidate")
    assert not list(copied.validate.rglob("*.rttm"))


def test_params_of_epochs_that_are_gone(copied, here):
    path = copied.validate / "params.yml"
    path.write_text(re.sub("epoch: .*", "epoch: 77", yaml.safe_dump(yaml.safe_load(path.read_text()))))
    result = here("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    check(result, CHECKPOINT, "There is no epoch 77 here; there are 1 to 3.")


@pytest.mark.parametrize("content", ["a: [", "", "task: 3"])
def test_damaged_specifications(content, copied, here):
    (copied.train / "specs.yml").write_text(content)
    for command, folder in (("validate", copied.train), ("apply", copied.validate)):
        check(here("dcase", command, folder, copied.protocol), CHECKPOINT, copied.train / "specs.yml")


# Disks and machines


def failing(code, name):
    def fsync(descriptor):
        if name in str(descriptor_path(descriptor)):
            raise OSError(code, "")

    return fsync


def descriptor_path(descriptor):
    from pathlib import Path

    return Path(f"/proc/self/fd/{descriptor}").resolve()


def test_a_full_disk_while_features_are_computed(experiment, here, tmp_path, monkeypatch):
    monkeypatch.setattr(storage.os, "fsync", failing(errno.ENOSPC, "cache"))
    arguments = ("dcase", "train", "--cpu", experiment.root, experiment.protocol)
    result = here(*arguments, cache=tmp_path / "cache")
    check(result, STORAGE, tmp_path / "cache", "the disk is full", "bytes free", "PYANNOTE_AUDIO_CACHE")
    assert leftovers(tmp_path) == [] and not list((tmp_path / "cache").rglob("*.npy"))


def test_a_full_disk_while_an_epoch_is_saved(copied, here, monkeypatch):
    before = contents(copied.train / "weights")
    monkeypatch.setattr(storage.os, "fsync", failing(errno.ENOSPC, "weights"))
    result = here("dcase", "train", "--cpu", "--from=last", "--to=5", copied.root, copied.protocol)
    check(result, STORAGE, copied.train / "weights", "the disk is full", "bytes free", "Free some space")
    assert contents(copied.train / "weights") == before
    monkeypatch.undo()
    assert here("dcase", "train", "--from=last", "--to=4", copied.root, copied.protocol).code == 0


@pytest.mark.parametrize("command", ["validate", "apply"])
def test_a_full_disk_while_results_are_written(command, copied, here, monkeypatch):
    before = (copied.validate / "params.yml").read_bytes()
    monkeypatch.setattr(storage.os, "fsync", failing(errno.ENOSPC, "validate"))
    folder = copied.train if command == "validate" else copied.validate
    result = here("dcase", command, "--cpu", folder, copied.protocol)
    check(result, STORAGE, copied.validate, "the disk is full")
    assert (copied.validate / "params.yml").read_bytes() == before
    assert [path for path in leftovers(copied.root) if "tfevents" not in path.name] == []


def test_a_limit_of_the_shell(experiment, command):
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (120_000, 120_000))
    result = command("dcase", "train", "--cpu", experiment.root, experiment.protocol, preexec_fn=limit)
    check(result, STORAGE, "larger than the disk or the limit of the shell allows")
    assert not list(experiment.root.rglob("weights/*.json"))


def test_a_disk_that_tensorboard_cannot_write_to(copied, here, monkeypatch):
    """Curves are written by a thread of tensorboard's own, whose errors come late."""
    from tensorboard.summary.writer.record_writer import RecordWriter

    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device", "curves")

    monkeypatch.setattr(RecordWriter, "write", write)
    result = here("dcase", "train", "--cpu", "--from=last", "--to=5", copied.root, copied.protocol)
    check(result, STORAGE, copied.train / "events.out.tfevents", "the disk is full", "Free some space")


def test_curves_that_are_larger_than_the_limit_of_the_shell(copied, command):
    shutil.rmtree(copied.validate)
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (20_000, 20_000))
    result = command("dcase", "validate", "--cpu", copied.train, copied.protocol, preexec_fn=limit)
    check(result, STORAGE, copied.validate / "events.out.tfevents", "limit of the shell")


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_folder_that_is_read_only(code, experiment, here, monkeypatch):
    from pathlib import Path

    make = Path.mkdir

    def mkdir(self, *arguments, **options):
        if experiment.root in self.parents:
            raise OSError(code, "", str(self))
        return make(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    result = here("dcase", "train", "--cpu", experiment.root, experiment.protocol)
    check(result, STORAGE, experiment.train, "Choose another folder")
    assert list(experiment.root.iterdir()) == [experiment.config]


def test_a_file_where_a_folder_should_be(experiment, copied, here, tmp_path):
    (experiment.root / "train").write_text("in the way")
    result = here("dcase", "train", "--cpu", experiment.root, experiment.protocol)
    check(result, STORAGE, experiment.root / "train", "a file, not a folder", "Choose another folder")
    (copied.validate / "apply").write_text("in the way")
    result = here("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    check(result, STORAGE, copied.validate / "apply", "a file, not a folder")
    cache = tmp_path / "cache"
    cache.write_text("in the way")
    (experiment.root / "train").unlink()
    result = here("dcase", "train", "--cpu", experiment.root, experiment.protocol, cache=cache)
    check(result, STORAGE, cache, "PYANNOTE_AUDIO_CACHE")


def test_the_output_of_evaluate_cannot_be_written(copied, here, tmp_path):
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0
    (tmp_path / "file").touch()
    output = tmp_path / "file" / "evaluation.json"
    check(here("dcase", "evaluate", f"--output={output}", copied.applied), STORAGE, output)


def test_too_little_memory(experiment, here, monkeypatch):
    from pyannote.audio.train.trainer import Trainer

    def epochs(self, *arguments, **options):
        raise MemoryError

    monkeypatch.setattr(Trainer, "epochs", epochs)
    result = here("dcase", "train", "--cpu", experiment.root, experiment.protocol)
    check(result, MEMORY, "too little memory", "smaller batch_size")


def test_training_that_diverges(experiment, here):
    text = experiment.config.read_text()
    text = text.replace("learning_rate: 0.01", "learning_rate: 1.0e+30").replace("0.0005", "0.005")
    experiment.config.write_text(text)
    result = here("dcase", "train", "--cpu", "--to=5", experiment.root, experiment.protocol)
    check(result, DATA, "diverged", "smaller learning_rate")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_no_error(experiment, here):
    result = here("dcase", "train", "--gpu", "--to=1", experiment.root, experiment.protocol)
    assert result.code == 0
    assert result.err == "Warning: there is no GPU that torch can use; going on with the CPU.\n"


def test_two_trainings_in_one_folder(experiment, start, here):
    import time

    first = start("dcase", "train", "--cpu", "--to=100000", experiment.root, experiment.protocol)
    end = time.monotonic() + 60
    while not experiment.weights(1).exists() and time.monotonic() < end and first.poll() is None:
        time.sleep(0.05)
    result = here("dcase", "train", "--cpu", experiment.root, experiment.protocol)
    check(result, BUSY, experiment.train, f"process {first.pid} on ", "Wait until it has ended")
    assert first.poll() is None
