"""What is wrong with annotation is refused with its line, or cut; targets are those of a raster by hand."""

import io
import re
import runpy
import shutil
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
import torch
import yaml
from commands import CONFIG, known_database
from pyannote.core import Annotation, Segment

from pyannote.audio.applications import terminal
from pyannote.audio.database.protocols import recordings
from pyannote.audio.database.trials import trials
from pyannote.audio.features.librosa_mel_spectrogram import LibrosaMelSpectrogram
from pyannote.audio.io.rttm import read_rttm
from pyannote.audio.labeling.tasks.multilabel_detection import MultilabelDetection
from pyannote.audio.store.packs import Pack

SCRIPTS = Path(__file__).parents[2] / "scripts"
SECONDS = 4.0
DATA = 4

DATABASE = """\
Databases:
  Street: {audio}
Protocols:
  Street:
    SpeakerDiarization:
      Plain: &plain
        scope: database
        train: &train
          uri: train.lst
          annotation: train.rttm
          annotated: train.uem
        development: *train
    SpeakerVerification:
      Trials:
        scope: database
        test:
          uri: train.lst
          trial: test.trials
"""


def write_wav(path, seconds=SECONDS):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.full(round(8000 * seconds), 0.1), 8000)


class Street:
    """A protocol of two recordings of 4 s, and the files that describe them."""

    def __init__(self, folder, audio="{folder}/audio/{{uri}}.wav"):
        self.folder = folder
        for uri in "ab":
            write_wav(folder / "audio" / f"{uri}.wav")
        self.database = folder / "database.yml"
        self.database.write_text(DATABASE.format(audio=audio.format(folder=folder)))
        (folder / "train.lst").write_text("a\nb\n")
        (folder / "train.rttm").write_text("".join(f"{rttm_line('0', '1', uri=uri)}\n" for uri in "ab"))
        (folder / "train.uem").write_text("a 1 0 4\nb 1 0 4\n")
        (folder / "test.trials").write_text("1 a a\n0 a b\n")

    def read(self, database=None, name="Street.SpeakerDiarization.Plain"):
        with known_database(database or self.database, self.folder / "cache"):
            return recordings(name, "train")

    def trials(self):
        with known_database(self.database, self.folder / "cache"):
            return trials("Street.SpeakerVerification.Trials", "test")


def rttm_line(onset, offset, label="car", uri="a"):
    """Write an event; a reversed one has a negative duration, and what is no number stands as it is."""
    duration = offset
    if all(re.fullmatch(r"\+?[0-9]+(\.[0-9]*)?(e[0-9])?", time) for time in (onset, offset)):
        duration = f"{float(offset) - float(onset):.7f}"
    return f"SPEAKER {uri} 1 {onset} {duration} <NA> <NA> {label} <NA> <NA>"


# Formats that users write: where a file lies, its good lines, how an event is written, and who reads it


class Format(NamedTuple):
    path: Path
    good: list
    event: object
    command: object
    events: object


def captured(command):
    """Status and what is said of something that commands do, as `terminal.run` ends them."""
    err = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(err):
        code = terminal.run(command)
    return code, err.getvalue()


def script(name, *arguments):
    """Run a script in this process."""
    err = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()), redirect_stderr(err):
        patch.setattr(sys, "argv", [name, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(SCRIPTS / name), run_name="__main__")
    return end.value.code, err.getvalue()


def made_events(output, protocol, uri="a"):
    """Events of a recording of a database that a script has made."""
    with known_database(output / "database.yml", output / "cache"):
        files = recordings(protocol, "train")
    return next(file["events"] for file in files if file["uri"] == uri)


def of_protocol(folder, here, name):
    street = Street(folder)
    (folder / "config.yml").write_text(CONFIG)

    def train():
        result = here(
            "dcase", "train", "--cpu", folder, "Street.SpeakerDiarization.Plain", database=street.database
        )
        return result.code, result.err

    def events():
        file = street.read()[0]
        return file["events"] if name == "rttm" else [(*part, "car") for part in file["regions"]]

    good = {
        "rttm": [rttm_line("0", "1"), rttm_line("2", "3"), rttm_line("0", "4", uri="b")],
        "uem": ["a 1 0 1", "a 1 2 3", "b 1 0 4"],
        "lst": ["a", "b"],
    }[name]
    event = {
        "rttm": rttm_line,
        "uem": lambda onset, offset, label="car": f"a 1 {onset} {offset}",
        "lst": None,
    }
    return Format(folder / f"train.{name}", good, event[name], train, events)


def of_trials(folder, here):
    street = Street(folder)
    good = ["1 a a", "0 a b"]
    return Format(street.folder / "test.trials", good, None, lambda: captured(street.trials), None)


def of_own_data(folder, here, name):
    for uri in "ab":
        write_wav(folder / "audio" / f"{uri}.wav")
    good = [("0", "1"), ("2", "3")]
    labels, given = folder / f"labels.{name}", folder / f"labels.{name}"
    if name == "txt":
        labels = folder / "labels" / "a.txt"
        labels.parent.mkdir()
        (labels.parent / "b.txt").write_text("0\t1\tcar\n")
        given = labels.parent
        lines = [f"{onset}\t{offset}\tcar" for onset, offset in good]

        def event(onset, offset, label="car"):
            return f"{onset}\t{offset}\t{label}"
    else:
        separator = {"csv": ";", "tsv": "\t", "rttm": " "}[name]

        def event(onset, offset, label="car", uri="a"):
            if name == "rttm":
                return rttm_line(onset, offset, label, uri)
            return separator.join([f"{uri}.wav", onset, offset, label])

        header = [] if name == "rttm" else [separator.join(["filename", "onset", "offset", "label"])]
        lines = [*header, *(event(*one) for one in good), event("0", "1", uri="b")]
    output = folder / "made"
    command = partial(script, "make_database.py", "--development=0", "--test=0")
    return Format(
        labels,
        lines,
        event,
        lambda: command(folder / "audio", given, output),
        lambda: made_events(output, "Own.SpeakerDiarization.Protocol"),
    )


def of_tut(folder, here, name):
    root, lists = folder / "tut", folder / "tut" / "evaluation_setup"
    lists.mkdir(parents=True)
    for uri in "abc":
        write_wav(root / "audio" / "street" / f"{uri}.wav")

    def rows(uri, *events):
        return [f"audio/street/{uri}.wav\tstreet\t{onset}\t{offset}\tcar" for onset, offset in events]

    good = [*rows("a", (0, 1), (2, 3)), *rows("b", (0, 1))]
    (lists / "street_fold1_train.txt").write_text("\n".join(good) + "\n")
    (lists / "street_fold1_evaluate.txt").write_text("\n".join(rows("c", (0, 1))) + "\n")
    path, event = lists / "street_fold1_train.txt", "audio/street/a.wav\tstreet\t{}\t{}\t{}"
    protocol, subset_file = "TUT2017.SpeakerDiarization.MyProtocol", "a"
    if name == "ann":
        path, event, subset_file = folder / "evaluation" / "meta" / "street" / "d.ann", "{}\t{}\t{}", "d"
        write_wav(folder / "evaluation" / "audio" / "street" / "d.wav")
        path.parent.mkdir(parents=True)
        (folder / "evaluation" / "evaluation_setup").mkdir()
        (folder / "evaluation" / "evaluation_setup" / "street_test.txt").write_text(
            "audio/street/d.wav\tstreet\n"
        )
        good, protocol = ["0\t1\tcar", "2\t3\tcar"], "TUT2017.SpeakerDiarization.Evaluation"
    output = folder / "made"

    def events():
        with known_database(output / "database.yml", output / "cache"):
            files = recordings(protocol, "test" if name == "ann" else "train")
        return next(file["events"] for file in files if file["uri"] == subset_file)

    return Format(
        path,
        good,
        lambda onset, offset, label="car": event.format(onset, offset, label),
        lambda: script("preprocess.py", folder, output),
        events,
    )


FORMATS = {
    **{name: partial(of_protocol, name=name) for name in ("rttm", "uem", "lst")},
    "trials": of_trials,
    **{f"own {name}": partial(of_own_data, name=name) for name in ("rttm", "csv", "tsv", "txt")},
    **{f"tut {name}": partial(of_tut, name=name) for name in ("list", "ann")},
}

# Times of an event that is written in the second line

NO_TIMES = [
    "nan",
    "inf",
    "-inf",
    "-1",
    "1,5",
    "1_000",
    "٢",
    "",
    "soon",
    "0x1",
    "1:30",
    "1e400",
    "--1",
    "1.2.3",
]
REFUSED_EVENTS = [
    *((time, "3") for time in NO_TIMES),
    *(("0.5", time) for time in NO_TIMES),
    ("1", "1"),
    ("2", "1"),
    ("1", "1.0000001"),
    ("1", "4.2"),
    ("1", "1e300"),
    ("4", "4.05"),
    ("5", "6"),
]
# preparing commands count them
WITHOUT_DURATION = [("1", "1"), ("1", "1.0000001")]
ACCEPTED_EVENTS = {
    "written as a power": ("1e0", "1.5e0", (1.0, 1.5)),
    "thousands of decimals": (f"1.{'0' * 5000}", "1.5", (1.0, 1.5)),
    "with a sign": ("+1", "1.5", (1.0, 1.5)),
    "a little past the end": ("1", "4.05", (1.0, 4.0)),
    "up to the end": ("1", "4", (1.0, 4.0)),
    "a millisecond": ("1.001", "1.002", (1.001, 1.002)),
    "the same twice": ("0", "1", (0.0, 1.0)),
    "overlapping the same label": ("0.5", "2.5", (0.5, 2.5)),
    "without a gap": ("1", "2", (1.0, 2.0)),
}


def lined(format, line):
    """The good lines, with another one in second place."""
    return "\n".join([format.good[0], line, *format.good[1:]]) + "\n"


def refused_bytes(format):
    """Contents that no line of which may be read, and the line that must be named, if any."""
    good = "\n".join(format.good) + "\n"
    return {
        "UTF-16": (good.encode("utf-16"), 1),
        "UTF-16 without a mark": (good.encode("utf-16-le"), 1),
        "Latin-1": (lined(format, "Stra\xdfe").encode("latin-1"), 2),
        "NUL": (lined(format, f"{format.good[-1]}\0").encode(), 2),
        "a line of 10 MB": (lined(format, "a" * 10_000_000).encode(), 2),
        "one column too many": (lined(format, f"{format.good[-1]}\t x;y").encode(), 2),
        "prose": (lined(format, "Once upon a time, there was a line; it had many words").encode(), 2),
    }


def accepted_bytes(format):
    good = "\n".join(format.good) + "\n"
    return {
        "as it is": good.encode(),
        "CRLF": good.replace("\n", "\r\n").encode(),
        "CR": good.replace("\n", "\r").encode(),
        "a mark of byte order": good.encode("utf-8-sig"),
        "no last line end": good.rstrip("\n").encode(),
        "blank lines": good.replace("\n", "\n \t\n\n").encode(),
        "blanks at the ends": good.replace("\n", "  \n").encode(),
    }


def is_refused(format, content, line):
    """Whether a command ends with one sentence that names file and line, and with the status of data."""
    format.path.write_bytes(content)
    code, err = format.command()
    where = f"Error: {format.path}" if line is None else f"Error: {format.path}, line {line}: "
    return code == DATA and err.startswith(where) and err.count("\n") == 1 and len(err) < 1000


def faults(format, name):
    """Contents that no line of which may be read, and the line that must be named."""
    texts = refused_bytes(format)
    if name.startswith("own"):
        # other programs write it, and it is told by its bytes
        texts = {case: text for case, text in texts.items() if "UTF-16" not in case}
    if format.event is None:
        return texts
    for onset, offset in REFUSED_EVENTS:
        if name == "own csv" and "1,5" in (onset, offset):
            continue  # columns separated by semicolons may have decimal commas
        if name.startswith("own") and (onset, offset) in WITHOUT_DURATION:
            continue
        texts[f"from {onset} to {offset}"] = (lined(format, format.event(onset, offset)).encode(), 2)
    lines = [*format.good[:-1], format.good[-1][: len(format.good[-1]) // 2 - 1]]
    texts["half a last line"] = ("\n".join(lines).encode(), len(lines))
    if name != "uem":
        texts["no label"] = (lined(format, format.event("1", "2", "")).encode(), 2)
    return texts


def test_faults_of_annotation_are_refused_with_their_line(tmp_path, here, promise):
    cases, wrong = 0, []
    for name, make in FORMATS.items():
        format = make(tmp_path / name.replace(" ", "_"), here)
        for case, (content, line) in faults(format, name).items():
            cases += 1
            if not is_refused(format, content, line):
                wrong.append((name, case, format.command()))
        format.path.unlink()
        format.path.mkdir()
        code, err = format.command()
        cases += 1
        # a folder of label files has no such file, then
        if code != DATA or (str(format.path) not in err and "no annotation" not in err):
            wrong.append((name, "a folder", code, err))
    assert wrong == []
    promise(
        "What is wrong with annotation is refused with file and line.",
        f"Wrong times, columns, encodings, NUL, lines of 10 MB, half a line, a folder, in {len(FORMATS)} "
        "formats (RTTM, UEM, LST, trials, csv, tsv, Audacity, lists and .ann of TUT 2017) of commands.",
        f"{cases} faults, {len(wrong)} not refused",
    )


def test_harmless_differences_change_nothing_and_events_are_cut_at_the_end(tmp_path, here, promise):
    cases, plain = 0, [(0.0, 1.0, "car"), (2.0, 3.0, "car")]
    for name in FORMATS.keys() - {"lst", "trials"}:
        format = FORMATS[name](tmp_path / name.replace(" ", "_"), here)
        contents = {case: (content, None) for case, content in accepted_bytes(format).items()}
        for case, (onset, offset, expected) in ACCEPTED_EVENTS.items():
            contents[case] = (lined(format, format.event(onset, offset)).encode(), (*expected, "car"))
        for case, (content, event) in contents.items():
            cases += 1
            format.path.write_bytes(content)
            if "own" in name or "tut" in name:
                assert format.command()[0] == 0, (name, case)
            expected = sorted([*plain, *([event] if event else [])])
            # regions are merged where they touch
            expected = merged(expected) if name == "uem" else expected
            assert format.events() == expected, (name, case)
    promise(
        "Annotation that differs only in its dress is read alike; what passes the end by little is cut.",
        "CRLF, CR, a mark of byte order, blank lines, powers, 5,000 decimals, doubled, touching and "
        f"overlapping lines, in {len(FORMATS) - 2} formats.",
        f"{cases} files, all read as they are meant",
    )


def merged(events):
    found = [events[0]]
    for onset, offset, label in events[1:]:
        if onset <= found[-1][1]:
            found[-1] = (found[-1][0], max(offset, found[-1][1]), label)
        else:
            found.append((onset, offset, label))
    return found


def test_comments_are_passed_over_and_columns_may_be_empty(tmp_path, here):
    format = FORMATS["rttm"](tmp_path / "protocol", here)
    format.path.write_text(";; one two three four five six seven eight nine\n" + "\n".join(format.good))
    assert format.events() == [(0.0, 1.0, "car"), (2.0, 3.0, "car")]
    format = FORMATS["own csv"](tmp_path / "own", here)
    format.path.write_text("onset;offset;filename;label\n0;1;a.wav;car\n;;b.wav;\n")
    assert format.command()[0] == 0
    assert made_events(tmp_path / "own" / "made", "Own.SpeakerDiarization.Protocol", "b") == []


def test_words_that_readers_of_tables_take_for_others_stay_what_they_are(tmp_path):
    words = sorted(
        ["007", "1e5", "True", "nan", "NA", "-1", "null", "1_000", '"', "'", "inf", "#N/A", "+7", "0x1f"]
    )
    street = Street(tmp_path, audio="{folder}/audio/a.wav")
    (tmp_path / "train.lst").write_text("".join(f"{word}\n" for word in words))
    (tmp_path / "train.uem").write_text("".join(f"{word} 1 0 4\n" for word in words))
    lines = [rttm_line("0", "1", label, uri) for uri, label in zip(words, reversed(words), strict=True)]
    (tmp_path / "train.rttm").write_text("\n".join(lines))
    (tmp_path / "test.trials").write_text("".join(f"{len(word) % 2} 007 {word}\n" for word in words))
    files = street.read()
    assert [file["uri"] for file in files] == words
    assert [file["events"] for file in files] == [[(0.0, 1.0, label)] for label in reversed(words)]
    assert {file["uri"] for file in street.trials().files} == set(words)


def test_uris_that_only_one_file_knows(tmp_path):
    street = Street(tmp_path)
    (tmp_path / "train.rttm").write_text(rttm_line("0", "1", uri="stranger") + "\n")
    (tmp_path / "train.uem").write_text("a 1 0 4\nb 1 0 4\nstranger 1 0 9\n")
    one, other = street.read()
    assert (one["events"], one["regions"]) == (other["events"], other["regions"]) == ([], [(0.0, 4.0)])
    (tmp_path / "train.uem").write_text("a 1 0 4\nstranger 1 0 9\n")
    code, err = captured(street.read)
    place = f"{tmp_path / 'train.lst'}, line 2: 'b' has no line in {tmp_path / 'train.uem'}"
    assert code == 4 and place in err and "Add a line `b 1 start end`" in err


@pytest.mark.parametrize("uem", ["a 1 0 4\nb 1 0 4\n", "a 1 0 0.5\nb 1 0 4\n"])
def test_an_event_past_the_end_is_told_with_its_line_wherever_regions_are(tmp_path, uem):
    street = Street(tmp_path)
    (tmp_path / "train.uem").write_text(uem)
    for onset, offset in (("1", "9"), ("5", "9"), ("0.2", "4.11"), ("4.01", "4.09")):
        (tmp_path / "train.rttm").write_text(rttm_line("0", "1") + "\n" + rttm_line(onset, offset) + "\n")
        code, err = captured(street.read)
        assert code == DATA and err.startswith(f"Error: {tmp_path}/train.rttm, line 2: ")


def test_validate_refuses_what_train_refuses(tmp_path, data, finished, here):
    shutil.copytree(data / "database", tmp_path / "database")
    database = tmp_path / "database" / "database.yml"
    database.write_text(database.read_text().replace(f"{data}/database", f"{tmp_path}/database"))
    rttm = tmp_path / "database" / "TUT2017.rttm"
    lines = rttm.read_text().splitlines()
    rttm.write_text("\n".join([*lines, lines[0].replace(" 1 ", " 1 -", 1)]))
    result = here("dcase", "validate", "--cpu", finished.train, finished.protocol, database=database)
    assert result.code == DATA
    assert result.err.startswith(f"Error: {rttm}, line {len(lines) + 1}: ")
    assert result.err.count("\n") == 1


WHEREVER = {
    "templates": {
        "Protocols": {
            "Street": {
                "SpeakerDiarization": {
                    "Plain": {
                        "scope": "file",
                        "train": {
                            "uri": "train.lst",
                            "annotation": "{uri}.rttm",
                            "annotated": "{uri}.uem",
                        },
                    }
                }
            }
        }
    },
    "several databases": {
        "Requirements": "database.yml",
        "Protocols": {
            "X": {"SpeakerDiarization": {"Both": {"train": {"Street.SpeakerDiarization.Plain": ["train"]}}}}
        },
    },
}


@pytest.mark.parametrize("fault", ["rttm", "uem", "lst"])
@pytest.mark.parametrize("kind", WHEREVER)
def test_annotation_is_read_strictly_wherever_it_is_named(kind, fault, tmp_path):
    street = Street(tmp_path)
    stem = "a" if kind == "templates" and fault != "lst" else "train"
    good = {"rttm": rttm_line("0", "1", "NA"), "uem": "a 1 0 4", "lst": "a"}
    for name, line in good.items():
        for copy in ("a", "train"):
            (tmp_path / f"{copy}.{name}").write_text(f";; a comment\n{line}\n")
    (tmp_path / "other.yml").write_text(
        yaml.safe_dump(WHEREVER[kind] | {"Databases": {"Street": str(tmp_path / "audio" / "a.wav")}})
    )
    name = "X.SpeakerDiarization.Both" if kind == "several databases" else "Street.SpeakerDiarization.Plain"
    read = partial(street.read, database=tmp_path / "other.yml", name=name)
    assert [file["events"] for file in read()] == [[(0.0, 1.0, "NA")]]
    (tmp_path / f"{stem}.{fault}").write_text(f"{good[fault]}\n{good[fault]} x\n")
    code, err = captured(read)
    assert code == DATA and err.startswith(f"Error: {tmp_path}/{stem}.{fault}, line 2: ")
    assert err.count("\n") == 1


# Targets

LABELS = ("car", "man", "woman")
SPEC = {
    "regular": ["car", "man"],
    "union": {"any": ["car", "man", "woman"]},
    "intersection": {"both": ["man", "woman"]},
}


def random_events(random, milliseconds):
    """Events of one recording in milliseconds: many overlap, touch, are doubled, tiny, or end at the end."""
    events = []
    for _ in range(random.integers(0, 12)):
        onset = int(random.integers(0, milliseconds))
        length = int(random.choice([1, 2, 5, 10, 11, random.integers(1, milliseconds)]))
        label = str(random.choice(LABELS))
        events.append((onset, onset + length, label))
        kind = random.integers(0, 5)
        if kind == 0:
            events.append(events[-1])
        elif kind == 1:
            events.append((onset + length, onset + length + int(random.integers(1, 500)), label))
        elif kind == 2:
            events.append((onset, milliseconds + int(random.integers(0, 100)), label))
    # no event begins at the end, and none passes it by more than is cut without a word
    return [
        (onset, min(offset, milliseconds + 100), label)
        for onset, offset, label in events
        if onset < milliseconds
    ]


def raster_by_hand(events, frames, step, milliseconds):
    """In integers: events cover a frame if they cover its middle; one that covers none has that of its onset.

    Events of composed classes are runs of milliseconds in which one of their labels, or all, are active.
    Times are doubled, so that the middle of a frame is a whole number; `step` is in milliseconds.
    """
    cut = [(onset, min(offset, milliseconds), label) for onset, offset, label in events]
    active = {label: np.zeros(milliseconds, dtype=bool) for label in LABELS}
    for onset, offset, label in cut:
        active[label][onset:offset] = True
    car, man, woman = (active[label] for label in LABELS)
    spans = [
        *([(onset, offset) for onset, offset, label in cut if label == one] for one in LABELS[:2]),
        runs(car | man | woman),
        runs(man & woman),
    ]
    middles, columns = (2 * np.arange(frames) + 1) * step, []
    for own in spans:
        column = np.zeros(frames, dtype=bool)
        for onset, offset in own:
            covered = (2 * onset <= middles) & (middles < 2 * offset)
            if not covered.any() and onset // step < frames:
                covered[onset // step] = True
            column |= covered
        columns.append(column)
    return np.stack(columns, axis=1)


def runs(active):
    """First and last point of each run of True, the last one excluded."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], active.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def targets_by_hand(active, resolution, kind):
    outputs = len(active) // resolution
    counts = np.array(
        [active[index * resolution : (index + 1) * resolution].sum(axis=0) for index in range(outputs)]
    )
    return {"majority": 2 * counts >= resolution, "any": counts > 0, "share": counts / resolution}[kind]


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_targets_are_those_of_a_raster_by_hand(count, tmp_path, promise):
    random, milliseconds = np.random.default_rng(count), round(1000 * SECONDS)
    lists = [random_events(random, milliseconds) for _ in range(count)]
    street = Street(tmp_path, audio="{folder}/audio/a.wav")
    lines = [
        rttm_line(f"{onset / 1000:.3f}", f"{offset / 1000:.3f}", label, f"f{index}")
        for index, events in enumerate(lists)
        for onset, offset, label in events
    ]
    (tmp_path / "train.rttm").write_text("\n".join(lines))
    (tmp_path / "train.lst").write_text("".join(f"f{index}\n" for index in range(count)))
    (tmp_path / "train.uem").write_text("".join(f"f{index} 1 0 4\n" for index in range(count)))
    # files come in the order of their names
    files, differing = sorted(street.read(), key=lambda file: int(file["uri"][1:])), 0
    for step in (10, 20, 16):
        frames = milliseconds // step
        by_hand = [raster_by_hand(events, frames, step, milliseconds) for events in lists]
        active = torch.from_numpy(np.stack(by_hand).astype(np.float32))
        given = activity_of(files, frames, step)
        differing += int((given != active).any(dim=(1, 2)).sum())
        for kind, resolution in (("majority", 1), ("majority", 6), ("any", 5), ("share", 7)):
            found = MultilabelDetection(SPEC, target=kind).targets(given, resolution).numpy()
            expected = [targets_by_hand(one, resolution, kind) for one in by_hand]
            differing += int((np.abs(found - np.stack(expected)) > 1e-6).any(axis=(1, 2)).sum())
    assert differing == 0
    promise(
        "Targets are those of a raster of the annotation by brute force.",
        "Random event lists with overlapping, doubled, touching and tiny events, written as RTTM and read; "
        "activity in frames of 10, 16 and 20 ms and three kinds of targets against a loop in whole numbers.",
        f"{count:,} lists, {differing} differ",
    )


def activity_of(files, frames, step):
    """Activity that the task draws of each whole recording; features tell which one a chunk is of."""
    data = np.repeat(np.arange(len(files), dtype=np.float32), frames)[:, None]
    pack = Pack(data, frames * np.arange(len(files) + 1), np.zeros((len(files), 1), np.float32))
    extraction = LibrosaMelSpectrogram(sample_rate=8000, step=step / 1000, n_mels=1)
    duration = frames * step / 1000
    task = MultilabelDetection(SPEC, duration=duration, batch_size=256, per_epoch=len(files) * 6 / 21600)
    task.prepare(files, pack, task.specifications(extraction))
    found = torch.full((len(files), frames, 4), torch.nan)
    for epoch in range(1, 30):
        for batch in task.batches(epoch, seed=0):
            found[batch["X"][:, 0, 0].long()] = batch["y"]
        if not found.isnan().any():
            return found
    raise AssertionError("Some recordings were never drawn.")


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_a_long_file_of_annotation_is_read_in_time(count, tmp_path, promise):
    path, uris = tmp_path / "long.rttm", 500
    lines = (
        f"SPEAKER f{line % uris} 1 {line // uris}.25 1.5 <NA> <NA> l{line % 7} <NA> <NA>\n"
        for line in range(count)
    )
    path.write_text("".join(lines))
    before = time.process_time()
    annotations = read_rttm(path)
    took, limit = time.process_time() - before, 1 + 60 * count / 1_000_000
    assert took < limit
    assert sum(len(annotation) for annotation in annotations.values()) == count
    first = Annotation(uri="f0")
    for line in range(0, count, uris):
        first[Segment(line // uris + 0.25, line // uris + 1.75), line + 1] = f"l{line % 7}"
    assert list(annotations["f0"].itersegments()) == list(first.itersegments())
    assert [label for *_, label in annotations["f0"].itertracks(yield_label=True)] == [
        label for *_, label in first.itertracks(yield_label=True)
    ]
    promise(
        "Annotation of a million events is read in time.",
        "An RTTM file of many lines; seconds of the processor.",
        f"{count:,} lines in less than {limit:.1f} s",
    )
