"""The user's recordings, annotated with each tool, give one and the same database."""

import json

import numpy as np
import pytest
import soundfile

from pyannote.audio.database.corpora.own_data import make_database
from pyannote.audio.database.formats.base import formats

EVENTS = {
    "a": [(0.5, 1.5, "people walking"), (1.0, 3.0, "car")],
    "street/b": [(0.25, 1.0, "people walking")],
    "street/c": [],
}
DURATION = 4.0


def raven(events):
    """One selection table, in which one recording begins after the other."""
    lines = ["Selection\tView\tBegin Time (s)\tEnd Time (s)\tBegin File\tFile Offset (s)\tAnnotation"]
    number = 0
    for place, (name, listed) in enumerate(events.items()):
        for on, off, label in listed:
            number += 1
            times = f"{place * DURATION + on}\t{place * DURATION + off}"
            lines += [
                f"{number}\t{view} 1\t{times}\t{name.rpartition('/')[2]}.wav\t{on}\t{label}"
                for view in ("Waveform", "Spectrogram")
            ]
    return {"all.selections.txt": "\n".join(lines)}


def elan(events):
    """One document a recording."""
    texts = {}
    for name, listed in events.items():
        times = [f"{1000 * time:.0f}" for event in listed for time in event[:2]]
        slots = "".join(
            f'<TIME_SLOT TIME_SLOT_ID="t{n}" TIME_VALUE="{time}"/>' for n, time in enumerate(times)
        )
        parts = "".join(
            f'<ANNOTATION><ALIGNABLE_ANNOTATION TIME_SLOT_REF1="t{2 * n}" TIME_SLOT_REF2="t{2 * n + 1}">'
            f"<ANNOTATION_VALUE>{label}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
            for n, (_, _, label) in enumerate(listed)
        )
        texts[f"{name}.eaf"] = (
            f"<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER>"
            f'<TIER TIER_ID="x">{parts}</TIER></ANNOTATION_DOCUMENT>'
        )
    return texts


def jams(events):
    """One file a recording."""
    texts = {}
    for name, listed in events.items():
        data = [{"time": on, "duration": off - on, "value": label} for on, off, label in listed]
        texts[f"{name}.jams"] = json.dumps({"annotations": [{"namespace": "segment_open", "data": data}]})
    return texts


def label_studio(events):
    """One export."""
    tasks = [
        {
            "data": {"audio": f"/data/upload/1/0123abcd-{name.rpartition('/')[2]}.wav"},
            "annotations": [
                {
                    "result": [
                        {"type": "labels", "value": {"start": on, "end": off, "labels": [label]}}
                        for on, off, label in listed
                    ]
                }
            ],
        }
        for name, listed in events.items()
    ]
    return {"export.json": json.dumps(tasks)}


def lab(events):
    """One file a recording, in units of HTK or in seconds."""
    return {
        f"{name}.lab": "".join(
            f"{on * 1e7:.0f} {off * 1e7:.0f} {label.replace(' ', '_')}\n" for on, off, label in listed
        )
        for name, listed in events.items()
    }


def written(name):
    """Texts of the writer of a format."""
    return lambda events: formats()[name].write(events, dict.fromkeys(events, DURATION))


WRITERS = {"elan": elan, "jams": jams, "label_studio": label_studio, "lab": lab, "raven of several": raven}
WRITERS |= {name: written(name) for name in ("audacity", "ann", "raven", "textgrid")}


@pytest.mark.parametrize("form", WRITERS)
def test_each_tool_gives_the_same_database(tmp_path, form):
    audio, annotation = tmp_path / "audio", tmp_path / "annotation"
    for name in EVENTS:
        (audio / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(audio / f"{name}.wav", np.zeros(round(DURATION * 8000)), 8000)
    for path, text in WRITERS[form](EVENTS).items():
        (annotation / path).parent.mkdir(parents=True, exist_ok=True)
        (annotation / path).write_text(text)
    whole = form == "raven of several"
    make_database(audio, annotation, tmp_path / "out", development=0, test=0, allow_empty=whole)
    lines = (tmp_path / "out" / "Own.rttm").read_text().splitlines()
    turns = [(fields[1], float(fields[3]), float(fields[4]), fields[7]) for fields in map(str.split, lines)]
    assert sorted(turns) == [
        ("a", 0.5, 1.0, "people_walking"),
        ("a", 1.0, 2.0, "car"),
        ("b", 0.25, 0.75, "people_walking"),
    ]
