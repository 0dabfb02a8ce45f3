"""Pasted events against the frames that they were cut from."""

import numpy as np
import pytest
import torch

from pyannote.audio.augmentation.base import TrainingFrames
from pyannote.audio.augmentation.event_paste import EventPaste
from pyannote.audio.core.errors import ConfigError

STEP = 0.1
EVENTS = [(10, 30, 0), (25, 40, 1), (60, 63, 2), (100, 160, 1), (170, 171, 2)]
"""First row, end and class; the fourth is longer than the chunks, and files end at 50, 90 and 180."""


def training():
    """Each frame has a level of its own, so that a pasted frame tells where it comes from."""
    frames = torch.arange(180.0)[:, None].expand(180, 3) / 2
    activity = torch.zeros(180, 3)
    for first, end, label in EVENTS:
        activity[first:end, label] = 1
    return TrainingFrames(frames, activity, offsets=[0, 50, 90, 180], step=STEP)


def paste_of(**given):
    paste = EventPaste(**{"gain": 0.0, "fade": 0.0, **given})
    paste.begin(training(), epoch=1, planned=10)
    return paste


def silence(count=200, frames=40):
    return {"X": torch.full((count, frames, 3), -200.0), "y": torch.zeros(count, frames, 3)}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def rows_of(batch):
    """Row of the training set that each frame was taken from, -1 for none, of shape (batch, frames)."""
    level = batch["X"][..., 0].numpy()
    return np.where(level > -100, np.rint(2 * level), -1).astype(int)


def runs_of(rows):
    """First frame, and rows, of each stretch of consecutive rows of a chunk."""
    cuts = np.flatnonzero(np.diff(rows) != 1) + 1
    parts = zip([0, *cuts], np.split(rows, cuts), strict=True)
    return [(first, part) for first, part in parts if part[0] >= 0]


def test_frames_and_targets_are_those_of_events():
    pasted = paste_of(density=1.0)(silence(), seeded())
    rows = rows_of(pasted)
    active = training().activity.numpy()
    assert np.array_equal(pasted["y"].numpy(), np.where(rows[..., None] >= 0, active[rows], 0))
    assert active[rows[rows >= 0]].any(axis=1).all()
    assert {event for event in EVENTS for row in np.unique(rows) if event[0] <= row < event[1]} == set(EVENTS)


def test_a_sparse_event_is_whole_unless_the_chunk_cuts_it():
    seen = set()
    for chunk in rows_of(paste_of(density=0.13)(silence(2000), seeded())):
        runs = runs_of(chunk)
        if len(runs) != 1:
            continue
        first, rows = runs[0]
        end = first + len(rows)
        fitting = [
            label
            for begin, stop, label in EVENTS
            if begin <= rows[0]
            and rows[-1] < stop
            and (rows[0] == begin or first == 0 or stop - begin > 40)
            and (rows[-1] == stop - 1 or end == 40 or stop - begin > 40)
        ]
        assert fitting, (first, rows)
        seen |= set(fitting)
    assert seen == {0, 1, 2}


def test_the_number_of_events_is_uniform_up_to_twice_the_mean():
    # events of one frame in long chunks hardly overlap
    frames, activity = torch.zeros(3, 1), torch.tensor([[0.0], [1.0], [0.0]])
    paste = EventPaste(density=0.1, gain=0.0, fade=0.0)
    paste.begin(TrainingFrames(frames, activity, offsets=[0, 3], step=STEP), 1, None)
    batch = {"X": torch.full((4000, 200, 1), -200.0), "y": torch.zeros(4000, 200, 1)}
    counts = paste(batch, seeded())["y"].sum(dim=(1, 2)).int().bincount(minlength=5).numpy() / 4000
    assert len(counts) == 5 and np.abs(counts - 0.2).max() < 0.035


@pytest.mark.parametrize(("balanced", "expected"), [(True, [1, 1, 1]), (False, [1, 2, 2])])
def test_classes_or_events_are_drawn_equally_often(balanced, expected):
    paste = paste_of(balanced=balanced)
    bank = paste._events(torch.device("cpu"))
    drawn = bank.starts[bank.draw(seeded(), 30_000)].numpy()
    label = {first: column for first, _, column in EVENTS}
    counts = np.bincount([label[first] for first in drawn]) / 30_000
    assert np.abs(counts - np.array(expected) / sum(expected)).max() < 0.015


def test_levels_are_added_as_powers_within_the_gain():
    batch = silence(400)
    batch["X"] = 10 * torch.randn(batch["X"].shape, generator=seeded(1))
    paste = paste_of(gain=6.0, density=0.5)
    pasted = paste(batch, seeded())
    rows = rows_of(paste_of(density=0.5, gain=0.0)(silence(400), seeded()))
    where = rows >= 0
    added = 10 ** (pasted["X"].double().numpy() / 10) - 10 ** (batch["X"].double().numpy() / 10)
    loud = where[..., None] & (pasted["X"] - batch["X"] > 1).numpy()
    gain = 10 * np.log10(added[loud]) - np.broadcast_to(rows[..., None] / 2, loud.shape)[loud]
    assert np.abs(gain).max() < 6.01 and gain.std() == pytest.approx(12 / np.sqrt(12), abs=0.6)
    assert torch.equal(pasted["X"][torch.from_numpy(~where)], batch["X"][torch.from_numpy(~where)])


def test_ends_are_faded():
    frames, activity = torch.zeros(30, 1), torch.zeros(30, 1)
    activity[5:15] = 1
    paste = EventPaste(density=0.3, gain=0.0, fade=0.3)
    paste.begin(TrainingFrames(frames, activity, offsets=[0, 30], step=STEP), 1, None)
    batch = {"X": torch.full((200, 40, 1), -200.0), "y": torch.zeros(200, 40, 1)}
    pasted = paste(batch, seeded())
    amplitude = 10 ** (pasted["X"][..., 0].numpy() / 20)
    whole = [
        chunk[first : first + 10]
        for chunk, active in zip(amplitude, pasted["y"][..., 0].numpy(), strict=True)
        for first in [int(active.argmax())]
        if active.sum() == 10 and 0 < first < 30
    ]
    expected = [0.25, 0.5, 0.75, 1, 1, 1, 1, 0.75, 0.5, 0.25]
    assert len(whole) > 10 and np.allclose(np.median(whole, axis=0), expected, atol=1e-3)


def test_nothing_is_pasted_after_its_end():
    paste, batch = EventPaste(end=0.6), silence(4)
    for epoch in (1, 6, 7, 10, 3):
        paste.begin(training(), epoch, planned=10)
        changed = any(not torch.equal(paste(batch, seeded(seed))["X"], batch["X"]) for seed in range(5))
        assert changed == (epoch <= 6), epoch


def test_a_recorded_step_follows_the_end():
    """What a CUDA graph repeats are the operations of the first epoch on the same tensors."""
    paste, batch = EventPaste(end=0.5), silence(4)
    paste.begin(training(), 1, planned=2)
    paste(batch, seeded())
    paste.begin(training(), 2, planned=2)
    paste._ended = False
    assert torch.equal(paste(batch, seeded())["X"], batch["X"])


def test_files_without_events_change_nothing():
    paste, batch = EventPaste(), silence(4)
    paste.begin(TrainingFrames(torch.zeros(9, 3), torch.zeros(9, 3), [0, 9], STEP), 1, None)
    assert paste(batch, seeded()) is batch


def test_the_end_of_training_must_be_known():
    with pytest.raises(ConfigError, match="CosineScheduler"):
        EventPaste(end=0.6).begin(training(), 1, planned=None)
    with pytest.raises(ConfigError, match="detects classes"):
        EventPaste().begin(None, 1, planned=None)


@pytest.mark.parametrize(
    "wrong", [{"density": -1.0}, {"gain": -1.0}, {"fade": -0.1}, {"end": 1.5}, {"fade": float("nan")}]
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError):
        EventPaste(**wrong)
