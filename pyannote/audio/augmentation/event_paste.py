"""Pasting of annotated events of the training set onto chunks."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from pyannote.audio.augmentation._events import EventBank
from pyannote.audio.augmentation.base import Augmentation, TrainingFrames, uniform
from pyannote.audio.augmentation.chunk_mixing import LOUDEST, level_of_sum
from pyannote.audio.core.errors import ConfigError

DENSEST = 100
"""Largest allowed number of events a second."""


class EventPaste(Augmentation):
    """Add annotated events of other moments of the training set, with their targets.

    The number of events of a chunk of D seconds is uniform in {0, ..., round(2 density D)}. Each is drawn
    from the training files alone; its middle lies anywhere in the chunk; it is amplified by g decibels, with
    g uniform in [-gain, gain]. Where events overlap, the last one drawn is heard. A level a and that of an
    event e become 10 log10(10^(a / 10) + 10^((e + g) / 10)); the target of each class is the maximum of both.

    Features of shape (batch, frames, bands) must be log power in decibels, as those of
    `LibrosaMelSpectrogram`. The long-term input stays as it is, since it belongs to the recording.

    Parameters
    ----------
    density : float
        Mean number of pasted events a second, in [0, 100].
    gain : float
        Largest change of the level of an event, in decibels, in [0, 100].
    balanced : bool
        Whether each class is pasted equally often; otherwise, each event is.
    fade : float
        Duration of the linear fades at both ends of an event, in seconds, 0 or more.
    end : float
        Share of the epochs of the training in which events are pasted, in [0, 1]. The epochs after them show
        events as densely as they really are. Below 1, the scheduler must know the end of training.

    Examples
    --------
    >>> frames, activity = torch.zeros(100, 4), torch.zeros(100, 2)
    >>> frames[30:40], activity[30:40, 1] = 50.0, 1.0
    >>> paste = EventPaste(density=2.0, gain=0.0, fade=0.0)
    >>> paste.begin(TrainingFrames(frames, activity, offsets=[0, 100], step=0.1), epoch=1, planned=None)
    >>> batch = {"X": torch.zeros(1, 40, 4), "y": torch.zeros(1, 40, 2)}
    >>> pasted = paste(batch, torch.Generator().manual_seed(2))
    >>> bool(((pasted["X"][0, :, 0] > 49) == (pasted["y"][0, :, 1] == 1)).all()), int(pasted["y"].sum())
    (True, 38)
    """

    changes_annotation: ClassVar[bool] = True

    def __init__(
        self,
        density: float = 0.75,
        gain: float = 6.0,
        balanced: bool = True,
        fade: float = 0.03,
        end: float = 1.0,
    ) -> None:
        if not (0 <= density <= DENSEST and 0 <= gain <= LOUDEST and 0 <= fade < float("inf")):
            raise ConfigError(
                f"density must be in [0, {DENSEST}], gain in [0, {LOUDEST}], and fade at least 0 and finite."
            )
        if not 0 <= end <= 1:
            raise ConfigError(f"end must be in [0, 1], not {end}.")
        self.density = density
        self.gain = gain
        self.balanced = balanced
        self.fade = fade
        self.end = end
        self._training: TrainingFrames | None = None
        self._bank: EventBank | None = None
        self._ended = False
        self._share = torch.ones(())

    def begin(self, training: TrainingFrames | None, epoch: int, planned: int | None) -> None:
        """Take the events of the training files, and end pasting when its share of the epochs is over.

        Parameters
        ----------
        training : TrainingFrames, optional
        epoch : int
            Counted from 1.
        planned : int, optional
            Epochs of the training, if the scheduler knows them.

        Raises
        ------
        ConfigError
            If the task has no frames with the activity of classes, or the end of training is not known.
        """
        if training is None:
            raise ConfigError("EventPaste needs a task that detects classes in frames.")
        if self.end < 1 and planned is None:
            raise ConfigError(
                f"EventPaste with end: {self.end:g} needs a scheduler that knows the end of training.",
                fix="Use CosineScheduler or OneCycleScheduler, or leave out `end`.",
            )
        if training is not self._training:
            self._training, self._bank = training, None
        self._ended = planned is not None and epoch > self.end * planned
        # a step that was recorded as a CUDA graph reads this tensor, and runs no line of Python again
        self._share.fill_(not self._ended)

    def __call__(self, batch: dict[str, Tensor], random: torch.Generator) -> dict[str, Tensor]:
        """Copy with pasted events; the batch itself after the last epoch, and where no event is known."""
        bank = self._events(batch["X"].device)
        if self._ended or bank is None:
            return batch
        count, frames, _ = batch["X"].shape
        source, gain = self._tracks(bank, count, frames, random)
        level = bank.frames.index_select(0, source.flatten()).view_as(batch["X"]) + gain
        active = bank.activity.index_select(0, source.flatten()).view_as(batch["y"]) * gain.isfinite()
        return {
            **batch,
            "X": level_of_sum(batch["X"], level.to(batch["X"].dtype).sub_(batch["X"])),
            "y": torch.maximum(batch["y"], active.to(batch["y"].dtype)),
        }

    def _events(self, device: torch.device) -> EventBank | None:
        """Events on a device; none if there is no training set, or no event in it."""
        if self._bank is None and self._training is not None:
            self._bank = EventBank(self._training, self.balanced, device)
            self._share = self._share.to(device)
        return self._bank if self._bank is not None and len(self._bank.starts) else None

    def _tracks(
        self, bank: EventBank, count: int, frames: int, random: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Row of the bank and gain of each frame, of shapes (count, frames) and (count, frames, 1).

        Where no event is heard, the gain is minus infinity.
        """
        step, device = bank.step, random.device
        slots = max(1, round(2 * self.density * frames * step))
        event = bank.draw(random, count, slots)
        length = bank.lengths[event].clamp(max=frames)
        # of an event that is longer than a chunk, a random part is heard
        skipped = (
            torch.rand(count, slots, generator=random, device=device) * (bank.lengths[event] - length + 1)
        ).long()
        place = torch.rand(count, slots, generator=random, device=device) * frames - length / 2
        first, gain = place.round().long(), uniform(random, -self.gain, self.gain, count, slots)
        number = torch.rand(count, 1, generator=random, device=device) * (slots + 1) * self._share
        sounding = torch.arange(slots, device=device) < number.floor()
        position = torch.arange(frames, device=device)[:, None] - first[:, None]
        inside = (position >= 0) & (position < length[:, None]) & sounding[:, None]
        slot = (inside * torch.arange(1, slots + 1, device=device)).amax(dim=2, keepdim=True) - 1
        chosen = slot.clamp(min=0)
        position = position.gather(2, chosen)
        edge = torch.minimum(position + 1, length[:, None].expand_as(inside).gather(2, chosen) - position)
        fade = (edge * step / (self.fade + step)).clamp(min=1e-6, max=1)
        row = (bank.starts[event] + skipped)[:, None].expand_as(inside).gather(2, chosen) + position
        level = gain[:, None].expand_as(inside).gather(2, chosen) + 20 * fade.log10()
        heard = slot >= 0
        return row.masked_fill(~heard, 0)[..., 0], level.masked_fill(~heard, -torch.inf)
