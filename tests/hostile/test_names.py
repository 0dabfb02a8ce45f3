"""Names of recordings and labels come back from every file and folder, and two never become one."""

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from commands import known_database
from pyannote.core import Annotation, Segment, SlidingWindow, Timeline
from pyannote.database.util import load_rttm
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pyannote.audio.core.errors import DataError
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.database.corpora import speakers
from pyannote.audio.database.corpora.annotated_file import AnnotatedFile
from pyannote.audio.database.corpora.locations import name_recordings
from pyannote.audio.database.corpora.own_data import make_database
from pyannote.audio.database.corpora.writing import write_database
from pyannote.audio.database.protocols import recordings
from pyannote.audio.database.trials import trials
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.io.event_lists import format_events, read_event_lists
from pyannote.audio.io.lines import AnnotatedEvent, safe_name, safe_names
from pyannote.audio.io.rttm import read_lst, read_rttm, read_uem
from pyannote.audio.io.rttm_writer import write_lst, write_rttm, write_uem
from pyannote.audio.io.yaml_files import load_yaml, write_yaml

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_database.py"
COUNT = 1000
DATA, CONFIG = 4, 3

NOTED = [
    "a", "A", "007", "7", "1e5", "0x1f", "1_000", "-", "-h", "--help", "-1", "no", "yes", "on", "null", "~",
    "true", "True", "nan", "NaN", "NA", "<NA>", "None", "#N/A", "1.#QNAN", "1:30", "2017-01-01", "- a", "{x}",
    "{0}", "{uri}", "[a, b]", "a: b", "a:", "a #b", "#", "&a", "*a", "*", "**", "!a", "|", ">", "%a", "@a",
    "`a", "'", '"', "''", '"a', "it's", "\\", "\\n", "$HOME", "$(id)", "?", "? a", ";;", ";; a", "=", ",",
    "a,b", "...", ".", "..", "../x", "a/../b", "/a", "a/", "a//b", "a/./b", "a/b", "a_b", "a b", " a", "a ",
    "a\tb", "a\nb",
    "a\r\nb", "a\0b", "a\x01b", "a\x1bb", "a\x7fb", "a\x85b", "a\xa0b", "a\u2028b", "a\u2029b", "a\u200bb",
    "\ufeffa", "a\ufeffb", "\ufffe", "\u202ea", "é", "e\u0301", "ß", "\u017f", "Ⅷ", "٣", "日本", "\U0001d4b3",
    "👩\u200d👩\u200d👧", "x" * 255, "é" * 127, "x" * 251, "x" * 256, "\udcff", "a\ud83db", "con", "nul.txt",
    ".hidden", "a.npy", "a.rttm",
]  # fmt: skip

ALPHABETS = [
    "0123456789",
    "-0123456789.eE_",
    "abc ABC\t_",
    "aé日א٣👩\u0301\u200d\u202e ",
    "a\x00\x01\x1b\x1c\x1f\x7f\x85\xa0\u2028\ufeff\n\r",
    "a'\"\\#:;,{}[]!&*?|>%@`~<",
    "./-a",
    "".join(map(chr, range(0x20, 0x250))),
]


def random_names(count, seed=0):
    """Different names: those that have made trouble somewhere, then random ones from odd alphabets."""
    random, names = np.random.default_rng(seed), dict.fromkeys(NOTED)
    while len(names) < count:
        alphabet = ALPHABETS[random.integers(len(ALPHABETS))]
        length = int(random.choice([1, 2, 3, 5, 8, 20, 120]))
        names["".join(alphabet[index] for index in random.integers(len(alphabet), size=length))] = None
    return list(names)


def safe_ones(names):
    """Those that have a safe name which none before has, and how many have not."""
    safe = {}
    for name in names:
        try:
            safe.setdefault(safe_name(name), name)
        except DataError:
            assert not name.strip()
    return {name: safe for safe, name in safe.items()}


def test_safe_names_are_one_word_and_stay_what_they_are():
    names = random_names(5 * COUNT)
    for name, safe in safe_ones(names).items():
        assert safe_name(safe) == safe and safe.split() == [safe]
        assert not any(unicodedata.category(one) in ("Cc", "Cs") for one in safe)
        if safe == name:
            assert not set(name) & set(' "\t\n\0\ufeff')


def test_annotation_comes_back_under_every_name(tmp_path, promise):
    names = random_names(COUNT)
    safe = safe_ones(names)
    annotations, lengths = {}, {}
    for index, name in enumerate(safe):
        annotations[name] = Annotation(uri=name)
        # another name for the label
        annotations[name][Segment(index, index + 1)] = list(safe)[index - 1]
        lengths[name] = Timeline([Segment(0, index + 1)])
    write_rttm(tmp_path / "a.rttm", annotations)
    write_uem(tmp_path / "a.uem", lengths)
    write_lst(tmp_path / "a.lst", safe)
    order, labels = list(safe.values()), [list(safe.values())[index - 1] for index in range(len(safe))]
    ours, theirs = read_rttm(tmp_path / "a.rttm"), load_rttm(tmp_path / "a.rttm")
    assert [list(ours), sorted(theirs)] == [order, sorted(order)]
    assert [ours[uri].labels() for uri in order] == [[label] for label in labels]
    assert [theirs[uri].labels() for uri in order] == [[label] for label in labels]
    regions = read_uem(tmp_path / "a.uem")
    assert [(uri, timeline.extent().end) for uri, timeline in regions.items()] == [
        (uri, index + 1) for index, uri in enumerate(order)
    ]
    assert read_lst(tmp_path / "a.lst") == order
    lists = {name: [(0.0, 1.0, safe[name])] for name in safe}
    (tmp_path / "a.tsv").write_text(format_events(lists))
    assert read_event_lists(tmp_path / "a.tsv") == {uri: [(0.0, 1.0, uri)] for uri in order}
    promise(
        "Names of recordings and labels survive RTTM, UEM, LST and event lists.",
        "Random names (blanks, scripts, digits, control characters, words of YAML and of tables, 256 bytes), "
        "written, and read by us and by pyannote.database, against the name that `safe_name` gives.",
        f"{len(names):,} names, {len(safe)} of them with a safe name of their own; all of these come back",
    )


def test_names_that_would_become_one_are_refused():
    names, refused = random_names(3 * COUNT), 0
    first = {}
    for name in names:
        try:
            other = first.setdefault(safe_name(name), name)
        except DataError:
            continue
        if other != name:
            refused += 1
            for write in (safe_names, lambda pair: write_lst("never", pair)):
                with pytest.raises(DataError, match="are both written as"):
                    write([other, name])
    assert refused > 100


def names_of_classes():
    """Those that a configuration may give to a class."""
    names = [name for name in random_names(2 * COUNT) if name.strip()]
    return [name for name in names if not any(unicodedata.category(one) in ("Cc", "Cs") for one in name)]


@pytest.mark.parametrize(
    "write_and_read",
    [
        lambda path, names: (write_yaml(path, {name: name for name in names}), load_yaml(path, "")),
        lambda path, names: (
            write_yaml(path, {"a": {name: {"epoch": 1} for name in names}}),
            load_yaml(path, ""),
        ),
    ],
    ids=["keys and values", "keys of mappings"],
)
def test_yaml_gives_every_name_back(write_and_read, tmp_path):
    names = names_of_classes()
    content = write_and_read(tmp_path / "params.yml", names)[1]
    if "a" in content and isinstance(content["a"], dict):
        content = content["a"]
    assert list(content) == names


def test_specifications_and_metadata_keep_classes(tmp_path):
    names = names_of_classes()
    specifications = Specifications("Dcase", {"X": 40}, tuple(names), 2.0, 0.01, 8000)
    write_yaml(tmp_path / "specs.yml", specifications.dump())
    assert Specifications.load(load_yaml(tmp_path / "specs.yml", "")) == specifications
    window = SlidingWindow(start=0, duration=0.1, step=0.1)
    assert Precomputed.create(tmp_path, window, len(names), names).classes == names


def test_folders_of_frames_hold_every_recording(tmp_path, promise):
    window = SlidingWindow(start=0, duration=0.1, step=0.1)
    frames = Precomputed.create(tmp_path / "scores", window, dimension=1)
    names, kept = random_names(COUNT), []
    for index, name in enumerate(names):
        file = {"database": "D", "uri": name}
        try:
            frames.dump(file, np.full((1, 1), index))
        except DataError as error:
            assert {"", ".", ".."} & set(name.split("/")) or {"\0", "\ud83d"} & set(name)
            assert "Rename the file" in str(error)
        else:
            kept.append((index, file))
    assert [float(frames(file).data[0, 0]) for _, file in kept] == [index for index, _ in kept]
    assert len(list((tmp_path / "scores").rglob("*.npy"))) == len(kept)
    assert [path.name for path in tmp_path.iterdir()] == ["scores"]
    promise(
        "A folder of `Precomputed` holds a file for each name, or refuses the name.",
        "An array for each of the same random names, up to 256 bytes a part; names with NUL, `..` and empty "
        "parts are refused.",
        f"{len(names):,} names, {len(kept)} files that come back, {len(names) - len(kept)} names refused",
    )


def test_databases_do_not_share_files(tmp_path):
    window = SlidingWindow(start=0, duration=0.1, step=0.1)
    frames = Precomputed.create(tmp_path, window, dimension=1)
    files = [{"database": "a", "uri": "b/c"}, {"database": "a/b", "uri": "c"}, {"uri": "a/b/d"}]
    for index, file in enumerate(files):
        frames.dump(file, np.full((1, 1), index))
    assert [float(frames(file).data[0, 0]) for file in files] == [0, 1, 2]


# Databases that scripts make


def write_wav(path, seconds=1.0, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        soundfile.write(
            stream, np.random.default_rng(seed).uniform(-0.1, 0.1, round(8000 * seconds)), 8000, format="WAV"
        )


def file_names(count):
    """Names that a disk can hold, with a suffix, of which no two have one safe name."""
    names = []
    for name in random_names(count):
        whole = f"{name}.wav"
        # half of a surrogate pair is no byte of a file name
        if set("/\0\ud83d") & set(name) or len(os.fsencode(whole)) > 255 or whole.startswith("."):
            continue
        names.append(name)
    safe = safe_ones(names)
    stars = {}
    for name, word in safe.items():
        stars.setdefault(word.replace("*", "_"), name)
    return {name: uri for uri, name in stars.items()}


def test_a_database_finds_every_audio_file_and_label_again(tmp_path, promise):
    folder, output = tmp_path / "audio", tmp_path / "database"
    uris = file_names(COUNT)
    for name in uris:
        write_wav(folder / f"{name}.wav")
    labels = safe_ones(name for name in random_names(COUNT, seed=1) if name.isprintable())
    found = name_recordings({folder / f"{name}.wav": f"{name}.wav" for name in uris})
    assert {path.stem: uri for path, uri in found.items()} == uris
    given = dict(zip(found.items(), labels, strict=False))
    files = [
        AnnotatedFile(uri, path, 1.0, [AnnotatedEvent(uri, Segment(0, 1), label, path, 1)])
        for (path, uri), label in given.items()
    ]
    write_database(output, "Own", files, {"P": {"train": [file.uri for file in files]}})
    with known_database(output / "database.yml", output / "cache"):
        read = recordings("Own.SpeakerDiarization.P", "train")
    originals = yaml.safe_load((output / "labels.yml").read_text())
    audio = yaml.safe_load((output / "recordings.yml").read_text())
    for file, ((path, uri), label) in zip(
        read, sorted(given.items(), key=lambda one: one[0][1]), strict=True
    ):
        assert file["uri"] == uri
        assert file["audio"].resolve() == path and audio[uri] == str(path)
        ((_, _, heard),) = file["events"]
        assert originals[heard] == label
    promise(
        "Audio files and labels of any name are found again in a database that a script has made.",
        "Audio files whose names are random, up to 255 bytes, with bytes that are no text, and as many "
        "labels; `labels.yml` and `recordings.yml` lead back to what they were called.",
        f"{len(files)} files and labels, all found",
    )


def test_names_in_another_unicode_form_are_found(tmp_path):
    composed, apart = "caf\u00e9", "cafe\u0301"
    for number, (on_disk, written) in enumerate([(composed, apart), (apart, composed)]):
        folder = tmp_path / str(number)
        write_wav(folder / "audio" / f"{on_disk}.wav")
        (folder / "labels.csv").write_text(f"filename,onset,offset,label\n{written},0,0.5,car\n")
        make_database(folder / "audio", folder / "labels.csv", folder / "out", development=0, test=0)
        assert read_lst(folder / "out" / "lists" / "Protocol.train.lst") == [on_disk]


def test_folders_without_a_name_are_told(tmp_path):
    for folder in (" ", "b"):
        write_wav(tmp_path / "audio" / folder / "a.wav")
    (tmp_path / "labels.csv").write_text("filename,onset,offset,label\nb/a,0,0.5,car\n")
    with pytest.raises(DataError, match=r"empty name.*Rename") as error:
        make_database(tmp_path / "audio", tmp_path / "labels.csv", tmp_path / "out")
    assert error.value.file == tmp_path / "audio" / " " / "a.wav"


def test_output_in_a_folder_that_is_no_text_in_a_terminal_that_is_ascii(tmp_path):
    write_wav(tmp_path / "audio" / "a.wav")
    (tmp_path / "labels.csv").write_text("filename,onset,offset,label\na,0,0.5,é\n")
    output = os.fsencode(tmp_path) + b"/\xff\xc3\xa9"
    arguments = [str(tmp_path / "audio"), str(tmp_path / "labels.csv"), output, "--test=0", "--development=0"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments], capture_output=True, env=environment, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\xe9/database.yml is ready" in done.stdout


# Commands

HOSTILE_CLASSES = [
    "no", "1e2", "null", "~", "- a", "{x}", "a/b", "a_b", "007", "-h", "#", "..", "../x", "/etc", "é", "it's",
    "e\u0301", "people walking", "👩\u200d👩\u200d👧", "\u202ea", "A", "overall", "x" * 255, f"{'x' * 255}y",
    "é" * 120,
]  # fmt: skip

TINY = {
    "task": {
        "name": "MultilabelDetection",
        "params": {"duration": 1.0, "batch_size": 8, "per_epoch": 0.0002, "labels_spec": {}},
    },
    "feature_extraction": {"name": "LibrosaMelSpectrogram", "params": {"sample_rate": 8000, "n_mels": 10}},
    "architecture": {"name": "Crnn", "params": {}},
    "scheduler": {"name": "ConstantScheduler", "params": {"learning_rate": 0.01}},
}


def config_of(root, labels_spec):
    root.mkdir(parents=True, exist_ok=True)
    TINY["task"]["params"]["labels_spec"] = labels_spec
    # JSON is YAML in which all words are in quotes
    (root / "config.yml").write_text(json.dumps(TINY, indent=1, ensure_ascii=False))


HOSTILE_FILES = ["-a", "007", "b c", "é" * 120, "e\u0301", "é", "a,b", "nan", "👧", "'", "{uri}", "a*", ";;x"]


@pytest.fixture(scope="module")
def odd(tmp_path_factory, here):
    """An experiment whose recordings and classes have odd names, trained, validated and applied."""
    root = tmp_path_factory.mktemp("odd")
    rows = []
    for index, name in enumerate(HOSTILE_FILES):
        write_wav(root / "audio" / f"{name}.wav", seconds=3, seed=index)
        rows += [f'"{name}",0.2,{1 + index / 10},"car"', f'"{name}",1,2,"people walking"']
    (root / "labels.csv").write_text("\n".join(["filename,onset,offset,label", *rows]))
    make_database(root / "audio", root / "labels.csv", root / "database", development=0.4, test=0.2)
    experiment = root / "experiment"
    config_of(
        experiment,
        {"regular": ["car"], "union": {name: ["car", "people_walking"] for name in HOSTILE_CLASSES}},
    )
    protocol, database = "Own.SpeakerDiarization.Protocol", root / "database" / "database.yml"
    train = experiment / "train" / f"{protocol}.train"
    validate = train / "validate_average_detection_fscore" / f"{protocol}.development"
    cache = root / "cache"
    steps = [("train", "--to=2", experiment), ("validate", train), ("apply", validate)]
    for step in steps:
        result = here("mlt", step[0], "--cpu", *step[1:], protocol, database=database, cache=cache)
        assert result.code == 0, result.err
    return root, train, validate


def test_results_of_classes_with_odd_names(odd, here):
    _, train, validate = odd
    classes = ["car", *HOSTILE_CLASSES]
    assert load_yaml(train / "specs.yml", "")["y"]["classes"] == classes
    params = load_yaml(validate / "params.yml", "")
    assert list(params["params"]) == list(params["class_wise"]) == classes
    (output,) = (validate / "apply").iterdir()
    assert Precomputed(output).classes == classes
    listed = read_event_lists(next(output.glob("*.events.tsv")))
    all_labels = {label for events in listed.values() for *_, label in events}
    assert all_labels <= set(classes) and len(all_labels) > 20
    rttm = read_rttm(output / "Own.SpeakerDiarization.Protocol.test.rttm")
    assert {label for one in rttm.values() for label in one.labels()} == {*map(safe_name, all_labels)}
    files = [read_rttm(path).values() for path in output.glob("*.rttm")]
    # beside the file of all labels, one of each, also of those of which nothing was found
    assert len(files) == 1 + len(classes)
    found = [{label for one in file for label in one.labels()} for file in files]
    assert sorted(next(iter(one)) for one in found if len(one) == 1) == sorted(map(safe_name, all_labels))
    results = json.loads(next(output.glob("*.evaluation.json")).read_text())
    assert set(results["segment_based"]["class_wise"]) == set(classes)
    assert sorted(path.name for path in output.parent.parent.iterdir() if path.is_dir()) == [
        "apply",
        "scores",
    ]
    assert here("mlt", "evaluate", output).code == 0


def test_tags_of_classes_with_odd_names(odd):
    _, _, validate = odd
    accumulator = EventAccumulator(str(validate)).Reload()
    prefix = "validate/Own.SpeakerDiarization.Protocol.development/"
    tags = {tag for tag in accumulator.Tags()["scalars"] if tag.endswith("/fscore")}
    assert tags == {f"{prefix}{name}/fscore" for name in ["car", *HOSTILE_CLASSES]}


def test_results_of_recordings_with_odd_names(odd):
    root, _, validate = odd
    (output,) = (validate / "apply").iterdir()
    uris = read_lst(root / "database" / "lists" / "Protocol.test.lst")
    assert sorted(path.stem for path in (output / "Own").iterdir()) == sorted(uris)
    assert list(read_event_lists(next(output.glob("*.events.tsv")))) == uris
    everything = [read_lst(path) for path in (root / "database" / "lists").glob("*.lst")]
    expected = {safe_name(name).replace("*", "_") for name in HOSTILE_FILES}
    assert {uri for uris in everything for uri in uris} == expected


def test_an_audio_file_of_any_name_is_applied_to(odd, here, tmp_path):
    root, _, validate = odd
    database, window = root / "database" / "database.yml", "x" * 251
    for name in ("a\tb\nc", window, "-a", "🎵 é"):
        write_wav(tmp_path / f"{name}.wav")
        result = here("mlt", "apply", "--cpu", validate, tmp_path / f"{name}.wav", database=database)
        assert result.code == 0, result.err
        (output,) = (validate / "apply").iterdir()
    # the last but one ends with a digest of its name as well, which would be too long
    starts = ["-a~", "a\tb\nc~", window[:200], "🎵 é~"]
    assert [
        path.name[: len(start)]
        for path, start in zip(sorted((output / "audio").iterdir()), starts, strict=True)
    ] == starts
    (listed,) = output.glob("a\tb\nc~*.events.tsv")
    assert [uri[:6] for uri in read_event_lists(listed)] == ["a_b_c~"]


@pytest.mark.parametrize(
    ("labels_spec", "words"),
    [
        ({"regular": ["car", 7]}, "in quotes"),
        ({"regular": ["car"], "union": {"": ["car"]}}, "'' cannot be the name of a class"),
        ({"regular": ["car"], "union": {"a\tb": ["car"]}}, "cannot be the name of a class"),
        ({"regular": ["car"], "union": {"a\nb": ["car"]}}, "cannot be the name of a class"),
        ({"regular": ["car"], "union": {"a\x1b[2J": ["car"]}}, "cannot be the name of a class"),
        ({"regular": ["people_walking"], "union": {"people walking": ["car"]}}, "are both written as"),
    ],
)
def test_classes_that_results_could_not_tell_apart_are_refused_before_training(
    odd, here, tmp_path, labels_spec, words
):
    config_of(tmp_path / "experiment", labels_spec)
    result = here(
        "mlt", "train", "--cpu", tmp_path / "experiment", "Own.SpeakerDiarization.Protocol",
        database=odd[0] / "database" / "database.yml",
    )  # fmt: skip
    assert result.code == CONFIG and words in result.err and "config.yml, line" in result.err
    assert [path.name for path in (tmp_path / "experiment").iterdir()] == ["config.yml"]


def test_recordings_of_two_databases_that_share_a_name_are_refused(odd, here, tmp_path):
    root, _, validate = odd
    made = yaml.safe_load((root / "database" / "database.yml").read_text())
    made["Databases"]["Twin"] = made["Databases"]["Own"]
    made["Protocols"]["Twin"] = made["Protocols"]["Own"]
    name = "SpeakerDiarization.Protocol"
    made["Protocols"]["X"] = {
        "SpeakerDiarization": {"Both": {"test": {f"Own.{name}": ["test"], f"Twin.{name}": ["test"]}}}
    }
    (tmp_path / "database.yml").write_text(yaml.safe_dump(made))
    before = sorted(validate.rglob("*.npy"))
    result = here(
        "mlt", "apply", "--cpu", validate, "X.SpeakerDiarization.Both", database=tmp_path / "database.yml"
    )
    assert result.code == DATA and "Two recordings are called" in result.err
    assert sorted(validate.rglob("*.npy")) == before


def test_speakers_of_odd_names(tmp_path, embedded, here):
    names = [*HOSTILE_FILES, "a\nb", "\udcff", "NA", "1e5"]
    for name in names:
        for session in ("1", " 2 "):
            for take in ("-1", "x" * 200):
                write_wav(tmp_path / "voices" / name / session / f"{take}.wav")
    speakers.prepare(tmp_path / "voices", tmp_path / "made", trials=20)
    listed = tmp_path / "made"
    protocol = "Own.SpeakerVerification.Protocol"
    with known_database(listed / "database.yml", tmp_path / "cache"):
        files = [one for subset in ("train", "development", "test") for one in recordings(protocol, subset)]
        tried = trials(protocol, "test")
    labels = yaml.safe_load((listed / "labels.yml").read_text())
    heard = {labels[label] for file in files for *_, label in file["events"]}
    assert heard == set(names)
    result = here(
        "emb", "apply", "--cpu", embedded.validate, protocol,
        database=listed / "database.yml", cache=tmp_path / "cache",
    )  # fmt: skip
    assert result.code == 0, result.err
    (output,) = (embedded.validate / "apply").iterdir()
    frames = Precomputed(output)
    assert all(len(frames(file).data) for file in tried.files)
