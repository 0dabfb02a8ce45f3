"""Channels of a recording become recordings of their own, where its annotation names several."""

from pathlib import Path

import pytest
from pyannote.core import Segment

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotated_channels import name_channels
from pyannote.audio.database.formats.base import Reading
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion

PATH = Path("a.rttm")


def reading_of(*lines):
    """Events of lines (uri, channel), numbered from 1."""
    reading = Reading()
    for line, (uri, channel) in enumerate(lines, start=1):
        reading.add(AnnotatedEvent(uri, Segment(0, 1), "x", PATH, line, channel))
    return reading


def names(reading):
    return [event.recording for event in reading.events]


def test_channels_are_named_where_a_uri_has_several():
    reading = reading_of(("call", "1"), ("talk", "1"), ("call", "2"), ("call", "10"))
    name_channels(reading)
    assert names(reading) == ["call#1", "talk", "call#2", "call#10"]
    assert {name: place.line for name, place in reading.named.items()} == {
        "call#1": 1,
        "call#2": 3,
        "call#10": 4,
        "talk": 2,
    }
    (remark,) = reading.remarks
    assert "1 recordings, such as 'call', names several channels (1, 2, 10)" in remark
    assert "'call#1'" in remark


def test_letters_are_the_first_two_channels():
    reading = reading_of(("call", "A"), ("call", "b"), ("call", "1"))
    name_channels(reading)
    assert names(reading) == ["call#1", "call#2", "call#1"]


def test_unscored_regions_belong_to_their_channel():
    reading = reading_of(("call", "1"), ("call", "2"))
    reading.unscored.append(AnnotatedRegion("call", Segment(1, 2), PATH, 3, "2"))
    name_channels(reading)
    assert [region.recording for region in reading.unscored] == ["call#2"]


@pytest.mark.parametrize(("channel", "remarks"), [("1", 0), ("0", 0), ("2", 1), ("B", 1)])
def test_a_single_channel_keeps_the_name_of_the_recording(channel, remarks):
    reading = reading_of(("call", channel), ("call", channel))
    name_channels(reading)
    assert names(reading) == ["call", "call"] and list(reading.named) == ["call"]
    assert len(reading.remarks) == remarks
    assert all("all channels mixed" in remark for remark in reading.remarks)


@pytest.mark.parametrize("channel", ["0", "<NA>", "left", "02", "-1", "1\u0661"])
def test_a_channel_without_number_beside_others_is_refused(channel):
    with pytest.raises(DataError, match="not the number of a channel") as caught:
        name_channels(reading_of(("call", "1"), ("call", channel)))
    assert (caught.value.file, caught.value.line) == (PATH, 2)


def test_a_recording_that_is_called_like_a_channel_is_refused():
    with pytest.raises(DataError, match="'call#2' may be a recording, or channel 2 of 'call'") as caught:
        name_channels(reading_of(("call#2", "1"), ("call", "1"), ("call", "2")))
    assert caught.value.line == 3
