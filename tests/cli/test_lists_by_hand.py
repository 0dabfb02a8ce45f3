"""Folders of `apply` that were written by hand: the right figures, or the line that is wrong."""

import json
import random
import re
import warnings

import pytest

from pyannote.audio.applications.applied_results import read_folder
from pyannote.audio.core.errors import DataError, ToolkitError

PROTOCOL = "Street.SpeakerDiarization.Cars"
DATA, USAGE = 4, 2

REFERENCE = """\
a\t0\t2\tcar
a\t3\t5\tpeople walking
b\t1\t2\tcar
"""
METADATA = "start: 0.0\nduration: 0.1\nstep: 0.1\ndimension: 2\nclasses: [car, people_walking]\n"


@pytest.fixture
def folder(tmp_path):
    """A folder with a reference, detections and the names of classes."""

    def write(events=REFERENCE, reference=REFERENCE, metadata=METADATA):
        files = {"reference.tsv": reference, "events.tsv": events}
        for name, text in files.items():
            if text is not None:
                (tmp_path / f"{PROTOCOL}.test.{name}").write_text(text)
        if metadata is not None:
            (tmp_path / "metadata.yml").write_text(metadata)
        return tmp_path

    return write


def error_rate(result):
    return float(re.search(r"^overall +(\S+)", result.out, flags=re.MULTILINE)[1])


def sed_eval_error_rate(reference, events):
    """Segment-based error rate of sed_eval itself, which is told the columns, and that there is no header."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sed_eval

        fields = ["filename", "onset", "offset", "event_label"]
        lists = [
            sed_eval.io.load_event_list(str(path), fields=fields, csv_header=False)
            for path in (reference, events)
        ]
        metric = sed_eval.sound_event.SegmentBasedMetrics(["car", "people walking"], time_resolution=1.0)
        for name in ("a", "b"):
            metric.evaluate(*(one.filter(filename=name) for one in lists))
        return metric.results_overall_metrics()["error_rate"]["error_rate"]


def test_lists_without_a_header_lose_no_line(folder, here, tmp_path):
    """The detections are the reference: with the first line lost, an error rate of 0.40 would be printed."""
    result = here("dcase", "evaluate", f"--output={tmp_path / 'figures.json'}", folder())
    assert (result.code, error_rate(result)) == (0, 0.0)
    paths = [tmp_path / f"{PROTOCOL}.test.{name}.tsv" for name in ("reference", "events")]
    assert sed_eval_error_rate(*paths) == 0.0
    # five segments are annotated, of which the first line has two
    counts = json.loads((tmp_path / "figures.json").read_text())["segment_based"]["class_wise"]
    assert {name: one["count"]["Nref"] for name, one in counts.items()} == {"car": 3, "people_walking": 2}


def test_figures_of_lists_by_hand_are_those_of_sed_eval(folder, here, tmp_path):
    """Worked by hand: of five segments, two are found, two are missed and one is another class: ER 3/5."""
    events = "a\t0\t2\tcar\nb\t1\t2\tpeople walking\n"
    result = here("dcase", "evaluate", folder(events))
    paths = [tmp_path / f"{PROTOCOL}.test.{name}.tsv" for name in ("reference", "events")]
    assert (result.code, error_rate(result)) == (0, 0.6)
    assert sed_eval_error_rate(*paths) == pytest.approx(0.6)


def test_a_header_on_one_side_alone_changes_no_figure(folder, here):
    header = "filename\tonset\toffset\tevent_label\n"
    for events, reference in ((header + REFERENCE, REFERENCE), (REFERENCE, header + REFERENCE)):
        result = here("dcase", "evaluate", folder(events, reference))
        assert (result.code, error_rate(result)) == (0, 0.0)


WRONG = {
    "a\t0\t2\tCar\n": (1, "The label 'Car' is none of the classes", "Did you mean 'car'?"),
    "a\t0\t2\tcar\nb\t1\t2\tcar \n": (
        2,
        "The label 'car ' is none of the classes",
    ),
    "a\t0\t2\tdog\n": (1, "which are 'car', 'people_walking'", "Correct the label"),
    "a\t0\t2\tpeople  walking\n": (
        1,
        "'people  walking' is none of the classes",
    ),
    "a\t0\t2\tcar\na.wav\t0\t2\tcar\n": (2, "'a.wav' has detections here, and is no file", "'a'?"),
    "a\t0\t2\tcar\nc\n": (
        2,
        "'c' has detections here, and is no file of",
    ),
    "a\t0\tnan\tcar\n": (1, "'nan' is not a time"),
    "a\t2\t2\tcar\n": (1, "The offset 2 is not later than the onset 2"),
    "SPEAKER a 1 0 2 <NA> <NA> car <NA> <NA>\n": (1, "This line is RTTM"),
}


@pytest.mark.parametrize("events", WRONG)
def test_a_wrong_line_is_refused_with_file_and_line(events, folder, here):
    line, *words = WRONG[events]
    result = here("dcase", "evaluate", folder(events))
    place = f"{PROTOCOL}.test.events.tsv, line {line}: "
    assert (result.code, result.out) == (DATA, "") and place in result.err
    assert [word for word in words if word not in result.err] == [], result.err
    assert result.err.splitlines()[-1].startswith("Error: ") and "Traceback" not in result.err


def test_a_wrong_line_of_the_reference_is_refused_with_file_and_line(folder, here):
    result = here("dcase", "evaluate", folder(reference=REFERENCE + "b\t5\t6\tbus\n"))
    assert result.code == DATA and f"{PROTOCOL}.test.reference.tsv, line 4: The label 'bus'" in result.err
    result = here("dcase", "evaluate", folder(reference="filename\tonset\toffset\tevent_label\n"))
    assert result.code == DATA and "This reference names no file." in result.err


def test_files_that_only_one_side_has_are_said(folder, here, tmp_path):
    """A file without a line counts as one without detections: of five segments, one is missed."""
    result = here("dcase", "evaluate", folder("a\t0\t2\tcar\na\t3\t5\tpeople walking\n"))
    assert (result.code, error_rate(result)) == (0, 0.2)
    assert "1 of the 2 files of the reference are not listed there, such as 'b'" in result.err
    (tmp_path / f"{PROTOCOL}.test.events.tsv").unlink()
    result = here("dcase", "evaluate", tmp_path)
    assert result.code == DATA and f"{PROTOCOL}.test.events.tsv: There is a reference, but no" in result.err
    (tmp_path / f"{PROTOCOL}.test.reference.tsv").unlink()
    (tmp_path / f"{PROTOCOL}.test.rttm").write_text("SPEAKER a 1 0 2 <NA> <NA> car <NA> <NA>\n")
    result = here("dcase", "evaluate", tmp_path)
    assert result.code == USAGE and f"It holds '{PROTOCOL}.test.rttm', and an evaluation needs" in result.err


def test_events_that_stand_there_twice_are_said(folder, here):
    result = here("dcase", "evaluate", folder(REFERENCE + "b\t1\t2\tcar\n"))
    assert result.code == 0 and "events.tsv: 1 events stand there twice" in result.err
    assert "line 4 repeats line 3" in result.err


def test_a_folder_without_the_names_of_classes_has_those_of_its_reference(folder, here):
    result = here("dcase", "evaluate", folder(metadata=None))
    assert (result.code, error_rate(result)) == (0, 0.0)
    assert "are the labels of" in result.err and "'car', 'people walking'" in result.err
    result = here("dcase", "evaluate", folder("a\t0\t2\tbus\n", metadata=None))
    assert result.code == DATA and "line 1: The label 'bus' is none of the classes" in result.err


DAMAGE = (
    lambda draw, text: text[: draw.randrange(len(text))],
    lambda draw, text: (
        text[: (i := draw.randrange(len(text)))] + draw.choice("\t\n\r ,;0-.eaZ\0é") + text[i:]
    ),
    lambda draw, text: text[: (i := draw.randrange(len(text)))] + text[i + 1 :],
    lambda draw, text: "".join(draw.sample(lines := text.splitlines(keepends=True), len(lines))),
    lambda draw, text: text + draw.choice(text.splitlines(keepends=True)),
    lambda draw, text: "\t".join(draw.sample(cells := text.split("\t"), len(cells))),
    lambda draw, text: text.replace("\t", draw.choice([" ", ",", "\t\t"]), draw.randrange(1, 9)),
)


def test_a_damaged_list_gives_a_sentence_or_what_its_lines_say(folder, tmp_path, capsys):
    """What is accepted is compared with a reader of its own, which takes four cells of a line or one."""
    draw, refused, accepted = random.Random(0), 0, 0
    for _ in range(600):
        text = draw.choice(DAMAGE)(draw, REFERENCE)
        folder(events=text)
        try:
            found = read_folder(tmp_path).estimate
        except ToolkitError as error:
            refused += 1
            assert isinstance(error, DataError) and str(error).startswith(str(tmp_path))
            continue
        accepted += 1
        expected = {}
        for row in filter(str.strip, re.split(r"[\r\n]+", text)):
            name, *cells = row.split("\t")
            own = expected.setdefault(name, [])
            if cells:
                onset, offset, label = cells
                own.append((float(onset), float(offset), label.replace(" ", "_")))
        assert found == expected and set(found) <= {"a", "b"}
    capsys.readouterr()
    assert refused > 200 and accepted > 100, (refused, accepted)
