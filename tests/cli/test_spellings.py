"""Labels in two spellings are refused before a training, or merged; results have the original spelling."""

import json
import shutil

import pytest
import yaml
from commands import forget_configuration

from pyannote.audio.io.event_lists import read_event_lists
from pyannote.audio.io.rttm import read_rttm

DATA = 4
ORIGINALS = {
    "brakes squeaking", "car", "children", "large vehicle", "people speaking", "people walking"
}  # fmt: skip
SAFE = {label.replace(" ", "_") for label in ORIGINALS}


@pytest.fixture
def misspelled(data, tmp_path):
    """A database in which the first event of `car` is one of `Car`: its `database.yml`, and the line."""
    shutil.copytree(data / "database", tmp_path / "database")
    for path in tmp_path.glob("database/*.yml"):
        path.write_text(path.read_text().replace(str(data / "database"), str(tmp_path / "database")))
    rttm = tmp_path / "database" / "TUT2017.rttm"
    lines = rttm.read_text().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if " car " in line)
    lines[first] = lines[first].replace(" car ", " Car ")
    rttm.write_text("".join(lines))
    return tmp_path / "database" / "database.yml", first + 1, sum(" car " in line for line in lines)


@pytest.mark.parametrize("regular", ["car", "car, Car"])
def test_train_and_check_refuse_two_spellings(regular, misspelled, experiment, here):
    database, line, count = misspelled
    experiment.config.write_text(
        experiment.config.read_text().replace("[brakes_squeaking, car,", f"[brakes_squeaking, {regular},")
    )
    words = [f"'car' ({count} events, TUT2017.rttm, line ", f"'Car' (1 event, TUT2017.rttm, line {line})"]
    words.append('`union: {"car": ["car", "Car"]}` in labels_spec')
    result = here(
        "dcase", "train", "--cpu", "--to=1", experiment.root, experiment.protocol, database=database
    )
    assert (result.code, result.err[:7]) == (DATA, "Error: ")
    assert [word for word in words if word not in result.err] == [], result.err
    assert not (experiment.root / "train").exists()
    result = here(
        "check", "--cpu", "--quick", "--json", experiment.root, experiment.protocol, database=database
    )
    found = [one for one in json.loads(result.out)["findings"] if one["kind"] == "spelling"]
    assert result.code == DATA and [one["level"] for one in found] == ["error"]
    assert [word for word in words if word not in found[0]["what"] + found[0]["mend"]] == []


@pytest.mark.parametrize("merge", ["union: {car: [car, Car]}", "ignore: [Car]"])
def test_a_class_of_both_spellings_or_one_ignored_is_accepted(merge, misspelled, experiment, here):
    database, *_ = misspelled
    text = experiment.config.read_text()
    if "union" in merge:
        text = text.replace("[brakes_squeaking, car,", "[brakes_squeaking,")
    experiment.config.write_text(text.replace("labels_spec:\n", f"labels_spec:\n         {merge}\n"))
    result = here(
        "check", "--cpu", "--quick", "--json", experiment.root, experiment.protocol, database=database
    )
    kinds = {one["kind"] for one in json.loads(result.out)["findings"]}
    assert result.code != DATA and not kinds & {"spelling", "twins"}


def labels_in(folders):
    """Labels of results, by the end of the name of the file."""
    name = f"{folders.protocol}.test"
    lists = {
        end: {
            label for own in read_event_lists(folders.applied / f"{name}.{end}").values() for *_, label in own
        }
        for end in ("events.tsv", "reference.tsv")
    }
    figures = json.loads((folders.applied / f"{name}.evaluation.json").read_text())
    rttm = read_rttm(folders.applied / f"{name}.rttm").values()
    table = (folders.applied / f"{name}.eval").read_text()
    return {
        **lists,
        "evaluation.json": set(figures["segment_based"]["class_wise"]),
        "rttm": {label for one in rttm for label in one.labels()},
        "eval": {label for label in ORIGINALS | SAFE if f"\n{label} " in table},
    }


def check_labels(folders, expected):
    found = labels_in(folders)
    assert found["events.tsv"] and found["events.tsv"] <= expected and found["reference.tsv"] <= expected
    assert found["evaluation.json"] == found["eval"] == expected
    assert found["rttm"] and found["rttm"] <= SAFE


def test_results_have_the_original_spelling(copied, here):
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0
    check_labels(copied, ORIGINALS)
    result = here("dcase", "evaluate", copied.applied)
    assert result.code == 0 and "\npeople walking " in result.out and "people_walking" not in result.out


def test_a_training_knows_the_spelling_where_the_database_does_not(data, copied, here, tmp_path):
    """The model is applied to a database without labels.yml, as if it were that of someone else."""
    shutil.copytree(data / "database", tmp_path / "database")
    (tmp_path / "database" / "labels.yml").unlink()
    database = tmp_path / "database" / "database.yml"
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol, database=database).code == 0
    check_labels(copied, ORIGINALS)


def test_a_training_of_an_earlier_version_takes_the_spelling_of_the_database(copied, here, data, tmp_path):
    forget_configuration(copied.train)
    path = copied.validate / "params.yml"
    params = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({name: value for name, value in params.items() if name != "provenance"}))
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0
    check_labels(copied, ORIGINALS)
    expected = here("dcase", "evaluate", copied.applied).out
    # without either, labels are what they were in all versions before, and both are read
    shutil.copytree(data / "database", tmp_path / "database")
    (tmp_path / "database" / "labels.yml").unlink()
    database = tmp_path / "database" / "database.yml"
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol, database=database).code == 0
    check_labels(copied, SAFE)
    result = here("dcase", "evaluate", copied.applied)
    assert result.code == 0 and result.out.replace("_", " ").split() == expected.replace("_", " ").split()


def test_a_labels_file_that_renames_a_class_is_refused(data, copied, here, tmp_path):
    shutil.copytree(data / "database", tmp_path / "database")
    path = tmp_path / "database" / "labels.yml"
    path.write_text(path.read_text().replace("car: car", "car: children"))
    database = tmp_path / "database" / "database.yml"
    result = here("dcase", "apply", "--cpu", copied.validate, copied.protocol, database=database)
    assert (result.code, result.out) == (DATA, "")
    assert f"{path}: 'car' is not what 'children' is called in RTTM." in result.err
