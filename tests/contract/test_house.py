"""The test of the house: a task is one class of some 20 lines in a file of one's own, and nothing else.

Each goes through `check`, `train`, `validate` and `apply` on short artificial conversations. What it finds is
compared with the annotation by brute force on a grid of 10 ms, and must be far better than chance.
"""

import json
from functools import partial

import numpy as np
import pytest
import soundfile
import yaml
from commands import make_experiment

from pyannote.audio.io.event_lists import read_event_lists

RATE = 8000
PROTOCOL = "Talk.SpeakerDiarization.House"

SPEECH = '''
from pyannote.audio.core.labels import ClassDefinition, Composition
from pyannote.audio.labeling.tasks.base import Task


class SpeechActivity(Task):
    """Speech: at least one label of any name."""

    labels = Composition((ClassDefinition("speech"),))
'''

OVERLAP = '''
from pyannote.audio.core.labels import ClassDefinition, Composition
from pyannote.audio.labeling.tasks.base import Task


class Overlap(Task):
    """Overlapped speech: at least two different labels at once."""

    labels = Composition((ClassDefinition("overlap", least=2),))
'''

CHANGE = '''
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.labels import ClassDefinition, Composition
from pyannote.audio.labeling.tasks.base import Task


class Change(Task):
    """Points at which the set of active labels changes, within a collar."""

    labels = Composition((ClassDefinition("change"),))

    def __init__(
        self, collar: float = 0.1, duration: float = 2.0, batch_size: int = 32, per_epoch: float = 1.0
    ) -> None:
        if not 0 < collar < duration:
            raise ConfigError("collar must be positive, and less than duration.")
        super().__init__(duration, batch_size, per_epoch)
        self.collar = collar

    def reference(self, events, specifications):
        times = sorted({time for onset, offset, _ in events for time in (onset, offset)})
        active = [{label for onset, offset, label in events if onset <= time < offset} for time in times]
        points = [time for time, before, now in zip(times, [set(), *active], active) if before != now]
        return [(max(0.0, point - self.collar), point + self.collar, "change") for point in points]
'''

TAGGER = '''
from pyannote.audio.core.labels import ClassDefinition, Composition
from pyannote.audio.labeling.tasks.base import Task


class Tagger(Task):
    """Voices that are heard in a chunk."""

    output_kind = "chunk"
    labels = Composition((ClassDefinition("low", ("ann",)), ClassDefinition("high", ("bob",))))
'''

DISCOVERED = '''
from pyannote.audio.core.labels import Composition
from pyannote.audio.database.protocols import labels_of
from pyannote.audio.labeling.tasks.base import Task


class Discovered(Task):
    """A class for each label of the training files."""

    def check(self, files):
        self.labels = Composition.of_labels(labels_of(files))
        return []
'''

CONFIG = """\
task:
   name: {name}
   params:
      duration: 1.0
      batch_size: 32
      per_epoch: 0.008
feature_extraction:
   name: LibrosaMelSpectrogram
   params:
      sample_rate: 8000
      n_mels: 12
architecture:
   name: Crnn
   params:
      channels: [6, 8]
      time_stride: [2, 2]
      frequency_stride: [2, 2]
      recurrent: 10
      hidden: 16
      dropout: 0.0
scheduler:
   name: ConstantScheduler
   params:
      learning_rate: 0.01
optimizer:
   name: Adam
"""


def conversation(seed, seconds=20.0):
    """Turns of two voices, with pauses and overlaps: samples, and events in seconds."""
    random = np.random.default_rng(seed)
    events, now, voice = [], 0.7, seed % 2
    while now < seconds - 3:
        length = float(random.uniform(1.0, 2.5))
        events.append((round(now, 2), round(now + length, 2), ("ann", "bob")[voice]))
        now += length + float(random.choice([-0.7, 0.6, 0.9, 0.0]))
        voice = 1 - voice
    time = np.arange(round(seconds * RATE)) / RATE
    samples = 0.001 * random.standard_normal(len(time))
    for onset, offset, label in events:
        tones = {"ann": (150, 300, 450), "bob": (1100, 2200, 3300)}[label]
        span = (time >= onset) & (time < offset)
        samples[span] += sum(0.08 * np.sin(2 * np.pi * tone * time[span]) for tone in tones)
    return samples, events


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """Conversations: 6 of training, 2 of development, 2 of test; with their events by name."""
    folder = tmp_path_factory.mktemp("talk")
    (folder / "audio").mkdir()
    events, lines = {}, ["Databases:", f"  Talk: {folder}/audio/{{uri}}.wav", "Protocols:", "  Talk:"]
    lines += ["    SpeakerDiarization:", "      House:"]
    for subset, seeds in (("train", range(6)), ("development", range(6, 8)), ("test", range(8, 10))):
        lines += [
            f"        {subset}:",
            f"          uri: {subset}.lst",
            f"          annotation: {subset}.rttm",
        ]
        lines += [f"          annotated: {subset}.uem"]
        uris = [f"talk{seed:02}" for seed in seeds]
        rttm = []
        for uri, seed in zip(uris, seeds, strict=True):
            samples, events[uri] = conversation(seed)
            soundfile.write(folder / "audio" / f"{uri}.wav", samples, RATE)
            rttm += [
                f"SPEAKER {uri} 1 {onset:.3f} {offset - onset:.3f} <NA> <NA> {label} <NA> <NA>"
                for onset, offset, label in events[uri]
            ]
        (folder / f"{subset}.lst").write_text("".join(f"{uri}\n" for uri in uris))
        (folder / f"{subset}.rttm").write_text("".join(f"{line}\n" for line in rttm))
        (folder / f"{subset}.uem").write_text("".join(f"{uri} 1 0.000 20.000\n" for uri in uris))
    (folder / "database.yml").write_text("\n".join(lines) + "\n")
    return folder, events


def grid(events, classes, seconds=20.0):
    """Activity in the middle of each 10 ms, of shape (frames, classes)."""
    middles = (np.arange(round(seconds * 100)) + 0.5) / 100
    if not events:
        return np.zeros((len(middles), len(classes)), dtype=bool)
    return np.stack(
        [
            np.any(
                [(onset <= middles) & (middles < offset) for onset, offset, one in events if one == name]
                or [middles < 0],
                axis=0,
            )
            for name in classes
        ],
        axis=1,
    )


def voices(events):
    return grid(events, ("ann", "bob"))


def near_changes(events, collar=0.1):
    """Whether the middle of each 10 ms lies within the collar of a change of the active voices."""
    active = np.pad(voices(events), ((1, 1), (0, 0)))
    changes = np.flatnonzero((active[1:] != active[:-1]).any(axis=1)) / 100
    middles = (np.arange(2000) + 0.5) / 100
    return (np.abs(middles[:, None] - changes) <= collar).any(axis=1, keepdims=True)


TRUTH = {
    "SpeechActivity": lambda events: voices(events).any(axis=1, keepdims=True),
    "Overlap": lambda events: voices(events).all(axis=1, keepdims=True),
    "Change": near_changes,
    "Tagger": voices,
    "Discovered": voices,
}

HOUSE = {
    "SpeechActivity": SPEECH,
    "Overlap": OVERLAP,
    "Change": CHANGE,
    "Tagger": TAGGER,
    "Discovered": DISCOVERED,
}


@pytest.fixture
def run(here, talk, tmp_path):
    """Train, validate and apply a class of one's own: the experiment, and what `check` said of it."""

    def commands(name, old="", new=""):
        code = tmp_path / "house.py"
        code.write_text(HOUSE[name])
        text = CONFIG.format(name=name).replace(old, new, 1)
        folders = make_experiment(tmp_path / "experiment", text, PROTOCOL)
        call = partial(here, database=talk[0] / "database.yml", cache=talk[0] / "cache")
        found = call("check", f"--code={code}", folders.root, PROTOCOL)
        for command, *arguments in (
            ("train", "--to=4", folders.root),
            ("validate", "--unit=frames", folders.train),
            ("apply", folders.validate),
        ):
            result = call("mlt", command, "--cpu", f"--code={code}", *arguments, PROTOCOL)
            assert result.code == 0, result.err
        return folders, found

    return commands


def fscore(found, truth):
    """F-score over all classes and frames."""
    return 2 * (found & truth).sum() / max(1, found.sum() + truth.sum())


@pytest.mark.parametrize("name", HOUSE)
def test_a_class_of_twenty_lines_goes_all_the_way(name, run, talk):
    folders, found = run(name)
    assert found.code in (0, 10), found.out
    specs = yaml.safe_load((folders.train / "specs.yml").read_text())
    classes = specs["y"]["classes"]
    assert specs["output"]["kind"] == ("chunk" if name == "Tagger" else "frames")
    estimate = read_event_lists(next(folders.applied.glob("*.events.tsv")))
    reference = read_event_lists(next(folders.applied.glob("*.reference.tsv")))
    truth = {uri: TRUTH[name](talk[1][uri]) for uri in ("talk08", "talk09")}
    for uri, expected in truth.items():
        # at most the frames at the ends of events may differ, whose times are written in milliseconds
        assert (grid(reference[uri], classes) != expected).mean() < 0.01
    detected = np.concatenate([grid(estimate.get(uri, []), classes) for uri in truth])
    expected = np.concatenate(list(truth.values()))
    # chance: always active, the best that can be said without listening
    chance = fscore(np.ones_like(expected), expected)
    print("FS", name, fscore(detected, expected), chance)
    bar = {"Change": 0.8, "Tagger": 0.85}.get(name, 0.95)
    assert fscore(detected, expected) > bar > chance + 0.05, (fscore(detected, expected), chance)
    figures = json.loads(next(folders.applied.glob("*.evaluation.json")).read_text())
    assert figures["segment_based"]["overall"]["f_measure"]["f_measure"] > 0.6
