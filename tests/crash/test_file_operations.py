"""Dying at every single operation on a file: what is read then is the old state or the new one, and whole."""

import json
from functools import partial

import numpy as np
import pytest
import soundfile
import torch
from operations import PROMISE, found, leftovers, operations, procedure
from pyannote.core import Annotation, Segment, SlidingWindow

from pyannote.audio.core.errors import CheckpointError, DataError
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.checkpoint import Checkpoints
from pyannote.audio.io.rttm import read_rttm
from pyannote.audio.io.rttm_writer import write_rttm
from pyannote.audio.io.temporary import remove_temporaries
from pyannote.audio.io.yaml_files import load_yaml, write_yaml
from pyannote.audio.store.feature_store import FeatureStore
from pyannote.audio.validation.records import Records

# Checkpoints


def epoch_of(generation, epoch):
    """Weights and state that belong together."""
    value = torch.full((40,), float(100 * generation + epoch))
    return {"weight": value}, {"optimizer": {"momentum": value}}


def generation_of(checkpoints, epoch):
    """Which generation an epoch is of, if it can be read, and is whole and paired."""
    (weights,) = checkpoints.load_weights(epoch).values()
    state = checkpoints.load_state(epoch)["optimizer"]["momentum"]
    assert torch.equal(weights, state) and weights[0] % 100 == epoch
    return int(weights[0]) // 100


def generations(folder):
    checkpoints = Checkpoints(folder)
    return {epoch: generation_of(checkpoints, epoch) for epoch in checkpoints.epochs()}


@pytest.fixture
def trained(tmp_path):
    """Four epochs of the first generation."""
    folder = tmp_path / "weights"
    for epoch in (1, 2, 3, 4):
        Checkpoints(folder).save(epoch, *epoch_of(1, epoch))
    return folder


def go_back(folder):
    """Train again from epoch 1."""
    checkpoints = Checkpoints(folder)
    checkpoints.drop_after(1)
    for epoch in (2, 3):
        checkpoints.save(epoch, *epoch_of(2, epoch))


def test_a_new_epoch(trained, dying, promise):
    before = dict.fromkeys((1, 2, 3, 4), 1)

    def check(folder):
        assert generations(folder) in (before, {**before, 5: 1})
        last = Checkpoints(folder).epochs()[-1]
        Checkpoints(folder).drop_after(last)
        assert len(list(folder.iterdir())) == 3 * last

    deaths = dying(lambda folder: Checkpoints(folder).save(5, *epoch_of(1, 5)), check, trained)
    promise(PROMISE, procedure("saving a new epoch"), found(deaths))


def test_an_epoch_that_is_saved_anew(trained, dying, promise):
    """It is the old one, none at all, or the new one."""
    before = dict.fromkeys((1, 2, 3, 4), 1)
    states = (before, {1: 1, 3: 1, 4: 1}, {**before, 2: 2})

    def check(folder):
        assert generations(folder) in states
        Checkpoints(folder).save(2, *epoch_of(2, 2))
        assert generations(folder) == states[-1]

    deaths = dying(lambda folder: Checkpoints(folder).save(2, *epoch_of(2, 2)), check, trained)
    promise(PROMISE, procedure("saving an epoch anew"), found(deaths))


def test_going_back_to_an_earlier_epoch(trained, dying, promise):
    """Old epochs go from the last one, new ones come from the first one; none is missing in between."""
    old = [dict.fromkeys(range(1, last + 1), 1) for last in (4, 3, 2, 1)]
    states = [*old, {1: 1, 2: 2}, {1: 1, 2: 2, 3: 2}]

    def check(folder):
        assert generations(folder) in states
        go_back(folder)
        assert generations(folder) == states[-1]
        assert len(list(folder.iterdir())) == 9

    promise(PROMISE, procedure("training again from an earlier epoch"), found(dying(go_back, check, trained)))


# params.yml, specs.yml and scores of a validation


OLD, NEW = ({"epoch": epoch, "params": {"car": {"onset": epoch / 7}}} for epoch in (1, 2))


@pytest.mark.parametrize("overwritten", [False, True])
def test_params_yml(overwritten, dying, tmp_path, promise):
    (tmp_path / "before").mkdir()
    if overwritten:
        write_yaml(tmp_path / "before" / "params.yml", OLD)

    def check(folder):
        path = folder / "params.yml"
        if overwritten or path.exists():
            assert load_yaml(path, "") in (OLD, NEW)
        else:
            with pytest.raises(CheckpointError, match="no such file"):
                load_yaml(path, "")
        remove_temporaries(folder)
        assert leftovers(folder) == []

    deaths = dying(lambda folder: write_yaml(folder / "params.yml", NEW), check, tmp_path / "before")
    promise(PROMISE, procedure(f"{'over' * overwritten}writing params.yml"), found(deaths))


SCORES = {epoch: [np.random.default_rng(epoch).random((9, 3)).astype(np.float32)] for epoch in (1, 2, 3)}


def validated(folder, step, version):
    """Keep scores of three epochs, as a validation with another step or other weights does."""
    records = Records(folder / "scores", {"step": step}, lambda epoch: f"{version}{epoch}")
    for epoch in set(SCORES) - set(records.stored(SCORES)):
        records.save(epoch, [step * version * scores for scores in SCORES[epoch]])


@pytest.mark.parametrize(("step", "version"), [(0.5, 1), (0.25, 2)], ids=["settings", "weights"])
def test_scores_of_a_validation(step, version, dying, tmp_path, promise):
    validated(tmp_path / "before", 0.25, 1)

    def check(folder):
        for one, other in ((0.25, 1), (step, version)):
            # whoever asks throws away what is of other settings
            if json.loads((folder / "scores" / "settings.json").read_text())["step"] == one:
                records = Records(folder / "scores", {"step": one}, lambda epoch: f"{other}{epoch}")  # noqa: B023
                for epoch in records.stored(SCORES):
                    assert np.array_equal(records.read(epoch), one * other * SCORES[epoch][0])
        remove_temporaries(folder)
        validated(folder, step, version)
        assert len(list((folder / "scores").iterdir())) == 4

    work = partial(validated, step=step, version=version)
    promise(
        PROMISE, procedure("replacing scores of a validation"), found(dying(work, check, tmp_path / "before"))
    )


# Features


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    for index in range(4):
        noise = np.random.default_rng(index).normal(0, 0.1, 4000 * (index + 1))
        soundfile.write(folder / f"{index}.wav", noise, 16000)
    return sorted(folder.iterdir())


def store_of(folder):
    return FeatureStore(LibrosaMelSpectrogram(sample_rate=16000, n_mels=8), folder / "store")


def packed(folder, sounds):
    """Everything that the store keeps of some files."""
    store = store_of(folder)
    store.prepare(sounds)
    pack = store.pack(sounds)
    means = np.stack([store.long_term(sound) for sound in sounds])
    return np.array(pack.data), np.array(pack.offsets), np.array(pack.long_term), means


@pytest.mark.parametrize("every", [11, pytest.param(1, marks=pytest.mark.slow)])
def test_the_feature_store(every, sounds, dying, tmp_path, promise):
    """Two lists are there that share files; a third one is added, which shares some with both."""
    before = tmp_path / "before"
    packed(before, sounds[:2])
    packed(before, sounds[1:3])
    whole = tmp_path / "whole"
    expected = [packed(whole, part) for part in (sounds[:2], sounds[1:3], sounds)]
    names = {path.name for path in whole.rglob("*")}

    def check(folder):
        # what an index names is there, whatever else is
        for path in folder.rglob("index-*.npz"):
            with np.load(path) as index:
                keys = zip(index["keys"].astype(str), index["frames"], strict=True)
                assert all(len(np.load(path.parent / f"{key}.npy")) == frames for key, frames in keys)
        for part, arrays in zip((sounds[:2], sounds[1:3], sounds), expected, strict=True):
            assert all(map(np.array_equal, packed(folder, part), arrays))
        assert {path.name for path in folder.rglob("*")} == names

    deaths = dying(lambda folder: packed(folder, sounds), check, before, every)
    promise(PROMISE, procedure("adding files to the feature store", every), found(deaths))


WINDOW = SlidingWindow(start=0.0, duration=0.1, step=0.1)
OTHER_WINDOW = SlidingWindow(start=0.0, duration=0.2, step=0.2)
URIS = ("a", "b", "c")


def dumped(folder, value=1.0):
    """Write frames of three files."""
    precomputed = Precomputed.create(folder, WINDOW, dimension=2)
    for uri in URIS:
        precomputed.dump({"database": "D", "uri": uri}, np.full((50, 2), value))


def test_the_order_of_operations(tmp_path, promise):
    """What has a name is on the disk: the content before it, the folder that lists it after."""
    weights = tmp_path / "train" / "weights"
    done = operations(tmp_path, lambda: Checkpoints(weights).save(1, *epoch_of(1, 1)))
    assert {("fsync", weights.parent), ("fsync", tmp_path)} <= set(done)
    done = [one for one in done if one[0] != "remove"]
    renames = [index for index, (name, _) in enumerate(done) if name == "rename"]
    for index in renames:
        *written, (synced, part), _, after = done[index - 4 : index + 2]
        assert written == [("open", part), ("write", part), ("write", part)][-len(written) :]
        assert synced == "fsync" and part.suffix == ".part" and after == ("fsync", weights)
    promise(
        "A file has its name only when its content is on the disk: a power cut loses no more than a kill.",
        "Record the operations of saving an epoch: each file is synced, renamed, and its folder synced.",
        f"{len(renames)} of 3 files",
    )


@pytest.mark.parametrize("overwritten", [False, True])
def test_precomputed(overwritten, dying, tmp_path, promise):
    before = tmp_path / "before"
    before.mkdir()
    if overwritten:
        dumped(before, 0.5)

    def check(folder):
        try:
            precomputed = Precomputed(folder)
        except DataError:
            assert not overwritten and not list(folder.rglob("*.npy"))
            return
        for uri in URIS:
            path = precomputed.path({"database": "D", "uri": uri})
            if overwritten or path.exists():
                (value,) = np.unique(precomputed({"database": "D", "uri": uri}).data)
                assert value in (0.5, 1.0)[not overwritten :]
        dumped(folder)
        remove_temporaries(folder)
        assert leftovers(folder) == []

    deaths = dying(dumped, check, before)
    promise(PROMISE, procedure(f"{'over' * overwritten}writing Precomputed"), found(deaths))


# RTTM


def annotation(onset):
    made = Annotation(uri="a")
    for index in range(20):
        made[Segment(onset + index, onset + index + 0.5), index] = "car"
    return {"a": made}


def events(annotations):
    return [(uri, list(one.itersegments()), one.labels()) for uri, one in annotations.items()]


def test_rttm(dying, tmp_path, promise):
    (tmp_path / "before").mkdir()
    write_rttm(tmp_path / "before" / "a.rttm", annotation(0.0))

    def check(folder):
        assert events(read_rttm(folder / "a.rttm")) in (events(annotation(0.0)), events(annotation(0.25)))
        remove_temporaries(folder)
        assert leftovers(folder) == []

    deaths = dying(lambda folder: write_rttm(folder / "a.rttm", annotation(0.25)), check, tmp_path / "before")
    promise(PROMISE, procedure("overwriting an RTTM file"), found(deaths))
