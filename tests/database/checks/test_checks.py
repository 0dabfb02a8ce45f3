"""Findings about recordings and annotation, against brute force and cases worked by hand."""

import json
import os
import tracemalloc
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
import soundfile
import yaml
from commands import known_database
from pyannote.core import Segment

from pyannote.audio.database.checks.annotation import check_annotation, events_outside, repeated_events
from pyannote.audio.database.checks.audio import audio_findings, check_audio, measure_audio
from pyannote.audio.database.checks.reader import Reader
from pyannote.audio.database.checks.recordings import (
    Activity,
    low_rates,
    short_recordings,
    similar_labels,
    unusual_headers,
)
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.io.lines import AnnotatedEvent, AnnotatedRegion
from pyannote.audio.io.waveform import AudioInfo, info


def random_events(random, labels="abc", count=20):
    onsets = random.integers(0, 500, count)
    lengths = random.integers(1, 80, count)
    return [
        (onset / 10, (onset + length) / 10, labels[random.integers(len(labels))])
        for onset, length in zip(onsets.tolist(), lengths.tolist(), strict=True)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_activity_equals_a_count_on_a_grid(seed):
    random = np.random.default_rng(seed)
    files = [random_events(random) for _ in range(3)]
    found = Activity(files)
    # events begin and end at tenths of a second, so that a cell of the grid lies within or without
    grid = np.zeros((3, 600, 3), dtype=int)
    for index, events in enumerate(files):
        for onset, offset, label in events:
            grid[index, round(10 * onset) : round(10 * offset), "abc".index(label)] += 1
    for column, label in enumerate("abc"):
        own, any_other = grid[..., column], np.delete(grid, column, axis=2).any(axis=2)
        assert found.seconds[label] == pytest.approx((own > 0).sum() / 10)
        assert found.with_others[label] == pytest.approx(((own > 0) & any_other).sum() / 10)
        assert found.with_itself[label] == pytest.approx((own > 1).sum() / 10)
        assert found.events[label] == sum(event[2] == label for events in files for event in events)
        assert found.files[label] == sum(any(event[2] == label for event in events) for events in files)


def event(onset, offset, label="car", line=1, uri="a"):
    return AnnotatedEvent(uri, Segment(onset, offset), label, Path("a.rttm"), line)


@pytest.mark.parametrize("seed", range(20))
def test_overlaps_equal_those_of_a_search_by_brute_force(seed):
    random = np.random.default_rng(seed)
    events = [event(*one, line=line) for line, one in enumerate(random_events(random, count=12), start=1)]
    found = [finding for finding in repeated_events(events) if finding.kind == "overlap"]
    pairs = [
        (one, other)
        for one in events
        for other in events
        if one.line != other.line and one.label == other.label and one.segment != other.segment
    ]
    # in a chain of events, each but the first begins before the end of one that began before
    later = {
        max(one, other, key=lambda side: (side.segment.start, side.line)).line
        for one, other in pairs
        if min(one.segment.end, other.segment.end) - max(one.segment.start, other.segment.start) > 0.01
    }
    assert len(found) == len(later)


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        ([event(0, 2), event(2, 4, line=2)], []),
        ([event(0, 2), event(1.995, 4, line=2)], []),
        ([event(0, 2), event(1, 4, "van", line=2)], []),
        ([event(0, 2), event(1, 4, uri="b", line=2)], []),
        ([event(0, 2), event(0, 2, line=2)], ["duplicate"]),
        ([event(0, 2), event(1, 4, line=2)], ["overlap"]),
        ([event(0, 9), event(1, 2, line=2), event(5, 6, line=3)], ["overlap", "overlap"]),
    ],
)
def test_repeated_events(events, kinds):
    assert [finding.kind for finding in repeated_events(events)] == kinds


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([(0, 10)], False),
        ([(0, 3), (3, 10)], False),
        ([(3, 10), (0, 3)], False),
        ([(0, 2.5)], True),
        ([(0, 2), (2.5, 10)], True),
        ([(6, 9)], True),
    ],
)
def test_events_outside_of_regions(parts, told):
    regions = [AnnotatedRegion("a", Segment(*part), Path("a.uem"), 1) for part in parts]
    subset = Subset("train", uris=[("a", 1)], events=[event(1, 4)], regions=regions, files=[{"uri": "a"}])
    assert bool(list(events_outside(subset))) is told


def header(name, rate=16000, channels=1):
    return AudioInfo(Path(name), rate, channels, rate, "WAV PCM_16")


def test_the_minority_of_headers_is_reported():
    headers = [header("a"), header("b"), header("c", 8000), header("d", channels=2), header("e", 48000)]
    found = list(unusual_headers([*headers, header("f")]))
    assert [(finding.kind, str(finding.file)) for finding in found] == [
        ("rate", "c"), ("rate", "e"), ("channels", "d"),
    ]  # fmt: skip
    assert "above 4000 Hz" in found[0].message and "above" not in found[1].message
    # of two, neither is the odd one
    assert list(unusual_headers(headers[1:3])) == []


def test_a_rate_is_reported_if_no_recording_reaches_it():
    assert low_rates([header("a", 8000), header("b", 44100)], 44100, "config.yml", 3) == []
    (found,) = low_rates([header("a", 8000), header("b", 16000)], 44100, "config.yml", 3)
    assert "Set sample_rate to 16000" in found.fix and found.line == 3


def test_recordings_shorter_than_a_chunk():
    files = [{"audio": Path(str(end)), "regions": [(0.0, end)]} for end in (0.01, 1.0, 2.0, 3.0)]
    found = list(short_recordings(files, chunk=2.0))
    assert [str(finding.file) for finding in found] == ["0.01", "1.0"]
    assert "less than a chunk (2 s)" in found[0].message


def test_similar_labels_differ_in_punctuation_and_case():
    assert list(similar_labels([])) == list(similar_labels(["car", "cart"])) == []
    assert list(similar_labels(["a b", "A-B", "a_b"])) == [("A-B", "a b"), ("a b", "a_b")]


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_audio_statistics_equal_those_of_numpy(channels, tmp_path):
    random = np.random.default_rng(channels)
    # more than one block
    samples = np.clip(random.normal(0.05, 0.4, (300_000, channels)), -0.7, 0.7).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    found = measure_audio(info(tmp_path / "a.wav"))
    level = np.abs(samples)
    assert found.peaks == pytest.approx(level.max(axis=0))
    assert found.clipped == pytest.approx(((level == level.max()).sum() - 1) / samples.size)
    mono = samples.mean(axis=1, dtype=np.float64)
    assert found.offset == pytest.approx(mono.mean(), rel=1e-4)
    assert found.level == pytest.approx(np.sqrt(np.square(mono).mean()), rel=1e-4)
    assert [finding.kind for finding in audio_findings(found)] == ["clipped"]


def test_a_digest_depends_on_samples_and_not_on_the_format(tmp_path):
    samples = np.random.default_rng(0).integers(-1000, 1000, 8000).astype(np.int16)
    for name, options in {
        "a.wav": {"subtype": "PCM_16"}, "b.flac": {"subtype": "PCM_16"}, "c.wav": {"subtype": "FLOAT"},
        "stereo.wav": {"subtype": "PCM_24"},
    }.items():  # fmt: skip
        stored = np.stack([samples, samples], axis=1) if name.startswith("stereo") else samples
        soundfile.write(tmp_path / name, stored / 2**15, 8000, **options)
    digests = {measure_audio(info(path)).digest for path in tmp_path.iterdir()}
    assert len(digests) == 1
    samples[4000] += 1
    soundfile.write(tmp_path / "other.wav", samples / 2**15, 8000)
    soundfile.write(tmp_path / "rate.wav", samples / 2**15, 16000)
    assert len({measure_audio(info(path)).digest for path in tmp_path.iterdir()}) == 3


def test_one_largest_sample_is_no_clipping(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).uniform(-0.5, 0.5, 100), 8000)
    assert list(audio_findings(measure_audio(info(tmp_path / "a.wav")))) == []


def test_decoding_takes_little_memory(tmp_path):
    path = tmp_path / "long.wav"
    noise = np.random.default_rng(0).normal(0, 0.1, 60 * 16000)
    with soundfile.SoundFile(path, "w", 16000, 1) as stream:
        for _ in range(10):
            stream.write(noise)
    tracemalloc.start()
    list(check_audio({"train": [info(path)]}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # ten minutes are 38 MB as floats
    assert peak < 8e6


def own_database(folder, data, rttm):
    """A protocol of three recordings whose annotation is named by a template."""
    (folder / "train.lst").write_text("a001\na002\na003\n")
    for uri in ("a001", "a002", "a003"):
        (folder / f"{uri}.rttm").write_text(f"SPEAKER {uri} 1 1.0 2.0 <NA> <NA> car <NA> <NA>\n")
    (folder / "a002.rttm").write_text(rttm)
    content = {
        "Databases": {"Own": str(data / "tut" / "audio" / "street" / "{uri}.wav")},
        "Protocols": {
            "Own": {
                "SpeakerDiarization": {
                    "P": {"train": {"uri": "train.lst", "annotation": str(folder / "{uri}.rttm")}}
                }
            }
        },
    }
    (folder / "database.yml").write_text(yaml.safe_dump(content))
    return folder / "database.yml"


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("second", "places"),
    [
        ("SPEAKER a002 1 1.0 2.0 <NA> <NA> car <NA> <NA>", []),
        ("SPEAKER a002 1 1.0 20.0 <NA> <NA> van <NA> <NA>", [("a002.rttm", 2)]),
        ("SPEAKER a002 1 early 2.0 <NA> <NA> car <NA> <NA>", [("a002.rttm", 2)]),
        ("SPEAKER a002 1 4.0 2.0 <NA> <NA> car <NA> <NA>", [("a002.rttm", 2)]),
    ],
)
def test_annotation_of_a_template(second, places, data, tmp_path):
    """One RTTM for each recording."""
    rttm = f"SPEAKER a002 1 5.0 2.0 <NA> <NA> car <NA> <NA>\n{second}\n"
    with known_database(own_database(tmp_path, data, rttm), tmp_path / "cache"):
        reader = Reader("Own.SpeakerDiarization.P")
        findings = [*check_annotation(reader.subsets()), *reader.findings]
    assert [(Path(finding.file).name, finding.line) for finding in findings] == places


@pytest.mark.usefixtures("environment")
def test_only_json_is_on_standard_output(data, tmp_path, command, experiment):
    path = own_database(tmp_path, data, "SPEAKER a002 1 1.0 2.0 <NA> <NA> car <NA> <NA>\n")
    content = yaml.safe_load(path.read_text())
    content["Protocols"]["Own"]["Sculpture"] = {"P": {"train": {"uri": "train.lst"}}}
    path.write_text(yaml.safe_dump(content))
    environment = {**os.environ, "PYANNOTE_DATABASE_CONFIG": str(path)}
    result = command(
        "check", "--quick", "--json", experiment.root, "Own.SpeakerDiarization.P", env=environment
    )
    assert "Sculpture" in result.err
    # pyannote.database prints other advice, such as to add a scope, which labels that are sounds do not need
    assert "scope" not in result.err
    assert json.loads(result.out)["status"] == result.code == 4


@pytest.mark.usefixtures("environment")
def test_all_errors_of_lists_and_annotation_are_reported_at_once(data, tmp_path):
    copytree(data / "database", tmp_path / "database")
    database = tmp_path / "database" / "database.yml"
    database.write_text(database.read_text().replace(f"{data}/database", f"{tmp_path}/database"))
    rttm, uem = (tmp_path / "database" / f"TUT2017.{suffix}" for suffix in ("rttm", "uem"))
    lines = rttm.read_text().splitlines()
    words = lines[4].split()
    for index, text in {1: "SPEAKER a 1 0 1", 4: " ".join([*words[:3], "x", *words[4:]]), 7: "-"}.items():
        lines[index] = text
    rttm.write_text("\n".join(lines))
    uem.write_text(uem.read_text() + "a001 1 5 4\n")
    listing = tmp_path / "database" / "lists" / "Fold1.train.lst"
    listing.write_text(listing.read_text() + "nowhere\n")
    with known_database(database, tmp_path / "cache"):
        reader = Reader("TUT2017.SpeakerDiarization.Fold1")
        subsets = reader.subsets()
    places = {(Path(finding.file).name, finding.line) for finding in reader.findings}
    assert places == {
        ("TUT2017.rttm", 2), ("TUT2017.rttm", 5), ("TUT2017.rttm", 8),
        ("TUT2017.uem", len(uem.read_text().splitlines())), ("Fold1.train.lst", 5),
    }  # fmt: skip
    # audio is opened all the same
    assert [len(subset.headers) for subset in subsets] == [4, 2, 2]
