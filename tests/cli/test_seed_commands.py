"""The scripts and the configuration that the project was created from, run as they are printed.

`seed/` holds their texts. Two things are changed: the placeholder for the folder of the experiment, which the
scripts ask for, and `per_epoch`, because a day of audio an epoch is no test.
"""

import csv
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pyannote.audio.config.recipe import Recipe
from pyannote.audio.config.schema import load_config
from pyannote.audio.features import Precomputed, Pretrained
from pyannote.audio.io.lines import safe_name
from pyannote.audio.io.rttm import read_rttm

SEED = Path(__file__).with_name("seed")
PROTOCOL = "TUT2017.SpeakerDiarization.MyProtocol"
CLASSES = ["car", "children", "people_speaking", "people_walking", "large_vehicle", "brakes_squeaking"]
PLACEHOLDER = "/path/to/your/experiment/directory"


def launch(script, root):
    """A script of the seed with its placeholder filled in, in a shell that finds this installation."""
    text = (SEED / script).read_text()
    assert PLACEHOLDER in text
    (root / script).write_text(text.replace(PLACEHOLDER, str(root)))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(["bash", str(root / script)], env={**os.environ, "PATH": path}, **pipes)


@pytest.fixture(scope="module")
def seed(data, new_experiment, tmp_path_factory):
    """Both scripts, run at the same time: the experiment, and what they printed."""
    text = (SEED / "config.yml").read_text()
    assert "per_epoch: 1\n" in text
    folders = new_experiment(
        tmp_path_factory.mktemp("seed") / "experiment",
        text.replace("per_epoch: 1\n", "per_epoch: 0.001\n"),
        PROTOCOL,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYANNOTE_DATABASE_CONFIG", str(data / "database" / "database.yml"))
        patch.setenv("PYANNOTE_AUDIO_CACHE", str(data / "cache"))
        patch.setenv("OMP_NUM_THREADS", "1")
        processes = {name: launch(f"{name}.sh", folders.root) for name in ("train", "validate")}
        try:
            said = {name: process.communicate(timeout=300) for name, process in processes.items()}
        finally:
            for process in processes.values():
                process.kill()
    codes = {name: process.returncode for name, process in processes.items()}
    assert codes == {"train": 0, "validate": 0}, said
    return folders, said


@pytest.fixture(scope="module")
def applied(seed, here):
    folders, _ = seed
    result = here("dcase", "apply", "--cpu", folders.validate, PROTOCOL)
    assert result.code == 0, result.err
    return folders.applied, result.out


def annotations(data, uris):
    """Reference events, read from the annotation of the data set itself."""
    events = {}
    for uri in uris:
        rows = csv.reader((data / "tut" / "meta" / "street" / f"{uri}.ann").open(), delimiter="\t")
        events[uri] = [
            {"onset": float(on), "offset": float(off), "event_label": label.replace(" ", "_")}
            for on, off, label in rows
        ]
    return events


def written_events(path, uris):
    """Estimated events, read from an event list, with labels as they are in RTTM."""
    events = {uri: [] for uri in uris}
    with path.open() as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            if row["event_label"]:
                event = {"onset": float(row["onset"]), "offset": float(row["offset"])}
                events[row["filename"]].append({**event, "event_label": safe_name(row["event_label"])})
    return events


def scored(reference, estimate, classes):
    """Evaluate by sed_eval itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sed_eval.sound_event import EventBasedMetrics, SegmentBasedMetrics

        both = {"t_collar": 0.5, "percentage_of_length": 0.5, "evaluate_onset": True}
        metrics = {
            "segment_based": SegmentBasedMetrics(classes, time_resolution=1.0),
            "event_based_onset": EventBasedMetrics(classes, evaluate_offset=False, **both),
            "event_based_onset_offset": EventBasedMetrics(classes, evaluate_offset=True, **both),
        }
        for metric in metrics.values():
            metric.empty_system_output_handling = "zero_score"
            for uri in reference:
                metric.evaluate(reference[uri], estimate[uri])
        return {name: metric.results() for name, metric in metrics.items()}


def leaves(nested, path=()):
    """Numbers of nested dicts by their path; what is undefined is None."""
    if isinstance(nested, dict):
        return {key: value for name in nested for key, value in leaves(nested[name], (*path, name)).items()}
    return {path: None if nested is None or np.isnan(nested) else pytest.approx(float(nested), abs=1e-9)}


def of_sed_eval(path):
    """Figures of a JSON file under names of sed_eval; all classes are annotated in these tests."""
    figures = json.loads(path.read_text())
    assert figures.pop("psds").keys() == {"scenario_1", "scenario_2"}
    for one in figures.values():
        assert one["class_wise_average"].pop("classes") == len(one["class_wise"])
        one["class_wise"] = {safe_name(label): measures for label, measures in one["class_wise"].items()}
    return figures


def scalars(folder):
    events = EventAccumulator(str(folder)).Reload()
    return {tag: [scalar.step for scalar in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_the_configuration_means_what_it_says(tmp_path):
    (tmp_path / "config.yml").write_text((SEED / "config.yml").read_text())
    recipe = Recipe(load_config(tmp_path / "config.yml"))
    specifications = recipe.task.specifications(recipe.extraction)
    model = recipe.model(specifications)
    group = recipe.optimizer([model]).param_groups[0]

    # a day of audio is 43200 chunks of 2 s
    assert recipe.task.batches_per_epoch == 43200 / 32
    assert specifications.classes == tuple(CLASSES)
    assert recipe.extraction.sample_rate == 44100 and recipe.extraction.dimension == 40
    assert type(model).__name__ == "Dcase"
    assert model.without_effect("frames") == ("sincnet", "rnn", "ff")
    assert (group["momentum"], group["nesterov"]) == (0.9, True)
    assert recipe.scheduler().learning_rate == 0.01


def test_training_says_what_it_does(seed):
    out, err = seed[1]["train"]
    assert re.findall(r"^Epoch (\d+)/10: loss", out, re.MULTILINE) == [str(epoch) for epoch in range(1, 11)]
    unused, repeated = re.findall(r"^Warning: (.*)", err, re.MULTILINE)
    assert "pyannote.audio.models.Dcase does not use the parameter sincnet." in unused
    assert "There are 2 more of this kind" in unused
    # the lists of these tests have the same recordings in all subsets
    assert "a001 belongs to test and" in repeated
    assert "Traceback" not in err


def test_all_epochs_are_validated_beside_the_training(seed):
    folders, said = seed
    out, err = said["validate"]
    assert sorted(map(int, re.findall(r"^Epoch (\d+): average", out, re.MULTILINE))) == list(range(1, 11))
    assert err == ""
    steps = scalars(folders.validate)
    name = f"validate/{PROTOCOL}.development"
    for tag in ("average_detection_fscore", *(f"{label}/fscore" for label in CLASSES)):
        assert sorted(steps[f"{name}/{tag}"]) == list(range(1, 11))


def test_files_of_train(seed):
    folders, _ = seed
    specs = yaml.safe_load((folders.train / "specs.yml").read_text())
    assert specs["task"] and specs["X"]["dimension"] == 40 and specs["y"]["classes"] == CLASSES
    assert [folders.weights(epoch).is_file() for epoch in range(1, 11)] == [True] * 10
    assert list(folders.train.glob("events.out.tfevents.*"))
    steps = scalars(folders.train)
    assert steps["train/loss"] == steps["train/lr"] == list(range(1, 11))


def test_files_of_validate(seed):
    folders, _ = seed
    params = yaml.safe_load((folders.validate / "params.yml").read_text())
    assert 1 <= params["epoch"] <= 10 and params["metric"] == "average_detection_fscore"
    assert 0 <= params["value"] <= 1
    names = {"onset", "offset", "min_duration_on", "min_duration_off", "pad_onset", "pad_offset"}
    for part in ("params", "class_wise"):
        assert list(params[part]) == CLASSES
        assert all(names <= values.keys() for values in params[part].values())
    assert list(folders.validate.glob("events.out.tfevents.*"))


def test_files_of_apply(applied, data):
    folder, _ = applied
    name = f"{PROTOCOL}.test"
    metadata = yaml.safe_load((folder / "metadata.yml").read_text())
    assert metadata.keys() >= {"start", "duration", "step", "dimension", "classes"}
    assert metadata["dimension"] == 6 and metadata["classes"] == CLASSES
    uris = (data / "database" / "lists" / "MyProtocol.test.lst").read_text().split()
    events = written_events(folder / f"{name}.events.tsv", uris)
    assert sum(map(len, events.values())) > 0
    for uri in uris:
        scores = np.load(folder / "TUT2017" / f"{uri}.npy")
        assert scores.shape == (np.ceil(10 / metadata["step"]), 6) and scores.dtype == np.float32
        assert scores.min() >= 0 and scores.max() <= 1
    whole = rttm_events(folder / f"{name}.rttm")
    parts = [rttm_events(folder / f"{name}.{label}.rttm") for label in CLASSES]
    assert whole == sorted(event for part in parts for event in part)
    assert whole == sorted(
        (uri, round(event["onset"], 3), event["event_label"]) for uri in uris for event in events[uri]
    )


def rttm_events(path):
    return sorted(
        (uri, round(segment.start, 3), label)
        for uri, annotation in read_rttm(path).items()
        for segment, _, label in annotation.itertracks(yield_label=True)
    )


def test_official_figures_are_those_of_sed_eval(applied, data):
    folder, out = applied
    name = f"{PROTOCOL}.test"
    uris = (data / "database" / "lists" / "MyProtocol.test.lst").read_text().split()
    expected = scored(annotations(data, uris), written_events(folder / f"{name}.events.tsv", uris), CLASSES)
    assert leaves(of_sed_eval(folder / f"{name}.evaluation.json")) == leaves(expected)
    table = (folder / f"{name}.eval").read_text()
    rate = expected["segment_based"]["overall"]["error_rate"]["error_rate"]
    f_measure = expected["segment_based"]["overall"]["f_measure"]["f_measure"]
    assert re.search(rf"overall +{rate:.2f} +{100 * f_measure:.1f} ", table)
    assert table in out


def test_python_gives_what_apply_has_written(applied, seed, files, data):
    folder, _ = applied
    file = files(PROTOCOL, "test")[0]
    path = data / "tut" / "audio" / "street" / f"{file['uri']}.wav"
    samples, rate = soundfile.read(path, always_2d=True, dtype="float32")
    written = np.load(folder / "TUT2017" / f"{file['uri']}.npy")
    pretrained = Pretrained(seed[0].validate)
    for given in (path, str(path), file, {"waveform": samples.T, "sample_rate": rate}):
        scores = pretrained(given)
        np.testing.assert_allclose(scores.data, written, atol=1e-6)
        assert scores.labels == CLASSES
    precomputed = Precomputed(folder)(file)
    np.testing.assert_array_equal(precomputed.data, written)
    assert precomputed.sliding_window.step == pytest.approx(scores.sliding_window.step)


def test_a_plain_audio_file_is_applied_too(applied, seed, here, data):
    folders, _ = seed
    result = here("dcase", "apply", folders.validate, data / "tut" / "audio" / "street" / "a001.wav")
    assert result.code == 0, result.err
    folder, _ = applied
    # a batch holds chunks of several files: rounding may depend on which
    (scores,) = (folder / "audio").iterdir()
    assert re.fullmatch(r"a001~[0-9a-f]{8}", scores.stem) and f"as {scores.stem}.*" in result.out
    np.testing.assert_allclose(np.load(scores), np.load(folder / "TUT2017" / "a001.npy"), rtol=0, atol=1e-6)
    events = written_events(folder / f"{scores.stem}.events.tsv", [scores.stem])
    name = f"{PROTOCOL}.test.events.tsv"
    assert events[scores.stem] == written_events(folder / name, ["a001", "a005"])["a001"]
    assert not (folder / f"{scores.stem}.eval").exists()


def test_class_wise_selection_takes_each_column_from_its_epoch(copied, here):
    path = copied.validate / "params.yml"
    params = yaml.safe_load(path.read_text())
    classes = list(params["class_wise"])
    chosen = dict(zip(classes, (1, 2, 3, 3, 2, 1), strict=True))
    scores = {}
    for epoch in (1, 2, 3):
        params["epoch"] = epoch
        for name in classes:
            params["params"][name]["epoch"] = epoch
            params["class_wise"][name]["epoch"] = chosen[name]
        path.write_text(yaml.safe_dump(params))
        protocol = copied.protocol
        result = here("dcase", "apply", "--selection=global", copied.validate, protocol)
        assert result.code == 0, result.err
        scores[epoch] = np.load(copied.validate / "apply" / f"{epoch:04d}" / "TUT2017" / "a001.npy")
    assert here("dcase", "apply", copied.validate, protocol).code == 0
    mixed = np.load(copied.validate / "apply" / "class-wise" / "TUT2017" / "a001.npy")
    for column, name in enumerate(classes):
        np.testing.assert_array_equal(mixed[:, column], scores[chosen[name]][:, column])
    assert not np.array_equal(scores[1], scores[3])


def test_folds_are_pooled_into_one_evaluation(copied, here, data, new_experiment, tmp_path):
    protocol = "TUT2017.SpeakerDiarization.Fold2"
    second = new_experiment(tmp_path / "fold2", copied.config.read_text(), protocol)
    assert here("dcase", "train", "--to=1", "--validate", second.root, protocol).code == 0
    for folders in (copied, second):
        assert here("dcase", "apply", folders.validate, folders.protocol).code == 0
    output = tmp_path / "pooled" / "evaluation.json"
    result = here("dcase", "evaluate", f"--output={output}", copied.applied, second.applied)
    assert result.code == 0, result.err

    reference, estimate = {}, {}
    for folders in (copied, second):
        name = folders.protocol.rpartition(".")[2]
        uris = (data / "database" / "lists" / f"{name}.test.lst").read_text().split()
        reference |= annotations(data, uris)
        estimate |= written_events(folders.applied / f"{folders.protocol}.test.events.tsv", uris)
    assert len(reference) == 4
    classes = list(Precomputed(copied.applied).classes)
    expected = scored(reference, estimate, classes)
    assert leaves(of_sed_eval(output)) == leaves(expected)
    rate = expected["segment_based"]["overall"]["error_rate"]["error_rate"]
    assert re.search(rf"overall +{rate:.2f} ", result.out)
    low, high = map(float, re.search(r"segment-based ER: ([\d.]+) to ([\d.]+)", result.out).groups())
    assert low - 1e-3 <= rate <= high + 1e-3


def test_other_options_of_validate(copied, here):
    run = here("dcase", "validate", "--precision=0.5", "--every=2", "--evergreen", "--unit=frames",
               "--batch=8", "--step=0.5", "--duration=1", copied.train, copied.protocol)  # fmt: skip
    assert run.code == 0, run.err
    (folder,) = copied.train.glob("validate_average_detection_recall*")
    params = yaml.safe_load((folder / f"{copied.protocol}.development" / "params.yml").read_text())
    assert params["epoch"] == 2
    run = here("dcase", "validate", "--criterion=error_rate", "--from=last", copied.train, copied.protocol)
    assert run.code == 0, run.err
    (folder,) = copied.train.glob("validate_average_detection_error_rate")
    params = yaml.safe_load((folder / f"{copied.protocol}.development" / "params.yml").read_text())
    assert params["epoch"] == 3


def test_multilabel_detection(experiment, here):
    text = experiment.config.read_text()
    labels = """union: {vehicle: [car, large_vehicle]}
         regular: [brakes_squeaking, children, people_speaking, people_walking]"""
    text = re.sub(r"regular: .*", labels, text).replace("name: Dcase", "name: MultilabelDetection", 1)
    experiment.config.write_text(text.replace("name: Dcase", "name: Crnn"))
    protocol = experiment.protocol
    for arguments in (
        ("train", "--to=2", experiment.root),
        ("validate", experiment.train),
        ("apply", experiment.validate),
    ):
        result = here("mlt", *arguments, protocol)
        assert result.code == 0, result.err
    assert "vehicle" in Precomputed(experiment.applied).classes
    assert (experiment.applied / f"{protocol}.test.vehicle.rttm").is_file()
    found = json.loads((experiment.applied / f"{protocol}.test.evaluation.json").read_text())
    classes = {safe_name(label) for label in found["segment_based"]["class_wise"]}
    assert classes == set(Precomputed(experiment.applied).classes)
