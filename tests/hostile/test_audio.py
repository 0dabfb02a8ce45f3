"""Hostile audio is refused in a sentence that names the file, or gives finite scores of the right length."""

import glob
import json
import re
from fractions import Fraction

import numpy as np
import pytest
import yaml
from hostile_audio import REFUSED, UNCERTAIN, all_names

from pyannote.audio.features import Precomputed

NAMES = all_names()
SILENT = {"all_samples_are_0", "all_samples_are_5e-324"}
CLIPPED = {"clipped", "all_samples_are_0.5", "all_samples_are_1e-40", "samples_1", "samples_2"}
# random bytes as samples of 8 bits or less: a good part of them has the largest magnitude
PARTLY_CLIPPED = {"bits_in_the_header_1", "bits_in_the_header_7", "coded_as_6", "coded_as_7"}
FEW = {
    "nothing", "a_pipe", "half_a_sample", "more_promised_than_there_is", "one_sample_is_nan",
    "cut_in_the_middle_FLAC", "flac_that_promises_a_year", "channels_1024", "rate_768000",
}  # fmt: skip


def quick(names):
    """All of them, of which those that are not among `names` are slow."""
    return [name if name in names else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]


def frames(known):
    """Frames of 10 ms that a recording has at 16 kHz."""
    samples = int(Fraction(known.samples * 16000, known.rate) + Fraction(1, 2))
    return 1 + samples // 160


def applied(folders, path):
    """What `apply` has written for one file, checked to be finite, and the step of its frames in 10 ms."""
    scores = Precomputed(folders.applied)
    (uri,) = (one.stem for one in folders.applied.glob(f"audio/{glob.escape(path.stem)}~*.npy"))
    data = scores({"database": "audio", "uri": uri}).data
    assert np.isfinite(data).all()
    return data, round(scores.sliding_window.step / 0.01)


def test_detection(hostile, detector, run, refused, promise):
    made = {name: hostile(name) for name in NAMES}
    scored = []
    for name, (path, known) in made.items():
        result = run("dcase", "apply", "--cpu", detector.validate, path)
        if known is REFUSED or (known is UNCERTAIN and result.code):
            refused(result, path)
            continue
        assert result.code == 0, (name, result.err)
        assert all(line.startswith("Warning: ") for line in result.err.splitlines()), name
        clipped = name in CLIPPED | PARTLY_CLIPPED
        assert ("audio is clipped" in result.err) == clipped, (name, result.err)
        scores, resolution = applied(detector, path)
        assert 0 <= scores.min() <= scores.max() <= 1, name
        assert known is UNCERTAIN or scores.shape == (-(-frames(known) // resolution), 2), name
        scored.append(name)
    assert len(made) >= 100 and 50 <= len(scored) <= len(made) - 50
    promise(
        "Audio that is damaged or odd is refused in a sentence that names the file, or gives finite scores "
        "of the right length.",
        f"{len(made)} hostile files (no audio, cut, lying headers, NaN, 1 sample, 1024 channels, 1 MHz, "
        "a pipe, ...), `apply` to each.",
        f"{len(made) - len(scored)} refused, {len(scored)} scored",
    )


@pytest.mark.parametrize("name", quick(FEW | SILENT | CLIPPED))
def test_embedding(name, hostile, embedder, recordings, run, refused):
    path, known = hostile(name)
    result = run("emb", "apply", "--cpu", embedder.validate, path)
    compared = run("emb", "compare", "--cpu", embedder.validate, recordings.wav("ann1"), path)
    if known is REFUSED or (known is UNCERTAIN and result.code):
        refused(result, path)
        refused(compared, path)
        return
    assert result.code == 0
    assert all(line.startswith("Warning: ") for line in result.err.splitlines())
    embeddings, _ = applied(embedder, path)
    if known is not UNCERTAIN:
        # a window of 50 frames each 12.5, the last of which reaches the end
        beyond = max(0, frames(known) - 50)
        assert embeddings.shape == (1 + -(-beyond * 2 // 25), 4)
    if name in SILENT:
        refused(compared, path)
    else:
        assert compared.code == 0 and re.search(r"similarity -?\d\.\d{3}, threshold", compared.out)
        assert ("is clipped from end to end" in compared.err) == (name in CLIPPED)


@pytest.mark.parametrize("name", quick(FEW))
def test_training(name, hostile, detector, recordings, run, refused, alike, new_experiment, tmp_path):
    """A training without a file that cannot be read is, to the bit, the one that never had it."""
    path, known = hostile(name)
    database = recordings.database(tmp_path, [name])
    folders = new_experiment(tmp_path / "experiment", detector.config.read_text(), detector.protocol)
    train = "dcase", "train", "--cpu", "--to=1", folders.root, folders.protocol
    result = run(*train, "--skip=0", database=database)
    if known is REFUSED or (known is UNCERTAIN and result.code):
        refused(result, path, "1 of 5 files cannot be trained on", "--skip")
        result = run(*train, "--skip=0.2", database=database)
        assert "Training: 4 files (1 left out)" in result.out
        assert re.search(rf"Warning: 1 of 5 files is left out:\n  .*{re.escape(name)}", result.err)
        assert list(yaml.safe_load((folders.train / "left_out.yml").read_text())) == [f"Hostile/{name}"]
        assert alike(folders, detector)
    else:
        assert "Training: 5 files," in result.out and "left out" not in result.err
        assert not (folders.train / "left_out.yml").exists()
        assert not alike(folders, detector)
    assert result.code == 0


@pytest.mark.parametrize("block", ["dcase", "emb"])
def test_training_on_all_of_them(
    block, hostile, detector, embedder, recordings, run, promise, new_experiment, tmp_path, request, finite
):
    made = {name: hostile(name)[1] for name in NAMES}
    fine = {name for name, known in made.items() if known not in (REFUSED, UNCERTAIN)}
    if block == "emb":
        fine -= SILENT | CLIPPED
    trained = detector if block == "dcase" else embedder
    folders = new_experiment(tmp_path / "experiment", trained.config.read_text(), trained.protocol)
    database = recordings.database(tmp_path, made)
    train = block, "train", "--cpu", "--to=1", folders.root, folders.protocol
    result = run(*train, "--skip=0.9", database=database)
    assert result.code == 0, result.err
    named = yaml.safe_load((folders.train / "left_out.yml").read_text())
    left_out = {name.removeprefix("Hostile/") for name in named}
    uncertain = {name for name, known in made.items() if known is UNCERTAIN}
    assert left_out - uncertain == set(made) - fine - uncertain
    assert f"{len(made) + 4 - len(left_out)} files ({len(left_out)} left out)" in result.out
    assert finite(folders)
    promise(
        "A training goes on without files that cannot be read, and says which and why.",
        f"`{block} train` on {len(made)} hostile files and 4 good ones.",
        f"{len(left_out)} left out and named, {len(made) + 4 - len(left_out)} learned from",
    )


def test_checking(hostile, detector, recordings, here, tmp_path, promise):
    if "pyannote-audio check" not in here("--help").out:
        pytest.skip("there is no command that checks data")
    made = {name: hostile(name) for name in NAMES}
    database = recordings.database(tmp_path, made)
    result = here("check", "--cpu", "--json", detector.root, detector.protocol, database=database)
    errors = [one for one in json.loads(result.out)["findings"] if one["level"] == "error"]
    # a file that is not found has no place but the line of the list that names it
    said = {name for name in made for one in errors if f"{name}.wav" in f"{one['file']} {one['what']}"}
    uncertain = {name for name, (_, known) in made.items() if known is UNCERTAIN}
    refused = {name for name, (_, known) in made.items() if known is REFUSED}
    assert said - uncertain == refused and result.code == 4
    promise(
        "`check` finds each file that cannot be read.",
        f"{len(made)} hostile files in the list of a training.",
        f"{len(said)} found, {len(made) - len(said)} fine",
    )
