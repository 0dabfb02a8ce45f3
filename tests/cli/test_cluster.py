"""Commands whose files are read by a cluster: as without one, even if a worker is killed at work."""

import numpy as np
import pytest

PROTOCOL = "TUT2017.SpeakerDiarization.Fold1"


def written(folder):
    """Content of all files by their names, and scores as arrays."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): np.load(path) if path.suffix == ".npy" else path.read_bytes()
        for path in paths
    }


@pytest.mark.slow
def test_apply_on_a_cluster_whose_worker_is_killed(copied, here, tmp_path, dying_cluster):
    arguments = ("dcase", "apply", "--cpu", "--subset=train", "--seen=score", copied.validate, PROTOCOL)
    local = here(*arguments)
    assert local.code == 0
    expected = written(copied.applied)
    for path in copied.applied.rglob("*"):
        if path.is_file():
            path.unlink()
    # features are there: the first score that is written is not finished
    with dying_cluster(last=1) as scheduler:
        found = here(*arguments, f"--scheduler={scheduler}")
    assert found == local
    again = written(copied.applied)
    assert again.keys() == expected.keys()
    for name, content in expected.items():
        if isinstance(content, np.ndarray):
            np.testing.assert_allclose(again[name], content, atol=1e-6)
        else:
            assert again[name] == content, name


@pytest.mark.slow
def test_features_of_train_and_a_scheduler_that_is_not_there(experiment, here, tmp_path, dying_cluster):
    arguments = ("dcase", "train", "--cpu", "--to=1", experiment.root, PROTOCOL)
    with dying_cluster(last=3) as scheduler:
        assert here(*arguments, f"--scheduler={scheduler}", cache=tmp_path / "new").code == 0
    names = [path.name for path in (tmp_path / "new").rglob("*")]
    assert not [name for name in names if name.endswith(".part") or name.startswith(".work")]
    result = here(*arguments, "--from=last", "--scheduler=nonsense", cache=tmp_path / "other")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Error: No Dask scheduler answers at nonsense.")
    assert result.err.count("\n") == 1
