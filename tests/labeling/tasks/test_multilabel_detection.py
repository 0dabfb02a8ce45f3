"""Batches, targets and losses against brute force."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.labels import ClassDefinition, Composition
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.labeling.tasks.base import Task
from pyannote.audio.labeling.tasks.dcase import Dcase
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection
from pyannote.audio.store.packs import Pack, TensorPack

STEP = 0.01
SPEC = {
    "regular": ["car", "man"],
    "union": {"any": ["car", "man", "woman"]},
    "intersection": {"both": ["man", "woman"]},
}
EXTRACTION = LibrosaMelSpectrogram(sample_rate=16000, duration=0.025, step=STEP, n_mels=5)


def recordings(seed=0, count=3, seconds=8.0):
    random = np.random.default_rng(seed)
    files = []
    for index in range(count):
        events = []
        for label in ("car", "man", "woman"):
            for _ in range(3):
                onset = float(random.integers(0, 7000)) / 1000
                events.append((onset, onset + float(random.integers(50, 3000)) / 1000, label))
        regions = [(0.0, 3.0), (4.0, seconds)] if index == 1 else [(0.0, seconds)]
        files.append(
            {
                "uri": f"file{index}",
                "database": "D",
                "audio": Path(f"file{index}.wav"),
                "duration": seconds,
                "regions": regions,
                "events": sorted(events),
            }
        )
    return files


FILES = recordings()
LENGTHS = [801, 800, 799]


def pack_of(lengths=LENGTHS):
    """Features that tell which frame of which file they are."""
    data = np.concatenate(
        [
            np.stack(
                [
                    np.full(length, file),
                    np.arange(length),
                    *np.random.default_rng(file).normal(size=(3, length)),
                ],
                1,
            )
            for file, length in enumerate(lengths)
        ]
    ).astype(np.float32)
    long_term = np.arange(5 * len(lengths), dtype=np.float32).reshape(-1, 5)
    return Pack(data, np.cumsum([0, *lengths]), long_term)


def prepared(kind=Dcase, **arguments):
    task = kind(SPEC, **{"duration": 0.5, "batch_size": 8, "per_epoch": 0.001, **arguments})
    task.prepare(FILES, pack_of(), task.specifications(EXTRACTION))
    return task


def in_classes(file, frame):
    """Whether each class is active in the middle of a frame."""
    time = (frame + 0.5) * STEP
    active = {label for onset, offset, label in FILES[file]["events"] if onset - 1e-9 <= time < offset - 1e-9}
    return ["car" in active, "man" in active, bool(active), {"man", "woman"} <= active]


def test_specifications_describe_inputs_and_classes():
    specs = Dcase(SPEC, duration=0.5).specifications(EXTRACTION)
    assert specs.inputs == {"X": 5, "long_term": 5}
    assert specs.classes == ("car", "man", "any", "both")
    assert (specs.task, specs.duration, specs.step, specs.sample_rate, specs.frames) == (
        "Dcase",
        0.5,
        STEP,
        16000,
        50,
    )
    assert Dcase(SPEC, logavgmel=False).specifications(EXTRACTION).inputs == {"X": 5}
    assert MultilabelDetection(SPEC).specifications(EXTRACTION).task == "MultilabelDetection"


def test_batches_hold_consecutive_frames_with_their_activity_and_long_term_vector():
    task = prepared()
    batches = list(task.batches(epoch=2, seed=5))
    assert len(batches) == task.batches_per_epoch == 22
    for batch in batches:
        assert (
            batch["X"].shape == (8, 50, 5)
            and batch["y"].shape == (8, 50, 4)
            and batch["long_term"].shape == (8, 5)
        )
        assert all(value.dtype == torch.float32 for value in batch.values())
        for features, activity, long_term in zip(batch["X"], batch["y"], batch["long_term"], strict=True):
            file, first = int(features[0, 0]), int(features[0, 1])
            assert (features[:, 0] == file).all()
            assert features[:, 1].tolist() == list(range(first, first + 50))
            assert long_term.tolist() == pack_of().long_term[file].tolist()
            expected = [in_classes(file, frame) for frame in range(first, first + 50)]
            assert activity.bool().tolist() == expected
            assert any(
                onset <= first * STEP and (first + 50) * STEP <= offset + 1e-6
                for onset, offset in FILES[file]["regions"]
            )


def test_batches_repeat_and_differ_by_epoch_and_seed():
    task = prepared()
    first = torch.cat([batch["X"] for batch in task.batches(1, 0)])
    assert torch.equal(first, torch.cat([batch["X"] for batch in task.batches(1, 0)]))
    for epoch, seed in ((2, 0), (1, 1)):
        assert not torch.equal(first, torch.cat([batch["X"] for batch in task.batches(epoch, seed)]))


def test_the_size_of_batches_does_not_change_what_is_drawn():
    one, other = prepared(batch_size=4), prepared(batch_size=16)
    samples = [torch.cat([batch["X"] for batch in task.batches(1, 0)]) for task in (one, other)]
    count = min(map(len, samples))
    assert torch.equal(samples[0][:count], samples[1][:count])


def test_without_long_term_input_batches_have_none():
    assert set(next(iter(prepared(logavgmel=False).batches(1, 0)))) == {"X", "y"}
    assert set(next(iter(prepared(MultilabelDetection).batches(1, 0)))) == {"X", "y"}


@pytest.mark.parametrize("target", ["majority", "any", "share"])
@pytest.mark.parametrize(("frames", "resolution"), [(20, 1), (20, 4), (20, 9), (21, 9), (20, 20)])
def test_targets_are_counted_frame_by_frame(target, frames, resolution):
    activity = (np.random.default_rng(1).random((6, frames, 3)) > 0.6).astype(np.float32)
    found = Dcase(SPEC, target=target).targets(torch.from_numpy(activity), resolution)
    assert found.shape == (6, frames // resolution, 3)
    for chunk, output, name in np.ndindex(*found.shape):
        filled = activity[chunk, output * resolution : (output + 1) * resolution, name].sum()
        expected = {
            "majority": float(2 * filled >= resolution),
            "any": float(filled > 0),
            "share": filled / resolution,
        }[target]
        assert found[chunk, output, name].item() == pytest.approx(expected)


def test_targets_of_blended_activity_stay_between_0_and_1():
    activity = torch.rand(4, 20, 3)
    for target in ("majority", "any", "share"):
        found = Dcase(SPEC, target=target).targets(activity, 6)
        assert found.min() >= 0 and found.max() <= 1


def cross_entropy(logits, targets, weights):
    """Written out, in double precision."""
    score = 1 / (1 + np.exp(-logits.double().numpy()))
    target = targets.double().numpy()
    return float((-(target * np.log(score) + (1 - target) * np.log(1 - score)) * weights).mean())


@pytest.mark.parametrize(
    ("class_weights", "weights"),
    [(None, [1, 1, 1, 1]), ({"man": 3.0, "both": 0.0}, [1, 3, 1, 0])],
)
def test_loss_is_weighted_cross_entropy(class_weights, weights):
    task = prepared(class_weights=class_weights)
    logits, targets = torch.randn(5, 7, 4), torch.rand(5, 7, 4)
    assert task.loss(logits, targets).item() == pytest.approx(
        cross_entropy(logits, targets, weights), rel=1e-5
    )


def test_balanced_weights_are_inverse_to_the_root_of_the_share():
    task = prepared(class_weights="balanced")
    shares = np.mean(
        [in_classes(file, frame) for file, length in enumerate(LENGTHS) for frame in range(length)], axis=0
    )
    weights = shares**-0.5 / np.mean(shares**-0.5)
    logits, targets = torch.randn(5, 7, 4), torch.rand(5, 7, 4)
    assert task.loss(logits, targets).item() == pytest.approx(
        cross_entropy(logits, targets, weights), rel=1e-4
    )
    assert weights.mean() == pytest.approx(1)


def test_statistics_are_those_of_the_training_frames_and_files():
    statistics, pack = prepared().statistics(), pack_of()
    for name, data in (("X", pack.data), ("long_term", pack.long_term)):
        mean, deviation = statistics[name]
        assert np.allclose(mean, data.mean(axis=0, dtype=np.float64), rtol=1e-5, atol=1e-6)
        assert np.allclose(deviation, data.std(axis=0, dtype=np.float64), rtol=1e-5, atol=1e-6)
    assert set(prepared(logavgmel=False).statistics()) == {"X"}


def test_what_happens_to_a_batch_leaves_the_features_alone():
    task, pack = Dcase(SPEC, duration=0.5, per_epoch=0.0001), pack_of()
    task.prepare(FILES, pack, task.specifications(EXTRACTION))
    for value in next(iter(task.batches(1, 0))).values():
        value.fill_(1e9)
    assert np.array_equal(pack.data, pack_of().data) and np.array_equal(pack.long_term, pack_of().long_term)


def test_batches_are_the_same_wherever_features_are():
    both = []
    for pack in (pack_of(), TensorPack.of(pack_of(), torch.device("cpu"))):
        task = Dcase(SPEC, duration=0.5, batch_size=16, per_epoch=0.0005)
        task.prepare(FILES, pack, task.specifications(EXTRACTION))
        both.append(list(task.batches(3, 1)))
    assert len(both[0]) > 2
    for one, other in zip(*both, strict=True):
        assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_batches_are_made_on_the_device_of_the_features():
    task = Dcase(SPEC, duration=0.5, batch_size=16, per_epoch=0.0005)
    task.prepare(FILES, pack_of().to(torch.device("meta")), task.specifications(EXTRACTION))
    for batch in task.batches(1, 0):
        assert {value.device.type for value in batch.values()} == {"meta"}


class ChangingPack(Pack):
    """Adds the first number that it draws to each chunk."""

    def gather(self, starts, frames, random, rows=slice(None)):
        return super().gather(starts, frames, random, rows) + random.random()


def test_changes_of_a_batch_depend_on_its_position_alone():
    arguments = {"duration": 0.5, "batch_size": 32, "per_epoch": 0.0005}
    clean, task = prepared(MultilabelDetection, **arguments), MultilabelDetection(SPEC, **arguments)
    pack = pack_of()
    task.prepare(
        FILES, ChangingPack(pack.data, pack.offsets, pack.long_term), task.specifications(EXTRACTION)
    )
    seen = []
    for epoch, seed in ((1, 0), (2, 0), (1, 1), (1, 0)):
        both = zip(task.batches(epoch, seed), clean.batches(epoch, seed), strict=True)
        seen.append([round(float((changed["X"] - own["X"]).mean()), 3) for changed, own in both])
    assert seen[0] == seen[3] and len(seen[0]) > 2
    assert len({number for row in seen for number in row}) == 3 * len(seen[0])


def test_chunks_longer_than_all_regions_are_refused():
    with pytest.raises(DataError, match="as long as a chunk"):
        prepared(duration=9.0)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"regular": ["car", "man", "wman"]},
            "names 'wman'.*they contain car, man, woman.*Did you mean 'woman'",
        ),
        ({"regular": ["car", "man", "woman", "siren"]}, "names 'siren'.*Remove it"),
        ({"regular": ["car", "man"]}, "contain 'woman', which labels_spec does not name.*ignore"),
        ({"union": {"any": ["car", "man", "womn"]}}, "names 'womn'.*Did you mean 'woman'"),
    ],
)
def test_labels_that_only_one_side_knows_are_refused(spec, words):
    with pytest.raises(DataError, match=words):
        Dcase(spec).check(FILES)


@pytest.mark.parametrize(
    "spec",
    [
        {"regular": ["car", "man", "woman"]},
        {"regular": ["car"], "ignore": ["man", "woman"]},
        {"regular": ["car"], "ignore": ["man", "woman", "siren"]},
        {"union": {"any": ["car", "man", "woman"]}},
        SPEC,
    ],
)
def test_labels_that_both_sides_know_are_accepted(spec):
    Dcase(spec).check(FILES)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"regulr": ["car"]}, "no key 'regulr'.*Did you mean 'regular'"),
        ({"xyz": ["car"]}, "no key 'xyz'; the keys are regular, union"),
        ({}, "defines no class"),
        ({"regular": None}, "defines no class"),
        ({"regular": "car"}, "must be lists"),
        ({"regular": [1]}, "must be lists"),
        ({"regular": ["car"], "ignore": "man"}, "must be lists"),
        ({"union": ["car"]}, "union of labels_spec must map"),
        ({"intersection": {"both": "car"}}, "intersection of labels_spec must map"),
        ({"regular": ["car"], "union": {"car": ["man"]}}, "labels_spec.*'car' is defined more than once"),
        ({"union": {"any": []}}, "labels_spec.*'any' has no labels"),
    ],
)
def test_senseless_labels_are_refused(spec, words):
    with pytest.raises(ConfigError, match=words):
        Dcase(spec)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"class_weights": {"cars": 1.0}}, "'cars', which is not a class"),
        ({"class_weights": {"car": -1.0}}, "not be negative"),
        ({"duration": float("nan")}, "positive"),
        ({"duration": float("inf")}, "positive"),
        ({"batch_size": 0}, "positive"),
        ({"per_epoch": 0.0}, "positive"),
        ({"applied_duration": 0.0}, "applied_duration must be positive"),
        ({"applied_duration": float("nan")}, "applied_duration must be positive"),
    ],
)
def test_senseless_parameters_are_refused(arguments, words):
    with pytest.raises(ConfigError, match=words):
        Dcase(SPEC, **arguments)


class Points(Task):
    """Targets that are no activity of labels."""

    labels = Composition((ClassDefinition("point"),))

    def reference(self, events, specifications):
        return [(max(0.0, onset - 0.1), onset + 0.1, "point") for onset, _, _ in events]


def test_targets_are_made_from_the_reference():
    task = Points(duration=0.5, batch_size=8, per_epoch=0.001)
    task.prepare(FILES, pack_of(), task.specifications(EXTRACTION))
    for batch in list(task.batches(1, 0))[:5]:
        for features, activity in zip(batch["X"], batch["y"], strict=True):
            middles = (features[:, 1].numpy() + 0.5) * STEP
            onsets = np.array([onset for onset, _, _ in FILES[int(features[0, 0])]["events"]])
            near = (np.abs(middles[:, None] - onsets) < 0.1 - 1e-6).any(axis=1)
            far = (np.abs(middles[:, None] - onsets) > 0.1 + 1e-6).all(axis=1)
            assert activity[near].all() and not activity[far].any()


def test_the_reference_follows_from_the_specifications():
    """Also for a task that has not seen the training files, or whose configuration has changed since."""
    specifications = Dcase(SPEC).specifications(EXTRACTION)
    events = FILES[0]["events"]
    expected = Dcase(SPEC).labels.events(events)
    for task in (Task(), Dcase({"regular": ["woman"]}), Dcase({**SPEC, "union": {"any": ["car"]}})):
        assert task.reference(events, specifications) == expected


def test_without_a_composition_the_configuration_must_name_the_same_classes():
    """Files of earlier versions hold names only."""
    specifications = replace(Dcase(SPEC).specifications(EXTRACTION), composition=None)
    events = FILES[0]["events"]
    assert Dcase(SPEC).reference(events, specifications) == Dcase(SPEC).labels.events(events)
    for task in (
        Task(),
        Dcase({"regular": ["man", "car"], **{key: SPEC[key] for key in ("union", "intersection")}}),
    ):
        with pytest.raises(ConfigError, match="The trained model has the classes car, man, any, both"):
            task.reference(events, specifications)


def test_a_task_without_classes_says_so():
    with pytest.raises(DataError, match="Task has no classes to learn"):
        Task().specifications(EXTRACTION)


def test_weights_of_classes_that_follow_from_the_data_are_checked_with_them():
    task = Task(class_weights={"car": 2.0})
    task.labels = Composition.of_labels(["man"])
    with pytest.raises(ConfigError, match="'car', which is not a class; the classes are man"):
        task.prepare(FILES, pack_of(), task.specifications(EXTRACTION))


@pytest.mark.parametrize("target", ["majority", "any", "share"])
def test_the_target_of_a_whole_chunk(target):
    activity = torch.zeros(3, 40, 2)
    activity[0, :20, 0], activity[1, :19, 0], activity[2, 5, 1] = 1, 1, 1
    found = Task(target=target).targets(activity, 40)
    share = torch.tensor([[[0.5, 0.0]], [[0.475, 0.0]], [[0.0, 0.025]]])
    expected = {"share": share, "any": (share > 0).float(), "majority": (share >= 0.5).float()}[target]
    assert torch.allclose(found, expected)
