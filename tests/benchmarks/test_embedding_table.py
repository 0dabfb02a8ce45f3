"""The table of embeddings: what it trains, leaves out and keeps, and its figures against scikit-learn."""

import re

import numpy as np
import pytest
from commands import EMBEDDING_CONFIG, VOXCELEB, known_database
from sklearn.metrics import roc_curve

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.embedding.backends import PLDA, Direct

CONFIG = EMBEDDING_CONFIG.replace("ConstantScheduler", "CyclicScheduler")
CONFIG = CONFIG.replace("learning_rate: 0.01", "learning_rate: 0.01\n      epochs_per_cycle: 2")


@pytest.fixture(scope="module")
def modules(imported):
    """Modules of the table."""
    return {
        "configs": imported("detection_configs"),
        "figures": imported("embedding_figures"),
        "parts": imported("embedding_parts"),
        "runs": imported("embedding_runs"),
        "table": imported("embedding_table"),
    }


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return tmp_path_factory.mktemp("embeddings")


@pytest.fixture(scope="module")
def run_of(modules, output):
    """A run of a row with some words after the path of its configuration."""
    config = output / "config.yml"
    config.write_text(CONFIG)

    def make(words="", fold=None, name="row"):
        row = modules["configs"].Row.of(f"{name}={config} {words}")
        return modules["runs"].Run(row, VOXCELEB, seed=0, fold=fold, folds=2, output=output)

    return make


@pytest.fixture(scope="module")
def finish(modules, corpora):
    """Train and embed a run, and return the folder of its training."""

    def do(run):
        with known_database(corpora.config, corpora.cache):
            return modules["runs"].finish(run)

    return do


@pytest.fixture(scope="module")
def trained(run_of, finish):
    """Trainings without either fold, and one with all training speakers."""
    return {fold: finish(run_of(fold=fold)) for fold in (0, 1, None)}


@pytest.fixture(scope="module")
def part_of(modules, trained):
    def make(fold, domain=""):
        return modules["parts"].Part(modules["runs"].embeddings_of(trained[fold]), domain)

    return make


def speakers_in(uris):
    return {uri.split("/")[0] for uri in uris}


def test_speakers_of_a_fold_are_compared_and_not_trained_on(part_of, trained):
    compared = {fold: speakers_in(part_of(fold).content["uris"]) for fold in (0, 1)}
    assert len(compared[0]) == len(compared[1]) == 10 and not compared[0] & compared[1]
    for fold in (0, 1):
        specs = (trained[fold] / "train" / f"{VOXCELEB}.train" / "specs.yml").read_text()
        known = set(re.findall(r"id\d{5}", specs))
        assert known == compared[1 - fold]
        content = part_of(fold).content
        assert content["speakers"].max() + 1 == 10
        assert len(content["turns"]) == len(content["parts"]) == len(content["speakers"]) == 30
    everybody = (trained[None] / "train" / f"{VOXCELEB}.train" / "specs.yml").read_text()
    assert len(set(re.findall(r"id\d{5}", everybody))) == 20
    assert not speakers_in(part_of(None).content["uris"]) & (compared[0] | compared[1])


def test_all_pairs_of_a_fold_are_compared(part_of):
    content = part_of(0).content
    names = [uri.split("/")[0] for uri in content["uris"]]
    found = {
        tuple(sorted(pair))
        for pair in zip(content["first"].tolist(), content["second"].tolist(), strict=True)
    }
    assert found == {(i, j) for i in range(30) for j in range(i + 1, 30)}
    same = [names[i] == names[j] for i, j in zip(content["first"], content["second"], strict=True)]
    assert np.array_equal(content["targets"], same)


def test_rates_equal_scikit_learn(part_of):
    part = part_of(0)
    content = part.content
    points = content["compared"] / np.linalg.norm(content["compared"], axis=1, keepdims=True)
    scores = (points[content["first"]] * points[content["second"]]).sum(axis=1)
    false_alarms, hits, _ = roc_curve(content["targets"], scores, drop_intermediate=False)
    closest = np.argmin(np.abs(false_alarms - (1 - hits)))
    assert part.rate("cosine") == pytest.approx(false_alarms[closest], abs=0.02)
    assert 0 < part.rate("cosine") < 0.5


def test_what_is_unchanged_is_kept(run_of, finish, trained, part_of):
    part_of(0).rate("PLDA")
    files = [path for path in trained[0].rglob("*") if path.name != "log.txt" and path.is_file()]
    before = {path: path.stat().st_mtime_ns for path in files}
    assert finish(run_of(fold=0)) == trained[0]
    part_of(0).rate("PLDA")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_what_has_changed_is_trained_again(modules, monkeypatch, corpora, run_of, trained):
    with known_database(corpora.config, corpora.cache):
        assert run_of(fold=0).folder() == trained[0]
        # back-ends take no part in training
        assert run_of("backend.name=WCCN", fold=0).folder() == trained[0]
        assert run_of("approach.params.per_fold=5", fold=0).folder() != trained[0]
        assert run_of("--epochs=3", fold=0).folder() != trained[0]
        monkeypatch.setattr(modules["runs"], "package_digest", lambda: "0" * 32)
        assert run_of(fold=0).folder() != trained[0]


def test_tables_have_rows_of_earlier_runs(modules, monkeypatch, output, run_of, trained):
    monkeypatch.setattr(modules["parts"], "RESAMPLES", 20)
    few = {"cosine": Direct, "PLDA": lambda: PLDA(0.5, 0, 1)}
    for name in ("figures", "parts"):
        monkeypatch.setattr(modules[name], "BACKENDS", few)
    kept = modules["figures"].Kept(output)
    for fold, folder in trained.items():
        kept.add(run_of(fold=fold), folder.name)
        kept.add(run_of(fold=fold, name="the same"), folder.name)
    again = modules["figures"].Kept(output)
    text = modules["figures"].tables(again.figures(), "row", ["id1027", "id10270"])
    first = next(line for line in text.splitlines() if line.startswith("| row |") and "seeds" in line)
    rates = [
        100
        * np.mean(
            [
                modules["parts"].Part(modules["runs"].embeddings_of(trained[fold])).rate("cosine")
                for fold in folds
            ]
        )
        for folds in ((0, 1), (None,))
    ]
    assert first.split("|")[2].strip() == f"{rates[0]:.1f} / {rates[1]:.1f}"
    (difference,) = (line for line in text.splitlines() if line.startswith("| the same | better"))
    assert difference.split("|")[2].strip().startswith("better by 0.0")
    all_trials, none = (
        next(
            line for line in text[text.index(f"pairs of {one} ") :].splitlines() if line.startswith("| row |")
        )
        for one in ("id1027", "id10270")
    )
    assert all_trials.split("|")[2].strip().endswith(f" / {rates[1]:.1f}")
    # all trials of one speaker are of that speaker
    assert none.split("|")[2].strip() == "- / -"
    with pytest.raises(UsageError, match="'none' is no row; there are row; the same"):
        modules["figures"].tables(again.figures(), "none", [])


def test_differences_come_from_the_same_speakers(modules, tmp_path):
    """Against a loop in which speakers who are drawn twice are written out twice."""
    random = np.random.default_rng(0)
    speakers = np.repeat(np.arange(12), 4)
    voices = random.normal(size=(12, 5))[speakers]
    first, second = np.triu_indices(48, 1)
    groups = np.column_stack([speakers[first], speakers[second]])
    common = {
        "turns": np.zeros((2, 5)),
        "parts": np.zeros((2, 5)),
        "speakers": np.zeros(2, dtype=int),
        "uris": np.array([f"u{index}" for index in range(48)]),
        "first": first,
        "second": second,
        "targets": groups[:, 0] == groups[:, 1],
        "groups": groups,
    }
    parts = {}
    for name, noise in (("bad", 1.2), ("good", 0.6)):
        path = tmp_path / f"{name}.npz"
        compared = (voices + noise * random.normal(size=voices.shape)).astype(np.float32)
        np.savez(path, compared=compared, **common)
        parts[name] = modules["parts"].Part(path)
    text = modules["figures"].difference([[parts["good"]]], [[parts["bad"]]], "cosine")
    value, low, high = (float(one) for one in re.findall(r"[\d.]+", text))
    assert text.startswith("better by")

    def rate(scores, targets):
        thresholds, own, other = np.sort(scores), np.sort(scores[targets]), np.sort(scores[~targets])
        misses = np.searchsorted(own, thresholds) / len(own)
        false_alarms = 1 - np.searchsorted(other, thresholds) / len(other)
        closest = np.argmin(np.abs(misses - false_alarms))
        return (misses[closest] + false_alarms[closest]) / 2

    scores = {name: parts[name].scores("cosine") for name in parts}
    targets = common["targets"]
    expected = 100 * (rate(scores["bad"], targets) - rate(scores["good"], targets))
    assert value == pytest.approx(expected, abs=0.5)
    replicates = []
    for _ in range(600):
        drawn = random.integers(12, size=12)
        # pairs of one speaker once for each copy, pairs of two once for each pair of copies
        copies = np.bincount(drawn, minlength=12)
        times = np.where(targets, copies[groups[:, 0]], copies[groups[:, 0]] * copies[groups[:, 1]])
        chosen = np.repeat(np.arange(len(first)), times)
        replicates.append(
            rate(scores["bad"][chosen], targets[chosen]) - rate(scores["good"][chosen], targets[chosen])
        )
    assert [low, high] == pytest.approx(100 * np.quantile(replicates, [0.025, 0.975]), abs=2.0)
    alone = [
        100 * np.quantile([part.resamples("cosine") for part in parts.values()], q) for q in (0.025, 0.975)
    ]
    assert high - low < alone[1] - alone[0]
    assert modules["figures"].difference([[parts["good"]]], [], "cosine") == "-"
    mean = modules["parts"].MeanPart([parts["good"], parts["bad"]])
    together = (scores["good"] + scores["bad"]) / 2
    assert mean.rate("cosine") == pytest.approx(rate(together, targets), abs=0.005)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seeds=0"], "--seeds=0 is no whole number of at least 1"),
        (["--folds=1"], "--folds=1 leaves nobody"),
        (["--folds=0", "--no-trials"], "leave nothing to score"),
        (["--row=a=CONFIG", "--row=a=CONFIG"], "Two rows have one name"),
        (["--row=a=CONFIG --shuffled"], "an option other than --epochs"),
    ],
)
def test_wrong_options_are_refused(modules, corpora, run_of, output, words, message):
    import docopt

    words = [word.replace("CONFIG", str(output / "config.yml")) for word in words]
    arguments = docopt.docopt(modules["table"].__doc__, [*words, VOXCELEB, "out"])
    with known_database(corpora.config, corpora.cache), pytest.raises(UsageError, match=re.escape(message)):
        modules["table"].checked(arguments)


def test_recordings_of_several_speakers_have_no_fold(modules):
    file = {"database": "Own", "uri": "a", "events": [(0.0, 1.0, "ann"), (1.0, 2.0, "bob")]}
    with pytest.raises(DataError, match="2 speakers; folds of speakers need files of one speaker"):
        modules["runs"].speaker_of(file)
