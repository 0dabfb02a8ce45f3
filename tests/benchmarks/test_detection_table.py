"""The table of detectors: what it keeps and trains again, and its figures against `apply` and sed_eval."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import CONFIG, PROTOCOL, known_database

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.io.event_lists import read_event_lists
from pyannote.audio.metrics.official import evaluate
from pyannote.audio.metrics.segment_based import SegmentCounts

BENCHMARKS = Path(__file__).parents[2] / "scripts" / "benchmarks"


@pytest.fixture(scope="module")
def modules(imported):
    """Modules of the table."""
    return {
        "configs": imported("detection_configs"),
        "figures": imported("detection_figures"),
        "rows": imported("detection_rows"),
        "runs": imported("detection_runs"),
        "scores": imported("detection_scores"),
    }


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("configs") / "config.yml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("table")


@pytest.fixture(scope="module")
def run_of(modules, config, output):
    """A run of a row with some words after the path of its configuration."""

    def make(words="", seed=0, **others):
        row = modules["configs"].Row.of(f"row={config} {words}")
        return modules["runs"].Run(row, PROTOCOL, seed, 2, None, 1, output, **others)

    return make


@pytest.fixture(scope="module")
def finish(modules, data):
    """Train and score a run, and return the folder of its training."""

    def do(run):
        with known_database(data / "database" / "database.yml", data / "cache"):
            return modules["runs"].finish(run)

    return do


@pytest.fixture(scope="module")
def trained(run_of, finish):
    """Two trainings of one row."""
    return [(run := run_of(seed=seed), finish(run)) for seed in (0, 1)]


def test_a_row_is_a_configuration_with_changes(modules, config):
    row = modules["configs"].Row.of(f"8 s={config} task.params.batch_size=16 --duration=8 --epochs=3")
    assert (row.name, row.duration, row.epochs, row.shuffled) == ("8 s", 8.0, 3, False)
    content = row.content(labels=["car"])
    assert content["task"]["params"]["batch_size"] == 16
    assert content["task"]["params"]["labels_spec"] == {"regular": ["car"]}


@pytest.mark.parametrize(
    "words, message",
    [
        ("--durations=8", "A row has no option --durations"),
        ("--duration=long", "no number"),
        ("task.name.more=1", "There is no entry task.name.more"),
    ],
)
def test_a_wrong_row_is_refused(modules, config, words, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        modules["configs"].Row.of(f"row={config} {words}").content(None)


def test_a_missing_configuration_is_refused(modules, tmp_path):
    with pytest.raises(UsageError, match="names no configuration"):
        modules["configs"].Row.of(f"row={tmp_path}/none.yml")


def test_what_is_unchanged_is_kept(run_of, finish, trained):
    _, folder = trained[0]
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != "log.txt"}
    assert finish(run_of()) == folder
    assert {path: path.stat().st_mtime_ns for path in before} == before
    # a longer chunk at apply is a matter of scores alone
    finish(run_of("--duration=4"))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(list(folder.glob("scores-*.npz"))) == 2


def test_what_has_changed_is_trained_again(modules, monkeypatch, data, run_of, trained):
    (_, first), (_, second) = trained
    with known_database(data / "database" / "database.yml", data / "cache"):
        changed = run_of("scheduler.params.learning_rate=0.02").folder()
        assert len({first, second, changed}) == 3
        monkeypatch.setattr(modules["runs"], "package_digest", lambda: "0" * 32)
        assert run_of().folder() != first
        assert run_of(keep=True).folder() == first


def test_code_is_compared_without_comments(modules, tmp_path):
    path, digest = tmp_path / "a.py", modules["runs"].source_digest
    path.write_text('"""One."""\nrate = 1  # of learning\n')
    before = digest([tmp_path])
    path.write_text('"""Two."""\nrate = 1\n')
    assert digest([tmp_path]) == before
    path.write_text('"""One."""\nrate = 2\n')
    assert digest([tmp_path]) != before


def test_counts_are_those_of_apply(modules, here, trained):
    """Selected by `validate`, applied by `apply`, and counted by sed_eval."""
    run, folder = trained[0]
    train = folder / "train" / f"{PROTOCOL}.train"
    assert here("dcase", "validate", "--to=2", train, PROTOCOL).code == 0
    (params,) = train.glob("validate_*/*/params.yml")
    assert here("dcase", "apply", params.parent, PROTOCOL).code == 0
    (events,) = params.parent.glob("apply/*/*.events.tsv")
    estimate, reference = (
        {
            file: [(onset, offset, label.replace(" ", "_")) for onset, offset, label in found]
            for file, found in read_event_lists(path).items()
        }
        for path in (events, events.with_name(events.name.replace("events", "reference")))
    )
    subsets = modules["scores"].load(run.scores(folder))
    classes = list(subsets["test"].classes)
    official = evaluate(reference, estimate, classes)["segment_based"]
    counts = modules["scores"].counts_of(subsets, modules["scores"].WAYS["class-wise, default"])
    assert sorted(counts) == sorted(reference)
    pooled = modules["rows"].pooled(counts)
    assert pooled.n_reference.sum() > 0
    overall = official["overall"]
    assert pooled.overall.error_rate == pytest.approx(overall["error_rate"]["error_rate"])
    assert pooled.overall.f_measure == pytest.approx(overall["f_measure"]["f_measure"])


def test_the_mean_of_trainings_is_that_of_the_scores_of_their_last_epochs(modules, trained):
    seeds = [modules["scores"].load(run.scores(folder)) for run, folder in trained]
    (mean,) = modules["scores"].averaged(seeds, 2)
    expected = (seeds[0]["test"].scores[-1] + seeds[1]["test"].scores[-1]) / 2
    np.testing.assert_allclose(mean["test"].scores, expected[None], atol=1e-7)
    assert len(modules["scores"].averaged(seeds, 1)) == 2
    counts = modules["scores"].counts_of(mean, modules["scores"].WAYS["last epoch, 0.5"])
    assert sorted(counts) == sorted(file["uri"] for file in mean["test"].files)


def test_damaged_scores_are_refused(modules, tmp_path):
    path = tmp_path / "scores.npz"
    path.write_bytes(b"no scores")
    with pytest.raises(DataError, match="damaged"):
        modules["scores"].load(path)


def counted(*right, of=10, found=10):
    return {
        str(file): SegmentCounts(np.array([one]), np.array([of]), np.array([found]), substitutions=0)
        for file, one in enumerate(right)
    }


def test_a_difference_says_what_is_better(modules):
    good, bad = [counted(9, 8, 9)], [counted(7, 8, 6)]
    f1, error = modules["figures"].MEASURES["F1"], modules["figures"].MEASURES["ER"]
    assert modules["figures"].difference(good, bad, *f1) == "better by 0.167 [0.000, 0.300]"
    assert modules["figures"].difference(bad, good, *f1) == "worse by 0.167 [0.000, 0.300]"
    # an error rate is better where it is less: here 4 errors of 30 units and 9 x 2 of 30
    assert modules["figures"].difference(good, bad, *error).startswith("better by 0.333 [")
    assert modules["figures"].difference(good, [counted(7, 8)], *f1) == "other files"


def test_a_spread_is_the_deviation_over_seeds(modules):
    f1 = modules["figures"].MEASURES["F1"][0]
    assert modules["figures"].spread([counted(4), counted(6)], f1) == "0.500 ± 0.141"
    assert modules["figures"].spread([], f1) == "-"


@pytest.mark.slow
def test_the_command_keeps_rows_and_compares_them(data, config, environment, tmp_path):
    database, output = str(data / "database" / "database.yml"), tmp_path / "out"

    def table(*arguments):
        command = [sys.executable, BENCHMARKS / "detection_table.py", *arguments, database, output]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    options = (
        "--protocols=TUT2017.SpeakerDiarization.Fold1,Fold2",
        "--epochs=1",
        "--seeds=2",
        "--labels=config",
    )
    code, out, err = table(
        f"--row=first={config}", f"--row=longer={config} --duration=4", *options, "--mean=2"
    )
    assert code == 0, err
    assert "| first, mean of 2 |" in out
    trained = sorted(output.glob("runs/*/training.json"))
    # both rows share their trainings
    assert len(trained) == 4
    assert {json.loads(path.read_text())["seed"] for path in trained} == {0, 1}
    code, out, err = table(
        f"--row=other={config} scheduler.params.learning_rate=0.02", *options, "--against=first"
    )
    assert code == 0, err
    assert re.search(r"\| other \| .* by \d\.\d{3}", out)
    assert "| longer |" in out
    assert len(list(output.glob("runs/*/training.json"))) == 8
    code, _, err = table("--only-table", "--against=none")
    assert code == 2
    assert "--against='none' is no row; there are first; longer; other" in err
