"""`apply A B C`: the mean of the scores of several trainings, and all that has to be the same for one."""

import json
import shutil

import numpy as np
import pytest
import yaml
from commands import CONFIG, PROTOCOL, changed, forget_configuration

from pyannote.audio.core.errors import CheckpointError, UsageError
from pyannote.audio.inference.detection_params import PARAMETERS
from pyannote.audio.inference.pretrained import Pretrained

OTHER_FOLD = PROTOCOL.replace("Fold1", "Fold2")


@pytest.fixture(scope="module")
def trained(here, new_experiment, tmp_path_factory):
    """Trains an experiment for an epoch, once for each set of arguments, and validates it."""
    found = {}

    def train(*changes, seed=0, protocol=PROTOCOL, validate=()):
        key = (changes, seed, protocol, validate)
        if key not in found:
            root = tmp_path_factory.mktemp("trained") / f"seed{seed}"
            folders = new_experiment(root, changed(CONFIG, *changes), protocol)
            assert here("dcase", "train", "--cpu", "--to=1", f"--seed={seed}", root, protocol).code == 0
            result = here("dcase", "validate", "--cpu", *validate, folders.train, protocol)
            assert result.code == 0, result.err
            found[key] = folders
        return found[key]

    return train


@pytest.fixture
def three(trained):
    """Three seeds, one of which is applied to longer chunks, and one of which has no long-term input."""
    alone = ("duration: 2.0", "duration: 2.0\n      logavgmel: False")
    experiments = [trained(), trained(seed=1, validate=("--duration=4",)), trained(alone, seed=2)]
    for folders in experiments:
        shutil.rmtree(folders.validate / "apply", ignore_errors=True)
    return experiments


def apply(here, experiments, *options, protocol=PROTOCOL):
    return here("dcase", "apply", "--cpu", *options, *(one.validate for one in experiments), protocol)


def scores(folder):
    return {path.name: np.load(path) for path in sorted(folder.rglob("*.npy"))}


def provenance(folders, subset="test"):
    return json.loads((folders.applied / f"{folders.protocol}.{subset}.provenance.json").read_text())


def parameters(folders, label):
    chosen = yaml.safe_load((folders.validate / "params.yml").read_text())["class_wise"][label]
    return [chosen[name] for name in PARAMETERS]


def test_scores_and_parameters_are_the_means_of_those_of_each_training(three, here, data):
    each = []
    for folders in three:
        assert apply(here, [folders]).code == 0
        each.append((scores(folders.applied), provenance(folders)))
        shutil.rmtree(folders.validate / "apply")
    result = apply(here, three)
    assert (result.code, result.err) == (0, "") and "mean of the scores of 3 trainings" in result.out
    assert not any((folders.validate / "apply").exists() for folders in three[1:])
    first, found = three[0], scores(three[0].applied)
    assert len(found) == 2
    for name, own in found.items():
        assert np.abs(own - np.mean([one[name] for one, _ in each], axis=0)).max() < 1e-6
        assert np.abs(own - each[0][0][name]).max() > 1e-3

    run = provenance(first)
    for label, chosen in run["pipeline"].items():
        expected = np.mean([parameters(folders, label) for folders in three], axis=0)
        assert [chosen[name] for name in PARAMETERS] == pytest.approx(expected)
    applied = [run["scores"], *run["scores"]["mean_with"]]
    for folders, own, (_, alone) in zip(three, applied, each, strict=True):
        assert own["validation"] == "/".join(folders.validate.parts[-5:])
        for key in ("model", "weights", "epochs", "frames"):
            assert own[key] == alone["scores"][key]
    assert run["seen"] == []

    assert here("dcase", "evaluate", first.applied).code == 0
    detector = Pretrained([folders.validate for folders in three])
    for name, own in found.items():
        (wav,) = (data / "tut" / "audio").rglob(f"{name.removesuffix('.npy')}.wav")
        assert np.abs(detector(wav).data - own).max() < 1e-5


def test_other_trainings_have_another_folder(three, here):
    for chosen in (three, three, three[:2], three[:1]):
        assert apply(here, chosen).code == 0
    names = sorted(path.name for path in (three[0].validate / "apply").iterdir())
    assert names[0] == "0001" and [name[:10] for name in names[1:]] == ["mean-of-2-", "mean-of-3-"]


def test_folds_of_which_one_is_a_mean_are_pooled_with_a_warning(trained, here):
    one, two, fold = trained(), trained(seed=1, validate=("--duration=4",)), trained(protocol=OTHER_FOLD)
    for folders in (one, fold):
        shutil.rmtree(folders.validate / "apply", ignore_errors=True)
    assert apply(here, [one, two]).code == apply(here, [fold], protocol=OTHER_FOLD).code == 0
    result = here("dcase", "evaluate", one.applied, fold.applied)
    assert result.code == 0 and "folders hold means of the scores of 1 and of 2 trainings." in result.err


def test_one_training_is_itself(trained, data):
    wav = sorted((data / "tut" / "audio").rglob("*.wav"))[0]
    alone, listed = Pretrained(trained().validate), Pretrained([trained().validate])
    assert np.array_equal(alone(wav).data, listed(wav).data) and alone.parameters == listed.parameters


def test_files_that_any_training_has_seen_are_seen(trained, here):
    """The test files of a fold are training files of another one."""
    experiments = [trained(), trained(protocol=OTHER_FOLD)]
    lists = [json.loads((one.train / "files.json").read_text()) for one in experiments]
    shutil.rmtree(experiments[0].validate / "apply", ignore_errors=True)
    result = apply(here, experiments)
    run = provenance(experiments[0])
    assert result.code == 0 and run["seen"] and set(run["seen"]) <= set(lists[1]) - set(lists[0])
    assert "No figures are written" in result.err
    assert not list(experiments[0].applied.glob("*.evaluation.json"))
    assert here("dcase", "evaluate", experiments[0].applied).code == 2
    assert apply(here, experiments, "--seen=score").code == 0
    assert here("dcase", "evaluate", experiments[0].applied).code == 4


def test_a_training_that_does_not_tell_what_it_has_seen_leaves_that_open(trained, here, tmp_path):
    shutil.copytree(trained().root, tmp_path / "earlier")
    earlier = trained()._replace(root=tmp_path / "earlier")
    forget_configuration(earlier.train)
    assert here("dcase", "validate", "--cpu", earlier.train, PROTOCOL).code == 0
    experiments = [trained(seed=1, validate=("--duration=4",)), earlier]
    shutil.rmtree(experiments[0].validate / "apply", ignore_errors=True)
    assert apply(here, experiments).code == 0 and provenance(experiments[0])["seen"] is None


REFUSED = {
    "its classes are": (("[brakes_squeaking, car,", "[car, brakes_squeaking,"),),
    "its features are": (("n_mels: 40", "n_mels: 32"),),
    "its output frames are": (("   name: Dcase\nscheduler", "   name: Crnn\nscheduler"),),
    "its labels of classes are": (
        (
            "regular: [brakes_squeaking, car, children, large_vehicle, people_speaking, people_walking]",
            "regular: [brakes_squeaking]\n         union: {car: [car, large_vehicle], children: [children], "
            "large_vehicle: [large_vehicle], people_speaking: [people_speaking], "
            "people_walking: [people_walking]}",
        ),
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_scores_without_a_mean_are_refused(sentence, trained, here):
    first, other = trained(), trained(*REFUSED[sentence])
    shutil.rmtree(first.validate / "apply", ignore_errors=True)
    result = apply(here, [first, other])
    assert result.code == 8 and result.err.count("\n") == 1
    assert result.err.startswith(f"Error: {other.validate}: Its scores have no mean with those of ")
    assert f"{first.validate}: {sentence} " in result.err
    assert not (first.validate / "apply").exists()
    with pytest.raises(CheckpointError, match="no mean"):
        Pretrained([other.validate, first.validate])


def test_a_validation_counts_once(trained, here, tmp_path):
    folders = trained()
    (tmp_path / "link").symlink_to(folders.root)
    again = folders._replace(root=tmp_path / "link")
    for second in (folders, again):
        result = apply(here, [folders, second])
        assert result.code == 2 and "is named twice. Name each validation once." in result.err
    with pytest.raises(UsageError, match="No validation is named"):
        Pretrained([])


@pytest.mark.parametrize("arguments", [["dcase", "apply", "v"], ["emb", "apply", "v", "w", "p"]])
def test_what_does_not_fit_is_refused(arguments, here):
    result = here(*arguments)
    assert result.code == 2 and "This does not fit" in result.err


def test_a_damaged_training_among_them_is_named(trained, here, tmp_path):
    shutil.copytree(trained().root, tmp_path / "copy")
    copy = trained()._replace(root=tmp_path / "copy")
    copy.weights(1).write_bytes(copy.weights(1).read_bytes()[:-9])
    result = apply(here, [trained(seed=1, validate=("--duration=4",)), copy])
    assert result.code == 8 and str(copy.weights(1)) in result.err
