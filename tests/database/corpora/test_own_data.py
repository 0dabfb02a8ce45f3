"""Preparation of the user's recordings, in each format of annotation."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile
from commands import known_database
from places import SCRIPTS
from pyannote.database import FileFinder
from pyannote.database.registry import Registry

from pyannote.audio.core.errors import DataError, UsageError
from pyannote.audio.database.corpora.own_data import make_database
from pyannote.audio.database.protocols import recordings
from pyannote.audio.io import waveform

SCRIPT = SCRIPTS / "make_database.py"
FORMS = ("rttm", "audacity", "csv")
EVENTS = {
    "a": [(0.5, 1.5, "people walking"), (1.0, 3.0, "car")],
    "b": [(0.25, 1.0, "people walking")],
    "c": [(2.0, 3.5, "car")],
    "d": [(1.0, 1.5, "people walking"), (2.0, 2.25, "car")],
    "e": [(0.0, 4.0, "car")],
}


def write_audio(folder, *names, seconds=4.0):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(round(seconds * 8000)), 8000)


def annotate(folder, form, events, suffix=".wav"):
    """Write the same events in one of the forms; return the path to give to the command."""
    path = folder / f"annotation.{form}"
    if form == "audacity":
        for stem, listed in events.items():
            label_file = path / f"{stem}.txt"
            label_file.parent.mkdir(parents=True, exist_ok=True)
            label_file.write_text("".join(f"{on:.6f}\t{off:.6f}\t{label}\n" for on, off, label in listed))
    elif form == "csv":
        rows = [
            f'"{label}",x,{on},{stem}{suffix},{off}' for stem, li in events.items() for on, off, label in li
        ]
        path.write_text("\r\n".join(["\ufeffLabel,remark,onset,filename,offset", *rows]), encoding="utf-8")
    else:
        lines = (
            f"SPEAKER {stem} 1 {on} {off - on} <NA> <NA> {label.replace(' ', '_')} <NA> <NA>\n"
            for stem, listed in events.items()
            for on, off, label in listed
        )
        path.write_text("".join(lines))
    return path


def load(database_yml, protocol="Own.SpeakerDiarization.Protocol", subsets=("train", "development", "test")):
    """All files as pyannote.database gives them, by subset and uri."""
    registry = Registry()
    registry.load_database(database_yml)
    finder = FileFinder(registry=registry)
    loaded = registry.get_protocol(protocol, preprocessors={"audio": finder})
    return {subset: {file["uri"]: file for file in getattr(loaded, subset)()} for subset in subsets}


def database(*arguments, **options):
    """The file database.yml of a preparation."""
    return make_database(*arguments, **options).path


def everything(loaded):
    return {uri: file for files in loaded.values() for uri, file in files.items()}


def events_of(file):
    return sorted((s.start, s.end, label) for s, _, label in file["annotation"].itertracks(yield_label=True))


def safe(events):
    return sorted((onset, offset, label.replace(" ", "_")) for onset, offset, label in events)


@pytest.fixture
def audio(tmp_path):
    write_audio(tmp_path / "audio", "a.wav", "b.wav", "sub/c.wav", "d.wav", "sub/deeper/e.wav")
    return tmp_path / "audio"


@pytest.mark.parametrize("form", FORMS)
def test_events_come_back_from_each_form(audio, tmp_path, form):
    loaded = load(database(audio, annotate(tmp_path, form, EVENTS), tmp_path / "out"))
    assert [len(loaded[subset]) for subset in ("train", "development", "test")] == [3, 1, 1]
    files = everything(loaded)
    assert set(files) == set(EVENTS)
    for uri, file in files.items():
        assert events_of(file) == safe(EVENTS[uri])
        assert file["audio"].stem == uri
        assert [(s.start, s.end) for s in file["annotated"]] == [(0, 4)]


@pytest.mark.parametrize("form", FORMS)
def test_files_of_the_same_name_are_distinguished_by_their_folders(tmp_path, form):
    audio = tmp_path / "audio"
    write_audio(audio, "x/a.wav", "y/a.wav", "b c.flac")
    events = {"x/a": EVENTS["a"], "y/a": EVENTS["b"], "b c": EVENTS["c"]}
    if form == "rttm":
        events["b_c"] = events.pop("b c")
    annotation = annotate(tmp_path, form, events, suffix="")
    loaded = load(database(audio, annotation, tmp_path / "out", development=0, test=0), subsets=("train",))
    files = everything(loaded)
    assert {uri: events_of(file) for uri, file in files.items()} == {
        "x/a": safe(EVENTS["a"]),
        "y/a": safe(EVENTS["b"]),
        "b_c": safe(EVENTS["c"]),
    }
    assert files["y/a"]["audio"].resolve() == audio / "y" / "a.wav"
    assert files["b_c"]["audio"].resolve() == audio / "b c.flac"


def test_a_database_below_the_audio_can_be_made_again(tmp_path):
    write_audio(tmp_path, "a 1.wav", "b.wav")
    annotation = annotate(tmp_path, "csv", {"a 1": EVENTS["a"], "b": EVENTS["b"]})
    for _ in range(2):
        path = database(tmp_path, annotation, tmp_path / "out", development=0.5, test=0)
        assert set(everything(load(path, subsets=("train", "development")))) == {"a_1", "b"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_may_be_separated_by_any_of_three(audio, tmp_path, delimiter):
    lines = [("filename", "onset", "offset", "label")]
    lines += [(f"{uri}.wav", str(on), str(off), label) for uri, li in EVENTS.items() for on, off, label in li]
    (tmp_path / "a.csv").write_text("\n".join(delimiter.join(line) for line in lines))
    files = everything(load(database(audio, tmp_path / "a.csv", tmp_path / "out")))
    assert {uri: events_of(file) for uri, file in files.items()} == {u: safe(e) for u, e in EVENTS.items()}


def test_files_without_events_can_be_annotated(audio, tmp_path):
    labels = annotate(tmp_path, "audacity", EVENTS | {"e": []})
    assert events_of(everything(load(database(audio, labels, tmp_path / "1")))["e"]) == []
    table = annotate(tmp_path, "csv", EVENTS | {"e": []})
    table.write_text(f"{table.read_text(encoding='utf-8')}\n,,,e.wav,\n", encoding="utf-8")
    assert events_of(everything(load(database(audio, table, tmp_path / "2")))["e"]) == []


@pytest.mark.parametrize("form", FORMS)
def test_recordings_without_annotation_are_refused_until_allowed(audio, tmp_path, form):
    annotation = annotate(tmp_path, form, {uri: EVENTS[uri] for uri in "abc"})
    with pytest.raises(DataError, match="2 of 5 audio files have no annotation") as caught:
        database(audio, annotation, tmp_path / "out")
    assert "--allow-empty" in caught.value.fix
    files = everything(load(database(audio, annotation, tmp_path / "out", allow_empty=True)))
    assert events_of(files["d"]) == []


def test_lines_of_spectral_selections_are_ignored(tmp_path):
    write_audio(tmp_path, "a.wav")
    (tmp_path / "a.txt").write_text("1.0\t2.0\tcar\n\\\t200.0\t4000.0\n")
    path = database(tmp_path, tmp_path, tmp_path / "out", development=0, test=0)
    assert events_of(load(path, subsets=("train",))["train"]["a"]) == [(1, 2, "car")]


def many(tmp_path, count, rare):
    """`count` recordings with a car each, the last `rare` of them also with a bell."""
    names = [f"r{i:02d}" for i in range(count)]
    write_audio(tmp_path / "audio", *(f"{name}.wav" for name in names), seconds=1)
    events = {name: [(0, 0.5, "car")] for name in names}
    for name in names[-rare:]:
        events[name].append((0.5, 1.0, "bell"))
    return tmp_path / "audio", annotate(tmp_path, "csv", events)


@pytest.mark.parametrize(
    ("rare", "heard_in"), [(1, {"train"}), (2, {"train", None}), (3, {"train", "development", "test"})]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_rare_classes_are_in_train_first(tmp_path, rare, heard_in, seed):
    audio, annotation = many(tmp_path, 20, rare)
    loaded = load(database(audio, annotation, tmp_path / "out", seed=seed))
    heard = {
        s for s, files in loaded.items() if any("bell" in f["annotation"].labels() for f in files.values())
    }
    assert "train" in heard
    assert len(heard) == len(heard_in)
    assert heard_in - {None} <= heard
    assert [len(files) for files in loaded.values()] == [12, 4, 4]


def test_the_seed_draws_the_subsets(tmp_path):
    audio, annotation = many(tmp_path, 20, 5)

    def subsets(seed):
        loaded = load(database(audio, annotation, tmp_path / "out", seed=seed, redraw=True))
        return {subset: list(files) for subset, files in loaded.items()}

    assert subsets(0) == subsets(0)
    assert subsets(0) != subsets(1)


@pytest.mark.parametrize(("development", "test"), [(0.3, 0.6), (0.6, 0.3), (0.01, 0.98), (0.45, 0.45)])
def test_three_recordings_are_enough_for_three_subsets(tmp_path, development, test):
    audio, annotation = many(tmp_path, 3, 3)
    loaded = load(database(audio, annotation, tmp_path / "out", development=development, test=test))
    assert [len(files) for files in loaded.values()] == [1, 1, 1]


HEADER = "filename,onset,offset,label\n"
RTTM = "SPEAKER {} 1 {} {} <NA> <NA> car <NA> <NA>\n"
BAD = [
    ("csv", "filename,onset,label\n", 1, "does not name the columns"),
    ("csv", "", 1, "It is empty"),
    ("csv", f"{HEADER}a.wav,1,2\n", 2, "Found 3 columns"),
    ("csv", f"{HEADER}a.wav,1,2,car\n\na.wav,1,two,car\n", 4, "'two' is not a time"),
    ("csv", f"{HEADER}a.wav,2,1,car\n", 2, "not later"),
    ("csv", f"{HEADER}a.wav,1,2,\n", 2, "label is missing"),
    ("csv", f"{HEADER}a.wav,,2,car\n", 2, "'' is not a time"),
    ("csv", f"{HEADER}aa.wav,1,2,car\n", 2, "no audio file 'aa.wav'"),
    ("csv", f"{HEADER}a.wav,3,4.2,car\n", 2, "beyond the end"),
    ("rttm", RTTM.format("zzzz", 1, 1), 1, "no audio file 'zzzz'"),
    ("rttm", RTTM.format("a", 1, 1) + RTTM.format("a", 3, 1.2), 2, "beyond the end"),
    ("rttm", RTTM.format("a", 1, 0), 1, "no duration"),
    ("audacity/a.txt", "1.0\t0.5\tcar\n", 1, "cannot last from 1 s to 0.5 s|first line is"),
    ("audacity/a.txt", "1.0\t2.0\n", 1, "cannot be read|first line is"),
    ("audacity/a.txt", "1.0 2.0\n", 1, "cannot be read|first line is"),
    ("audacity/a.txt", "1.0\t2.0\t \n", 1, "cannot be read|first line is"),
    ("audacity/a.txt", "1.0\t2.0\tcar\n1,5\t2.0\tcar\n", 2, "'1,5' is not a time"),
]


@pytest.mark.parametrize(("form", "text", "line", "message"), BAD)
def test_a_wrong_line_is_named_and_nothing_is_written(tmp_path, form, text, line, message):
    write_audio(tmp_path / "audio", "a.wav", "b.wav", "c.wav")
    path = tmp_path / f"annotation.{form}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    given = path.parent if form.startswith("audacity") else path
    with pytest.raises(DataError, match=message) as caught:
        database(tmp_path / "audio", given, tmp_path / "out", allow_empty=True, strict=True)
    assert (caught.value.file, caught.value.line) == (path, line)
    assert caught.value.fix
    assert not (tmp_path / "out").exists()


def test_an_ambiguous_name_is_refused(tmp_path):
    write_audio(tmp_path / "audio", "x/a.wav", "y/a.wav")
    (tmp_path / "a.csv").write_text(f"{HEADER}a.wav,1,2,car\n")
    with pytest.raises(DataError, match="may be") as caught:
        database(tmp_path / "audio", tmp_path / "a.csv", tmp_path / "out", allow_empty=True)
    assert "path below the audio folder" in caught.value.fix


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "X"}, "'X' cannot name"),
        ({"name": "a.b"}, "'a.b' cannot name"),
        ({"protocol": "my protocol"}, "'my protocol' cannot name"),
        ({"development": 0.5, "test": 0.5}, "leave nothing to train on"),
        ({"development": -0.1}, "leave nothing to train on"),
        ({"test": float("nan")}, "leave nothing to train on"),
        ({"seed": -1}, "seed -1 is negative"),
    ],
)
def test_options_out_of_range_are_refused(audio, tmp_path, options, message):
    with pytest.raises(UsageError, match=message) as caught:
        database(audio, annotate(tmp_path, "csv", EVENTS), tmp_path / "out", **options)
    assert caught.value.fix
    assert not (tmp_path / "out").exists()


def test_wrong_folders_and_files_are_refused(audio, tmp_path):
    annotation = annotate(tmp_path, "csv", EVENTS)
    with pytest.raises(DataError, match="no audio in this folder"):
        database(tmp_path / "nowhere", annotation, tmp_path / "out")
    with pytest.raises(DataError, match="no such file or folder"):
        database(audio, tmp_path / "annotation.xml", tmp_path / "out")
    with pytest.raises(DataError, match="no such file"):
        database(audio, tmp_path / "nowhere.csv", tmp_path / "out")
    write_audio(tmp_path / "two", "a.wav", "b.wav")
    annotation = annotate(tmp_path, "csv", {uri: EVENTS[uri] for uri in "ab"})
    with pytest.raises(DataError, match="2 recordings are too few"):
        database(tmp_path / "two", annotation, tmp_path / "out")
    (audio / "d.wav").write_bytes(b"damaged")
    with pytest.raises(DataError, match="cannot be decoded as audio"):
        make_database(audio, annotate(tmp_path, "csv", EVENTS), tmp_path / "out")


def run(*arguments):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True)


def test_the_script_prints_the_name_of_the_protocol(audio, tmp_path):
    annotation = annotate(tmp_path, "rttm", EVENTS)
    done = run("--name=Street", "--protocol=One", audio, annotation, tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Street.SpeakerDiarization.One" in done.stdout
    assert load(tmp_path / "out" / "database.yml", "Street.SpeakerDiarization.One")


@pytest.mark.parametrize(
    ("option", "code"), [("--test=half", 2), ("--seed=0.5", 2), ("--name=a.b", 2), ("--test=0", 4)]
)
def test_the_script_ends_with_a_sentence_and_a_code(audio, tmp_path, option, code):
    done = run(option, audio, tmp_path / "nowhere.csv", tmp_path / "out")
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


SUBSETS = {"train": "ab", "development": "c", "test": "d"}


def annotate_subsets(folder, subsets):
    """An RTTM and a UEM file of each subset, whose first recording is annotated from 0 s to 3.5 s."""
    folder.mkdir(exist_ok=True)
    for subset, uris in subsets.items():
        annotate(folder, "rttm", {uri: EVENTS[uri] for uri in uris}).rename(folder / f"my.{subset}.rttm")
        ends = {uri: 3.5 if uri == uris[0] else 4.0 for uri in uris}
        lines = "".join(f"{uri} NA 0.000 {end:.3f}\n" for uri, end in ends.items())
        (folder / f"my.{subset}.uem").write_text(lines)
    return folder


def test_subsets_with_separate_annotation(audio, tmp_path):
    annotation = annotate_subsets(tmp_path / "annotation", SUBSETS)
    (annotation / "my.test.uem").unlink()
    loaded = load(database(audio, annotation, tmp_path / "out"))
    assert {subset: "".join(files) for subset, files in loaded.items()} == SUBSETS
    ends = {uri: file["annotated"].extent().end for uri, file in everything(loaded).items()}
    assert ends == {"a": 3.5, "b": 4.0, "c": 3.5, "d": 4.0}
    assert events_of(loaded["train"]["a"]) == safe(EVENTS["a"])
    done = subprocess.run([sys.executable, SCRIPT, audio, annotation, tmp_path / "out"], capture_output=True)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("my.test.rttm", "SPEAKER a 1 1 1 <NA> <NA> car <NA> <NA>\n", "a.wav is in both train and test"),
        ("my.test.rttm", "SPEAKER zz 1 1 1 <NA> <NA> car <NA> <NA>\n", "no audio file 'zz'"),
        ("my.test.uem", "zz 1 0 1\n", "no audio file 'zz'"),
        ("my.train.uem", "a 1 0 4\n", "'b' has no line in my.train.uem"),
        ("my.test.uem", "d 1 0 4.5\n", "annotated until 4.5 s, but its audio ends at 4 s"),
        ("other.test.rttm", "", "my.test.rttm and other.test.rttm are both of test"),
    ],
)
def test_wrong_subsets(audio, tmp_path, name, text, message):
    annotation = annotate_subsets(tmp_path / "annotation", SUBSETS)
    (annotation / name).write_text(text)
    with pytest.raises(DataError, match=message):
        database(audio, annotation, tmp_path / "out")


def subsets_of(output):
    return {
        subset: (output / "lists" / f"Protocol.{subset}.lst").read_text().split()
        for subset in ("train", "development", "test")
    }


def test_recordings_keep_their_subsets(tmp_path):
    """Ten recordings, then forty: whatever the seed, the first ten stay where they are."""
    audio, annotation = many(tmp_path, 10, 3)
    first = make_database(audio, annotation, tmp_path / "out", seed=0)
    assert first.changes == []
    audio, annotation = many(tmp_path, 40, 3)
    second = make_database(audio, annotation, tmp_path / "out", seed=5)
    assert all(set(first.subsets[subset]) <= set(second.subsets[subset]) for subset in first.subsets)
    assert [len(uris) for uris in second.subsets.values()] == [24, 8, 8]
    assert second.subsets == subsets_of(tmp_path / "out")
    added, relabelled = second.changes
    assert added.startswith("30 recordings were added: r") and added.endswith(" and 27 more")
    # the bells are in the last three recordings of the second set
    assert relabelled == "3 recordings were annotated differently: r07, r08, r09"


def test_lists_that_were_edited_by_hand_are_kept(tmp_path):
    audio, annotation = many(tmp_path, 10, 3)
    make_database(audio, annotation, tmp_path / "out")
    before = subsets_of(tmp_path / "out")
    moved = before["train"][0]
    for subset, uris in {"train": before["train"][1:], "test": [*before["test"], moved]}.items():
        (tmp_path / "out" / "lists" / f"Protocol.{subset}.lst").write_text("\n".join(uris))
    prepared = make_database(audio, annotation, tmp_path / "out")
    assert moved in prepared.subsets["test"] and prepared.changes == []
    again = make_database(audio, annotation, tmp_path / "out", redraw=True)
    assert again.subsets == before
    assert again.changes == [f"1 recording moved to another subset: {moved} (test to train)"]


def test_what_was_removed_and_annotated_anew_is_told(audio, tmp_path):
    make_database(audio, annotate(tmp_path, "csv", EVENTS), tmp_path / "out")
    (audio / "d.wav").unlink()
    events = {uri: EVENTS[uri] for uri in "abc"} | {"e": [(0.0, 4.0, "tram")]}
    prepared = make_database(audio, annotate(tmp_path, "csv", events), tmp_path / "out")
    assert prepared.changes == [
        "1 recording was removed: d",
        "1 recording was annotated differently: e",
    ]


def test_lists_that_contradict_each_other_are_refused(audio, tmp_path):
    annotation = annotate(tmp_path, "csv", EVENTS)
    make_database(audio, annotation, tmp_path / "out")
    (tmp_path / "out" / "lists" / "Protocol.test.lst").write_text("a\nb\nc\nd\ne\n")
    with pytest.raises(DataError, match="listed in both") as caught:
        make_database(audio, annotation, tmp_path / "out")
    assert "--redraw" in caught.value.fix
    assert make_database(audio, annotation, tmp_path / "out", redraw=True).subsets


def test_lists_that_leave_nothing_to_train_on_are_refused(audio, tmp_path):
    annotation = annotate(tmp_path, "csv", EVENTS)
    (tmp_path / "out" / "lists").mkdir(parents=True)
    (tmp_path / "out" / "lists" / "Protocol.test.lst").write_text("a\nb\nc\nd\ne\n")
    with pytest.raises(DataError, match="leave no recording for train"):
        make_database(audio, annotation, tmp_path / "out")


def faulty(audio, tmp_path):
    """Five recordings: the audio of one is damaged, one is not annotated, one has a wrong line."""
    labels = annotate(tmp_path, "audacity", {uri: EVENTS[uri] for uri in "abcd"})
    (audio / "a.wav").write_bytes(b"damaged")
    (labels / "b.txt").write_text("1.0\ttwo\tcar\n")
    return labels


def test_faulty_recordings_are_left_out_up_to_a_share(audio, tmp_path):
    labels = faulty(audio, tmp_path)
    prepared = make_database(audio, labels, tmp_path / "out", skip=0.6, development=0, test=0)
    assert prepared.subsets == {"train": ["d", "c"]}
    assert prepared.left_out == {"recordings without annotation": 1, "recordings with a fault": 2}
    assert [reason.file.name for reason in prepared.reasons] == ["a.wav", "b.txt"]
    for share in (0, 0.5):
        with pytest.raises(DataError):
            make_database(audio, labels, tmp_path / "out", skip=share)
    with pytest.raises(UsageError, match=r"1\.5 cannot be skipped"):
        make_database(audio, labels, tmp_path / "out", skip=1.5)


def test_events_a_little_past_the_end_are_cut_and_counted_or_refused(tmp_path):
    write_audio(tmp_path / "audio", "a.wav")
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}a.wav,1,2,car\na.wav,3,4.05,car\n")
    prepared = make_database(tmp_path / "audio", path, tmp_path / "out", development=0, test=0)
    assert list(prepared.left_out.values()) == [1] and "cut there" in next(iter(prepared.left_out))
    assert prepared.recordings[0].events[1].segment.end == 4
    with pytest.raises(DataError, match=r"ends at 4\.05 s, but its recording at 4 s") as caught:
        make_database(tmp_path / "audio", path, tmp_path / "out", strict=True, development=0, test=0)
    assert (caught.value.file, caught.value.line) == (path, 3)


@pytest.mark.parametrize("form", FORMS)
def test_events_without_duration_are_counted_or_refused(audio, tmp_path, form):
    events = EVENTS | {"a": [*EVENTS["a"], (2.0, 2.0, "car")]}
    annotation = annotate(tmp_path, form, events)
    prepared = make_database(audio, annotation, tmp_path / "out", development=0, test=0)
    assert prepared.left_out == {"events without duration": 1}
    assert events_of(everything(load(prepared.path, subsets=("train",)))["a"]) == safe(EVENTS["a"])
    with pytest.raises(DataError, match="no duration") as caught:
        make_database(audio, annotation, tmp_path / "out", strict=True)
    assert caught.value.line == (4 if form == "csv" else 3)


def test_files_that_are_not_used_are_counted(audio, tmp_path):
    labels = annotate(tmp_path, "audacity", EVENTS)
    for name in ("other", "another"):
        (labels / f"{name}.txt").write_text("0\t1\tcar\n")
    (audio / "x.wma").touch()
    (audio / "sub" / "y.WMA").touch()
    done = run(audio, labels, tmp_path / "out")
    assert done.returncode == 0
    assert "2  files *.txt without a recording of their name, such as another.txt, other.txt" in done.stdout
    assert "2  files *.wma, which are not read as audio" in done.stdout


def test_the_table_counts_recordings_events_and_seconds(audio, tmp_path):
    """EVENTS: five recordings of 4 s; people walking 1 + 0.75 + 0.5 s, car 2 + 1.5 + 0.25 + 4 s."""
    done = run("--development=0", "--test=0", audio, annotate(tmp_path, "csv", EVENTS), tmp_path / "out")
    rows = [line.split("  ") for line in done.stdout.splitlines()]
    cells = {tuple(cell.strip() for cell in row if cell.strip()) for row in rows}
    assert {
        ("Read as csv", "train"),
        ("recordings", "5"),
        ("duration", "20.0 s"),
        ("events", "7"),
        ("car", "4 in 7.8 s"),
        ("people walking", "3 in 2.2 s"),
    } <= cells


def annotated_parts(prepared):
    return {
        uri: [(s.start, s.end) for s in file["annotated"]]
        for uri, file in everything(load(prepared.path, subsets=("train",))).items()
    }


@pytest.mark.parametrize("where", ["beside", "named", "folder"])
def test_regions_of_a_uem_file_are_used(audio, tmp_path, where):
    annotation = annotate(tmp_path, "rttm", EVENTS)
    folder = tmp_path / "regions"
    folder.mkdir()
    uem = annotation.with_suffix(".uem") if where == "beside" else folder / "any.uem"
    uem.write_text("a 1 0 2\na 1 3 4\n" + "".join(f"{uri} 1 0 4\n" for uri in "bcde"))
    given = {"beside": None, "named": uem, "folder": folder}[where]
    prepared = make_database(audio, annotation, tmp_path / "out", uem=given, development=0, test=0)
    assert annotated_parts(prepared) == {"a": [(0, 2), (3, 4)], **{uri: [(0, 4)] for uri in "bcde"}}


def test_a_recording_that_the_uem_file_does_not_name_is_refused_or_left_out(audio, tmp_path):
    annotation = annotate(tmp_path, "rttm", EVENTS)
    annotation.with_suffix(".uem").write_text("".join(f"{uri} 1 0 4\n" for uri in "bcde"))
    with pytest.raises(DataError, match=r"'a.wav' has no line in annotation\.uem"):
        make_database(audio, annotation, tmp_path / "out")
    prepared = make_database(audio, annotation, tmp_path / "out", skip=0.2, development=0, test=0)
    assert sorted(prepared.subsets["train"]) == list("bcde")


def test_unscored_parts_are_not_annotated(audio, tmp_path):
    """Lines NOSCORE of RTTM: from 1 s to 1.5 s of `b`, which lasts 4 s."""
    annotation = annotate(tmp_path, "rttm", EVENTS)
    lines = annotation.read_text() + "NOSCORE b 1 1.0 0.5 <NA> <NA> <NA> <NA> <NA>\n"
    annotation.write_text(lines)
    prepared = make_database(audio, annotation, tmp_path / "out", development=0, test=0)
    assert annotated_parts(prepared)["b"] == [(0, 1), (1.5, 4)]


@pytest.mark.parametrize("folders", [("train", "validate", "test"), ("Training", "dev", "eval")])
def test_subsets_may_be_those_of_folders(tmp_path, folders):
    audio = tmp_path / "audio"
    places = dict(zip("abcde", [folders[0]] * 2 + [folders[1]] + [folders[2]] * 2, strict=True))
    write_audio(audio, *(f"{folder}/{uri}.wav" for uri, folder in places.items()))
    annotation = annotate(tmp_path, "csv", EVENTS)
    prepared = make_database(audio, annotation, tmp_path / "out")
    assert prepared.subsets == {"train": ["a", "b"], "development": ["c"], "test": ["d", "e"]}
    assert any("folders of the audio" in remark for remark in prepared.remarks)
    drawn = make_database(audio, annotation, tmp_path / "out", redraw=True)
    assert [len(uris) for uris in drawn.subsets.values()] == [3, 1, 1]
    assert not any("folders of the audio" in remark for remark in drawn.remarks)


def test_folders_of_other_names_are_no_subsets(audio, tmp_path):
    write_audio(audio, "train/f.wav")
    annotation = annotate(tmp_path, "csv", EVENTS | {"f": EVENTS["a"]})
    remarks = make_database(audio, annotation, tmp_path / "out").remarks
    assert not any("folders of the audio" in remark for remark in remarks)


def write_calls(folder, *names):
    """Calls of two channels: 0.25 in the first, -0.5 in the second."""
    folder.mkdir(parents=True)
    for name in names:
        soundfile.write(folder / f"{name}.wav", np.tile([[0.25, -0.5]], (32000, 1)), 8000)


@pytest.mark.parametrize("blank", ["", " "])
def test_each_channel_of_an_annotation_is_a_recording(tmp_path, blank):
    names = [f"call{blank}{number}" for number in range(5)]
    write_calls(tmp_path / "audio", *names)
    lines = [
        f"SPEAKER {name.replace(' ', '_')} {channel} {channel} 0.5 <NA> <NA> {who} <NA> <NA>\n"
        for name in names
        for channel, who in ((1, "ann"), (2, "bob"))
    ]
    (tmp_path / "all.rttm").write_text("".join(lines))
    prepared = make_database(tmp_path / "audio", tmp_path / "all.rttm", tmp_path / "out", name="Calls")
    uris = {subset: {uri.partition("#")[0] for uri in uris} for subset, uris in prepared.subsets.items()}
    # both sides of a call are in one subset
    assert sorted(len(files) for files in uris.values()) == [1, 1, 3] and len(set.union(*uris.values())) == 5
    with known_database(prepared.path, tmp_path / "cache"):
        files = {file["uri"]: file for subset in uris for file in recordings(prepared.protocol, subset)}
    assert len(files) == 10
    for uri, file in files.items():
        who, onset, value = ("ann", 1.0, 0.25) if uri.endswith("#1") else ("bob", 2.0, -0.5)
        assert file["events"] == [(onset, onset + 0.5, who)]
        samples = np.ravel(waveform.read(file["audio"]))
        assert samples == pytest.approx(np.full(32000, value), abs=1e-4)


def test_a_channel_that_the_audio_lacks_is_refused(tmp_path):
    write_audio(tmp_path / "audio", "a.wav", "b.wav", "c.wav")
    lines = "".join(f"SPEAKER a {channel} 1 1 <NA> <NA> x <NA> <NA>\n" for channel in (1, 2))
    (tmp_path / "all.rttm").write_text(lines)
    with pytest.raises(DataError, match="1 channel"):
        make_database(tmp_path / "audio", tmp_path / "all.rttm", tmp_path / "out", allow_empty=True)


def test_the_annotation_may_be_the_present_folder(audio, tmp_path, monkeypatch):
    labels = annotate(tmp_path, "audacity", EVENTS)
    monkeypatch.chdir(labels)
    assert make_database(audio, ".", tmp_path / "out").format == "audacity"


def test_events_of_subsets_are_cut_and_counted_or_refused(audio, tmp_path):
    annotation = annotate_subsets(tmp_path / "annotation", SUBSETS)
    with (annotation / "my.train.rttm").open("a") as stream:
        stream.write(
            "SPEAKER b 1 3.5 0.55 <NA> <NA> car <NA> <NA>\nSPEAKER b 1 1 0 <NA> <NA> car <NA> <NA>\n"
        )
    prepared = make_database(audio, annotation, tmp_path / "out")
    assert sorted(prepared.left_out.values()) == [1, 1]
    with pytest.raises(DataError) as caught:
        make_database(audio, annotation, tmp_path / "out", strict=True)
    assert caught.value.file == annotation / "my.train.rttm" and caught.value.line is not None
