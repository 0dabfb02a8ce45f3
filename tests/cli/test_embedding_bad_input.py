"""Bad input that only speaker embedding meets: voices, trials, noise, back-ends, pairs of recordings."""

import re
import shutil

import numpy as np
import pytest
import soundfile
import torch
import yaml
from outcomes import CHECKPOINT, CONFIG, DATA, USAGE, check, line_of, warnings

from pyannote.audio.core.errors import CheckpointError
from pyannote.audio.database.corpora import speakers
from pyannote.audio.features import Pretrained

TUT2017 = "TUT2017.SpeakerDiarization.Fold1"
VOXCELEB = "VoxCeleb.SpeakerVerification.VoxCeleb1"
PAIRS = "VoxCeleb.SpeakerDiarization.VoxCeleb1"
AMI = "AMI.SpeakerDiarization.MixHeadset"
NOISE = "data_augmentation:\n   name: AddNoise\n   params: {collection: MUSAN.Collection.BackgroundNoise}\n"
CHANCE = np.random.default_rng(0)
HISS = CHANCE.normal(0, 0.1, 32000)


def finite(folders, epoch=1):
    """Whether all weights of an epoch are."""
    weights = torch.load(folders.weights(epoch), weights_only=True)
    return all(torch.isfinite(value).all() for value in weights.values())


@pytest.fixture
def block(tested_block):
    return tested_block("emb")


class Broken:
    """A copy of VoxCeleb1 and MUSAN, to be damaged, and the features of the original."""

    def __init__(self, block, root):
        self._block, self._copy = block, block.recordings.copy(root)
        self._copy.cache = block.recordings.cache
        self.root, self.wav = root, self._copy.wav
        self.uris = self._copy.listed("train")

    def list(self, name):
        return self.root / "voxceleb" / "lists" / f"VoxCeleb1.{name}"

    @property
    def noise(self):
        return sorted((self.root / "musan" / "noise").rglob("*.wav"))

    def change(self, name, pattern, new, count=1):
        path = self.list(name)
        changed = re.sub(pattern, new, path.read_text(), count=count, flags=re.MULTILINE)
        assert changed != path.read_text()
        path.write_text(changed)

    def emb(self, *arguments):
        return self._block.run(*arguments, recordings=self._copy)

    def train(self, experiment, *options):
        return self._block.train(experiment, "--to=1", *options, recordings=self._copy)


@pytest.fixture
def broken(block, tmp_path):
    return Broken(block, tmp_path / "broken")


def write(path, samples):
    soundfile.write(path, samples, 16000)


# Speakers and their turns


def test_a_speaker_with_one_segment(broken, embedding):
    broken.list("train.lst").write_text("".join(f"{uri}\n" for uri in broken.uris[2:]))
    warning, unlisted = warnings(broken.train(embedding))
    assert warning.startswith(f"{embedding.config}, line ")
    assert "its annotation is not used" in unlisted
    assert "1 speaker has a single turn, from which all their segments are taken: id10272." in warning
    assert finite(embedding)


def test_fewer_speakers_than_per_fold(broken, embedding):
    broken.list("train.lst").write_text("".join(f"{uri}\n" for uri in broken.uris[:9]))
    place = f"{embedding.config}, line {line_of(embedding.config, 'per_fold')}:"
    result = broken.train(embedding)
    check(
        result,
        DATA,
        place,
        "A batch takes 4 speakers (per_fold), and the training set has 3 with enough speech",
        "smaller per_fold",
    )
    assert list(embedding.root.iterdir()) == [embedding.config]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (2, ["2 turns shorter than 0.5 s (min_duration) are left out.", "1 speaker has a single turn"]),
        (3, ["3 turns shorter than 0.5 s (min_duration) are left out.", "1 speaker with less than"]),
    ],
)
def test_turns_shorter_than_min_duration(count, said, broken, embedding):
    broken.change("train.rttm", r"^(SPEAKER \S+ 1 0\.000000) \S+", r"\1 0.3", count)
    first, *more = said
    (warning,) = warnings(broken.train(embedding))
    assert warning.startswith(
        f"{embedding.config}, line {line_of(embedding.config, 'min_duration')}: {first}"
    )
    assert f"There is {len(more)} more of this kind" in warning and finite(embedding)


def test_no_turn_is_long_enough(broken, embedding):
    broken.change("train.rttm", r"^(SPEAKER \S+ 1 0\.000000) \S+", r"\1 0.3", 0)
    check(
        broken.train(embedding),
        DATA,
        embedding.config,
        "the training set has 0 with enough speech",
        "min_duration",
    )


def test_a_speaker_with_too_little_speech(broken, embedding):
    text = embedding.config.read_text()
    embedding.config.write_text(text.replace("per_fold: 4", "per_fold: 4\n      label_min_duration: 5"))
    broken.list("train.lst").write_text("".join(f"{uri}\n" for uri in broken.uris[1:]))
    warning, unlisted = warnings(broken.train(embedding))
    assert "its annotation is not used" in unlisted
    expected = "1 speaker with less than 5 s of speech (label_min_duration) is left out: id10272 (4 s)."
    line = line_of(embedding.config, "label_min_duration")
    assert warning.startswith(f"{embedding.config}, line {line}: {expected}")


def test_labels_with_blanks_and_digits(corpora, here, embedding, tmp_path):
    names = ["ann lee", "bob", "1001", "1002", "0012", "12", "Zoë K.", "7"]
    voices = sorted((corpora.root / "voices" / "speakers").iterdir())
    for name, voice in zip(names, voices, strict=False):
        shutil.copytree(voice, tmp_path / "own" / name)
    config = speakers.prepare(tmp_path / "own", tmp_path / "prepared", development=2 / 8, test=0)
    protocol = "Own.SpeakerVerification.Protocol"
    result = here(
        "emb", "train", "--cpu", "--validate", "--to=1", embedding.root, protocol, database=config,
        cache=corpora.cache,
    )  # fmt: skip
    assert warnings(result) == []
    train = embedding.root / "train" / f"{protocol}.train"
    classes = yaml.safe_load((train / "specs.yml").read_text())["y"]["classes"]
    labels = yaml.safe_load((tmp_path / "prepared" / "labels.yml").read_text())
    assert len(classes) == 6 and {labels[name] for name in classes} <= set(names)
    assert sorted(labels.values()) == sorted(names)
    result = here(
        "emb", "train", "--cpu", "--from=last", "--to=2", embedding.root, protocol, database=config,
        cache=corpora.cache,
    )  # fmt: skip
    assert warnings(result) == []


def test_labels_of_digits_are_not_numbers(broken, embedding):
    broken.change("train.rttm", r"<NA> <NA> id102(\d+) <NA>", r"<NA> <NA> 0\1 <NA>", 0)
    assert warnings(broken.train(embedding)) == []
    classes = yaml.safe_load((embedding.train / "specs.yml").read_text())["y"]["classes"]
    assert "072" in classes and all(isinstance(name, str) for name in classes)


@pytest.mark.parametrize("label", ["id 10272", ""])
def test_a_blank_in_a_label_of_an_annotation(label, broken, embedding):
    broken.change("train.rttm", "<NA> <NA> id10272 <NA> <NA>", f"<NA> <NA> {label} <NA> <NA>")
    result = broken.train(embedding, "--skip=0")
    check(result, DATA, f"{broken.list('train.rttm')}, line 1:", "columns where 10 are expected", "Write it")


# Silent and clipped recordings


def fault_of(kind):
    return np.zeros(32000) if kind == "silent" else np.sign(HISS)


@pytest.mark.parametrize("kind", ["silent", "clipped"])
@pytest.mark.parametrize("extra", ["", NOISE], ids=["clean", "noise"])
def test_faulty_training_files_are_left_out(kind, extra, broken, embedding):
    embedding.config.write_text(embedding.config.read_text() + extra)
    for uri in broken.uris[:4]:
        write(broken.wav(uri), fault_of(kind))
    result = broken.train(embedding)
    assert result.code == 0 and "56 files (4 left out)" in result.out
    said = result.err.splitlines()
    assert said[0] == "Warning: 4 of 60 files are left out:"
    for line, uri in zip(said[1:5], broken.uris, strict=False):
        assert line.startswith(f"  {broken.wav(uri)}: The ") and f"recording is {kind}." in line
    left_out = yaml.safe_load((embedding.train / "left_out.yml").read_text())
    assert list(left_out) == [f"VoxCeleb/{uri}" for uri in broken.uris[:4]] and all(
        kind in reason for reason in left_out.values()
    )
    classes = yaml.safe_load((embedding.train / "specs.yml").read_text())["y"]["classes"]
    assert len(classes) == 19 and "id10272" not in classes and finite(embedding)


def test_only_silence(broken, embedding):
    for uri in broken.uris:
        write(broken.wav(uri), fault_of("silent"))
    for skip in ("0.1", "1"):
        result = broken.train(embedding, f"--skip={skip}")
        check(
            result,
            DATA,
            "60 of 60 files cannot be trained on, so that none is left",
            "The recording is silent",
        )
    assert not embedding.weights(1).parent.exists()


@pytest.mark.parametrize("protocol", [VOXCELEB, PAIRS])
@pytest.mark.parametrize("kind", ["silent", "clipped"])
def test_faulty_files_in_trials(kind, protocol, broken, embedded_copy):
    uris = broken.list("development.lst").read_text().split()
    write(broken.wav(uris[0]), fault_of(kind))
    result = broken.emb("validate", "--cpu", "--to=1", embedded_copy.train, protocol)
    sentence = {"silent": "All samples are 0.", "clipped": "The audio is clipped"}[kind]
    (warning,) = warnings(result)
    assert warning.startswith(f"{broken.wav(uris[0])}: {sentence}")


def test_silence_and_nothing_else_in_trials(broken, embedded_copy):
    for uri in broken.list("development.lst").read_text().split():
        write(broken.wav(uri), fault_of("silent"))
    result = broken.emb("validate", "--cpu", "--to=1", embedded_copy.train, VOXCELEB)
    (warning,) = warnings(result)
    assert "All samples are 0." in warning and "There are 5 more of this kind" in warning
    params = yaml.safe_load((embedded_copy.validate / "params.yml").read_text())
    assert params["value"] == 0.5 and ".nan" not in (embedded_copy.validate / "params.yml").read_text()


# Trials


def unknown_file(broken, path):
    broken.change("development.trials", r"^(\d) id", r"\1 ix")
    return [f"{path}, line 1:", "There is no recording 'ix", "Did you mean 'id"]


def file_of_another_subset(broken, path):
    broken.change("development.trials", r"^(\d) \S+", rf"\1 {broken.uris[0]}")
    return [f"{path}, line 1:", f"There is no recording '{broken.uris[0]}'"]


def targets_alone(broken, path):
    broken.change("development.trials", r"^0 .*\n", "", 0)
    return [f"{path}: ", "There are no non-target trials", "List pairs of one speaker (1)"]


def non_targets_alone(broken, path):
    broken.change("development.trials", r"^1 .*\n", "", 0)
    return [f"{path}: ", "There are no target trials", "pairs of two speakers (0)"]


def no_trials(broken, path):
    path.write_text("")
    return [f"{path}: ", "There are no target trials"]


def neither_0_nor_1(broken, path):
    broken.change("development.trials", r"^\d", "2")
    return [f"{path}, line 1:", "'2' is neither 1 (one speaker) nor 0", "Correct the first column"]


def two_columns(broken, path):
    broken.change("development.trials", r" \S+$", "")
    return [f"{path}, line 1:", "Found 2 columns where 3 are expected", "Write it as"]


def missing_trials(broken, path):
    path.unlink()
    return [f"{path}: ", "named in database.yml, but does not exist", "Check the path"]


def empty_recording(broken, path):
    uri = path.read_text().split()[1]
    broken.wav(uri).write_bytes(b"")
    return [broken.wav(uri), "The audio file is empty"]


@pytest.mark.parametrize(
    "damage",
    [
        unknown_file, file_of_another_subset, targets_alone, non_targets_alone, no_trials, neither_0_nor_1,
        two_columns, missing_trials, empty_recording,
    ],
    ids=lambda damage: damage.__name__,
)  # fmt: skip
def test_faults_of_trials(damage, broken, embedded_copy):
    before = (embedded_copy.validate / "params.yml").read_bytes()
    expected = damage(broken, broken.list("development.trials"))
    result = broken.emb("validate", "--cpu", embedded_copy.train, VOXCELEB)
    check(result, DATA, *expected)
    assert (embedded_copy.validate / "params.yml").read_bytes() == before


def test_a_subset_without_trials(embedded, emb):
    result = emb("validate", "--subset=train", embedded.train, VOXCELEB)
    check(result, USAGE, VOXCELEB, "has no trials in its subset 'train'", "--subset", "`trial:`")


# Noise


@pytest.fixture
def noisy(embedding):
    embedding.config.write_text(embedding.config.read_text() + NOISE)
    return embedding


def empty_collection(broken):
    path = broken.root / "noise" / "lists" / "BackgroundNoise.lst"
    path.write_text("")
    return DATA, [path, "BackgroundNoise has no files", "Fill its list"]


def missing_list(broken):
    path = broken.root / "noise" / "lists" / "BackgroundNoise.lst"
    path.unlink()
    return DATA, [path, "named in database.yml, but does not exist", "Check the path"]


def noise_that_is_text(broken):
    broken.noise[0].write_text("no audio")
    return DATA, [broken.noise[0], "cannot be decoded as audio", "Convert it again"]


def missing_noise(broken):
    path = broken.noise[0]
    path.unlink()
    return DATA, ["Error: No single audio file was found", path, "database.yml"]


def noise_of_milliseconds(broken):
    for path in broken.noise:
        write(path, HISS[:160])
    return DATA, ["None of the 4 sounds of AddNoise lasts 0.1 s", "Give it longer ones"]


@pytest.mark.parametrize(
    "damage",
    [empty_collection, missing_list, noise_that_is_text, missing_noise, noise_of_milliseconds],
    ids=lambda damage: damage.__name__,
)
def test_faults_of_noise(damage, broken, noisy):
    code, expected = damage(broken)
    check(broken.train(noisy), code, *expected)
    assert not noisy.weights(1).parent.exists()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MUSAN.Collection.BackgroundNoises", "Did you mean 'MUSAN.Collection.BackgroundNoise'?"),
        ("Noise", "There is no protocol 'Noise'"),
        (VOXCELEB, f"{VOXCELEB} is not a collection. Name one of database.yml, as Database.Collection.Name"),
    ],
)
def test_an_unknown_collection(name, expected, noisy, emb):
    text = noisy.config.read_text().replace("MUSAN.Collection.BackgroundNoise", name)
    noisy.config.write_text(text)
    line = line_of(noisy.config, "data_augmentation:")
    result = emb("train", "--cpu", "--to=1", noisy.root, VOXCELEB)
    check(result, USAGE, f"{noisy.config}, line {line}:", expected)


@pytest.mark.parametrize(
    "samples", [HISS[:8000], HISS[:160], np.zeros(32000)], ids=["half", "tiny", "silent"]
)
def test_noise_that_is_shorter_than_a_chunk_or_silent(samples, broken, noisy):
    write(broken.noise[0], samples)
    assert warnings(broken.train(noisy)) == []
    assert finite(noisy)


# The configuration


NETWORK = "   name: TristouNet\n   params:\n      recurrent: [8]\n      linear: [8]\n"


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("linear: [8]", "linear: [8]\n      normalize: maybe", 10, "'sphere', 'ball', 'ring', not 'maybe'"),
        (NETWORK, "   name: Dcase\n", 6, "TripletLoss needs an embedding of each chunk"),
        ("TripletLoss", "Dcase", 11, "Dcase is no approach that this command trains"),
        ("per_label: 3", "per_label: 1", 16, "per_label of TripletLoss must be at least 2"),
        ("per_fold: 4", "per_fold: 1", 12, "per_fold must be at least 2"),
        ("min_duration: 0.5", "min_duration: 2", 12, "2 to 1 s; durations must be positive"),
        ("min_duration: 0.5", "min_duration: 0", 12, "durations must be positive"),
        ("min_duration: 0.5", "margin: 2", 13, "margin must be in [0, 1]"),
        ("min_duration: 0.5", "metric: cosin", 13, "one of 'cosine', 'euclidean', 'angular', not 'cosin'"),
        ("min_duration: 0.5", "min_duraton: 0.5", 13, "Did you mean 'min_duration'?"),
        ("scheduler:", "backend:\n   name: WCN\nscheduler:", 19, "Did you mean 'WCCN'?"),
    ],
)  # fmt: skip
def test_faults_of_the_configuration(old, new, line, expected, embedding, emb):
    text = embedding.config.read_text()
    assert old in text
    embedding.config.write_text(text.replace(old, new, 1))
    result = emb("train", "--cpu", embedding.root, VOXCELEB)
    check(result, CONFIG, f"{embedding.config}, line {line}:", expected)
    assert list(embedding.root.iterdir()) == [embedding.config]


def test_pairs_need_two_segments_as_well(embedding, emb):
    text = embedding.config.read_text().replace("TripletLoss", "ContrastiveLoss")
    embedding.config.write_text(text.replace("per_label: 3", "per_label: 1"))
    result = emb("train", "--cpu", embedding.root, VOXCELEB)
    check(result, CONFIG, embedding.config, "per_label of ContrastiveLoss must be at least 2, not 1")


def test_one_segment_is_enough_for_classes(embedding, emb):
    text = embedding.config.read_text().replace("TripletLoss", "Classification")
    embedding.config.write_text(text.replace("per_label: 3", "per_label: 1"))
    assert warnings(emb("train", "--cpu", "--to=1", embedding.root, VOXCELEB)) == []


def test_an_approach_is_none_of_the_dcase_job(embedding, copied, here, emb):
    line = line_of(embedding.config, "TripletLoss")
    result = here("dcase", "train", embedding.root, TUT2017)
    check(result, CONFIG, f"{embedding.config}, line {line}:", "TripletLoss is no task", "pyannote-audio emb")
    line = line_of(copied.config, "name: Dcase")
    result = emb("train", copied.root, VOXCELEB)
    check(result, CONFIG, f"{copied.config}, line {line}:", "Dcase is no approach", "pyannote-audio dcase")


# Folders, protocols and options


@pytest.mark.parametrize("folder", ["nowhere", ".", "train", "validate/nowhere"])
def test_folders_that_are_none(folder, embedded, emb, old, impatient, corpora):
    path, wav = embedded.root / folder, corpora.wav("test", "id10270/first/00001")
    expected = "Run `validate` first" if "/" not in folder else "Name one of them"
    for command in (emb, old):
        check(command("apply", path, VOXCELEB), USAGE, path, expected)
        check(command("compare", path, wav, wav), USAGE, path, expected)
        result = command("validate", path, VOXCELEB)
        if "/" in folder:  # it lies where a training could
            check(result, CHECKPOINT, path, "no epochs", "Run `train` first")
        else:
            check(result, USAGE, path, "is no training folder", "Name <root>/train")


def test_folders_of_the_other_family(embedded, copied, here, emb, old, corpora):
    wav = corpora.wav("test", "id10270/first/00001")
    for command in (emb, old):
        for words in (["apply", copied.validate, VOXCELEB], ["compare", copied.validate, wav, wav]):
            check(
                command(*words),
                CHECKPOINT,
                copied.validate / "params.yml",
                "not the parameters of an embedding",
            )
        check(
            command("validate", copied.train, VOXCELEB), CONFIG, copied.train / "config.yml", "is no approach"
        )
    result = here("dcase", "apply", embedded.validate, TUT2017)
    check(
        result, CHECKPOINT, embedded.validate / "params.yml", "validation of embeddings", "pyannote-audio emb"
    )
    check(
        here("dcase", "validate", embedded.train, TUT2017),
        CONFIG,
        embedded.train / "config.yml",
        "is no task",
    )
    check(here("dcase", "evaluate", embedded.validate), USAGE, "holds no evaluation")


def test_pretrained_says_what_gives_embeddings(embedded):
    with pytest.raises(CheckpointError, match="validation of embeddings, which give no scores"):
        Pretrained(embedded.validate)


@pytest.mark.parametrize("name", ["Vox.SpeakerVerification.VoxCeleb1", "nowhere.wav", "VoxCeleb"])
def test_an_unknown_protocol(name, embedded, emb):
    check(emb("apply", embedded.validate, name), USAGE, name)
    check(emb("validate", embedded.train, name), USAGE, f"There is no protocol '{name}'")


def test_a_collection_is_no_training_set(embedding, embedded, emb):
    name = "MUSAN.Collection.BackgroundNoise"
    check(emb("train", embedding.root, name), DATA, "has no annotation", "`annotation:`")
    check(emb("validate", embedded.train, name), USAGE, name, "no subset 'development'")
    check(emb("apply", embedded.validate, name), USAGE, name, "no subset 'test'")


@pytest.fixture
def wavs(tmp_path):
    """Audio files that nothing can be told of."""
    write(tmp_path / "silent.wav", np.zeros(16000))
    write(tmp_path / "empty.wav", np.zeros(0))
    (tmp_path / "text.wav").write_text("no audio")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("silent.wav", ["This is silent", "Name a recording in which somebody speaks"]),
        ("empty.wav", ["holds no samples"]),
        ("text.wav", ["cannot be decoded as audio", "Convert it again"]),
        ("nowhere.wav", ["There is no such audio file", "Check the path"]),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_recordings_that_cannot_be_compared(name, expected, first, wavs, embedded, emb, corpora):
    pair = [wavs / name, corpora.wav("test", "id10270/first/00001")]
    check(emb("compare", embedded.validate, *(pair if first else pair[::-1])), DATA, wavs / name, *expected)


def test_clipped_and_tiny_recordings_are_compared(embedded, emb, corpora, tmp_path):
    first = corpora.wav("test", "id10270/first/00001")
    write(tmp_path / "clipped.wav", np.sign(HISS))
    (said,) = warnings(emb("compare", embedded.validate, first, tmp_path / "clipped.wav"))
    assert said.startswith(f"{tmp_path / 'clipped.wav'} is clipped")
    write(tmp_path / "tiny.wav", HISS[:10])
    assert warnings(emb("compare", embedded.validate, first, tmp_path / "tiny.wav")) == []
    assert warnings(emb("apply", embedded.validate, tmp_path / "tiny.wav")) == []


def test_comparing_needs_a_validation_on_trials(embedded_copy, emb, corpora):
    assert emb("validate", "--cpu", "--to=1", embedded_copy.train, AMI).code == 0
    (folder,) = embedded_copy.train.glob("validate_diarization_fscore/*")
    wav = corpora.wav("test", "id10270/first/00001")
    check(emb("compare", folder, wav, wav), USAGE, folder, "validated on conversations", "with trials")


def test_a_metric_for_what_learns_its_own(embedded_copy, emb):
    options = ("--metric=euclidean", "--backend=WCCN")
    result = emb("validate", *options, embedded_copy.train, VOXCELEB)
    check(result, CONFIG, "--backend", "WCCN", "Omit --metric")


@pytest.mark.parametrize(
    "backend", ["WCNC", "[WCCN]", "{name: 3}", "{nme: WCCN}", "{name: WCCN, params: {x: 1}}"]
)
def test_a_backend_that_is_none(backend, embedded_copy, emb):
    result = emb("validate", f"--backend={backend}", embedded_copy.train, VOXCELEB)
    assert result.code in (USAGE, CONFIG) and "--backend" in result.err


@pytest.mark.parametrize("name", ["Mixup", "ChunkMixing", "TimeStretch"])
def test_augmentations_that_change_annotation(name, embedding, emb):
    embedding.config.write_text(f"{embedding.config.read_text()}data_augmentation: {{name: {name}}}\n")
    result = emb("train", "--cpu", "--to=1", embedding.root, VOXCELEB)
    line = line_of(embedding.config, name)
    check(
        result,
        CONFIG,
        f"{embedding.config}, line {line}:",
        name,
        "segments of speakers have no such activity",
    )


@pytest.mark.parametrize("protocol", [VOXCELEB, PAIRS])
def test_a_purity_of_trials(protocol, embedded, emb):
    result = emb("validate", "--purity=0.9", embedded.train, protocol)
    check(result, USAGE, protocol, "in which nothing is clustered", "Leave --purity out")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["trian", "r", "p"], "There is no command 'trian'; there are train, validate, apply, compare. Did"),
        (["train", "--too=1", "r", "p"], "Did you mean --to?"),
        (["train", "--evergreen", "r", "p"], "There is no option --evergreen"),
        (["train", "--to=soon", "r", "p"], "--to must be a whole number of at least 1, not 'soon'."),
        (["train", "r"], "See pyannote-speaker-embedding train --help."),
        (["validate", "--chronologic", "t", "p"], "Did you mean --chronological?"),
        (["validate", "--databse=x", "t", "p"], "Did you mean --database?"),
        (["validate", "--purity=1.5", "t", "p"], "--purity must be a number from 0.001 to 1, not '1.5'."),
        (["validate", "--purity=0", "t", "p"], "--purity must be a number from 0.001 to 1, not '0'."),
        (["validate", "--purity=nan", "t", "p"], "--purity must be a number from 0.001 to 1"),
        (["validate", "--metric=cosin", "t", "p"], "Did you mean 'cosine'?"),
        (["validate", "--every=0", "t", "p"], "--every must be a whole number of at least 1"),
        (["validate", "--duration=0", "t", "p"], "--duration must be a number from 0.001 to 86400"),
        (["apply", "--step=nan", "v", "p"], "--step must be a number from 0.001 to 86400, not 'nan'."),
        (["apply", "--step=0", "v", "p"], "--step must be a number from 0.001 to 86400, not '0'."),
        (["apply", "--subset=tets", "v", "p"], "Did you mean 'test'?"),
        (["compare", "v", "a"], "See pyannote-speaker-embedding compare --help."),
        (["compare", "--batch=3", "v", "a", "b"], "There is no option --batch"),
        (["train", "--database=/no/database.yml", "r", "p"], "There is no file /no/database.yml, which"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_mistyped_options_of_the_command_of_2019(words, expected, old):
    result = old(*words)
    assert (result.code, result.out) == (USAGE, "")
    check(result, USAGE, expected)


def test_a_database_that_is_named_in_an_option(embedding, corpora, command):
    """It wins over the environment, which names another one."""
    option = f"--database={corpora.root / 'voxceleb' / 'database.yml'}"
    arguments = ("--cpu", "--to=1", embedding.root, VOXCELEB)
    assert warnings(command("train", option, *arguments, program="speaker_embedding")) == []
