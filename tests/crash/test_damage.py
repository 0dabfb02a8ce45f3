"""Damage on the disk: flipped bits, cut, empty and swapped files are refused, and named."""

import shutil
from itertools import islice

import numpy as np
import pytest
import soundfile
import yaml

from pyannote.audio.core.errors import CheckpointError, DataError, ToolkitError
from pyannote.audio.embedding.backends.wccn import WCCN
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.inference.bundle import Bundle
from pyannote.audio.inference.detection_params import load_params
from pyannote.audio.inference.pretrained import Pretrained
from pyannote.audio.inference.speaker_embedding import _load_backend
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.experiment_folders import TrainFolder, load_specifications
from pyannote.audio.io.yaml_files import load_yaml
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.validation.records import Records

REFUSED = "Damage to a checkpoint is noticed, and refused with a sentence that names the file."


def flipped(content, bit):
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def flips(content, count, seed=0):
    """Copies of some content with one other bit each, all of them if there are no more."""
    bits = np.random.default_rng(seed).permutation(8 * len(content))
    for bit in islice(bits, count):
        yield flipped(content, int(bit))


def cuts(content, count):
    # without the line end at the end of a text, nothing is missing
    for length in np.linspace(0, len(content) - 2, count).astype(int):
        yield content[:length]


def damaged(path, versions, read):
    """How many damaged versions of a file were refused by name, of how many."""
    content, refused, tried = path.read_bytes(), 0, 0
    for version in versions:
        path.write_bytes(version)
        tried += 1
        try:
            read()
        except ToolkitError as error:
            assert str(path.parent) in str(error.file) and error.message.endswith(".") and error.fix
            refused += 1
    path.write_bytes(content)
    read()
    return refused, tried


@pytest.fixture
def checkpoints(copied):
    return Bundle.of(TrainFolder(copied.train)).checkpoints


@pytest.fixture
def resume(checkpoints):
    """Read an epoch as a training does that goes on from it."""

    def read(epoch=2):
        return checkpoints.load_weights(epoch), checkpoints.load_state(epoch)

    return read


def parts(checkpoints, epoch):
    return [getattr(checkpoints, part)(epoch) for part in ("weights", "state", "manifest")]


def test_flipped_bits_of_a_checkpoint(checkpoints, resume, promise):
    counts = [
        damaged(path, flips(path.read_bytes(), count), resume)
        for path, count in zip(parts(checkpoints, 2), (350, 350, 300), strict=True)
    ]
    refused, tried = map(sum, zip(*counts, strict=True))
    assert refused == tried == 1000
    promise(REFUSED, "Flip single bits of weights, state and manifest.", f"{refused} of {tried} refused")


@pytest.mark.slow
def test_every_bit_of_a_manifest(checkpoints, resume):
    """None of them can be another without notice, not even a blank."""
    path = checkpoints.manifest(2)
    refused, tried = damaged(path, flips(path.read_bytes(), 10**9), resume)
    assert refused == tried == 8 * path.stat().st_size


def test_cut_and_empty_files_of_a_checkpoint(checkpoints, resume, promise):
    counts = [damaged(path, cuts(path.read_bytes(), 34), resume) for path in parts(checkpoints, 2)]
    refused, tried = map(sum, zip(*counts, strict=True))
    assert refused == tried == 102
    promise(REFUSED, "Cut weights, state and manifest, down to 0 bytes.", f"{refused} of {tried} refused")


def test_swapped_files_of_checkpoints(checkpoints, resume, promise):
    """Those of two epochs, alone and together, and weights against state."""
    first, second = parts(checkpoints, 1), parts(checkpoints, 2)
    swaps = [*zip(first, second, strict=True), (second[0], second[1]), (second[1], second[2])]
    everything = list(zip(first, second, strict=True))
    swaps = [[pair] for pair in swaps] + [everything, everything[:2], everything[1:]]
    for pairs in swaps:
        swap(pairs)
        with pytest.raises(CheckpointError) as caught:
            resume(2)
        assert caught.value.file in second
        swap(pairs)
        resume(2)
    promise(REFUSED, "Swap files between epochs, and within one.", f"{len(swaps)} of {len(swaps)} refused")


def swap(pairs):
    for one, other in pairs:
        content = one.read_bytes()
        other.rename(one)
        other.write_bytes(content)


# What people read as well


@pytest.mark.parametrize("count", [1000, pytest.param(10**9, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["params.yml", "specs.yml"])
def test_bits_of_params_yml_and_specs_yml(name, count, copied, promise):
    """A changed bit is refused, or it hits the seal alone, and what is read is as it was."""
    path = {"params.yml": copied.validate, "specs.yml": copied.train}[name] / name
    expected = load_yaml(path, "")
    harmless = []

    def read():
        content = load_yaml(path, "Write it again.")
        assert all(content[key] == value for key, value in expected.items())
        assert all("sha256" in key for key in content.keys() - expected)
        harmless.append(path.read_bytes())

    refused, tried = damaged(path, flips(path.read_bytes(), count), read)
    # the last reading is that of the file as it was
    assert refused + len(harmless) - 1 == tried == min(count, 8 * path.stat().st_size)
    assert len(harmless) - 1 <= 8 * len("# sha256: ")
    promise(
        "A changed bit of params.yml or specs.yml is refused, or changes nothing that is read.",
        f"Flip {tried} single bits of {name}.",
        f"{refused} of {tried} refused, {tried - refused} in the seal without effect",
    )


def test_params_yml_that_was_changed_by_hand(copied, here):
    """It is refused, and whoever has changed it is told how to have it accepted."""
    path = copied.validate / "params.yml"
    changed = path.read_text().replace("min_duration_on: ", "min_duration_on: 1")
    path.write_text(changed)
    result = here("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    assert result.code == 8 and "if you have edited it, remove its last line" in result.err
    path.write_text(changed[: changed.rindex("#")])
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0


def test_a_validation_that_is_read(copied):
    assert load_params(copied.validate)["epoch"] in (1, 2, 3)
    assert load_specifications(copied.train).classes == Pretrained(copied.validate).classes


# Scores and features


def test_damaged_scores_are_computed_again(copied, here, promise):
    """A validation does not choose by them."""
    before = (copied.validate / "params.yml").read_bytes()
    paths = sorted((copied.validate / "scores").glob("*.npy"))
    settings = yaml.safe_load((copied.validate / "scores" / "settings.json").read_text())
    checkpoints = Checkpoints(copied.train / "weights")
    records = Records(copied.validate / "scores", settings, checkpoints.version)
    assert records.stored([1, 2, 3]) == [1, 2, 3]
    content, missed = paths[1].read_bytes(), 0
    for version in [*flips(content, 1000), *cuts(content, 100)]:
        paths[1].write_bytes(version)
        missed += records.stored([1, 2, 3]) != [1, 3]
    assert missed == 0
    result = here("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert result.code == 0 and "Epoch 2: " in result.out and "Epoch 1: " not in result.out
    assert (copied.validate / "params.yml").read_bytes() == before
    promise(
        "Damaged scores of a validation are computed again, and choose nothing.",
        "1,000 flipped bits and 100 cuts of the scores of an epoch.",
        f"{missed} of 1100 missed",
    )


@pytest.fixture
def stored(tmp_path):
    """A store with the features of two recordings, and what is in it."""
    for index in range(2):
        noise = np.random.default_rng(index).normal(0, 0.1, 16000)
        soundfile.write(tmp_path / f"{index}.wav", noise, 16000)
    return tmp_path / "store", [tmp_path / "0.wav", tmp_path / "1.wav"]


def packed(folder, sounds):
    store = FeatureStore(LibrosaMelSpectrogram(sample_rate=16000, n_mels=8), folder)
    pack = store.pack(sounds)
    return np.array(pack.data), np.array(pack.offsets), np.array(pack.long_term), np.array(pack.moments)


@pytest.mark.parametrize("count", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_damaged_features_are_computed_again(count, stored, promise):
    """Header, numbers, checksum, index, digests of recordings, and summary."""
    folder, sounds = stored
    expected = packed(folder, sounds)
    tried = 0
    for path in [*folder.rglob("*.npy"), *folder.rglob("*.npz")]:
        content = path.read_bytes()
        header = 128 if path.suffix == ".npy" else len(content)
        versions = [flip + content[header:] for flip in flips(content[:header], count // 4)]
        versions += [content[:header] + flip for flip in flips(content[header:], count // 4)]
        for version in [*versions, *cuts(content, 5)]:
            path.write_bytes(version)
            assert all(map(np.array_equal, packed(folder, sounds), expected))
            tried += 1
    promise(
        "Damaged features are computed again, also where a bit has flipped among the numbers.",
        "Flip bits of headers, numbers, indexes, digests and summaries of the feature store, and cut them.",
        f"{tried} of {tried} computed again, or without effect",
    )


def test_features_of_another_shape_or_kind_are_computed_again(stored):
    folder, sounds = stored
    expected = packed(folder, sounds)
    (path, _) = (path for path in folder.rglob("*.npy") if "mean" not in path.name)
    array = np.load(path)
    others = (array[:, :-1], array[None], array.astype(">f4"), array.astype(np.float64))
    for other in (*others, array.astype(np.int32), np.asfortranarray(array)):
        np.save(path, other)
        assert all(map(np.array_equal, packed(folder, sounds), expected))


def test_damaged_precomputed_frames(tmp_path, promise):
    """They cannot be computed again by whoever reads them: what does not fit is refused."""
    from pyannote.core import SlidingWindow

    window = SlidingWindow(start=0.0, duration=0.1, step=0.1)
    precomputed = Precomputed.create(tmp_path, window, dimension=3)
    file = {"database": "D", "uri": "a"}
    precomputed.dump(file, np.random.default_rng(0).random((50, 3)))
    path = precomputed.path(file)
    content = path.read_bytes()
    expected, misread = precomputed(file).data.copy(), 0
    versions = [flip + content[128:] for flip in flips(content[:128], 10**9)]
    for version in [*versions, *cuts(content, 100)]:
        path.write_bytes(version)
        try:
            misread += not np.array_equal(Precomputed(tmp_path)(file).data, expected)
        except DataError as error:
            assert error.file == path
    assert misread == 0
    promise(
        "Damaged frames of Precomputed are refused; a bit that flips among the numbers is not noticed.",
        "Flip each bit of the header of an .npy file, and cut it 100 times.",
        f"{misread} of {len(versions) + 100} misread",
    )


def test_a_damaged_backend(tmp_path):
    """What a back-end has learned is refused by name, or is as it was."""
    generator = np.random.default_rng(0)
    taught = WCCN()
    taught.fit(generator.normal(size=(40, 8)).astype(np.float32), np.arange(40) // 4)
    path = tmp_path / "0001.npz"
    np.savez(path, **taught.state())

    def read():
        backend = WCCN()
        _load_backend(backend, path, None)
        for name, value in taught.state().items():
            assert np.array_equal(backend.state()[name], value)

    content = path.read_bytes()
    refused, tried = damaged(path, [*flips(content, 1000), *cuts(content, 100)], read)
    assert 0.5 * tried < refused <= tried


def test_damage_stops_commands_with_a_sentence(copied, here):
    """The commands themselves: the file by name, and exit status 8 unless other epochs are left."""
    state = copied.train / "weights" / "0003.state.pt"
    state.write_bytes(flipped(state.read_bytes(), 8000))
    result = here("dcase", "train", "--cpu", "--from=last", "--to=4", copied.root, copied.protocol)
    assert result.code == 8 and str(state) in result.err and "Traceback" not in result.err
    manifest = copied.train / "weights" / "0002.json"
    manifest.write_bytes(flipped(manifest.read_bytes(), 100))
    shutil.rmtree(copied.validate)
    result = here("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert result.code == 0
    assert result.err.startswith(f"Warning: Epoch 2 is left out. {manifest}: ")
