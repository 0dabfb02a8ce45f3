"""Recordings of development that share a source with training: by names, and by sounds within sounds."""

import csv
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from pyannote.audio.database.checks.audio import check_audio, measure_audio
from pyannote.audio.database.checks.landmarks import LandmarkFinder
from pyannote.audio.database.checks.shared_names import shared_names, sources_in
from pyannote.audio.database.checks.shared_sounds import SoundIndex, seconds_of_each
from pyannote.audio.database.checks.subsets import Subset
from pyannote.audio.io.waveform import info

DATA = Path(__file__).parents[4] / "shared" / "data"
RATE = 16000


def birds(seed, seconds):
    """Chirps of random frequencies at random times in noise, as of a recording of its own."""
    random = np.random.default_rng(seed)
    samples = random.normal(0, 0.02, round(seconds * RATE))
    for start in random.uniform(0, seconds - 0.3, round(5 * seconds)):
        time = np.arange(round(0.2 * RATE)) / RATE
        low, slope = random.uniform(500, 3000), random.uniform(-3000, 3000)
        chirp = np.sin(2 * np.pi * (low * time + slope * time**2 / 2)) * np.hanning(len(time))
        begin = round(start * RATE)
        samples[begin : begin + len(time)] += random.uniform(0.05, 0.3) * chirp
    return samples


def write(path, samples, rate=RATE, **how):
    soundfile.write(path, samples, rate, **how)
    return info(path)


def found(train, development):
    findings = check_audio({"train": train, "development": development})
    return [finding for finding in findings if finding.kind == "source"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    return [write(folder / f"{seed}.wav", birds(seed, 20)) for seed in range(3)]


CUT = birds(1, 20)[round(7.013 * RATE) : round(12.013 * RATE)]


def as_wav(path, samples):
    return write(path / "b.wav", samples)


def as_mp3(path, samples):
    return write(path / "b.mp3", samples)


def at_another_rate(path, samples):
    return write(path / "b.wav", soxr.resample(samples, RATE, 44100), 44100)


def within_another(path, samples):
    louder = birds(9, 20)
    louder[RATE : RATE + len(samples)] += 2 * samples
    return write(path / "b.wav", louder)


@pytest.mark.parametrize(
    ("change", "gain"),
    [(as_wav, 0.1), (as_wav, 1), (as_mp3, 0.1), (at_another_rate, 0.1), (within_another, 1)],
)
def test_another_cut_of_a_training_recording_is_found_with_its_times(change, gain, trained, tmp_path):
    (finding,) = found(trained, [change(tmp_path, gain * CUT)])
    before, after = finding.message.split(" is also in 1.wav (train), at ")
    start, there = float(before.split()[-2]), float(after.split()[0])
    assert there - start == pytest.approx(7.013 - (change is within_another), abs=0.12)
    assert finding.fix and Path(finding.file).parent == tmp_path
    assert finding.level == "warning"


def test_other_recordings_of_the_same_kind_share_nothing(trained, tmp_path):
    others = [write(tmp_path / f"{seed}.wav", birds(seed, 20)) for seed in range(10, 20)]
    assert not found(trained, others)


@pytest.mark.parametrize(
    "sound",
    [
        lambda time, random: np.sin(2 * np.pi * 1000 * time),
        lambda time, random: np.sin(2 * np.pi * 1000 * time) * (time % 0.5 < 0.1),
        lambda time, random: random.normal(0, 0.1, len(time)),
        lambda time, random: 0 * time,
        lambda time, random: np.sign(np.sin(2 * np.pi * 100 * time)) / 10,
        lambda time, random: np.sign(np.sin(2 * np.pi * 117.3 * time)) / 10,
        lambda time, random: (
            sum(np.sin(2 * np.pi * f * time) for f in (1000, 1500, 2500)) * (time % 0.5 < 0.1) / 3
        ),
    ],
    ids=["tone", "beeps", "noise", "silence", "hum", "another hum", "chords"],
)
def test_sounds_of_machines_are_no_common_source(sound, tmp_path):
    """Two recordings of a machine with the same pitch and rhythm, with noise of their own."""
    random = np.random.default_rng(0)
    time = np.arange(20 * RATE) / RATE
    made = [0.3 * sound(time + shift, random) + random.normal(0, 1e-3, len(time)) for shift in (0, 0.123)]
    one, other = (write(tmp_path / f"{name}.wav", samples) for name, samples in zip("ab", made, strict=True))
    assert not found([one], [other])


def test_a_copy_is_reported_once(trained, tmp_path):
    copy = shutil.copy(trained[0].path, tmp_path / "copy.wav")
    kinds = [finding.kind for finding in check_audio({"train": trained, "development": [info(copy)]})]
    assert kinds == ["content"]


@pytest.mark.parametrize("samples", [0, 1, 500, 1023, 1024, 1025, 20000])
@pytest.mark.parametrize("rate", [100, 1000, 8000, 48000])
def test_recordings_of_any_length_and_rate_have_landmarks(samples, rate):
    finder = LandmarkFinder(rate)
    finder.add(np.random.default_rng(0).normal(size=samples).astype(np.float32))
    landmarks = finder.found()
    assert len(landmarks.codes) == len(landmarks.times)
    assert not SoundIndex([]).matches(landmarks)
    assert not SoundIndex([landmarks]).matches(LandmarkFinder(rate).found())


def test_blocks_do_not_change_landmarks():
    samples = birds(3, 150).astype(np.float32)
    whole, parts = LandmarkFinder(RATE), LandmarkFinder(RATE)
    for start in range(0, len(samples), 60 * RATE):
        whole.add(samples[start : start + 60 * RATE])
        for begin in range(start, min(start + 60 * RATE, len(samples)), RATE // 10):
            parts.add(samples[begin : begin + RATE // 10])
    for one, other in zip(whole.found(), parts.found(), strict=True):
        np.testing.assert_array_equal(one, other)
    # the last minute begins where it is
    assert whole.found().times.max() * 0.02 == pytest.approx(150, abs=1)


def test_only_the_beginning_of_long_collections_is_compared(trained):
    assert seconds_of_each(10**6) == 10
    short = measure_audio(trained[0], 10.0).landmarks
    assert 0 < len(short.codes) < len(measure_audio(trained[0], 20.0).landmarks.codes)


def subsets(train, development):
    return [
        Subset("train", {"uri": Path("train.lst")}, uris=[(uri, line) for line, uri in enumerate(train, 1)]),
        Subset(
            "development", {"uri": Path("dev.lst")}, [(uri, line) for line, uri in enumerate(development, 1)]
        ),
    ]


PLACES = ("bank", "bar", "bus", "park", "quay", "roof")


@pytest.mark.parametrize(
    "name",
    [
        "{place}-{take}",
        "{place}_{take}",
        "x/{place}/{take}",
        "{place}{take}",
        "{place}-0{take}_30.000",
        "{place}.{take}",
    ],
)
def test_names_that_differ_at_the_end_are_of_one_source(name):
    names = {place: [name.format(place=place, take=take) for take in (1, 2, 3)] for place in PLACES}
    train = [one for place in PLACES[:4] for one in names[place]]
    development = [one for place in PLACES[4:] for one in names[place]]
    assert not list(shared_names(subsets(train, development)))
    moved = train.pop()
    (finding,) = shared_names(subsets(train, [*development, moved]))
    assert finding.message.startswith("1 of 7 development recordings has the names of training recordings")
    assert repr(moved) in finding.message
    assert (finding.file, finding.line, finding.level) == (Path("dev.lst"), 7, "warning")


@pytest.mark.parametrize(
    "names",
    [
        [f"a{number:03d}" for number in range(40)],
        [
            f"{scene}-{number:02d}"
            for scene in ("home", "street", "park", "bus", "office")
            for number in range(20)
        ],
        [f"{number:08x}" for number in np.random.default_rng(0).integers(0, 2**32, 500).tolist()],
        [f"trn{number:02d}" for number in range(10)] + [f"dev{number:02d}" for number in range(10)],
        list(PLACES),
        ["a", "b"],
        [],
    ],
    ids=["numbers", "scenes", "checksums", "subsets", "words", "two", "none"],
)
def test_names_that_say_nothing_give_no_finding(names):
    assert sources_in(names) == {}
    assert not list(shared_names(subsets(names[::2], names[1::2])))


def test_published_names_are_split_at_their_source():
    """Meetings of AMI by series; excerpts of UrbanSound8K by the recording that they are cut from."""
    meetings = [
        f"{series}{part}" for series in ("ES2002", "ES2003", "IS1000", "IS1001", "TS3003") for part in "abcd"
    ]
    assert set(sources_in(meetings).values()) == {name[:-1] for name in meetings}
    cuts = [f"{recording}-3-0-{part}" for recording in range(100032, 100052) for part in range(5)]
    assert sources_in(cuts)["100032-3-0-4"] == "100032-3-0"


needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the data for development")


def stored(folder, files):
    return [info(path) for path in sorted(Path(folder).rglob(files))]


@needs_data
def test_real_recordings_share_what_their_sources_say(tmp_path):
    """Mixtures of ESC-10: every pair that is reported has a clip or a background in common."""
    lines = csv.DictReader((DATA / "sed" / "sources.csv").open())
    sources = defaultdict(set)
    for line in lines:
        sources[line["recording"]] |= {line["source_clip"], line["background"], line["layer"]}
    headers = stored(DATA / "sed" / "flac", "*.flac")[:5]
    statistics = [measure_audio(header, 60.0) for header in headers]
    index, pairs = SoundIndex([one.landmarks for one in statistics]), 0
    for one in statistics:
        for match in index.matches(one.landmarks):
            pairs += 1
            assert sources[one.header.path.stem] & sources[headers[match.other].path.stem]
    # each with itself, and others
    assert pairs > 2 * len(headers)


@needs_data
def test_real_conversations_and_speakers_share_nothing():
    headers = stored(DATA / "conversations", "*.flac")
    assert not found(headers[:7], headers[7:])
    headers = stored(DATA / "speakers" / "flac", "*.flac")[::16]
    assert not found(headers[::2], headers[1::2])
