"""Training files that cannot be read are left out, up to a share; what else is wrong is refused."""

import re
import shutil

import numpy as np
import pytest
import soundfile
import yaml
from hostile_audio import RATE

from pyannote.audio.applications import speaker_embedding
from pyannote.audio.applications.left_out import LeftOut
from pyannote.audio.core.errors import AudioError, DataError
from pyannote.audio.core.ranks import Rank
from pyannote.audio.database.protocols import Unusable
from pyannote.audio.features import Precomputed
from pyannote.audio.io.experiment_folders import TrainFolder
from pyannote.audio.train.single_process import SingleProcess

HEADER, MIDDLE = "a_cut_header", "one_sample_is_nan"
WCCN = "backend:\n   name: WCCN\n"
SLOWER = """\
data_augmentation:
   name: SpeedPerturbation
   params: {speeds: [0.9], new_labels: false}
"""


@pytest.fixture
def experiment(detector, new_experiment, tmp_path):
    return new_experiment(tmp_path / "experiment", detector.config.read_text(), detector.protocol)


@pytest.fixture
def embedding(embedder, new_experiment, tmp_path):
    """An experiment whose back-end learns from training files."""
    text = embedder.config.read_text() + WCCN
    return new_experiment(tmp_path / "embedding", text, embedder.protocol, embedder.metric)


@pytest.fixture
def copies(recordings, tmp_path):
    """Copies of the good recordings, to be damaged."""
    copied = recordings._replace(root=tmp_path / "copies")
    copied.wav("any").parent.mkdir(parents=True)
    shutil.copy(recordings.root / "turns.rttm", copied.root)
    for uri in recordings.uris:
        shutil.copy(recordings.wav(uri), copied.wav(uri))
    return copied


@pytest.fixture
def train(run):
    def start(folders, database, *options, block="dcase", last=1, **where):
        options = "--cpu", f"--to={last}", *options
        return run(block, "train", *options, folders.root, folders.protocol, database=database, **where)

    return start


def left_out(folders):
    """Names in left_out.yml."""
    path = folders.train / "left_out.yml"
    return (
        [name.removeprefix("Hostile/") for name in yaml.safe_load(path.read_text())] if path.exists() else []
    )


def damage(path, place=1.2):
    """Make a sample NaN, at so many seconds."""
    samples, rate = soundfile.read(path)
    samples[round(place * rate)] = np.nan
    soundfile.write(path, samples, rate, subtype="FLOAT")


@pytest.mark.parametrize(
    ("bad", "share", "allowed"),
    [
        ([HEADER], "0", False),
        ([HEADER], "0.19", False),
        ([HEADER], "0.2", True),
        ([MIDDLE], "0", False),
        ([MIDDLE], "0.19", False),
        ([MIDDLE], "0.2", True),
        # two of six files, of which one shows at its header, and the other when features are computed
        ([HEADER, MIDDLE], "0.33", False),
        ([HEADER, MIDDLE], "0.3334", True),
        ([HEADER, MIDDLE], "1", True),
    ],
)
def test_the_share_decides(
    bad, share, allowed, hostile, recordings, experiment, detector, train, refused, alike, tmp_path
):
    paths = [hostile(name)[0] for name in bad]
    result = train(experiment, recordings.database(tmp_path, bad), f"--skip={share}")
    if allowed:
        assert result.code == 0 and f"Training: 4 files ({len(bad)} left out), " in result.out
        said = re.findall(r"Warning: (\d) of (\d) files (?:is|are) left out:\n  (\S*): ", result.err)
        assert said == [("1", str(4 + len(bad)), str(path)) for path in paths]
        assert left_out(experiment) == bad
        assert alike(experiment, detector)
    else:
        told = [
            f"{len(bad)} of {4 + len(bad)} files cannot be trained on",
            f"share of {share} that --skip",
            paths[0],
        ]
        refused(result, *told, "allow more with --skip")
        assert not list(experiment.root.rglob("*.pt")) and not (experiment.train / "specs.yml").exists()


def test_one_file_in_ten_is_the_default(hostile, copies, experiment, train, refused, tmp_path):
    for index in range(5):
        shutil.copy(copies.wav("ann1"), copies.wav(f"more{index}"))
    more = [f"more{index}" for index in range(5)]
    shutil.copy(hostile(HEADER)[0], copies.wav("bad1"))
    shutil.copy(hostile(HEADER)[0], copies.wav("bad2"))
    result = train(experiment, copies.database(tmp_path, [*more, "bad1"]))
    assert result.code == 0 and "Training: 9 files (1 left out)" in result.out
    result = train(experiment, copies.database(tmp_path, [*more, "bad1", "bad2"]), "--from=last")
    refused(result, "2 of 11 files cannot be trained on, more than the share of 0.1", copies.wav("bad1"))


def test_a_warning_names_five(hostile, copies, experiment, train, tmp_path):
    names = [f"bad{index}" for index in range(7)]
    for name in names:
        shutil.copy(hostile(HEADER)[0], copies.wav(name))
    result = train(experiment, copies.database(tmp_path, names), "--skip=1")
    lines = result.err.splitlines()
    assert lines[0] == "Warning: 7 of 11 files are left out:" and lines[6] == "  and 2 more."
    assert [line.split(":")[0].strip() for line in lines[1:6]] == [
        str(copies.wav(name)) for name in names[:5]
    ]
    assert left_out(experiment) == names


@pytest.mark.parametrize("place", ["header", "middle"])
def test_nothing_is_left(place, copies, experiment, train, refused, tmp_path):
    for uri in ("ann1", "ann2", "bob1", "bob2"):
        if place == "header":
            copies.wav(uri).write_bytes(b"")
        else:
            damage(copies.wav(uri))
    result = train(experiment, copies.database(tmp_path), "--skip=1")
    refused(result, "4 of 4 files cannot be trained on, so that none is left", copies.wav("ann1"))
    assert left_out(experiment) == []


def test_what_was_computed_stays(copies, experiment, train, refused, tmp_path):
    """The file that cannot be read is the first one of four, and the others are in the store nevertheless."""
    damage(copies.wav("ann1"))
    cache = tmp_path / "cache"
    refused(train(experiment, copies.database(tmp_path), cache=cache), copies.wav("ann1"), "1 of 4 files")
    assert len([path for path in cache.rglob("*.npy") if np.load(path).shape == (301, 40)]) == 3


def test_wrong_annotation_is_left_out_as_wrong_audio_is(
    hostile, copies, experiment, train, refused, tmp_path
):
    database = copies.database(tmp_path, [HEADER])
    shutil.copy(hostile(HEADER)[0], copies.wav(HEADER))
    rttm = copies.root / "turns.rttm"
    text = rttm.read_text()
    rttm.write_text(text.replace(" 2.0 ", " 20.0 ", 1))
    refused(train(experiment, database, "--skip=0.39"), "2 of 5 files cannot be trained on")
    result = train(experiment, database, "--skip=0.4")
    assert result.code == 0
    assert f"{rttm}, line 1: ann1 is annotated until 20.500 s, but its audio ends at 3.000 s" in result.err
    assert sorted(left_out(experiment)) == sorted(["ann1", HEADER])


def test_a_resumed_training_is_the_one_that_went_on(
    hostile, recordings, experiment, new_experiment, train, alike, promise, tmp_path
):
    bad = [HEADER, MIDDLE]
    for name in bad:
        hostile(name)
    database = recordings.database(tmp_path, bad)
    whole = new_experiment(tmp_path / "whole", experiment.config.read_text(), experiment.protocol)
    assert train(whole, database, "--skip=1", last=3).code == 0
    for last in (1, 2, 3):
        result = train(experiment, database, "--skip=1", "--from=last", last=last)
        assert result.code == 0 and "have changed" not in result.err
    same = [epoch for epoch in (1, 2, 3) if alike(experiment, whole, epoch)]
    assert same == [1, 2, 3]
    promise(
        "A training that leaves out files is the one that never had them, and goes on as itself.",
        "Train 3 epochs at once, and in 3 commands, beside a file with a cut header and one with a NaN.",
        f"{len(same)} of 3 epochs equal to the bit",
    )


def test_a_resumed_training_with_other_files_says_so(hostile, copies, experiment, train, tmp_path):
    shutil.copy(hostile(HEADER)[0], copies.wav("new"))
    database = copies.database(tmp_path, ["new"])
    assert train(experiment, database, "--skip=0.5").code == 0
    shutil.copy(copies.wav("ann1"), copies.wav("new"))
    damage(copies.wav("bob2"))
    result = train(experiment, database, "--skip=0.5", "--from=last", last=2)
    assert result.code == 4 and "Hostile/bob2 is missing" in result.err and "Hostile/new is new" in result.err
    result = train(experiment, database, "--skip=0.5", "--from=last", "--accept-changes", last=2)
    assert result.code == 0 and "Resuming after epoch 1: 4 files (1 left out)" in result.out
    assert (
        "Warning: the files that are left out have changed: Hostile/bob2 is left out from now on, "
        "Hostile/new is trained on from now on.\n"
    ) in result.err
    assert left_out(experiment) == ["bob2"]
    result = train(experiment, database, "--skip=0.5", "--from=last", last=3)
    assert result.code == 0 and "have changed" not in result.err


def test_speakers_without_a_file_are_no_classes(copies, embedder, new_experiment, train, alike, tmp_path):
    """What lies in the middle of files shows when speakers and the network are there already."""
    lines = (copies.root / "turns.rttm").read_text()
    for name in ("eve1", "eve2"):
        shutil.copy(copies.wav("bob1"), copies.wav(name))
        damage(copies.wav(name), place=0.2)
        lines += f"SPEAKER {name} 1 0.5 2.0 <NA> <NA> eve <NA> <NA>\n"
    (copies.root / "turns.rttm").write_text(lines)
    folders = new_experiment(tmp_path / "experiment", embedder.config.read_text(), embedder.protocol)
    result = train(folders, copies.database(tmp_path, ["eve1", "eve2"]), "--skip=0.5", block="emb")
    assert result.code == 0 and "Training: 4 files (2 left out)" in result.out
    assert yaml.safe_load((folders.train / "specs.yml").read_text())["y"]["classes"] == ["ann", "bob"]
    # the network was made anew, as if nobody had heard of her
    assert alike(folders, embedder)


def test_a_back_end_learns_from_the_same_files(hostile, copies, embedding, run, train, refused, tmp_path):
    bad = [HEADER, MIDDLE]
    for name in bad:
        shutil.copy(hostile(name)[0], copies.wav(name))
    soundfile.write(copies.wav("silent"), np.zeros(RATE), RATE)
    database = copies.database(tmp_path, [*bad, "silent"])
    assert train(embedding, database, "--skip=0.5", block="emb").code == 0
    assert set(left_out(embedding)) == {*bad, "silent"}
    validate = "emb", "validate", "--cpu", embedding.train, embedding.protocol
    result = run(*validate, database=database)
    assert (result.code, result.err) == (0, "")
    shutil.rmtree(embedding.validate.parent)
    copies.wav("bob2").write_bytes(b"")
    refused(run(*validate, database=database), copies.wav("bob2"), "empty")


def test_applying_refuses_before_anything_is_computed(hostile, recordings, detector, run, refused, tmp_path):
    folder = tmp_path / "experiment"
    shutil.copytree(detector.root, folder)
    folders = detector._replace(root=folder)
    apply = "dcase", "apply", "--cpu", folders.validate, folders.protocol
    assert run(*apply, database=recordings.database(tmp_path)).code == 0
    before = {path: path.read_bytes() for path in folders.applied.rglob("*") if path.is_file()}
    for name in (HEADER, MIDDLE):
        path, _ = hostile(name)
        refused(run(*apply, database=recordings.database(tmp_path, test=["ann1", name, "bob1"])), path)
        assert {path: path.read_bytes() for path in folders.applied.rglob("*") if path.is_file()} == before
    refused(
        run(*apply, database=recordings.database(tmp_path, test=["ann1", HEADER, "text"])),
        "1 other file cannot be read",
    )


def test_validating_refuses(hostile, copies, detector, run, refused, tmp_path):
    copies.wav("bob4").write_bytes(b"")
    validate = "dcase", "validate", "--cpu", detector.train, detector.protocol
    refused(run(*validate, database=copies.database(tmp_path)), copies.wav("bob4"))


def test_features_that_somebody_else_has_computed(recordings, experiment, detector, train, refused, tmp_path):
    from pyannote.core import SlidingWindow

    computed = Precomputed.create(tmp_path / "features", SlidingWindow(duration=0.01, step=0.01), 4)
    for uri in ("ann1", "ann2", "bob1", "bob2"):
        computed.dump({"database": "Hostile", "uri": uri}, np.random.default_rng(0).normal(size=(300, 4)))
    text = experiment.config.read_text()
    described = f"   name: Precomputed\n   params: {{root_dir: {tmp_path / 'features'}}}"
    experiment.config.write_text(re.sub(r"   name: LibrosaMel.*\n.*40}", described, text))
    path = tmp_path / "features" / "Hostile" / "bob2.npy"
    path.write_bytes(path.read_bytes()[:100])
    database = recordings.database(tmp_path)
    refused(train(experiment, database), path, "1 of 4 files")
    path.unlink()
    result = train(experiment, database, "--skip=0.25")
    assert result.code == 0 and "Training: 3 files (1 left out)" in result.out and str(path) in result.err


def test_other_speeds_of_what_is_left_out(hostile, recordings, experiment, train, tmp_path):
    text = experiment.config.read_text() + SLOWER
    experiment.config.write_text(text)
    hostile(MIDDLE)
    result = train(experiment, recordings.database(tmp_path, [MIDDLE]), "--skip=0.2")
    assert result.code == 0 and "Training: 8 files (1 left out)" in result.out


@pytest.mark.parametrize("value", ["2", "-0.1", "nan", "some"])
def test_a_share_that_is_none(value, experiment, train, recordings, tmp_path):
    result = train(experiment, recordings.database(tmp_path), f"--skip={value}")
    assert result.code == 2 and f"--skip must be a number from 0 to 1, not '{value}'." in result.err


def test_every_train_has_the_option(here):
    for block in ("dcase", "mlt", "emb"):
        assert "--skip=SHARE" in here(block, "train", "--help").out
    assert "--skip=SHARE" in here("train", "--help", program=speaker_embedding).out


class Second(SingleProcess):
    """The second of two processes; the first one leaves out the file `a`."""

    rank = Rank(1, 2)

    def from_main(self, work):
        return ["a"]


def test_processes_that_leave_out_other_files(tmp_path):
    reason = AudioError("It is empty.")
    same = LeftOut(1.0, Second())
    assert same.without([{}], [Unusable("a", reason)]) == [{}]
    same.remember(TrainFolder(tmp_path))
    assert list(tmp_path.iterdir()) == []
    for others in ([], [Unusable("b", reason)], [Unusable("a", reason), Unusable("b", reason)]):
        with pytest.raises(DataError, match="Process 1 would leave out other files than process 0, such as"):
            LeftOut(1.0, Second()).without([{}], others)
