"""Batches of segments, identified by features that are the numbers of their frames."""

from collections import Counter
from math import ceil
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest

from pyannote.audio.core.errors import ConfigError, DataError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.embedding.approaches._segments import SegmentSampler, Speakers, durations
from pyannote.audio.embedding.approaches._speaker_segments import SpeakerSegments
from pyannote.audio.embedding.approaches.base import Approach
from pyannote.audio.store.packs import Pack

STEP = 0.01


class Plain(Approach):
    """Draws batches, and learns nothing."""

    def loss(self, embeddings, labels):
        return embeddings.sum()


def recording(uri, events, duration):
    return {
        "uri": uri,
        "database": "D",
        "audio": Path(uri),
        "duration": duration,
        "regions": [(0.0, duration)],
        "events": events,
    }


def one_each(speakers, seconds=4.0):
    return [recording(f"{s:02d}", [(0.0, seconds, f"{s:02d}")], seconds) for s in range(speakers)]


def pack_of(files):
    """Features of each recording, one frame more than it has steps, as centred frames are."""
    counts = [round(file["duration"] / STEP) + 1 for file in files]
    offsets = np.cumsum([0, *counts])
    data = np.arange(offsets[-1], dtype=np.float32)[:, None]
    return Pack(data, offsets, np.zeros((len(files), 1), dtype=np.float32))


def ready(files, device="cpu", **given):
    """Approach that is ready to draw so many batches an epoch."""
    batches = given.pop("batches", 20)
    approach = Plain(SpeakerSegments(**given))
    approach.per_epoch = batches * approach.batch_seconds / 86400
    approach.check(files)
    specifications = Specifications("Approach", {"X": 1}, ("a",), 1.0, STEP, 16000)
    approach.prepare(files, pack_of(files).to(torch.device(device)), specifications)
    return approach


def speakers_of(batch, per_label):
    return batch["y"].reshape(-1, per_label)[:, 0].tolist()


CONVERSATIONS = [
    recording("x", [(0.0, 3.0, "ann"), (2.0, 6.0, "bob"), (7.0, 9.31, "ann")], 10.0),
    recording("y", [(0.5, 1.2, "cid"), (1.2, 2.0, "cid"), (3.0, 3.6, "bob")], 4.0),
    recording("z", [(0.0, 5.0, "dan"), (4.0, 5.0, "eve"), (5.0, 8.0, "eve")], 8.0),
]


class TestSpeakers:
    def test_turns_of_each_in_which_nobody_else_talks(self):
        found = Speakers.of(CONVERSATIONS, min_duration=0.5, label_min_duration=0.0)
        assert found.turns == {
            "ann": [(0, 0.0, 2.0), (0, 7.0, 9.31)],
            "bob": [(0, 3.0, 6.0), (1, 3.0, 3.6)],
            "cid": [(1, 0.5, 2.0)],
            "dan": [(2, 0.0, 4.0)],
            "eve": [(2, 5.0, 8.0)],
        }
        assert list(found.turns) == sorted(found.turns)
        assert found.too_short == 0 and found.left_out == {}

    def test_short_turns_count_neither_as_turns_nor_as_speech(self):
        found = Speakers.of(CONVERSATIONS, min_duration=0.7, label_min_duration=3.5)
        assert list(found.turns) == ["ann", "dan"]
        assert found.too_short == 1
        assert found.left_out == pytest.approx({"bob": 3.0, "cid": 1.5, "eve": 3.0})

    def test_turns_of_exactly_the_shortest_duration_are_kept(self):
        # 1.1 - 0.6 is less than 0.5 in floating point
        files = [recording("x", [(0.6, 1.1, "ann")], 2.0)]
        assert Speakers.of(files, 0.5, 0.0).too_short == 0

    def test_files_without_annotation_have_no_speakers(self):
        assert Speakers.of([recording("x", None, 2.0)], 0.5, 0.0).turns == {}


@pytest.mark.parametrize(("speakers", "per_fold"), [(2, 2), (7, 3), (8, 4), (5, 4), (20, 7), (11, 10)])
class TestSpeakersOfBatches:
    def test_each_is_met_before_any_is_met_again(self, speakers, per_fold):
        approach = ready(one_each(speakers), per_fold=per_fold, per_label=2, batches=40)
        met = Counter()
        for batch in approach.batches(epoch=1, seed=0):
            for speaker in speakers_of(batch, 2):
                met[speaker] += 1
            counts = [met[index] for index in range(speakers)]
            assert max(counts) - min(counts) <= 1
        assert sum(met.values()) == 40 * per_fold

    def test_none_is_twice_in_a_batch(self, speakers, per_fold):
        approach = ready(one_each(speakers), per_fold=per_fold, per_label=2, batches=40)
        for batch in approach.batches(epoch=1, seed=0):
            assert len(set(speakers_of(batch, 2))) == per_fold

    def test_who_stands_together_changes(self, speakers, per_fold):
        approach = ready(one_each(speakers), per_fold=per_fold, per_label=1, batches=40)
        batches = {tuple(speakers_of(batch, 1)) for batch in approach.batches(epoch=1, seed=0)}
        assert len(batches) > 1


class TestSegments:
    @pytest.fixture(scope="class")
    @classmethod
    def batches(cls):
        approach = ready(CONVERSATIONS, per_fold=3, per_label=4, batches=300, max_duration=1.5)
        return list(approach.batches(epoch=2, seed=5))

    def test_shapes_and_types(self, batches):
        for batch in batches:
            assert batch["X"].ndim == 3 and batch["X"].shape[::2] == (12, 1)
            assert batch["X"].dtype == torch.float32 and batch["y"].dtype == torch.int64
            labels = batch["y"].reshape(3, 4)
            assert (labels == labels[:, :1]).all()

    def test_each_lies_within_a_turn_of_its_speaker(self, batches):
        offsets = pack_of(CONVERSATIONS).offsets
        turns = list(Speakers.of(CONVERSATIONS, 0.5, 0.0).turns.values())
        for batch in batches:
            for frames, label in zip(batch["X"][..., 0].double().numpy(), batch["y"].tolist(), strict=True):
                # frame i is centred at i + 1/2 steps
                middles = (frames[[0, -1]] + 0.5) * STEP
                assert any(
                    start <= middles.min() - offsets[file] * STEP + 1e-6
                    and middles.max() - offsets[file] * STEP <= end + 1e-6
                    for file, start, end in turns[label]
                )

    def test_is_consecutive_where_the_turn_is_long_enough(self, batches):
        for batch in batches:
            consecutive = (batch["X"][:, 1:, 0] - batch["X"][:, :-1, 0] == 1).all(dim=1)
            # cid and bob's short turn could not hold a long segment; all others can
            assert consecutive[batch["y"] != 2].all()

    def test_durations_are_within_their_range(self, batches):
        lengths = np.array([batch["X"].shape[1] for batch in batches])
        assert lengths.min() >= 50 and lengths.max() <= 150
        assert lengths.min() < 55 and lengths.max() > 145

    def test_one_fixed_duration(self):
        approach = ready(CONVERSATIONS, per_fold=2, duration=0.7)
        assert {batch["X"].shape[1] for batch in approach.batches(1, 0)} == {70}


def test_durations_are_uniform():
    drawn = durations(0.5, 1.5, count=5000, epoch=1, seed=0)
    assert drawn.min() >= 0.5 and drawn.max() <= 1.5
    assert kstest(drawn, "uniform", args=(0.5, 1.0)).pvalue > 0.01


def sampler_of(turns, per_label, length=10_000):
    speakers = Speakers({name: list(own) for name, own in turns.items()}, 0, {})
    return SegmentSampler(speakers, np.array([0, length, 2 * length]), STEP, 1, per_label)


def test_turns_are_drawn_in_proportion_to_their_durations():
    turns = [(0, 0.0, 1.0), (0, 10.0, 14.0), (1, 0.0, 2.5), (1, 50.0, 50.3)]
    sampler = sampler_of({"a": [(0, 80.0, 99.0)], "b": turns}, per_label=20_000)
    first, available = sampler.segments(np.array([1]), 20, np.random.default_rng(0))
    assert (available == 20).all()
    begins = np.array([file * 10_000 + round(start / STEP) for file, start, _ in turns])
    ends = np.array([file * 10_000 + round(end / STEP) for file, _, end in turns])
    counts = [((first >= begin) & (first + 20 <= end)).sum() for begin, end in zip(begins, ends, strict=True)]
    assert sum(counts) == 20_000
    share = (ends - begins) / (ends - begins).sum()
    assert chisquare(counts, 20_000 * share).pvalue > 0.01


def test_segments_lie_anywhere_in_a_turn_with_equal_chance():
    sampler = sampler_of({"a": [(0, 1.0, 1.3)]}, per_label=20_000)
    first, _ = sampler.segments(np.array([0]), 20, np.random.default_rng(0))
    counts = np.bincount(first - 100)
    assert len(counts) == 11
    assert chisquare(counts).pvalue > 0.01


def test_shorter_turns_are_drawn_only_of_who_has_no_longer_one():
    turns = {"both": [(0, 0.0, 0.4), (0, 10.0, 11.0)], "short": [(0, 20.0, 20.3), (1, 0.0, 0.6)]}
    sampler = sampler_of(turns, per_label=500)
    first, available = sampler.segments(np.array([0, 1]), 80, np.random.default_rng(0))
    assert (first[:500] >= 1000).all() and (available[:500] == 80).all()
    assert dict(zip(first[500:].tolist(), available[500:].tolist(), strict=True)) == {2000: 30, 10_000: 60}
    # as often as they are long, too
    assert chisquare(np.bincount(available[500:] == 60), [500 / 3, 1000 / 3]).pvalue > 0.01


def test_short_turns_are_repeated_from_their_beginning():
    files = [recording("x", [(0.3, 0.6, "ann"), (1.0, 3.0, "bob")], 4.0)]
    approach = ready(files, per_fold=2, per_label=1, min_duration=0.3, max_duration=0.9, batches=30)
    for batch in approach.batches(epoch=1, seed=0):
        frames = batch["X"].shape[1]
        ann = batch["X"][batch["y"] == 0].ravel()
        assert ann.tolist() == [30 + index % 30 for index in range(frames)]
        bob = batch["X"][batch["y"] == 1].ravel()
        assert (bob.diff() == 1).all()


def test_batches_are_made_on_the_device_of_the_features():
    files = [recording("x", [(0.3, 0.6, "ann"), (1.0, 3.0, "bob")], 4.0)]
    given = {"per_fold": 2, "per_label": 1, "min_duration": 0.3, "max_duration": 0.9, "batches": 10}
    here, there = ready(files, **given), ready(files, device="meta", **given)
    for own, other in zip(here.batches(1, 0), there.batches(1, 0), strict=True):
        assert {name: (value.shape, value.dtype) for name, value in own.items()} == {
            name: (value.shape, value.dtype) for name, value in other.items()
        }
        assert {value.device.type for value in other.values()} == {"meta"}


@pytest.mark.parametrize(("frames", "heard"), [(320, set(range(300, 320))), (200, {199})])
def test_features_that_end_before_a_turn_give_what_there_is(frames, heard):
    # features that were computed elsewhere may be shorter than the audio
    files = [recording("x", [(0.0, 1.0, "ann"), (3.0, 4.0, "bob")], 4.0)]
    approach = Plain(SpeakerSegments(per_fold=2, per_label=2, per_epoch=1e-4))
    approach.check(files)
    data = np.arange(frames, dtype=np.float32)[:, None]
    pack = Pack(data, np.array([0, frames]), np.zeros((1, 1), np.float32))
    approach.prepare(files, pack, Specifications("Approach", {"X": 1}, ("a",), 1.0, STEP, 16000))
    for batch in approach.batches(epoch=1, seed=0):
        assert set(batch["X"][batch["y"] == 1].ravel().tolist()) <= heard


class TestRandomnessByPosition:
    @staticmethod
    def drawn(epoch=1, seed=0, batches=12):
        approach = ready(CONVERSATIONS, per_fold=3, per_label=2, batches=batches)
        return list(approach.batches(epoch, seed))

    @staticmethod
    def equal(one, other):
        return one["X"].shape == other["X"].shape and all(torch.equal(one[key], other[key]) for key in one)

    def test_is_the_same_twice(self):
        assert all(map(self.equal, self.drawn(), self.drawn()))

    def test_other_epochs_before_do_not_matter(self):
        approach = ready(CONVERSATIONS, per_fold=3, per_label=2, batches=12)
        for _ in zip(range(5), approach.batches(7, 0), strict=False):
            pass
        assert all(map(self.equal, approach.batches(1, 0), self.drawn()))

    def test_generators_side_by_side_do_not_disturb_each_other(self):
        approach = ready(CONVERSATIONS, per_fold=3, per_label=2, batches=12)
        pairs = list(zip(approach.batches(1, 0), approach.batches(2, 0), strict=True))
        assert all(map(self.equal, [one for one, _ in pairs], self.drawn()))
        assert all(map(self.equal, [other for _, other in pairs], self.drawn(epoch=2)))

    def test_a_longer_epoch_begins_with_the_same_batches(self):
        assert all(self.equal(*pair) for pair in zip(self.drawn(), self.drawn(batches=30), strict=False))

    @pytest.mark.parametrize("position", [{"epoch": 2}, {"seed": 1}])
    def test_epoch_and_seed_matter(self, position):
        assert not any(map(self.equal, self.drawn(), self.drawn(**position)))

    def test_batches_differ(self):
        first, *others = self.drawn()
        assert not any(self.equal(first, other) for other in others)


class TestLengthOfAnEpoch:
    @pytest.mark.parametrize(
        ("given", "seconds"),
        [
            ({"min_duration": 0.5, "max_duration": 1.5, "per_fold": 20, "per_label": 3}, 60.0),
            ({"duration": 2.0, "per_fold": 10, "per_label": 4}, 80.0),
            ({"min_duration": 1.0, "max_duration": 4.0, "per_fold": 7, "per_label": 1}, 17.5),
        ],
    )
    @pytest.mark.parametrize("days", [1.0, 0.01, 1e-6])
    def test_is_so_many_days(self, given, seconds, days):
        approach = Plain(SpeakerSegments(per_epoch=days, **given))
        assert approach.batches_per_epoch == max(1, ceil(days * 86400 / seconds))

    def test_so_many_batches_are_drawn(self):
        approach = ready(one_each(4), per_fold=2, batches=13)
        assert approach.batches_per_epoch == len(list(approach.batches(1, 0))) == 13

    def test_their_audio_is_as_long_as_was_asked_for(self):
        approach = ready(one_each(4), per_fold=2, per_label=2, batches=400)
        seconds = sum(batch["X"].shape[0] * batch["X"].shape[1] * STEP for batch in approach.batches(1, 0))
        assert seconds == pytest.approx(approach.per_epoch * 86400, rel=0.03)


class TestCheck:
    def test_too_few_speakers_are_refused(self):
        with pytest.raises(DataError, match=r"takes 6 speakers \(per_fold\).* has 5 with") as caught:
            Plain(SpeakerSegments(per_fold=6)).check(CONVERSATIONS)
        assert "per_fold" in caught.value.fix

    def test_speakers_with_too_little_speech_are_named_in_one_line(self):
        (remark,) = Plain(SpeakerSegments(per_fold=2, label_min_duration=3.5)).check(
            [
                recording(f"{n}", [(0.0, 4.0, f"{n}"), (4.5, 5.5, f"less {n}"), (6.0, 7.0, f"less {n}")], 9.0)
                for n in range(7)
            ]
            + [recording("more", [(4.5, 5.0, str(n)), (5.5, 6.0, str(n))], 9.0) for n in range(7)]
        )
        assert remark == (
            "7 speakers with less than 3.5 s of speech (label_min_duration) are left out: "
            "less 0 (2 s), less 1 (2 s), less 2 (2 s), less 3 (2 s), less 4 (2 s) and 2 more."
        )

    def test_nothing_to_remark(self):
        files = [recording(name, [(0.0, 2.0, name), (3.0, 5.0, name)], 6.0) for name in "ab"]
        assert Plain(SpeakerSegments(per_fold=2)).check(files) == []

    def test_speakers_with_short_turns_only(self):
        events = [(0.0, 2.0, "ann"), (3.0, 5.0, "ann"), (6.0, 8.0, "bob"), (9.0, 11.0, "bob")]
        short = [(12.0, 12.1, "cid"), (13.0, 13.2, "cid")]
        remarks = Plain(SpeakerSegments(per_fold=2)).check([recording("x", events + short, 14.0)])
        assert remarks[0] == "2 turns shorter than 0.5 s (min_duration) are left out."
        assert remarks[1:] == [
            "1 speaker with less than 0.5 s of speech (min_duration) is left out: cid (0 s)."
        ]

    def test_single_turns_are_named(self):
        remarks = Plain(SpeakerSegments(per_fold=2)).check(CONVERSATIONS)
        assert remarks == [
            "3 speakers have a single turn, from which all their segments are taken: cid, dan, eve."
        ]

    @pytest.mark.parametrize(
        "given",
        [
            {"label_min_duration": -1.0},
            {"per_epoch": float("inf")},
            {"per_epoch": float("nan")},
            {"duration": float("inf")},
            {"duration": float("nan")},
            {"min_duration": -0.5},
            {"label_min_duration": float("nan")},
        ],
    )
    def test_senseless_parameters_are_refused(self, given):
        with pytest.raises(ConfigError, match="must"):
            Plain(SpeakerSegments(**given))
