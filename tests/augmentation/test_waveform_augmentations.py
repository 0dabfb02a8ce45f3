"""Noise and rooms: levels, positions, and errors about missing sounds."""

import sys

import numpy as np
import pyannote.database
import pytest
import soundfile
from pyannote.database.registry import Registry
from scipy.signal import fftconvolve

from pyannote.audio.augmentation._noise import excerpt
from pyannote.audio.augmentation._rooms import room_responses, sabine_absorption
from pyannote.audio.augmentation.add_noise import AddNoise
from pyannote.audio.augmentation.add_noise_from_gaps import AddNoiseFromGaps
from pyannote.audio.augmentation.reverb import Reverb, aligned
from pyannote.audio.core.errors import AudioError, ConfigError, DataError, UsageError

RATE = 8000


def noise(seed, *shape):
    return np.random.default_rng(seed).normal(scale=0.1, size=shape).astype(np.float32)


def decibels(one, other):
    """Ratio of powers of each row, in double precision."""
    own, others = (np.mean(np.square(x, dtype=np.float64), axis=-1) for x in (one, other))
    return 10 * np.log10(own / others)


# noise


@pytest.mark.parametrize("kind", [AddNoise, AddNoiseFromGaps])
@pytest.mark.parametrize("level", [1e-4, 1, 100])
@pytest.mark.parametrize(("low", "high"), [(10, 20), (-5, -5), (0, 40)])
def test_ratios_are_exact_and_fill_their_range(kind, level, low, high):
    augmentation = kind(snr_min=low, snr_max=high)
    augmentation.prepare([noise(0, 3 * RATE), 1e-3 * noise(1, RATE // 2)], RATE)
    waveforms = (level * noise(2, 300, RATE)).astype(np.float32)
    found = decibels(waveforms, augmentation(waveforms, np.random.default_rng(0)) - waveforms)
    assert found.min() > low - 0.1 and found.max() < high + 0.1
    if high > low:
        assert np.histogram(found, bins=5, range=(low, high))[0].min() > 30


def test_noise_is_an_excerpt_of_a_sound():
    samples = 2000
    sounds = [noise(0, 4000), noise(1, 1000)]
    augmentation = AddNoise(snr_min=0, snr_max=0)
    augmentation.prepare(sounds, RATE)
    waveforms = noise(2, 20, samples)
    added = augmentation(waveforms, np.random.default_rng(0)) - waveforms
    used = []
    for row in added:
        correlations = []
        for sound in (sounds[0], np.tile(sounds[1], 3)):
            places = np.lib.stride_tricks.sliding_window_view(sound, samples)
            cosine = places @ row / np.linalg.norm(row) / np.linalg.norm(places, axis=1)
            correlations.append(cosine.max())
        assert max(correlations) == pytest.approx(1, abs=1e-4)
        used.append(np.argmax(correlations))
    assert set(used) == {0, 1}


@pytest.mark.parametrize("samples", [3, 10, 11, 37])
def test_excerpts_reach_both_ends(samples):
    sound = np.arange(10, dtype=np.float32)
    found = [excerpt(sound, samples, position) for position in np.linspace(0, 1 - 1e-9, 200)]
    assert all(len(part) == samples for part in found)
    for part in found:
        assert np.array_equal(np.diff(part) % 10, np.ones(samples - 1))
    starts = {int(part[0]) for part in found}
    assert starts == set(range(11 - samples) if samples <= 10 else range(10))


def test_silent_chunks_are_unchanged():
    augmentation = AddNoise()
    augmentation.prepare([np.zeros(RATE, dtype=np.float32), noise(1, RATE)], RATE)
    waveforms = noise(2, 40, RATE)
    waveforms[::2] = 0
    changed = augmentation(waveforms, np.random.default_rng(0))
    assert not changed[::2].any()
    same = (changed == waveforms).all(axis=1)[1::2]
    assert 0 < same.sum() < 20


@pytest.mark.parametrize("kind", [AddNoise, AddNoiseFromGaps])
@pytest.mark.parametrize("lengths", [(), (0,), (0, 10, 799)])
def test_sounds_that_are_all_too_short_are_refused(kind, lengths):
    with pytest.raises(DataError, match=rf"None of the {len(lengths)} sounds of {kind.__name__} lasts 0.1 s"):
        kind().prepare([noise(0, length) for length in lengths], RATE)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"snr_min": 20, "snr_max": 10}, "in order"),
        ({"snr_min": float("nan")}, "snr_min is nan"),
        ({"probability": 1.5}, "allowed are 0 to 1"),
        ({"collection": []}, "is empty"),
    ],
)
def test_parameters_of_noise_out_of_range(values, words):
    with pytest.raises(ConfigError, match=words):
        AddNoise(**values)


# where noise is taken from


def recording(uri="a", regions=((0.0, 10.0),), events=()):
    return {"uri": uri, "regions": list(regions), "events": events}


def gaps(*files):
    return [(sound.file["uri"], sound.start, sound.end) for sound in AddNoiseFromGaps().sources(files)]


def test_gaps_are_where_no_event_is_and_something_is_annotated():
    events = [(1.0, 5.0, "ann"), (2.0, 3.0, "bob"), (5.4, 6.0, "ann"), (6.5, 9.0, "bob")]
    assert gaps(recording(events=events)) == [("a", 0.0, 1.0), ("a", 6.0, 6.5), ("a", 9.0, 10.0)]
    parts = [(0.5, 4.0), (6.2, 6.6), (6.7, 12.0)]
    assert gaps(recording(regions=parts, events=events)) == [("a", 0.5, 1.0), ("a", 9.0, 12.0)]
    assert gaps(recording(events=[]), recording("b", events=None)) == [("a", 0.0, 10.0)]


@pytest.mark.parametrize("seed", range(5))
def test_gaps_are_those_of_a_search_by_brute_force(seed):
    random = np.random.default_rng(seed)
    events = [
        (start, start + length, "x")
        for start, length in zip(random.integers(0, 100, 8), random.integers(1, 9, 8), strict=True)
    ]
    regions = [(0, 40), (45, 99)]
    quiet = [
        any(a <= i < b for a, b in regions) and not any(a <= i < b for a, b, _ in events) for i in range(110)
    ]
    found = np.zeros(110, dtype=bool)
    for _, start, end in gaps(recording(regions=regions, events=events)):
        assert not found[start:end].any()
        found[start:end] = True
    assert np.array_equal(found, quiet)


def test_longer_gaps_are_drawn_more_often():
    augmentation = AddNoiseFromGaps(snr_min=0, snr_max=0)
    augmentation.prepare([np.full(9 * RATE, 0.5, np.float32), np.full(RATE, -0.5, np.float32)], RATE)
    waveforms = noise(0, 1000, 100)
    added = augmentation(waveforms, np.random.default_rng(0)) - waveforms
    assert np.mean(added.mean(axis=1) > 0) == pytest.approx(0.9, abs=0.03)


def test_files_without_gaps_are_a_sentence():
    file = recording(events=[(0.0, 4.8, "ann"), (5.0, 10.0, "bob")])
    with pytest.raises(DataError, match=r"2 files of training holds 0.5 s without any event.*AddNoise"):
        AddNoiseFromGaps().sources([file, recording(events=None)])
    with pytest.raises(ConfigError, match="subset is 'trian'"):
        AddNoiseFromGaps(subset="trian")


@pytest.fixture
def database(tmp_path, monkeypatch):
    (tmp_path / "audio").mkdir()
    for uri, seconds in (("a", 4), ("b", 2)):
        soundfile.write(tmp_path / "audio" / f"{uri}.wav", np.full(RATE * seconds, 0.1), RATE)
    (tmp_path / "all.lst").write_text("a\nb\n")
    (tmp_path / "all.rttm").write_text("SPEAKER a 1 0.500 3.500 <NA> <NA> ann <NA> <NA>\n")
    (tmp_path / "database.yml").write_text(f"""\
Databases:
  N: {tmp_path}/audio/{{uri}}.wav
Protocols:
  N:
    Collection:
      One: {{uri: all.lst}}
      Two: {{uri: all.lst}}
    SpeakerDiarization:
      P: {{development: {{uri: all.lst, annotation: all.rttm}}}}
""")
    registry = Registry()
    registry.load_database(tmp_path / "database.yml")
    monkeypatch.setattr(pyannote.database, "registry", registry)


def test_noise_of_collections(database):
    for names, count in (("N.Collection.One", 2), (["N.Collection.One", "N.Collection.Two"], 4)):
        found = AddNoise(collection=names).sources([])
        assert [(sound.file["uri"], sound.start, sound.end) for sound in found] == [
            ("a", 0.0, 4.0),
            ("b", 0.0, 2.0),
        ] * (count // 2)
    with pytest.raises(UsageError, match=r"Did you mean 'N.Collection.One'"):
        AddNoise(collection="N.Collection.On").sources([])


def test_gaps_of_a_protocol(database):
    augmentation = AddNoiseFromGaps(protocol="N.SpeakerDiarization.P", subset="development")
    assert [(sound.file["uri"], sound.start, sound.end) for sound in augmentation.sources([])] == [
        ("a", 0.0, 0.5),
        ("b", 0.0, 2.0),
    ]


# rooms


def response(seed, delay, length=2000):
    """Direct path, and noise that decays after it."""
    found = 0.3 * noise(seed, length) * np.exp(-np.arange(length) / 300)
    found = np.concatenate([np.zeros(delay), found])
    found[delay] = 1
    return found.astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "below").mkdir()
    for index, (delay, name) in enumerate([(0, "a.wav"), (37, "below/b.WAV"), (900, "c.flac")]):
        soundfile.write(tmp_path / name, response(index, delay), RATE, subtype="PCM_24")
    (tmp_path / "readme.txt").write_text("no response")
    return tmp_path


def test_chunks_are_convolved_stay_in_place_and_keep_their_level(folder):
    augmentation = Reverb(folder=str(folder))
    augmentation.prepare([], RATE)
    waveforms = noise(3, 30, RATE)
    changed = augmentation(waveforms, np.random.default_rng(0))
    np.testing.assert_allclose(decibels(changed, waveforms), 0, atol=0.01)
    used = set()
    for own, heard in zip(waveforms, changed, strict=True):
        cosines = []
        for index in range(3):
            expected = fftconvolve(own, response(index, 0))[: len(own)]
            cosines.append(heard @ expected / np.linalg.norm(heard) / np.linalg.norm(expected))
        assert max(cosines) > 0.9999
        used.add(int(np.argmax(cosines)))
    assert used == {0, 1, 2}


def test_a_pool_is_drawn_from_a_larger_folder(folder):
    waveforms = noise(3, 4, RATE)
    heard = []
    for seed in range(8):
        augmentation = Reverb(folder=str(folder), responses=1, seed=seed)
        augmentation.prepare([], RATE)
        heard.append(augmentation(waveforms, np.random.default_rng(0)).tobytes())
    assert len(set(heard)) == 3


@pytest.mark.parametrize("delay", [0, 1, 15, 5000])
def test_responses_start_with_their_direct_path(delay):
    found = aligned(response(0, delay), RATE)
    assert len(found) == 16 + RATE and np.argmax(found) == 16
    np.testing.assert_array_equal(found[16 : 16 + 2000], response(0, 0))


def test_a_later_sound_may_be_louder_than_the_direct_path():
    late = response(0, 10)
    late[500] = 1.4
    assert aligned(late, RATE)[16] == 1 and aligned(late, RATE)[16 + 490] == np.float32(1.4)


def test_folders_without_responses_are_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="There is no folder"):
        Reverb(folder=str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"There is no .wav or .flac file"):
        Reverb(folder=str(tmp_path)).prepare([], RATE)
    soundfile.write(tmp_path / "silent.wav", np.zeros(100), RATE)
    with pytest.raises(DataError, match="silent") as caught:
        Reverb(folder=str(tmp_path)).prepare([], RATE)
    assert caught.value.file == tmp_path / "silent.wav"
    (tmp_path / "silent.wav").write_bytes(b"no audio")
    with pytest.raises(AudioError):
        Reverb(folder=str(tmp_path)).prepare([], RATE)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"rt60_min": 0.6, "rt60_max": 0.1}, "in order"),
        ({"rt60_max": float("nan")}, "rt60_max nan"),
        ({"responses": 0}, "at least 1"),
        ({"probability": -0.1}, r"in \[0, 1\]"),
    ],
)
def test_parameters_of_rooms_out_of_range(values, words):
    with pytest.raises(ConfigError, match=words):
        Reverb(**values)


def test_without_the_library_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    with pytest.raises(ConfigError, match=r"not installed.*pip install pyroomacoustics.*folder"):
        Reverb().prepare([], RATE)


def test_rooms_have_the_given_reverberation_time():
    pytest.importorskip("pyroomacoustics")
    for rt60 in (0.15, 0.5):
        for found in room_responses(4, rt60, rt60, 16000, seed=1):
            energy = np.cumsum(np.square(found[::-1], dtype=np.float64))[::-1]
            level = 10 * np.log10(energy / energy[0])
            fall = np.flatnonzero(level < -25)[0] - np.flatnonzero(level < -5)[0]
            assert 0.4 * rt60 < 3 * fall / 16000 < 2.0 * rt60


def test_rooms_depend_on_the_seed_alone():
    pytest.importorskip("pyroomacoustics")
    one, same, other = (room_responses(2, 0.1, 0.3, RATE, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0]) and not np.array_equal(one[0], one[1])
    assert all(np.array_equal(a, b) for a, b in zip(one, room_responses(1, 0.1, 0.3, RATE, 1), strict=False))


def test_absorption_follows_sabine():
    # 0.161 V / (S T), of a cube of 4 m
    assert sabine_absorption((4, 4, 4), 0.4) == pytest.approx(0.161 * 64 / (96 * 0.4), rel=1e-2)
    assert sabine_absorption((8, 6, 3.5), 0.05) == 0.95
