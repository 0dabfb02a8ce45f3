"""`train --with-development` learns from development files as well; `apply` takes its last epoch and 0.5."""

import json
import shutil

import numpy as np
import pytest
from commands import Folders, make_experiment

from pyannote.audio.applications.arguments import help_of
from pyannote.audio.applications.blocks.dcase import BLOCK
from pyannote.audio.database.checks.subsets import Subset, joined
from pyannote.audio.inference.pretrained import Pretrained


class Both(Folders):
    """An experiment whose training has seen development files."""

    @property
    def train(self):
        return self.root / "train" / f"{self.protocol}.train+development"


@pytest.fixture(scope="module")
def both(tmp_path_factory, here):
    folders = Both(*make_experiment(tmp_path_factory.mktemp("both") / "experiment"))
    result = here("dcase", "train", "--cpu", "--with-development", "--to=2", folders.root, folders.protocol)
    assert (result.code, result.err) == (0, ""), result.err
    return folders


def listed(data, subset):
    lists = data / "database" / "lists"
    return {f"TUT2017/{uri}" for uri in (lists / f"Fold1.{subset}.lst").read_text().split()}


def test_it_has_learned_from_both_subsets(both, data):
    trained = json.loads((both.train / "files.json").read_text())
    assert set(trained) == listed(data, "train") | listed(data, "development")
    assert "subset: train+development" in (both.train / "config.yml").read_text()
    assert sorted(path.name for path in (both.train / "weights").glob("*.json")) == ["0001.json", "0002.json"]


def test_apply_takes_the_last_epoch_and_one_threshold(both, here):
    result = here("dcase", "apply", "--cpu", both.train, both.protocol)
    assert (result.code, result.err) == (0, "")
    assert "Epoch 2, the last one, with the threshold 0.5: no validation has chosen any." in result.out
    run = json.loads((both.train / "apply" / "0002" / f"{both.protocol}.test.provenance.json").read_text())
    assert run["seen"] == [] and set(run["scores"]["epochs"].values()) == {2}
    for parameters in run["pipeline"].values():
        assert (parameters["onset"], parameters["offset"]) == (0.5, 0.5)
        assert all(value == 0 for name, value in parameters.items() if name not in ("onset", "offset"))
    assert here("dcase", "evaluate", both.train / "apply" / "0002").code == 0


def test_events_are_where_scores_reach_one_half(both, here):
    """Each frame of each event list agrees with the stored scores, compared frame by frame."""
    assert here("dcase", "apply", "--cpu", both.train, both.protocol).code == 0
    folder = both.train / "apply" / "0002"
    detector = Pretrained(both.train)
    active = {}
    for line in (folder / f"{both.protocol}.test.rttm").read_text().splitlines():
        _, uri, _, start, duration, _, _, label, *_ = line.split()
        step = detector.frame_step
        first = round(float(start) / step)
        # the last frame may end after the recording
        last = int(np.ceil((float(start) + float(duration)) / step - 0.01))
        active.setdefault((uri, label), set()).update(range(first, last))
    arrays = list((folder / "TUT2017").glob("*.npy"))
    assert len(arrays) == 2
    for path in arrays:
        scores = np.load(path)
        for column, label in enumerate(detector.classes):
            expected = set(np.flatnonzero(scores[:, column] >= 0.5).tolist())
            assert expected == {frame for frame in active.get((path.stem, label), ()) if frame < len(scores)}


@pytest.mark.parametrize("subset", ["train", "development"])
def test_figures_of_what_it_has_heard_are_refused(subset, both, here):
    result = here("dcase", "apply", "--cpu", f"--subset={subset}", both.train, both.protocol)
    assert result.code == 0 and "No figures are written" in result.err
    result = here("dcase", "validate", "--cpu", f"--subset={subset}", both.train, both.protocol)
    assert result.code == 2 and f"has learned from the {subset} files" in result.err
    assert not list(both.train.glob("validate*"))


@pytest.mark.parametrize("option", ["--validate", "--subset=test", "--subset=development"])
def test_contradictions_are_refused(option, experiment, here):
    result = here("dcase", "train", "--with-development", option, experiment.root, experiment.protocol)
    assert result.code == 2 and "Leave one of them out." in result.err
    assert not (experiment.root / "train").exists()


def test_a_training_without_epochs_is_not_applied(both, here, tmp_path):
    copy = shutil.copytree(both.train, tmp_path / "experiment" / "train" / both.train.name)
    shutil.rmtree(copy / "weights")
    result = here("dcase", "apply", "--cpu", copy, both.protocol)
    assert result.code == 8 and "There are no epochs to apply." in result.err


def test_a_training_of_embeddings_needs_a_validation(both, here):
    result = here("emb", "apply", "--cpu", both.train, both.protocol)
    assert result.code == 8 and "Run `validate` first" in result.err


def test_a_recording_of_both_subsets_counts_once():
    train = Subset("train", uris=[("a", 1), ("b", 2)])
    development = Subset("development", uris=[("b", 1), ("c", 2)])
    assert joined([train, development]).uris == [("a", 0), ("b", 0), ("c", 0)]
    assert joined([train]) is train


def test_docopt_reads_every_option_of_the_help():
    """A word as long as its column must not take the next word of the help for its value."""
    import docopt

    for name, command in BLOCK.commands.items():
        text = help_of(command.options, f"program {name}", "About.")
        for option in docopt.parse_options(text):
            assert option.name in text and (f"{option.name}=" in text) == (option.argcount == 1)
