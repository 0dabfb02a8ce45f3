"""Preparation of TUT Sound Events 2017, on a small set in its layout."""

import subprocess
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from places import SCRIPTS
from pyannote.database import FileFinder
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import DataError, StorageError
from pyannote.audio.database.corpora.tut2017 import prepare

LABELS = ("brakes squeaking", "car", "née 鳥")
SCRIPT = SCRIPTS / "preprocess.py"


def write_audio(path, seconds=10.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros((round(seconds * 8000), 2)), 8000, subtype="PCM_24")


def rows(name, scene, events):
    return "".join(f"{name}\t{scene}\t{onset}\t{offset}\t{label}\n" for onset, offset, label in events)


def make_tut(root, names, scene="street", folds=4, seed=0):
    """Write a development set in which file i is tested in fold i % folds; return the events of each file."""
    rng = np.random.default_rng(seed)
    events = {}
    for name in names:
        write_audio(root / name)
        onsets = rng.uniform(0, 9, 4).round(6)
        drawn = [LABELS[i] for i in rng.permutation([0, 1, 2, *rng.integers(0, 3, 1)])]
        events[name] = [(o, round(o + 0.5, 6), label) for o, label in zip(onsets, drawn, strict=True)]
    setup = root / "evaluation_setup"
    setup.mkdir(exist_ok=True)
    for fold in range(folds):
        tested = names[fold::folds]
        train = [name for name in names if name not in tested]
        start = f"{scene}_fold{fold + 1}"
        for part, members in (("train", train), ("evaluate", tested)):
            text = "".join(rows(name, scene, events[name]) for name in members)
            (setup / f"{start}_{part}.txt").write_text(text, encoding="utf-8")
        (setup / f"{start}_test.txt").write_text("".join(f"{name}\t{scene}\n" for name in tested))
    return events


def make_evaluation(root, names, parts=("test", "evaluate"), ann=False):
    (root / "evaluation_setup").mkdir(parents=True)
    for name in names:
        write_audio(root / name)
        if ann:
            path = root / "meta" / Path(name).relative_to("audio").with_suffix(".ann")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("1.0\t2.0\tcar\n")
    texts = {
        "test": "".join(f"{name}\tstreet\n" for name in names),
        "evaluate": "".join(rows(name, "street", [(1, 2, "car")]) for name in names),
    }
    for part in parts:
        (root / "evaluation_setup" / f"street_{part}.txt").write_text(texts[part])


def street(count, prefix="a"):
    return [f"audio/street/{prefix}{i:03d}.wav" for i in range(1, count + 1)]


def load(database_yml, protocol, subset):
    """Files of a subset as pyannote.database gives them, by uri."""
    registry = Registry()
    registry.load_database(database_yml)
    finder = FileFinder(registry=registry)
    loaded = registry.get_protocol(f"TUT2017.SpeakerDiarization.{protocol}", preprocessors={"audio": finder})
    return {file["uri"]: file for file in getattr(loaded, subset)()}


def events_of(file):
    return sorted((s.start, s.end, label) for s, _, label in file["annotation"].itertracks(yield_label=True))


def assert_events(file, events):
    expected = sorted((onset, offset, label.replace(" ", "_")) for onset, offset, label in events)
    found = events_of(file)
    assert [label for *_, label in found] == [label for *_, label in expected]
    np.testing.assert_allclose([t for *t, _ in found], [t for *t, _ in expected], atol=1.1e-6)


@pytest.fixture
def tut(tmp_path):
    root = tmp_path / "tut"
    root.mkdir()
    return root, make_tut(root, street(8))


def test_every_recording_has_its_audio_events_and_duration(tut, tmp_path):
    root, events = tut
    path = prepare(root, tmp_path / "out")
    for fold in range(4):
        tested = load(path, f"Fold{fold + 1}", "test")
        assert list(tested) == [f"a{i:03d}" for i in range(fold + 1, 9, 4)]
        for uri, file in tested.items():
            name = f"audio/street/{uri}.wav"
            assert file["audio"] == root / name
            assert [(s.start, s.end) for s in file["annotated"]] == [(0, 10)]
            assert_events(file, events[name])


def test_my_protocol_is_the_first_fold_of_the_challenge(tut, tmp_path):
    path = prepare(tut[0], tmp_path / "out")
    assert set(load(path, "MyProtocol", "train")) == {"a002", "a003", "a004", "a006", "a007", "a008"}
    assert set(load(path, "MyProtocol", "development")) == {"a001", "a005"}
    assert list(load(path, "MyProtocol", "test")) == list(load(path, "MyProtocol", "development"))


def test_development_is_the_test_list_of_the_next_fold(tut, tmp_path):
    """In lists of the challenge, recordings of one place are in the test list of one fold."""
    left_out = Counter()
    path = prepare(tut[0], tmp_path / "out", left_out=left_out)
    tested = []
    for fold in (1, 2, 3, 4):
        lines = (tut[0] / "evaluation_setup" / f"street_fold{fold}_test.txt").read_text().splitlines()
        tested.append({Path(line.split("\t")[0]).stem for line in lines})
    for place in range(4):
        found = [set(load(path, f"Fold{place + 1}", subset)) for subset in ("test", "development", "train")]
        after = [tested[(place + offset) % 4] for offset in range(4)]
        assert found == [after[0], after[1], after[2] | after[3]]
    assert not +left_out


def test_a_class_of_one_other_fold_stays_in_training(tmp_path):
    """The next fold alone has a class, which training needs: the one after is development of fold 1."""
    events = make_tut(tmp_path, street(8))
    for path in (tmp_path / "evaluation_setup").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        if "fold2_evaluate" in path.name or ("train" in path.name and "fold2" not in path.name):
            text += rows("audio/street/a002.wav", "street", [(1, 2, "rare")])
        path.write_text(text, encoding="utf-8")
    path = prepare(tmp_path, tmp_path / "out")
    assert len(events) == 8
    assert set(load(path, "Fold1", "development")) == {"a003", "a007"}
    assert set(load(path, "Fold1", "train")) == {"a002", "a006", "a004", "a008"}


@pytest.mark.parametrize("seed", range(3))
def test_with_two_folds_development_is_as_balanced_as_a_third_can_be(tmp_path, seed):
    events = make_tut(tmp_path, street(18), folds=2, seed=seed)
    left_out = Counter()
    path = prepare(tmp_path, tmp_path / "out", left_out=left_out)
    ((warning, count),) = (+left_out).items()
    assert "drawn at random" in warning and count == 2
    train, development = load(path, "Fold2", "train"), load(path, "Fold2", "development")
    files = sorted([*train, *development])
    assert len(files) == 9
    assert len(development) == 3

    def imbalance(chosen):
        shares = []
        for label in LABELS:
            seconds = {u: sum(e[2] == label for e in events[f"audio/street/{u}.wav"]) for u in files}
            shares.append(sum(seconds[u] for u in chosen) / sum(seconds.values()))
        return sum((share - 1 / 3) ** 2 for share in shares)

    best = min(imbalance(chosen) for chosen in combinations(files, 3))
    assert imbalance(development) == pytest.approx(best, abs=1e-9)


def test_again_gives_the_same_bytes(tut, tmp_path):
    def contents(folder):
        return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    prepare(tut[0], tmp_path / "out")
    once = contents(tmp_path / "out")
    prepare(tut[0], tmp_path / "out")
    assert contents(tmp_path / "out") == once


def test_original_labels_are_stored(tut, tmp_path):
    prepare(tut[0], tmp_path / "out")
    kept = yaml.safe_load((tmp_path / "out" / "labels.yml").read_text())
    assert kept == {label.replace(" ", "_"): label for label in LABELS}


@pytest.mark.parametrize(
    ("names", "uris"),
    [
        (["audio/street/a 1.wav", "audio/street/b 2.wav"], {"a_1", "b_2"}),
        (["audio/home/a.wav", "audio/street/a.wav"], {"home/a", "street/a"}),
        (["audio/street/a.wav", "audio/street/a.flac"], None),
        (["audio/street/x/a.wav", "audio/street/b.flac"], {"a", "b"}),
        (["audio/street/{a}.wav", "audio/street/*.wav"], {"{a}", "_"}),
        (["a.wav", "audio/ä.wav"], {"a", "ä"}),
    ],
    ids=["blanks", "same name", "same path", "two suffixes", "template characters", "outside audio"],
)
def test_any_file_names_are_found(tmp_path, names, uris):
    root = tmp_path / "tut"
    root.mkdir()
    names = [*names, *street(2, "z")]
    events = make_tut(root, names, folds=2)
    if uris is None:
        with pytest.raises(DataError, match="would both be called"):
            prepare(root, tmp_path / "out")
        return
    path = prepare(root, tmp_path / "out")
    files = load(path, "Fold1", "test") | load(path, "Fold2", "test")
    assert set(files) == uris | {"z001", "z002"}
    audio = yaml.safe_load((tmp_path / "out" / "recordings.yml").read_text())
    for uri, file in files.items():
        assert file["audio"].resolve() == Path(audio[uri])
        assert_events(file, events[Path(audio[uri]).relative_to(root).as_posix()])


def test_an_unlisted_file_of_the_same_name_is_ignored(tut, tmp_path):
    root, _ = tut
    home = street(2, "h")
    make_tut(root, [name.replace("street", "home") for name in home], scene="home", folds=4)
    for name in ("train", "evaluate"):
        for fold in (3, 4):
            (root / "evaluation_setup" / f"home_fold{fold}_{name}.txt").touch()
    write_audio(root / "audio" / "home" / "a001.wav")
    files = load(prepare(root, tmp_path / "out"), "Fold1", "test")
    assert files["a001"]["audio"].resolve() == root / "audio" / "street" / "a001.wav"
    assert set(files) == {"a001", "a005", "h001"}


def test_a_recording_without_events_is_tested_too(tut, tmp_path):
    root, _ = tut
    write_audio(root / "audio" / "street" / "quiet.wav")
    with (root / "evaluation_setup" / "street_fold1_test.txt").open("a") as file:
        file.write("audio/street/quiet.wav\tstreet\n")
    assert events_of(load(prepare(root, tmp_path / "out"), "Fold1", "test")["quiet"]) == []


@pytest.mark.parametrize(
    ("parts", "ann", "annotated"),
    [
        (("test", "evaluate"), False, True),
        (("evaluate",), False, True),
        (("test",), True, True),
        (("test",), False, False),
    ],
)
def test_the_evaluation_set_is_test_if_it_is_present(tmp_path, parts, ann, annotated):
    root = tmp_path / "data"
    (root / "TUT-sound-events-2017-development").mkdir(parents=True)
    make_tut(root / "TUT-sound-events-2017-development", street(8))
    make_evaluation(root / "TUT-sound-events-2017-evaluation", [*street(1), *street(1, "e")], parts, ann)
    path = prepare(root, tmp_path / "out")
    tested = load(path, "Evaluation", "test")
    assert set(tested) == {"evaluation/street/a001", "e001"}
    development = load(path, "Evaluation", "development")
    assert {uri.removeprefix("street/") for uri in development} == {"a001", "a005"}
    assert len(load(path, "Evaluation", "train")) == 6
    for file in tested.values():
        assert "evaluation" in str(file["audio"].resolve())
        assert (file["annotation"] is not None) == annotated
        if annotated:
            assert_events(file, [(1, 2, "car")])


def break_line(root, name, line):
    with (root / "evaluation_setup" / name).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


EVALUATE = "street_fold1_evaluate.txt"
A1 = "audio/street/a001.wav"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{A1}\tstreet\t1.0\t2.0", "4 columns"),
        (f"{A1}\tstreet\t1.0\t2.0\tcar\tm", "6 columns"),
        (f"{A1} street 1.0 2.0 car", "1 column where"),
        (f"{A1}\tstreet\tone\t2.0\tcar", "'one' is not a time"),
        (f"{A1}\tstreet\t2.0\t1.0\tcar", "not later"),
        (f"{A1}\tstreet\t1.0\t1.0\tcar", "not later"),
        (f"{A1}\tstreet\tnan\t1.0\tcar", "not a time"),
        (f"{A1}\tstreet\t1.0\t2.0\t", "label is missing"),
        (f"{A1}\tstreet\t9.0\t10.2\tcar", "beyond the end"),
        (f"{A1}\tstreet\t10.01\t10.05\tcar", "beyond the end"),
        ("../elsewhere.wav\tstreet\t1.0\t2.0\tcar", "not below"),
        ("/elsewhere.wav\tstreet\t1.0\t2.0\tcar", "not below"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_written(tut, tmp_path, line, message):
    root, _ = tut
    break_line(root, EVALUATE, line)
    with pytest.raises(DataError, match=message) as caught:
        prepare(root, tmp_path / "out")
    assert Path(caught.value.file).name == EVALUATE
    assert caught.value.line == len(
        (root / "evaluation_setup" / EVALUATE).read_text(encoding="utf-8").splitlines()
    )
    assert caught.value.fix
    assert not (tmp_path / "out").exists()


def test_an_event_slightly_beyond_the_end_is_cut(tut, tmp_path):
    root, _ = tut
    break_line(root, EVALUATE, f"{A1}\tstreet\t9.5\t10.09\tcar")
    assert (
        max(end for _, end, _ in events_of(load(prepare(root, tmp_path / "out"), "Fold1", "test")["a001"]))
        == 10
    )


def remove(name):
    return lambda root: (root / name).unlink()


def overwrite(name, content):
    return lambda root: (root / name).write_bytes(content)


def twin_label(root):
    break_line(root, EVALUATE, f"{A1}\tstreet\t1\t2\tbrakes_squeaking")


def both_sides(root):
    break_line(root, EVALUATE, "audio/street/a002.wav\tstreet\t1\t2\tcar")


def no_folds(root):
    for path in (root / "evaluation_setup").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("damage", "message", "file"),
    [
        (remove(A1), "no such audio file", "a001.wav"),
        (overwrite(A1, b""), "is empty", "a001.wav"),
        (overwrite(A1, b"RIFF not a wav"), "cannot be decoded as audio", "a001.wav"),
        (lambda root: write_audio(root / A1, 0), "holds no samples", "a001.wav"),
        (remove("evaluation_setup/street_fold2_train.txt"), "no such file", "street_fold2_train.txt"),
        (remove("evaluation_setup/street_fold3_evaluate.txt"), "no such file", "street_fold3_evaluate.txt"),
        (
            overwrite("evaluation_setup/street_fold2_train.txt", b""),
            "Fold 2 has an empty list",
            "evaluation_setup",
        ),
        (
            twin_label,
            r"'brakes squeaking' \(12 events\) and 'brakes_squeaking' \(1 event, the first in",
            None,
        ),
        (both_sides, r"Fold 1 has a002.wav in both training and evaluation", "evaluation_setup"),
        (no_folds, "Found 0 development", "tut"),
    ],
)
def test_damage_is_a_sentence(tut, tmp_path, damage, message, file):
    damage(tut[0])
    with pytest.raises(DataError, match=message) as caught:
        prepare(tut[0], tmp_path / "out")
    assert file is None or Path(caught.value.file).name == file
    assert caught.value.fix
    assert not (tmp_path / "out").exists()


def test_a_fold_with_one_training_file_is_refused(tmp_path):
    make_tut(tmp_path, street(2), folds=2)
    with pytest.raises(DataError, match="leaves none for development"):
        prepare(tmp_path, tmp_path / "out")


def test_a_set_without_any_event_is_refused(tmp_path):
    make_tut(tmp_path, street(4))
    for path in (tmp_path / "evaluation_setup").glob("*.txt"):
        names = dict.fromkeys(line.split("\t")[0] for line in path.read_text(encoding="utf-8").splitlines())
        path.write_text("".join(f"{name}\tstreet\n" for name in names))
    with pytest.raises(DataError, match="No recording has any event"):
        prepare(tmp_path, tmp_path / "out")


def test_an_output_that_cannot_be_written_is_a_sentence(tut, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StorageError):
        prepare(tut[0], tmp_path / "out")
    with pytest.raises(DataError, match="braces"):
        prepare(tut[0], tmp_path / "{out}")


def run(*arguments):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)


def test_the_script_prints_where_the_database_is(tut, tmp_path):
    done = run(tut[0], tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    read, ready = done.stdout.splitlines()
    files, events = len(tut[1]), sum(map(len, tut[1].values()))
    assert read == f"Read {files} files, {events} events, {files * 10 / 3600:.3g} hours."
    assert ready == f"{tmp_path / 'out' / 'database.yml'} is ready."


def test_the_script_says_what_it_has_left_out(tut, tmp_path):
    folder = tut[0]
    write_audio(folder / "audio" / "street" / "b001.wav")
    (folder / "audio" / "street" / "b002.wma").touch()
    (folder / "meta" / "street").mkdir(parents=True)
    for name in ("a001", "a002", "a003", "a004", "a005"):
        (folder / "meta" / "street" / f"{name}.ann").touch()
    (folder / "evaluation_setup" / "street_fold1_tests.txt").touch()
    (folder / "map.yml").write_text("brakes squeaking: null\n")
    done = run(f"--labels={folder / 'map.yml'}", folder, folder / "out")
    assert (done.returncode, done.stderr) == (0, "")
    mapped, read, *left_out, _ = done.stdout.splitlines()
    counts = Counter(label for own in tut[1].values() for *_, label in own)
    assert mapped == f"{counts['brakes squeaking']} events of 'brakes squeaking' are left out."
    assert f" files, {counts.total() - counts['brakes squeaking']} events, " in read
    start = f"Left out below {folder}: "
    assert [line.removeprefix(start).partition("; convert")[0] for line in left_out] == [
        "5 files *.ann (meta/street/a001.ann, meta/street/a002.ann, meta/street/a003.ann and 2 more): read "
        "only for an evaluation set without lists of events (..._evaluate.txt)",
        "1 file *.txt (evaluation_setup/street_fold1_tests.txt): no list such as "
        "evaluation_setup/street_fold1_train.txt",
        "1 file *.wav (audio/street/b001.wav): no list of evaluation_setup names it",
        "1 file *.wma (audio/street/b002.wma): sound in this format is not read",
        "1 file *.yml (map.yml): no list such as evaluation_setup/street_fold1_train.txt",
    ]


def test_the_script_ends_with_a_sentence_and_a_code(tmp_path):
    done = run(tmp_path / "nowhere", tmp_path / "out")
    assert (done.returncode, done.stdout) == (DataError.code, "")
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "nowhere") in done.stderr


def test_events_that_are_cut_and_lists_that_differ_are_counted(tmp_path):
    names = street(4)
    make_tut(tmp_path / "tut", names)
    lists = tmp_path / "tut" / "evaluation_setup"
    for fold in (1, 2, 3, 4):
        for part in ("train", "evaluate"):
            path = lists / f"street_fold{fold}_{part}.txt"
            if names[0] in path.read_text(encoding="utf-8"):
                with path.open("a", encoding="utf-8") as stream:
                    stream.write(f"{names[0]}\tstreet\t9.5\t10.05\tcar\n")
    with (lists / "street_fold1_train.txt").open("a", encoding="utf-8") as stream:
        stream.write(f"{names[1]}\tstreet\t0.25\t0.5\tcar\n")
    left_out = Counter()
    prepare(tmp_path / "tut", tmp_path / "out", left_out=left_out)
    assert sorted((+left_out).values()) == [1, 1]
    done = run(tmp_path / "tut", tmp_path / "out")
    assert done.returncode == 0 and done.stderr.count("Warning: 1 ") == 2
    assert "were cut there" in done.stderr and "differ between lists" in done.stderr
