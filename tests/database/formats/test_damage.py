"""Formats without a writer, whose damaged files the contract of formats does not try."""

import random

import pytest
from annotation_texts import SUFFIXES

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.formats.base import ReadOptions, format_named

ELAN = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT>
<TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/>
<TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1250"/>
</TIME_ORDER>
<TIER TIER_ID="sounds">
<ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>car</ANNOTATION_VALUE>
</ALIGNABLE_ANNOTATION></ANNOTATION>
</TIER>
</ANNOTATION_DOCUMENT>"""
JAMS = """{
"annotations": [
{"namespace": "segment_open",
"data": [
{"time": 1, "duration": 2.5, "value": "car"},
{"time": 3, "duration": 1, "value": "dog"}
]}
]
}"""
LABEL_STUDIO = """[
{"data": {"audio": "a.wav"},
"annotations": [{"result": [
{"type": "labels", "value": {"start": 1, "end": 2, "labels": ["car"]}},
{"type": "labels", "value": {"start": 2, "end": 3, "labels": ["dog"]}}
]}]}
]"""
LAB = "0 3600000 sil\n3600000 12500000 car\n12500000 22500000 dog"
TEXTS = {"elan": ELAN, "jams": JAMS, "label_studio": LABEL_STUDIO, "lab": LAB}


@pytest.mark.parametrize("name", TEXTS)
def test_damaged_lines_are_read_or_named(name, tmp_path):
    draw = random.Random(0)
    path = tmp_path / f"a{SUFFIXES[name]}"
    outcomes = []
    for _ in range(1000):
        lines = TEXTS[name].encode().split(b"\n")
        place = draw.randrange(len(lines))
        line = lines[place]
        start, end = sorted(draw.randrange(len(line) + 1) for _ in range(2))
        damages = [line[:end], line[start:], line[:start] + line[end:], b"", line + b"\n" + line]
        damages += [line[:end] + b"\xff" + line[end:], line[:end] + b"\0", b"[" * 200 + line, b"9" + line]
        lines[place] = draw.choice(damages)
        path.write_bytes(b"\n".join(lines))
        try:
            format_named(name).read(path, "a", ReadOptions())
            outcomes.append("read")
        except DataError as error:
            assert error.file == path and error.line is not None and error.fix, str(error)
            outcomes.append("refused")
        assert format_named(name).looks_right(path) in (True, False)
    assert set(outcomes) == {"read", "refused"}
