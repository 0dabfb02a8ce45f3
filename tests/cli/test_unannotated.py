"""Figures with recordings that have no annotated region: never, or without these recordings."""

import json

import pytest
import yaml
from commands import make_experiment
from outcomes import DATA
from recordings import Street

from pyannote.audio.io.apply_folders import ApplyFolder

CLASSES = ("brakes_squeaking", "car", "children", "large_vehicle", "people_speaking", "people_walking")
SKIP = "--unannotated=skip"


class Scene:
    """A copy of the recordings, and commands on it."""

    def __init__(self, data, root, here):
        self.recordings, self._here = Street(data, data / "cache").copy(root), here

    def run(self, *arguments):
        return self._here("dcase", *arguments, database=self.recordings.database, cache=self.recordings.cache)

    def remove(self, path, *uris):
        """Remove the lines of recordings."""
        kept = [line for line in path.read_text().splitlines() if not {*line.split()} & {*uris}]
        path.write_text("".join(f"{line}\n" for line in kept))

    def annotate_all(self, *uris):
        """Annotate all classes from start to end of recordings of 10 s."""
        self.remove(self.recordings.rttm, *uris)
        with self.recordings.rttm.open("a") as stream:
            for uri in uris:
                for label in CLASSES:
                    stream.write(f"SPEAKER {uri} 1 0.000 10.000 <NA> <NA> {label} <NA> <NA>\n")


@pytest.fixture
def scene(data, tmp_path, here):
    return Scene(data, tmp_path / "data", here)


def detect_all(folders):
    """Set the thresholds so that all classes are detected from start to end of each region."""
    path = folders.validate / "params.yml"
    content = yaml.safe_load(path.read_text())
    for own in content["class_wise"].values():
        own.update(onset=0.0, offset=0.0)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def figures(folders, subset="test"):
    path = folders.applied / f"{folders.protocol}.{subset}.evaluation.json"
    return json.loads(path.read_text())["segment_based"]["overall"]


def test_detections_are_not_dropped_while_the_reference_stays(scene, copied):
    """Of two recordings of 10 segments and 6 classes, all are detected: F1 is 100 %.

    Where only the detections of one are dropped, precision is 60/60 and recall 60/120, so that F1 is 66.7 %.
    """
    uris = scene.recordings.listed("test")
    scene.annotate_all(*uris)
    detect_all(copied)
    apply = ("apply", "--cpu", copied.validate, copied.protocol)
    assert scene.run(*apply).code == 0
    assert figures(copied)["f_measure"]["f_measure"] == 1.0
    before = {path: path.read_bytes() for path in copied.applied.iterdir() if path.is_file()}

    scene.remove(scene.recordings.uem, uris[0])
    result = scene.run(*apply)
    assert result.code == DATA and f"'{uris[0]}' has no line in" in result.err
    assert {path: path.read_bytes() for path in copied.applied.iterdir() if path.is_file()} == before

    result = scene.run(*apply, SKIP)
    assert result.code == 0 and f"1 file, 'TUT2017/{uris[0]}'." in result.err
    assert result.out.startswith("1 file, 6 events.")
    assert figures(copied)["f_measure"] == {"f_measure": 1.0, "precision": 1.0, "recall": 1.0}
    name = f"{copied.protocol}.test"
    for path in copied.applied.glob(f"{name}*"):
        # the provenance alone names it
        assert (uris[0] in path.read_text()) == path.name.endswith("provenance.json"), path
    run = ApplyFolder(copied.applied).run(name)
    assert (run.left_out, list(run.files)) == ([f"TUT2017/{uris[0]}"], [f"TUT2017/{uris[1]}"])
    pooled = scene.run("evaluate", copied.applied).out
    told = f"1 file ('{uris[1]}'), and 1 left out (--unannotated=skip: 'TUT2017/{uris[0]}')"
    assert told in pooled and "1 folder, 1 file" in pooled


def test_a_validation_without_a_recording_is_that_of_a_list_without_it(scene, copied):
    uri, *_ = scene.recordings.listed("development")
    validate = ("validate", "--cpu", copied.train, copied.protocol)
    params = copied.validate / "params.yml"
    whole = params.read_text()
    scene.remove(scene.recordings.uem, uri)
    assert scene.run(*validate).code == DATA and params.read_text() == whole
    assert scene.run(*validate, SKIP).code == 0
    skipped = params.read_text()
    assert skipped != whole
    scene.remove(scene.recordings.list("development"), uri)
    params.unlink()
    assert scene.run(*validate).code == 0
    assert params.read_text() == skipped


def test_a_training_without_a_recording_is_that_of_a_list_without_it(scene, tmp_path):
    uri, *_ = scene.recordings.listed("train")
    scene.remove(scene.recordings.uem, uri)
    folders = [make_experiment(tmp_path / name) for name in ("refused", "skipped", "unlisted")]

    def train(one, *options):
        return scene.run("train", "--cpu", "--to=1", *options, one.root, one.protocol)

    assert train(folders[0]).code == DATA and not (folders[0].root / "train").exists()
    result = train(folders[1], SKIP)
    assert result.code == 0 and "Training: 3 files (1 left out)" in result.out
    left_out = yaml.safe_load((folders[1].train / "left_out.yml").read_text())
    assert list(left_out) == [f"TUT2017/{uri}"] and "has no line in" in left_out[f"TUT2017/{uri}"]
    scene.remove(scene.recordings.list("train"), uri)
    assert train(folders[2]).code == 0
    one, other = (folder.weights(1).read_bytes() for folder in folders[1:])
    assert one == other
    # where the recording gets a region, a training that goes on without a word would see another file
    scene.recordings.uem.write_text(scene.recordings.uem.read_text() + f"{uri} 1 0 10\n")
    with scene.recordings.list("train").open("a") as stream:
        stream.write(f"{uri}\n")
    result = scene.run("train", "--cpu", "--from=1", "--to=2", SKIP, folders[1].root, folders[1].protocol)
    assert result.code == DATA and f"TUT2017/{uri} is new" in result.err


def test_a_back_end_learns_from_the_files_that_the_training_has_learned_from(tested_block, tmp_path):
    """A validation needs no option for recordings that the training has left out."""
    block = tested_block("emb")
    copy, folders = block.recordings.copy(tmp_path / "data"), block.new(tmp_path / "experiment")
    folders.config.write_text(folders.config.read_text() + "backend:\n   name: WCCN\n")
    kept = [line for line in copy.uem.read_text().splitlines() if line.split()[0] != copy.uri]
    copy.uem.write_text("".join(f"{line}\n" for line in kept))
    assert block.train(folders, "--to=1", recordings=copy).code == DATA
    assert block.train(folders, "--to=1", SKIP, recordings=copy).code == 0
    result = block.validate(folders, recordings=copy)
    assert (result.code, result.err) == (0, "")


def test_nothing_is_left_where_no_recording_has_a_region(scene, copied):
    scene.remove(scene.recordings.uem, *scene.recordings.listed("test"))
    result = scene.run("apply", "--cpu", SKIP, copied.validate, copied.protocol)
    assert result.code == DATA and result.err.count("Error: ") == 1
