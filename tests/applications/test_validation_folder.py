"""Which validation `<root>/validate/<protocol>.<subset>` stands for, and which it does not."""

from pathlib import Path

import pytest

from pyannote.audio.applications.validation_folder import validation_folder
from pyannote.audio.core.errors import UsageError

VERIFICATION = "VoxCeleb.SpeakerVerification.VoxCeleb1"
DIARIZATION = "VoxCeleb.SpeakerDiarization.VoxCeleb1"
TRAIN = "VoxCeleb.SpeakerDiarization.VoxCeleb2.train"
NEW, OLD = "validate_equal_error_rate", "validate"
CLUSTERING = "validate_diarization_fscore"


@pytest.fixture
def root(tmp_path):
    return (tmp_path / "experiment").resolve()


def validated(root, protocol, folder=NEW, train=TRAIN):
    """Folder that a validation has left."""
    path = root / "train" / train / folder / protocol
    path.mkdir(parents=True)
    (path / "params.yml").write_text("epoch: 1\n")
    return path


def documented(root, protocol=f"{VERIFICATION}.test"):
    """Folder that the tutorial names."""
    return root / "validate" / protocol


def test_a_validation_is_meant_by_its_own_path(root, capsys, monkeypatch):
    path = validated(root, f"{VERIFICATION}.test")
    validated(root, f"{VERIFICATION}.development")
    assert validation_folder(path) == path
    monkeypatch.chdir(path.parent)
    assert validation_folder(Path(path.name)) == path
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("folder", [NEW, OLD, CLUSTERING])
def test_the_only_one_answers_and_is_printed(root, capsys, folder):
    path = validated(root, f"{VERIFICATION}.test", folder)
    assert validation_folder(documented(root)) == path
    assert capsys.readouterr().out == f"Using the validation {path}\n"


def test_a_folder_that_apply_has_made_stands_for_the_same(root):
    path = validated(root, f"{VERIFICATION}.test")
    (documented(root) / "apply" / "0001").mkdir(parents=True)
    assert validation_folder(documented(root)) == path


def test_other_subsets_and_protocols_do_not_answer(root):
    path = validated(root, f"{VERIFICATION}.test")
    validated(root, f"{VERIFICATION}.development")
    validated(root, "VoxCeleb.SpeakerVerification.VoxCeleb2.test")
    validated(root, "Other.SpeakerVerification.VoxCeleb1.test")
    assert validation_folder(documented(root)) == path


def test_the_same_protocol_of_another_task_answers(root, capsys):
    path = validated(root, f"{DIARIZATION}.test")
    assert validation_folder(documented(root)) == path
    assert str(path) in capsys.readouterr().out


def test_the_same_task_is_nearer_than_another(root):
    path = validated(root, f"{VERIFICATION}.test")
    validated(root, f"{DIARIZATION}.test", CLUSTERING)
    assert validation_folder(documented(root)) == path


def test_the_folder_of_the_old_command_is_nearer_than_that_of_the_new_one(root):
    validated(root, f"{VERIFICATION}.test", NEW)
    path = validated(root, f"{VERIFICATION}.test", OLD)
    assert validation_folder(documented(root)) == path


def test_the_same_task_is_nearer_than_the_old_command(root):
    path = validated(root, f"{VERIFICATION}.test", NEW)
    validated(root, f"{DIARIZATION}.test", OLD)
    assert validation_folder(documented(root)) == path


@pytest.mark.parametrize(
    "others",
    [
        [(f"{VERIFICATION}.test", NEW, "Other.SpeakerDiarization.Protocol.train")],
        [(f"{VERIFICATION}.test", CLUSTERING, TRAIN)],
    ],
    ids=["of another training", "by another measure"],
)
def test_of_several_none_is_taken(root, others):
    paths = [validated(root, f"{VERIFICATION}.test"), *(validated(root, *other) for other in others)]
    with pytest.raises(UsageError, match="names 2 validations") as caught:
        validation_folder(documented(root))
    assert all(str(path) in str(caught.value) for path in paths)
    assert caught.value.fix == "Name one of them."


def test_of_two_old_ones_none_is_taken(root):
    validated(root, f"{VERIFICATION}.test", OLD)
    validated(root, f"{VERIFICATION}.test", OLD, "Other.SpeakerDiarization.Protocol.train")
    with pytest.raises(UsageError, match="names 2 validations"):
        validation_folder(documented(root))


def test_those_that_are_there_are_listed_where_none_answers(root):
    path = validated(root, f"{VERIFICATION}.development")
    with pytest.raises(UsageError, match=f"names 0 validations; there are {path}") as caught:
        validation_folder(documented(root))
    assert caught.value.fix == "Name one of them."


@pytest.mark.parametrize("name", [f"{VERIFICATION}.test", "VoxCeleb", "x", ".."])
def test_without_any_validation(root, name):
    root.mkdir()
    with pytest.raises(UsageError, match=r"no folder of a validation: there is no params.yml") as caught:
        validation_folder(documented(root, name))
    assert "Run `validate` first" in caught.value.fix


@pytest.mark.parametrize("folder", ["validated", NEW, "train"])
def test_only_a_folder_called_validate_stands_for_another(root, folder):
    validated(root, f"{VERIFICATION}.test")
    with pytest.raises(UsageError, match="no folder of a validation"):
        validation_folder(root / folder / f"{VERIFICATION}.test")


def test_the_training_and_the_root_are_no_validations(root):
    path = validated(root, f"{VERIFICATION}.test")
    for other in (root, path.parent, path.parents[1], path / "apply", Path("/"), Path("/nowhere")):
        with pytest.raises(UsageError, match="no folder of a validation"):
            validation_folder(other)


def test_folders_without_params_do_not_count(root):
    path = validated(root, f"{VERIFICATION}.test")
    other = validated(root, f"{VERIFICATION}.test", OLD)
    (other / "params.yml").unlink()
    assert validation_folder(documented(root)) == path
