"""Faults planted in a copy of the demonstration are found by `check`, with file, line and mend."""

import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile

from pyannote.audio.applications import train
from pyannote.audio.applications.checking import dry_run

pytestmark = pytest.mark.usefixtures("environment")

CLEAN, WARNINGS, CONFIG, DATA = 0, 10, 3, 4


class Expected(NamedTuple):
    """Where a fault is, and what must be said of it."""

    status: int
    file: Path
    line: int | None
    words: str


class Demonstration:
    """A copy of the demonstration and of its configuration, to be damaged."""

    def __init__(self, root, source, config):
        self.root = root
        shutil.copytree(source / "database", root / "database")
        shutil.copytree(source / "tut" / "audio", root / "audio")
        self.database = root / "database" / "database.yml"
        text = self.database.read_text().replace(f"{source}/tut/audio", f"{root}/audio")
        self.database.write_text(text.replace(f"{source}/database", f"{root}/database"))
        self.rttm, self.uem = (root / "database" / f"TUT2017.{suffix}" for suffix in ("rttm", "uem"))
        self.config = root / "experiment" / "config.yml"
        self.config.parent.mkdir()
        self.config.write_text(config)
        self.uri, self.other = self.listed("train")[:2]

    def list(self, subset):
        return self.root / "database" / "lists" / f"Fold1.{subset}.lst"

    def listed(self, subset):
        return self.list(subset).read_text().split()

    def wav(self, uri=None):
        return self.root / "audio" / "street" / f"{uri or self.uri}.wav"

    def line(self, path, pattern):
        """Number of the first line that holds a pattern."""
        return 1 + next(
            number for number, line in enumerate(path.read_text().splitlines()) if re.search(pattern, line)
        )

    def change(self, path, pattern, new):
        """Change the first place where a pattern holds, and give its line."""
        line = self.line(path, pattern)
        path.write_text(re.sub(pattern, new, path.read_text(), count=1, flags=re.MULTILINE))
        return line

    def add(self, path, line):
        """Add a line to a file, and give its number."""
        text = path.read_text() + f"{line}\n"
        path.write_text(text)
        return len(text.splitlines())

    def configured(self, pattern, new, words, status=CONFIG):
        return Expected(status, self.config, self.change(self.config, pattern, new), words)

    def rewrite(self, change, uri=None, **options):
        """Change the samples of a recording, of shape (samples, channels)."""
        samples, rate = soundfile.read(self.wav(uri), always_2d=True)
        soundfile.write(self.wav(uri), change(samples), options.pop("rate", rate), **options)

    def events(self, uri, label=r"\S+"):
        return rf"^SPEAKER {uri} 1 \S+ \S+ <NA> <NA> {label} .*$"


# The configuration


def mistyped_block(demo):
    return demo.configured("^architecture:", "architectur:", "Did you mean 'architecture'?")


def mistyped_parameter(demo):
    return demo.configured("per_epoch", "per_epoc", "Did you mean 'per_epoch'?")


def mistyped_class(demo):
    return demo.configured("name: Dcase", "name: Dcas", "Did you mean 'Dcase'?")


def word_for_a_number(demo):
    return demo.configured("duration: 2.0", "duration: long", "must be a finite number")


def parameter_without_effect(demo):
    text = demo.config.read_text().replace("architecture:\n   name: Dcase\n", "").rstrip()
    demo.config.write_text(f"{text}\narchitecture:\n   name: Dcase\n   params:\n      rnn: LSTM\n")
    return Expected(WARNINGS, demo.config, len(demo.config.read_text().splitlines()), "does not use")


def misspelt_label(demo):
    return demo.configured("children", "childern", "Did you mean 'children'?", DATA)


def label_named_twice(demo):
    return demo.configured(r"regular: \[", "regular: [Car, ", "'Car' and 'car' differ in case", DATA)


def chunks_longer_than_files(demo):
    return demo.configured("duration: 2.0", "duration: 20", "as long as a chunk (20 s)", DATA)


def chunks_shorter_than_an_output(demo):
    return demo.configured("duration: 2.0", "duration: 0.1", "Set duration to")


def epoch_of_no_batch(demo):
    return demo.configured("per_epoch: .*", "per_epoch: 1.0e-9", "less than half a batch", WARNINGS)


def epoch_of_weeks(demo):
    return demo.configured("per_epoch: .*", "per_epoch: 30", "it is in days", WARNINGS)


def batch_larger_than_the_data(demo):
    return demo.configured("batch_size: .*", "batch_size: 100", "A batch of 200 s", WARNINGS)


def too_many_mel_bands(demo):
    line = demo.line(demo.config, "sample_rate")
    demo.change(demo.config, "n_mels: 40", "n_mels: 400")
    return Expected(CONFIG, demo.config, line - 1, "Set a smaller n_mels")


def rate_above_that_of_all_recordings(demo):
    return demo.configured("44100", "96000", "features above 22050 Hz carry no information", WARNINGS)


# Lists


def missing_recording(demo):
    demo.wav().unlink()
    return Expected(DATA, demo.list("train"), 1, "No single audio file was found")


def unknown_recording(demo):
    line = demo.add(demo.list("train"), "a0001")
    return Expected(DATA, demo.list("train"), line, "No single audio file was found for a0001")


def recording_listed_twice(demo):
    line = demo.add(demo.list("train"), demo.uri)
    return Expected(DATA, demo.list("train"), line, "is already in line 1")


def recording_in_two_subsets(demo):
    line = demo.add(demo.list("test"), demo.uri)
    return Expected(WARNINGS, demo.list("test"), line, f"{demo.uri} belongs to test and to train")


def empty_list(demo):
    demo.list("development").write_text("")
    return Expected(DATA, demo.list("development"), None, "'development' has no files")


def missing_list(demo):
    demo.list("train").unlink()
    return Expected(DATA, demo.list("train"), None, "There is no such file")


def two_names_in_a_line(demo):
    line = demo.change(demo.list("train"), f"^{demo.uri}$", f"{demo.uri} street")
    return Expected(DATA, demo.list("train"), line, "Found 2 columns")


def protocol_without_development(demo):
    import yaml

    content = yaml.safe_load(demo.database.read_text())
    del content["Protocols"]["TUT2017"]["SpeakerDiarization"]["Fold1"]["development"]
    demo.database.write_text(yaml.safe_dump(content))
    return Expected(WARNINGS, demo.list("train"), None, "no subset 'development'")


# Audio


def of_audio(demo, words, status=WARNINGS):
    return Expected(status, demo.wav(), None, words)


def empty_audio_file(demo):
    demo.wav().write_bytes(b"")
    return of_audio(demo, "empty (0 bytes)", DATA)


def text_instead_of_audio(demo):
    demo.wav().write_text("This is not audio, though it is called so.\n" * 100)
    return of_audio(demo, "cannot be decoded", DATA)


def audio_cut_short(demo):
    content = demo.wav().read_bytes()
    demo.wav().write_bytes(content[: len(content) // 2])
    return of_audio(demo, "cut short", DATA)


def audio_without_samples(demo):
    soundfile.write(demo.wav(), np.zeros((0, 2)), 44100)
    return of_audio(demo, "holds no samples", DATA)


def not_a_number(demo):
    def change(samples):
        samples[1000] = np.nan
        return samples

    demo.rewrite(change, subtype="FLOAT")
    return of_audio(demo, "is nan", DATA)


def silence(demo):
    demo.rewrite(np.zeros_like)
    return of_audio(demo, "All samples are 0")


def clipping(demo):
    demo.rewrite(lambda samples: np.clip(10 * samples / samples.std(), -1, 1))
    return of_audio(demo, "The audio is clipped")


def clipping_now_and_then(demo):
    demo.rewrite(lambda samples: np.clip(0.45 * samples / samples.std(), -1, 1))
    return of_audio(demo, "The audio is clipped")


def another_rate(demo):
    demo.rewrite(lambda samples: samples[: 10 * 8000], rate=8000)
    return of_audio(demo, "there is no sound above 4000 Hz")


def a_single_channel(demo):
    demo.rewrite(lambda samples: samples[:, :1])
    return of_audio(demo, "The number of channels is 1")


def a_silent_channel(demo):
    demo.rewrite(lambda samples: samples * [1, 0])
    return of_audio(demo, "Of 2 channels, 2 is silent")


def constant_offset(demo):
    demo.rewrite(lambda samples: samples + 0.3)
    return of_audio(demo, "The mean of all samples is 0.3")


def same_sound_under_another_name(demo):
    test = demo.listed("test")[0]
    shutil.copy(demo.wav(), demo.wav(test))
    return Expected(WARNINGS, demo.wav(test), None, f"The audio equals that of {demo.uri}.wav (train)")


def same_sound_in_another_format(demo):
    samples, rate = soundfile.read(demo.wav(), dtype="int32")
    soundfile.write(demo.wav(demo.other), samples, rate, format="FLAC", subtype="PCM_24")
    return Expected(WARNINGS, demo.wav(demo.other), None, f"The audio equals that of {demo.uri}.wav (train)")


# Annotation


def event_beyond_the_end(demo):
    line = demo.change(demo.rttm, rf"^SPEAKER {demo.uri} 1 (\S+) \S+", rf"SPEAKER {demo.uri} 1 \1 60.000")
    return Expected(DATA, demo.rttm, line, "its audio ends at 10.000 s")


def reversed_event(demo):
    line = demo.change(demo.rttm, rf"^SPEAKER {demo.uri} 1 (\S+) \S+", rf"SPEAKER {demo.uri} 1 \1 -1.5")
    return Expected(DATA, demo.rttm, line, "'-1.5' is not a time")


def event_of_no_duration(demo):
    line = demo.change(demo.rttm, rf"^SPEAKER {demo.uri} 1 (\S+) \S+", rf"SPEAKER {demo.uri} 1 \1 0.0")
    return Expected(DATA, demo.rttm, line, "is shorter than a microsecond")


def time_that_is_no_number(demo):
    line = demo.change(demo.rttm, rf"^SPEAKER {demo.uri} 1 \S+", f"SPEAKER {demo.uri} 1 nan")
    return Expected(DATA, demo.rttm, line, "'nan' is not a time")


def missing_column(demo):
    line = demo.change(demo.rttm, rf"^SPEAKER {demo.uri} 1 (.*) <NA>$", rf"SPEAKER {demo.uri} 1 \1")
    return Expected(DATA, demo.rttm, line, "Found 9 columns where 10 are expected")


def annotation_in_another_encoding(demo):
    line = demo.line(demo.rttm, " car ")
    demo.rttm.write_bytes(demo.rttm.read_text().replace(" car ", " chaussée ").encode("latin-1"))
    return Expected(DATA, demo.rttm, line, "not UTF-8")


def missing_annotation(demo):
    demo.rttm.unlink()
    return Expected(DATA, demo.rttm, None, "There is no such file")


def label_that_development_lacks(demo):
    for uri in demo.listed("development"):
        text = re.sub(demo.events(uri, "car") + "\n", "", demo.rttm.read_text(), flags=re.MULTILINE)
        demo.rttm.write_text(text)
    return Expected(WARNINGS, demo.list("development"), None, "No development file contains 'car'")


def label_of_one_recording(demo):
    for uri in demo.listed("train"):
        if uri != demo.uri:
            text = re.sub(demo.events(uri, "car") + "\n", "", demo.rttm.read_text(), flags=re.MULTILINE)
            demo.rttm.write_text(text)
    line = demo.line(demo.rttm, demo.events(demo.uri, "car"))
    return Expected(WARNINGS, demo.rttm, line, f"Only {demo.uri} (of 4 training files) contains 'car'")


def label_in_another_case(demo):
    line = demo.change(demo.rttm, rf"^(SPEAKER {demo.uri} 1 .*) car ", r"\1 Car ")
    return Expected(DATA, demo.rttm, line, "Did you mean 'car'?")


def label_that_only_the_data_have(demo):
    line = demo.change(demo.rttm, rf"^(SPEAKER {demo.uri} 1 .*) \S+ <NA> <NA>$", r"\1 siren <NA> <NA>")
    return Expected(DATA, demo.rttm, line, "which labels_spec does not name. Add it to")


def overlap_with_itself(demo):
    event = f"SPEAKER {demo.uri} 1 {{}} <NA> <NA> brakes_squeaking <NA> <NA>"
    text = re.sub(
        demo.events(demo.uri, "brakes_squeaking") + "\n", "", demo.rttm.read_text(), flags=re.MULTILINE
    )
    demo.rttm.write_text(text)
    demo.add(demo.rttm, event.format("1.000 2.000"))
    line = demo.add(demo.rttm, event.format("2.500 2.000"))
    return Expected(WARNINGS, demo.rttm, line, "overlap by 0.5 s")


def event_written_twice(demo):
    event = re.search(demo.events(demo.uri), demo.rttm.read_text(), flags=re.MULTILINE)[0]
    before = demo.line(demo.rttm, f"^{re.escape(event)}$")
    return Expected(WARNINGS, demo.rttm, demo.add(demo.rttm, event), f"is already in line {before}")


def event_outside_of_what_is_annotated(demo):
    demo.change(demo.uem, rf"^{demo.uri} 1 (\S+) \S+", rf"{demo.uri} 1 \1 6.000")
    line = demo.add(demo.rttm, f"SPEAKER {demo.uri} 1 9.000 0.500 <NA> <NA> car <NA> <NA>")
    return Expected(WARNINGS, demo.rttm, line, "is not covered by the annotated regions")


def annotation_of_a_recording_that_no_list_names(demo):
    line = demo.add(demo.rttm, "SPEAKER a010 1 1.000 2.000 <NA> <NA> car <NA> <NA>")
    return Expected(WARNINGS, demo.rttm, line, "No list contains the recording 'a010'")


def recording_without_annotation(demo):
    text = re.sub(demo.events(demo.uri) + "\n", "", demo.rttm.read_text(), flags=re.MULTILINE)
    demo.rttm.write_text(text)
    return Expected(WARNINGS, demo.list("train"), 1, f"{demo.uri} has no annotated events")


def region_beyond_the_end(demo):
    line = demo.change(demo.uem, rf"^{demo.uri} 1 (\S+) \S+", rf"{demo.uri} 1 \1 60.000")
    return Expected(DATA, demo.uem, line, "its audio ends at 10.000 s")


def reversed_region(demo):
    line = demo.change(demo.uem, rf"^{demo.uri} 1 \S+ \S+", rf"{demo.uri} 1 9.0 1.0")
    return Expected(DATA, demo.uem, line, "is not later than the onset")


def recording_without_region(demo):
    demo.uem.write_text(re.sub(rf"^{demo.uri} .*\n", "", demo.uem.read_text(), flags=re.MULTILINE))
    return Expected(DATA, demo.list("train"), 1, f"'{demo.uri}' has no line in {demo.uem}")


def region_shorter_than_a_chunk(demo):
    demo.change(demo.uem, rf"^{demo.uri} 1 (\S+) \S+", rf"{demo.uri} 1 \1 1.000")
    return of_audio(demo, "less than a chunk (2 s)")


OF_CONFIGURATION = [
    mistyped_block, mistyped_parameter, mistyped_class, word_for_a_number, parameter_without_effect,
    misspelt_label, label_named_twice, chunks_longer_than_files, chunks_shorter_than_an_output,
    epoch_of_no_batch, epoch_of_weeks, batch_larger_than_the_data, too_many_mel_bands,
    rate_above_that_of_all_recordings,
]  # fmt: skip
OF_LISTS = [
    missing_recording, unknown_recording, recording_listed_twice, recording_in_two_subsets, empty_list,
    missing_list, two_names_in_a_line, protocol_without_development,
]  # fmt: skip
OF_HEADERS = [
    empty_audio_file, text_instead_of_audio, audio_cut_short, audio_without_samples, another_rate,
    a_single_channel,
]  # fmt: skip
OF_SAMPLES = [
    not_a_number, silence, clipping, clipping_now_and_then, a_silent_channel, constant_offset,
    same_sound_under_another_name, same_sound_in_another_format,
]  # fmt: skip
OF_ANNOTATION = [
    event_beyond_the_end, reversed_event, event_of_no_duration, time_that_is_no_number, missing_column,
    annotation_in_another_encoding, missing_annotation, label_that_development_lacks, label_of_one_recording,
    label_in_another_case, label_that_only_the_data_have, overlap_with_itself, event_written_twice,
    event_outside_of_what_is_annotated, annotation_of_a_recording_that_no_list_names,
    recording_without_annotation, region_beyond_the_end, reversed_region, recording_without_region,
    region_shorter_than_a_chunk,
]  # fmt: skip
PLANTS = [*OF_CONFIGURATION, *OF_LISTS, *OF_HEADERS, *OF_SAMPLES, *OF_ANNOTATION]


@pytest.fixture(scope="module")
def experiments():
    """Damaged copies by their faults."""
    return {}


@pytest.fixture(scope="module")
def examined(tmp_path_factory, data, config_text, here, experiments):
    """Plant a fault, and give what is expected, the findings that fit, and the whole answer."""

    @cache
    def examine(plant):
        demo = Demonstration(tmp_path_factory.mktemp(plant.__name__), data, config_text)
        expected = plant(demo)
        quick = [] if plant in OF_SAMPLES else ["--quick"]
        before = {path: path.read_bytes() for path in demo.config.parent.rglob("*")}
        arguments = ("--cpu", "--json", *quick, demo.config.parent, "TUT2017.SpeakerDiarization.Fold1")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dry_run, "ENOUGH", 0.0)
            result = here("check", *arguments, database=demo.database, cache=demo.root / "cache")
        assert {path: path.read_bytes() for path in demo.config.parent.rglob("*")} == before
        answer = json.loads(result.out)
        experiments[plant] = demo
        fitting = [
            finding
            for finding in answer["findings"]
            if (finding["file"], finding["line"]) == (str(expected.file), expected.line)
            and expected.words in f"{finding['what']} {finding['mend']}"
            and finding["mend"].endswith((".", "?"))
        ]
        return expected, fitting, result, answer

    return examine


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant, examined):
    expected, fitting, result, answer = examined(plant)
    assert len(fitting) == 1, (expected, answer["findings"])
    assert (result.code, answer["status"]) == (expected.status, expected.status), answer["findings"]
    assert result.err == ""


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_train_refuses_the_errors_of_check_and_nothing_else(plant, examined, experiments, here, monkeypatch):
    _, _, result, answer = examined(plant)
    demo = experiments[plant]
    monkeypatch.setattr(train, "_learn", lambda *arguments: None)
    arguments = ("--cpu", "--to=1", demo.config.parent, "TUT2017.SpeakerDiarization.Fold1")
    trained = here("dcase", "train", *arguments, database=demo.database, cache=demo.root / "cache")
    refused = [line for line in trained.err.splitlines() if line.startswith("Error: ")]
    errors = [finding for finding in answer["findings"] if finding["level"] == "error"]
    if not errors:
        assert (trained.code, refused) == (0, []), answer["findings"]
        return
    assert trained.code == result.code
    assert len(refused) == 1
    assert any(refused[0].startswith(f"Error: {_sentence(error)}") for error in errors), (refused, errors)


def _sentence(finding):
    """File, line and sentence of a finding, as in errors of commands."""
    line = "" if finding["line"] is None else f", line {finding['line']}"
    return f"{finding['file']}{line}: {finding['what']}"


def test_planted_faults_are_found_and_nothing_in_the_clean_demonstration(examined, clean, promise):
    found = [plant for plant in PLANTS if len(examined(plant)[1]) == 1]
    assert len(found) >= 29 / 30 * len(PLANTS)
    assert clean == []
    promise(
        "`check` finds what is wrong with a data set and a configuration, and names file, line and mend.",
        "Plant one fault after the other in a copy of the demonstration; look at the clean one, too.",
        f"{len(found)} of {len(PLANTS)} faults found, {len(clean)} in the clean one",
    )


@pytest.fixture(scope="module")
def clean(data, config_text, here, tmp_path_factory):
    """Findings in the demonstration as it is."""
    root = tmp_path_factory.mktemp("clean")
    (root / "config.yml").write_text(config_text)
    result = here("check", "--cpu", "--json", root, "TUT2017.SpeakerDiarization.Fold1")
    answer = json.loads(result.out)
    assert (result.code, result.err) == (0, ""), answer["findings"]
    return answer["findings"]
