"""Figures of classes that are not annotated, not detected, or annotated twice at once, in all commands."""

import json
import re
import shutil
import warnings

import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

CLASSES = ["brakes_squeaking", "car", "children", "large_vehicle", "people_speaking", "people_walking"]
TEST, DEVELOPMENT = ("a001", "a005"), ("a002", "a006")


class Annotated:
    """The data set of the tests with another annotation."""

    def __init__(self, data, folder, here):
        self.here, self.database = here, folder / "database.yml"
        shutil.copytree(data / "database", folder)
        text = self.database.read_text()
        self.database.write_text(text.replace(f"{data / 'database'}/", f"{folder}/"))
        self.rttm = folder / "TUT2017.rttm"

    def lines(self):
        return self.rttm.read_text().splitlines(keepends=True)

    def remove(self, uris, *classes):
        """Remove the events of some classes in some recordings; without classes, of all of them."""
        kept = [
            line
            for line in self.lines()
            if line.split()[1] not in uris or (classes and line.split()[7] not in classes)
        ]
        assert len(kept) < len(self.lines())
        self.rttm.write_text("".join(kept))

    def add(self, uri, onset, offset, label):
        line = f"SPEAKER {uri} 1 {onset:.3f} {offset - onset:.3f} <NA> <NA> {label} <NA> <NA>\n"
        self.rttm.write_text("".join([*self.lines(), line]))

    def run(self, *arguments):
        return self.here(*arguments, database=self.database)


@pytest.fixture
def annotated(data, tmp_path, here):
    return Annotated(data, tmp_path / "annotated", here)


def params_of(folders):
    return yaml.safe_load((folders.validate / "params.yml").read_text())


def curves(folder):
    """Tags of scalars, and texts."""
    events = EventAccumulator(str(folder)).Reload()
    texts = [
        tensor.tensor_proto.string_val[0].decode()
        for tag in events.Tags()["tensors"]
        if "remarks" in tag
        for tensor in events.Tensors(tag)
    ]
    return events.Tags()["scalars"], texts


def test_a_class_that_development_lacks(annotated, copied):
    annotated.remove(DEVELOPMENT, "car")
    shutil.rmtree(copied.validate)
    result = annotated.run("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert result.code == 0, result.err
    assert "'car'" in result.err
    first, *_, remark = result.out[result.out.index("Epoch for all") :].splitlines()
    assert first.endswith("over 5 of 6 classes")
    assert "no events of 'car'" in remark and "averages leave it out" in remark
    assert re.search(r"^car +\d +0\.500 +0 +- +- +-$", result.out, re.MULTILINE)
    assert re.search(r"^Epoch 1: average_detection_fscore 0\.\d+ over 5 of 6 classes ", result.out, re.M)

    params = params_of(copied)
    assert params["averaged_classes"] == 5
    for part in ("params", "class_wise"):
        assert [params[part]["car"][name] for name in ("fscore", "precision", "recall")] == [None] * 3
        assert params[part]["car"]["onset"] == 0.5
    chosen = [params["params"][name]["fscore"] for name in CLASSES if name != "car"]
    assert params["value"] == pytest.approx(sum(chosen) / 5, abs=1e-5)

    tags, texts = curves(copied.validate)
    assert not [tag for tag in tags if "/car/" in tag] and [tag for tag in tags if "/children/" in tag]
    assert texts and all("'car'" in text for text in texts)


def test_a_development_without_a_single_event(annotated, copied):
    annotated.remove(DEVELOPMENT)
    shutil.rmtree(copied.validate)
    result = annotated.run("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert result.code == 0, result.err
    assert "average_detection_fscore - over 0 of 6 classes" in result.out and "0.000" not in result.out
    assert "nan" not in result.out.lower()
    params = params_of(copied)
    assert (params["value"], params["averaged_classes"]) == (None, 0)
    assert {one["fscore"] for one in params["class_wise"].values()} == {None}
    tags, texts = curves(copied.validate)
    assert not [tag for tag in tags if "fscore" in tag] and texts
    result = annotated.run("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    assert result.code == 0, result.err


def test_training_with_validation_on_a_development_without_a_single_event(annotated, experiment):
    annotated.remove(DEVELOPMENT)
    result = annotated.run(
        "dcase", "train", "--cpu", "--validate", "--to=2", experiment.root, experiment.protocol
    )
    assert result.code == 0, result.err
    assert result.out.count("average_detection_fscore - over 0 of 6 classes") == 2
    assert params_of(experiment)["value"] is None


def test_a_class_that_the_test_lacks_and_one_that_is_never_detected(annotated, copied):
    annotated.remove(TEST, "car")
    path = copied.validate / "params.yml"
    params = yaml.safe_load(path.read_text())
    for part in ("params", "class_wise"):
        # no score is as high
        params[part]["children"] |= {"onset": 1.001, "offset": 1.001}
        params[part]["car"] |= {"onset": 1.001, "offset": 1.001}
    path.write_text(yaml.safe_dump(params, sort_keys=False))
    result = annotated.run("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    assert result.code == 0, result.err
    pooled = annotated.run("dcase", "evaluate", f"--output={copied.root / 'pooled.json'}", copied.applied)
    assert pooled.code == 0, pooled.err
    for said in (result, pooled):
        (warning,) = re.findall(r"^Warning: these files.*", said.err, re.MULTILINE)
        assert "no annotated events of 'car'" in warning and "the other 5 of 6 classes" in warning
        assert len(re.findall(r"^car +- +- +- +- +0 +0$", said.out, re.MULTILINE)) == 3
        assert len(re.findall(r"^children +1\.00 +0\.0 +0\.0 +0\.0 +\d+ +0$", said.out, re.MULTILINE)) == 3
        assert len(re.findall(r"^average .*  over 5 of 6 classes$", said.out, re.MULTILINE)) == 3
        assert re.search(r"^car +- +-$", said.out, re.MULTILINE)
        assert "nan" not in said.out.lower()
    figures = json.loads((copied.root / "pooled.json").read_text())
    assert figures == json.loads(next(copied.applied.glob("*.evaluation.json")).read_text())
    for key in ("segment_based", "event_based_onset", "event_based_onset_offset"):
        each = {name: one["f_measure"]["f_measure"] for name, one in figures[key]["class_wise"].items()}
        assert each["car"] is None and each["children"] == 0
        average = figures[key]["class_wise_average"]
        assert average["classes"] == 5
        known = [value for value in each.values() if value is not None]
        assert average["f_measure"]["f_measure"] == pytest.approx(sum(known) / 5)
    for scenario in figures["psds"].values():
        assert (scenario["classes"], scenario["class_wise"]["car"]) == (5, None)


def test_a_test_without_a_single_event(annotated, copied):
    annotated.remove(TEST)
    result = annotated.run("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    assert result.code == 0, result.err
    pooled = annotated.run("dcase", "evaluate", copied.applied)
    assert pooled.code == 0, pooled.err
    for said in (result, pooled):
        assert re.search(r"^overall +- +- ", said.out, re.MULTILINE)
        assert len(re.findall(r"over 0 of 6 classes$", said.out, re.MULTILINE)) == 4
        assert "nan" not in said.out.lower()
    assert "segment-based ER: -" in pooled.out
    assert "NaN" not in next(copied.applied.glob("*.evaluation.json")).read_text()


def spans(table, uri, label):
    rows = [line.split("\t") for line in table.read_text().splitlines()]
    return [tuple(map(float, row[1:3])) for row in rows if row[0] == uri and row[-1] == label]


def test_events_of_one_class_that_overlap_are_one_event_in_all_commands(annotated, copied):
    annotated.remove(TEST, "car")
    # 2 to 5 s and 4 to 7 s are one event of 2 to 7 s; 7 to 8 s adjoins it, and is another; 9 s is there twice
    for onset, offset in ((2, 5), (4, 7), (7, 8), (9, 9.5), (9, 9.5)):
        annotated.add("a001", onset, offset, "car")
    expected = [(2.0, 7.0), (7.0, 8.0), (9.0, 9.5)]

    check = annotated.run("check", "--quick", copied.root, copied.protocol)
    assert check.out.count("They count as one event") == 2, check.out
    result = annotated.run("dcase", "apply", "--cpu", copied.validate, copied.protocol)
    assert result.code == 0 and "'car' in a001" in result.err
    name = copied.applied / f"{copied.protocol}.test"
    reference = name.with_name(f"{name.name}.reference.tsv")
    assert spans(reference, "a001", "car") == expected

    from_lists = evaluated_by_sed_eval(reference, name.with_name(f"{name.name}.events.tsv"))
    figures = json.loads(name.with_name(f"{name.name}.evaluation.json").read_text())
    for key in ("event_based_onset", "event_based_onset_offset"):
        own, theirs = figures[key]["class_wise"]["car"], from_lists[key]["class_wise"]["car"]
        assert own["count"]["Nref"] == theirs["count"]["Nref"] == len(expected)
        assert own["error_rate"]["error_rate"] == pytest.approx(theirs["error_rate"]["error_rate"])


def test_a_reference_of_an_earlier_version_is_merged_with_a_warning(copied, here):
    assert here("dcase", "apply", "--cpu", copied.validate, copied.protocol).code == 0
    for path in copied.applied.glob("*.provenance.json"):
        path.unlink()
    expected = here("dcase", "evaluate", copied.applied)
    (reference,) = copied.applied.glob("*.reference.tsv")
    lines = reference.read_text().splitlines(keepends=True)
    doubled = next(line for line in lines if line.count("\t") == 3 and "filename" not in line)
    reference.write_text("".join([*lines, doubled]))
    result = here("dcase", "evaluate", copied.applied)
    assert result.out == expected.out
    assert "1 events overlap others of the same class" in result.err


def evaluated_by_sed_eval(reference, estimate):
    """By sed_eval itself, from the lists that `apply` has written."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sed_eval.sound_event import EventBasedMetrics

        metrics = {
            name: EventBasedMetrics(CLASSES, evaluate_offset=offset, t_collar=0.5, percentage_of_length=0.5)
            for name, offset in (("event_based_onset", False), ("event_based_onset_offset", True))
        }
        lists = []
        for path in (reference, estimate):
            rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
            lists.append(
                {
                    uri: [
                        {"onset": float(row[1]), "offset": float(row[2]), "event_label": row[3]}
                        for row in rows
                        if row[0] == uri and len(row) == 4
                    ]
                    for uri in TEST
                }
            )
        for metric in metrics.values():
            for uri in TEST:
                metric.evaluate(lists[0][uri], lists[1][uri])
        return {name: metric.results() for name, metric in metrics.items()}


def test_a_precision_that_is_not_reached_counts_as_no_recall(annotated, copied):
    # a single annotated moment of `car`, among other sounds: no threshold detects it alone
    annotated.remove(DEVELOPMENT, "car")
    annotated.add("a002", 0.0, 0.01, "car")
    result = annotated.run("dcase", "validate", "--cpu", "--precision=1", copied.train, copied.protocol)
    assert result.code == 0, result.err
    folder = copied.train / "validate_average_detection_recall_at_1_precision"
    params = yaml.safe_load((folder / f"{copied.protocol}.development" / "params.yml").read_text())
    missed = {name for name, one in params["class_wise"].items() if not one["precision_attained"]}
    assert "car" in missed
    for name, one in params["class_wise"].items():
        row = re.search(rf"^{name} .*", result.out, re.MULTILINE)[0]
        assert row.endswith("*") == (name in missed)
        if name in missed:
            assert (one["recall"], one["fscore"]) == (0, 0) and one["precision"] < 1
            assert row.split()[-2] == "0.000"
        else:
            assert one["precision"] == 1 and one["recall"] > 0
    assert "* No threshold reaches the precision 1:" in result.out
    average = sum(one["recall"] for one in params["params"].values()) / 6
    assert params["value"] == pytest.approx(average, abs=1e-5)


def test_psds_of_folds_does_not_depend_on_the_order_of_their_classes(copied, here, new_experiment, tmp_path):
    reordered = copied.config.read_text().replace(", ".join(CLASSES), ", ".join(reversed(CLASSES)))
    assert reordered != copied.config.read_text()
    protocol = "TUT2017.SpeakerDiarization.Fold2"
    other = new_experiment(tmp_path / "other", reordered, protocol)
    assert here("dcase", "train", "--cpu", "--validate", "--to=1", other.root, protocol).code == 0
    for folders in (copied, other):
        assert here("dcase", "apply", "--cpu", folders.validate, folders.protocol).code == 0
    found = []
    for order in ([copied.applied, other.applied], [other.applied, copied.applied]):
        output = tmp_path / "pooled.json"
        result = here("dcase", "evaluate", f"--output={output}", *order)
        assert (result.code, result.err) == (0, "")
        found.append(json.loads(output.read_text())["psds"])
    for name, scenario in found[0].items():
        assert scenario["psds"] == pytest.approx(found[1][name]["psds"])
        assert scenario["class_wise"] == pytest.approx(found[1][name]["class_wise"])
    assert len({value for one in found[0].values() for value in one["class_wise"].values()}) > 2
