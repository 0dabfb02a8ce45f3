"""`check`: tables, JSON, exit statuses, and figures beside what is known of the demonstration."""

import json
import shutil
import signal

import pytest
import soundfile
import torch
import yaml
from torch import nn

from pyannote.audio.applications.checking import dry_run
from pyannote.audio.database.checks import audio as audio_checks
from pyannote.audio.io.rttm import read_events
from pyannote.audio.models.dcase import Dcase

pytestmark = pytest.mark.usefixtures("environment")

FOLD = "TUT2017.SpeakerDiarization.Fold1"


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Two batches are enough to see that some are measured."""
    monkeypatch.setattr(dry_run, "ENOUGH", 0.0)


@pytest.fixture
def answer(here, experiment):
    """What `check` answers about the demonstration, as values."""

    def ask(*arguments, **options):
        result = here("check", "--cpu", "--json", *arguments, experiment.root, FOLD, **options)
        return json.loads(result.out)

    return ask


def test_tables_are_readable(here, experiment):
    result = here("check", "--cpu", "--to=20", experiment.root, FOLD)
    assert (result.code, result.err) == (0, "")
    lines = [line for line in result.out.splitlines() if "/" not in line]
    assert max(map(len, lines)) <= 110
    titles = [line for line in result.out.splitlines() if line and not line.startswith(" ")]
    assert [title.split()[0] for title in titles] == [
        "Configuration", "Files", "Classes", "A", "An", "Features", "Nothing",
    ]  # fmt: skip
    assert "32 x 200 x 40" in result.out and "measured on 2 batches of training files" in result.out
    assert "20 epochs" in result.out


def test_classes_are_those_of_the_annotation(answer, data):
    subsets = answer("--quick")["subsets"]
    events = read_events(data / "database" / "TUT2017.rttm")
    lists = data / "database" / "lists"
    for name, values in subsets.items():
        uris = (lists / f"Fold1.{name}.lst").read_text().split()
        own = [event for event in events if event.recording in uris]
        assert values["recordings"] == values["readable"] == len(uris)
        assert values["seconds"] == values["annotated_seconds"] == 10.0 * len(uris)
        assert values["formats"] == [
            {"sample_rate": 44100, "channels": 2, "format": "WAV PCM_24", "files": len(uris)}
        ]
        assert set(values["classes"]) == {event.label for event in own}
        for label, figures in values["classes"].items():
            durations = [event.segment.duration for event in own if event.label == label]
            assert figures["events"] == len(durations)
            assert figures["seconds"] == pytest.approx(sum(durations), abs=0.01)
            assert figures["files"] == len({event.recording for event in own if event.label == label})


def test_an_epoch_is_worked_out_by_hand(answer, experiment):
    experiment.config.write_text(experiment.config.read_text().replace("0.0005", "0.01"))
    found = answer("--to=7")
    epoch, storage, batch = found["epoch"], found["storage"], found["batch"]
    # 0.01 days are 864 s; a batch holds 32 chunks of 2 s, and there are 4 training files of 10 s
    assert epoch["batches"] == 14 and epoch["audio_seconds"] == 14 * 64
    assert epoch["passes"] == pytest.approx(14 * 64 / 40)
    assert epoch["seconds"] == pytest.approx(14 * epoch["seconds_per_batch"])
    assert epoch["total_seconds"] == pytest.approx(7 * epoch["seconds"])
    # 1001 frames of 40 bands of 4 bytes each file, of all eight and of four
    assert (storage["stored"], storage["packed"]) == (8 * 1001 * 160, 4 * 1001 * 160)
    assert storage["in_memory"] and storage["free"] > 0
    assert batch["shapes"] == {
        "X": [32, 200, 40], "long_term": [32, 40], "output": [32, 2, 6], "target": [32, 2, 6],
    }  # fmt: skip
    assert batch["bytes"]["inputs"] == 4 * 32 * (200 * 40 + 40)
    assert batch["bytes"]["weights"] == 4 * batch["parameters"]
    assert batch["bytes"]["activations"] > 0 and batch["without_gradient"] == []


def test_storage_is_what_train_stores(answer, here, experiment, tmp_path):
    arguments = ("dcase", "train", "--cpu", "--to=1", experiment.root, FOLD)
    assert here(*arguments, cache=tmp_path / "cache").code == 0
    stored = [path for path in (tmp_path / "cache").rglob("*.npy") if "." not in path.stem]
    # beside them are only headers and checksums of files
    sizes = sum(path.stat().st_size for path in stored)
    assert 0 <= sizes - answer("--quick")["storage"]["packed"] <= 142 * len(stored)


def test_quick_decodes_nothing_and_measures_nothing(answer, data, tmp_path, monkeypatch):
    monkeypatch.setattr(audio_checks, "measure_audio", None)
    monkeypatch.setattr(dry_run.DryRun, "seconds", None)
    found = answer("--quick", cache=tmp_path / "cache")
    assert (found["status"], found["epoch"]["seconds"]) == (0, None)
    # one batch, of random features
    assert found["batch"]["shapes"]["output"] == [32, 2, 6]
    assert not (tmp_path / "cache").exists()


def test_a_configuration_alone(here, experiment):
    result = here("check", "--cpu", "--json", experiment.root)
    found = json.loads(result.out)
    assert (result.code, result.err, found["findings"]) == (0, "", [])
    assert found["protocol"] is found["subsets"] is found["storage"] is None
    assert found["configuration"]["classes"][0] == "brakes_squeaking"
    assert found["epoch"]["passes"] is None and found["epoch"]["measured_on"] == "random features"


@pytest.mark.parametrize("text", ["", "- 1\n", "task: 3\n", None])
def test_a_configuration_that_is_none(text, here, experiment):
    experiment.config.unlink()
    if text is not None:
        experiment.config.write_text(text)
    result = here("check", "--json", experiment.root, FOLD)
    found = json.loads(result.out)
    assert result.code == found["status"] == 3
    assert [finding["file"] for finding in found["findings"]] == [str(experiment.config)]
    # the data are looked at all the same
    assert found["subsets"]["train"]["recordings"] == 4


def test_all_blocks_of_a_configuration_are_looked_at(here, experiment):
    text = experiment.config.read_text()
    for old, new in {"Mel": "Mal", "Constant": "Constint", "batch_size": "batch_sise"}.items():
        text = text.replace(old, new)
    experiment.config.write_text(f"{text}callbacks:\n   name: EarlyStoping\n")
    result = here("check", "--json", experiment.root)
    findings = json.loads(result.out)["findings"]
    assert result.code == 3 and len(findings) == 4
    assert {finding["line"] for finding in findings} == {
        1 + text.splitlines().index(line)
        for line in text.splitlines()
        if "Mal" in line or "Constint" in line or "sise" in line
    } | {len(text.splitlines()) + 2}


def test_an_unknown_protocol_is_said_as_by_other_commands(here, experiment):
    result = here("check", "--json", experiment.root, "TUT2017.SpeakerDiarization.Fold11")
    assert (result.code, result.out) == (2, "")
    assert "Did you mean 'TUT2017.SpeakerDiarization.Fold1'?" in result.err


class Forgetful(Dcase):
    """It has weights that it does not use."""

    def __init__(self, specifications):
        super().__init__(specifications)
        self.forgotten = nn.Linear(2, 3)


class Dividing(Dcase):
    """It divides by zero."""

    def forward(self, batch):
        """No number."""
        return super().forward(batch) / 0


class Wrong(Dcase):
    """It expects another input."""

    def forward(self, batch):
        """Nothing: matrices do not fit."""
        return batch["X"] @ torch.zeros(7, 7)


@pytest.mark.parametrize(
    ("network", "code", "words"),
    [
        (Forgetful, 10, "No gradient reaches forgotten.weight, forgotten.bias."),
        (Dividing, 3, "The loss of the first batch is nan"),
        (Wrong, 3, "A batch cannot pass through Dcase"),
    ],
)
def test_a_batch_shows_what_is_wrong_with_a_network(network, code, words, here, experiment, monkeypatch):
    monkeypatch.setattr("pyannote.audio.models.dcase.Dcase", network)
    result = here("check", "--cpu", "--json", experiment.root)
    found = json.loads(result.out)
    assert result.code == code
    (finding,) = found["findings"]
    line = experiment.config.read_text().splitlines()[finding["line"] - 1]
    assert (words in finding["what"] and "name: Dcase" in line) or line == "task:"


def test_events_shorter_than_an_output(here, experiment, data, tmp_path):
    shutil.copytree(data / "database", tmp_path / "database")
    database = tmp_path / "database" / "database.yml"
    database.write_text(database.read_text().replace(f"{data}/database", f"{tmp_path}/database"))
    rttm = tmp_path / "database" / "TUT2017.rttm"
    words = [line.split() for line in rttm.read_text().splitlines()]
    rttm.write_text(
        "".join(" ".join([*row[:4], "0.2" if row[7] == "car" else row[4], *row[5:]]) + "\n" for row in words)
    )
    for options in (("check", "--json", "--quick"), ("dcase", "train", "--to=1")):
        result = here(*options, "--cpu", experiment.root, FOLD, database=database, cache=tmp_path / "cache")
        said = json.loads(result.out)["findings"][0]["what"] if "--json" in options else result.err
        # an output is 81 frames of 0.01 s
        assert (
            "Half of the events of 'car' last less than 0.2 s, and an output of the network stands for"
            in said
        )


def test_many_findings_of_a_kind_are_shown_in_part(here, experiment, data, tmp_path):
    shutil.copytree(data / "database", tmp_path / "database")
    path = tmp_path / "database" / "database.yml"
    text = path.read_text().replace(f"{data}/database", f"{tmp_path}/database")
    path.write_text(text.replace(f"{data}/tut/audio", f"{tmp_path}/nowhere"))
    result = here("check", experiment.root, FOLD, database=path)
    assert result.code == 4 and "Errors (8)" in result.out
    assert "... and 3 more of this kind" in result.out
    assert result.out.endswith("8 errors.\n")


def test_nothing_is_written_where_the_experiment_is(answer, experiment):
    before = experiment.config.read_bytes()
    assert answer()["status"] == 0
    assert list(experiment.root.iterdir()) == [experiment.config]
    assert experiment.config.read_bytes() == before


def test_it_can_be_interrupted(here, experiment, monkeypatch):
    def interrupt(header, compared):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(audio_checks, "measure_audio", interrupt)
    result = here("check", "--json", experiment.root, FOLD)
    assert (result.code, result.out, result.err) == (130, "", "Interrupted. What was finished is safe.\n")


def test_train_says_what_is_probably_not_meant(here, experiment, data, tmp_path):
    shutil.copytree(data / "database", tmp_path / "database")
    shutil.copytree(data / "tut" / "audio", tmp_path / "audio")
    database = tmp_path / "database" / "database.yml"
    text = database.read_text().replace(f"{data}/database", f"{tmp_path}/database")
    database.write_text(text.replace(f"{data}/tut/audio", f"{tmp_path}/audio"))
    lists = tmp_path / "database" / "lists"
    first, *others = (lists / "Fold1.train.lst").read_text().split()
    with (lists / "Fold1.test.lst").open("a") as stream:
        stream.write(f"{first}\n{others[0]}\n")
    for uri in others[:2]:
        path = tmp_path / "audio" / "street" / f"{uri}.wav"
        samples, rate = soundfile.read(path)
        soundfile.write(path, samples[:, 0] if uri == others[0] else samples, rate)
    experiment.config.write_text(experiment.config.read_text().replace("0.0005", "1.0e-9"))
    result = here(
        "dcase", "train", "--cpu", "--to=1", experiment.root, FOLD, database=database, cache=tmp_path / "c"
    )
    assert result.code == 0
    epoch, subsets, channels = result.err.splitlines()
    assert epoch.startswith(f"Warning: {experiment.config}, line 6: An epoch of 8.64e-05 s is less than half")
    assert f"{others[0]}.wav: The number of channels is 1" in channels
    assert f"{first} belongs to test and to train" in subsets
    assert subsets.endswith("There is 1 more of this kind; see `pyannote-audio check`.")


def test_train_refuses_chunks_that_no_file_holds_before_it_computes_features(here, experiment, tmp_path):
    experiment.config.write_text(experiment.config.read_text().replace("duration: 2.0", "duration: 20"))
    result = here("dcase", "train", "--cpu", experiment.root, FOLD, cache=tmp_path / "cache")
    assert result.code == 4
    assert f"Error: {experiment.config}, line 4: No annotated region of the 4 training files" in result.err
    assert not list(tmp_path.rglob("*.npy"))


def test_a_protocol_whose_development_is_its_test(here, experiment, data):
    """Epochs chosen on test files are told."""
    result = here("check", "--quick", "--json", experiment.root, "TUT2017.SpeakerDiarization.MyProtocol")
    found = json.loads(result.out)
    content = yaml.safe_load((data / "database" / "database.yml").read_text())
    protocol = content["Protocols"]["TUT2017"]["SpeakerDiarization"]["MyProtocol"]
    assert result.code == 10
    assert {(one["kind"], one["file"]) for one in found["findings"]} == {("subsets", protocol["test"]["uri"])}


OWN_TASK = '''
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection


class Traffic(MultilabelDetection):
    """Any of some labels; all other labels are background."""

    def __init__(self, labels: list[str], duration: float = 2.0, per_epoch: float = 0.0005) -> None:
        super().__init__({{"union": {{"traffic": labels}}}}, duration, 32, per_epoch)

    def {method}(self, files):
        return []
'''


@pytest.mark.parametrize("method", ["check", "findings"])
def test_check_reports_what_an_own_task_refuses_and_nothing_else(method, here, experiment, tmp_path):
    """A task that accepts more than the task that it derives from is accepted by `check` as by `train`."""
    code = tmp_path / f"traffic_{method}.py"
    code.write_text(OWN_TASK.format(method=method).replace("Traffic", f"Traffic{method.capitalize()}"))
    content = yaml.safe_load(experiment.config.read_text())
    task = {"name": f"Traffic{method.capitalize()}", "params": {"labels": ["car", "tram"]}}
    content["task"] = task
    experiment.config.write_text(yaml.safe_dump(content))
    arguments = ("--cpu", f"--code={code}", experiment.root, FOLD)
    findings = json.loads(here("check", "--json", "--quick", *arguments).out)["findings"]
    assert [finding for finding in findings if finding["level"] == "error"] == []
    assert here("dcase", "train", "--to=1", *arguments).code == 0
