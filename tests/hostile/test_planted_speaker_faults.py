"""Faults planted in a copy of the demonstration of speakers are found by `check`; the clean one has none."""

import json
import shutil

import pytest
import soundfile
import yaml

from pyannote.audio.applications import train
from pyannote.audio.applications.checking import dry_run
from pyannote.audio.database.corpora.speakers import prepare
from pyannote.audio.database.synthetic.voices import make_speakers

pytestmark = pytest.mark.usefixtures("environment")

PROTOCOL = "Voices.SpeakerVerification.Protocol"
WARNINGS, CONFIG, DATA = 10, 3, 4


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Ten artificial speakers with three recordings each; not to be changed."""
    return make_speakers(tmp_path_factory.mktemp("voices") / "data", speakers=10, files=3, seconds=2.0)


@pytest.fixture
def demo(voices, new_embedding, tmp_path):
    """A copy of them, prepared, and a configuration."""
    return Voices(voices, new_embedding(tmp_path / "embedding").config, tmp_path)


class Voices:
    """Recordings, database and configuration, to be damaged."""

    def __init__(self, voices, config, root):
        shutil.copytree(voices / "speakers", root / "speakers")
        self.database = prepare(root / "speakers", root / "database", name="Voices")
        self.config, self.audio = config, root / "speakers"
        self.lists = root / "database" / "lists"

    def file(self, subset, suffix):
        return self.lists / f"Protocol.{subset}.{suffix}"

    def uris(self, subset):
        return self.file(subset, "lst").read_text().split()

    def annotation(self, subset):
        """RTTM of a subset with trials is its own; training has that of the database."""
        own = self.file(subset, "rttm")
        return own if own.exists() else self.database.parent / "Voices.rttm"

    def replaced(self, path, old, new):
        """Change the first place where a text stands, and give its line."""
        text = path.read_text()
        path.write_text(text.replace(old, new, 1))
        return 1 + text[: text.index(old)].count("\n")


OF_TRIALS = {
    "trial_of_two_columns", "trial_of_an_unknown_recording", "trials_of_one_kind",
    "pair_of_one_speaker_and_of_two", "trials_that_the_annotation_contradicts", "trials_in_two_forms",
}  # fmt: skip
"""Faults of trials, which `validate` refuses; `train` does not read trials."""


@pytest.fixture
def answer(demo, here, monkeypatch):
    """What `check` answers."""
    monkeypatch.setattr(dry_run, "ENOUGH", 0.0)

    def ask(*options):
        arguments = ("--cpu", "--json", *options, demo.config.parent, PROTOCOL)
        result = here("check", *arguments, database=demo.database, cache=demo.audio.parent / "cache")
        assert result.err == ""
        values = json.loads(result.out)
        assert values["status"] == result.code
        return values

    return ask


def test_nothing_is_wrong_with_the_clean_demonstration(answer):
    values = answer()
    assert (values["status"], values["findings"]) == (0, [])
    train, test = values["subsets"]["train"], values["subsets"]["test"]
    assert all(one["events"] == 3 and one["seconds"] == 6.0 for one in train["classes"].values())
    assert values["epoch"]["speakers"] == len(train["classes"])
    assert values["epoch"]["turns"] == train["recordings"] == 3 * len(train["classes"])
    assert test["trials"] == 2 * test["target_trials"] > 0
    assert values["batch"]["shapes"]["X"][0] == values["batch"]["shapes"]["target"][0] == 12


def speaker_in_two_subsets(demo):
    known, new = demo.uris("train")[0].split("/")[0], demo.uris("test")[0].split("/")[0]
    text, named = demo.annotation("test").read_text(), f"<NA> {new} <NA>"
    demo.annotation("test").write_text(text.replace(named, f"<NA> {known} <NA>"))
    line = 1 + text[: text.index(named)].count("\n")
    return WARNINGS, demo.annotation("test"), line, f"The speaker {known!r} occurs in train and in test"


def more_speakers_than_there_are(demo):
    line = demo.replaced(demo.config, "per_fold: 4", "per_fold: 40")
    return DATA, demo.config, line, "A batch takes 40 speakers"


def segments_longer_than_all_turns(demo):
    line = demo.replaced(demo.config, "min_duration: 0.5", "min_duration: 0.8")
    demo.replaced(demo.config, "max_duration: 1.0", "max_duration: 1.5")
    text = demo.annotation("train").read_text()
    uri = demo.uris("train")[0]
    demo.annotation("train").write_text(text.replace(f"{uri} 1 0.000000 2.000000", f"{uri} 1 0.0 0.7"))
    return WARNINGS, demo.config, line, "1 turn shorter than 0.8 s"


def trial_of_two_columns(demo):
    path = demo.file("test", "trials")
    line = demo.replaced(path, path.read_text().splitlines()[1], "1 alone")
    return DATA, path, line, "Found 2 columns where 3 are expected"


def trial_of_an_unknown_recording(demo):
    path = demo.file("development", "trials")
    uri = path.read_text().split()[1]
    line = demo.replaced(path, f" {uri} ", f" {uri}0 ")
    return DATA, path, line, f"Did you mean '{uri}'?"


def trials_of_one_kind(demo):
    path = demo.file("test", "trials")
    lines = [line for line in path.read_text().splitlines(keepends=True) if line.startswith("1")]
    path.write_text("".join(lines))
    return DATA, path, None, "no non-target trials"


def appended(path, trial):
    """Add a trial to a list, and give its line."""
    path.write_text(path.read_text() + trial + "\n")
    return len(path.read_text().splitlines())


def trial_of_a_recording_with_itself(demo):
    path, uri = demo.file("test", "trials"), demo.uris("test")[0]
    line = appended(path, f"1 {uri} {uri}")
    return WARNINGS, path, line, f"1 trial compares a recording with itself: {uri} {uri} (line {line})."


def pair_in_both_orders(demo):
    path = demo.file("test", "trials")
    label, first, second = path.read_text().splitlines()[1].split()
    line = appended(path, f"{label} {second} {first}")
    said = f"1 trial repeats an earlier one: {second} {first} (line {line}, as line 2)."
    return WARNINGS, path, line, said


def pair_of_one_speaker_and_of_two(demo):
    # without annotation, only the list itself can contradict
    path = demo.file("test", "trials")
    content = yaml.safe_load(demo.database.read_text())
    del content["Protocols"]["Voices"]["SpeakerVerification"]["Protocol"]["test"]["annotation"]
    demo.database.write_text(yaml.safe_dump(content))
    label, first, second = path.read_text().splitlines()[0].split()
    line = appended(path, f"{1 - int(label)} {first} {second}")
    return DATA, path, line, f"1 trial contradicts an earlier one: {first} {second} (line {line}, as line 1)."


def trials_that_the_annotation_contradicts(demo):
    path = demo.file("test", "trials")
    lines = path.read_text().splitlines()
    number, line = next((number, line) for number, line in enumerate(lines) if line.startswith("0"))
    _, first, second = line.split()
    lines[number] = f"1 {first} {second}"
    path.write_text("\n".join(lines) + "\n")
    speakers = " and ".join(repr(name.split("/")[0]) for name in (first, second))
    return DATA, path, number + 1, f"{first} {second} (line {number + 1}, a target trial of {speakers})."


def trials_in_two_forms(demo):
    path, (first, second) = demo.file("test", "trials"), demo.uris("test")[:2]
    line = appended(path, f"{first} {second} target")
    return DATA, path, line, "written as `file file target`, and those before it as `1 file file`"


def silent_speaker(demo):
    path = demo.audio / f"{demo.uris('train')[0]}.wav"
    samples, rate = soundfile.read(path)
    soundfile.write(path, 0 * samples, rate)
    return WARNINGS, path, None, "All samples are 0"


def same_recording_of_two_speakers(demo):
    first, other = (demo.audio / f"{demo.uris(subset)[0]}.wav" for subset in ("train", "test"))
    shutil.copy(first, other)
    return WARNINGS, other, None, "The audio equals that of"


def augmentation_that_mixes_speakers(demo):
    demo.config.write_text("data_augmentation:\n   name: Mixup\n" + demo.config.read_text())
    return CONFIG, demo.config, 2, "changes the activity of classes in chunks"


def an_unknown_backend(demo):
    demo.config.write_text("backend:\n   name: WCNN\n" + demo.config.read_text())
    return CONFIG, demo.config, 2, "Did you mean 'WCCN'?"


def network_without_embeddings(demo):
    content = yaml.safe_load(demo.config.read_text())
    content["architecture"] = {"name": "Dcase"}
    demo.config.write_text(yaml.safe_dump(content))
    line = 1 + demo.config.read_text().splitlines().index("  name: Dcase")
    return CONFIG, demo.config, line, "Choose another architecture"


@pytest.mark.parametrize(
    "plant",
    [
        speaker_in_two_subsets, more_speakers_than_there_are, segments_longer_than_all_turns,
        trial_of_two_columns, trial_of_an_unknown_recording, trials_of_one_kind,
        trial_of_a_recording_with_itself, pair_in_both_orders, pair_of_one_speaker_and_of_two,
        trials_that_the_annotation_contradicts, trials_in_two_forms, silent_speaker,
        same_recording_of_two_speakers, augmentation_that_mixes_speakers, an_unknown_backend,
        network_without_embeddings,
    ],
    ids=lambda plant: plant.__name__,
)  # fmt: skip
def test_a_planted_fault_is_found(plant, demo, answer, here):
    status, file, line, words = plant(demo)
    values = answer()
    fitting = [
        finding
        for finding in values["findings"]
        if (finding["file"], finding["line"]) == (str(file), line)
        and words in f"{finding['what']} {finding['mend']}"
    ]
    assert len(fitting) == 1, values["findings"]
    assert values["status"] == status, values["findings"]
    check_train(plant, demo, here, values["findings"])


def check_train(plant, demo, here, findings):
    """Train begins if there are warnings alone, and else refuses one of the errors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "_learn", lambda *arguments: None)
        arguments = ("--cpu", "--to=1", demo.config.parent, PROTOCOL)
        cache = demo.audio.parent / "cache"
        result = here("emb", "train", *arguments, database=demo.database, cache=cache)
    errors = [finding["what"] for finding in findings if finding["level"] == "error"]
    if not errors or plant.__name__ in OF_TRIALS:
        assert result.code == 0, result.err
    else:
        assert result.code in {CONFIG, DATA} and any(error in result.err for error in errors), result.err
