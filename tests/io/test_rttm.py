import numpy as np
import pytest
from pyannote.core import Annotation, Segment, Timeline
from pyannote.database.util import load_rttm, load_uem

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.rttm import read_lst, read_rttm, read_uem, safe_name
from pyannote.audio.io.rttm_writer import (
    format_lst,
    format_rttm,
    format_uem,
    write_lst,
    write_rttm,
    write_uem,
)

READERS = {"rttm": read_rttm, "uem": read_uem, "lst": read_lst}
GOOD = {
    "rttm": "SPEAKER a 1 1.5 2.0 <NA> <NA> car <NA> <NA>",
    "uem": "a 1 0 60",
    "lst": "a",
}


def annotate(*events):
    annotation = Annotation()
    for track, (onset, offset, label) in enumerate(events):
        annotation[Segment(onset, offset), track] = label
    return annotation


def events_of(annotation):
    return sorted((s.start, s.end, label) for s, _, label in annotation.itertracks(yield_label=True))


def random_annotations(seed):
    rng = np.random.default_rng(seed)
    labels = ["car", "née", "鳥", "x/y", "NA", 'so "called"', "people walking"]
    onsets = rng.uniform(0, 5000, 40).round(6)
    durations = rng.exponential(2.0, 40).round(6) + 1e-5
    drawn = rng.choice(labels, 40)
    events = [(o, o + d, str(label)) for o, d, label in zip(onsets, durations, drawn, strict=True)]
    return {"a": annotate(*events[:20]), "b c": annotate(*events[20:])}


@pytest.mark.parametrize("seed", range(3))
def test_rttm_is_read_alike_here_and_by_pyannote_database(tmp_path, seed):
    annotations = random_annotations(seed)
    write_rttm(tmp_path / "a.rttm", annotations)
    ours, theirs = read_rttm(tmp_path / "a.rttm"), load_rttm(tmp_path / "a.rttm")
    assert set(ours) == set(theirs) == {"a", "b_c"}
    for uri, original in zip(("a", "b_c"), annotations.values(), strict=True):
        expected = [(o, f, safe_name(label)) for o, f, label in events_of(original)]
        for read in (events_of(ours[uri]), events_of(theirs[uri])):
            assert [label for *_, label in read] == [label for *_, label in expected]
            np.testing.assert_allclose(
                [times for *times, _ in read], [times for *times, _ in expected], atol=1.1e-6
            )


def test_uem_is_read_alike_here_and_by_pyannote_database(tmp_path):
    timelines = {"a": Timeline([Segment(0, 60.25), Segment(70, 80)]), "b c": Timeline([Segment(1 / 3, 2)])}
    write_uem(tmp_path / "a.uem", timelines)
    theirs = load_uem(tmp_path / "a.uem")
    for uri, timeline in read_uem(tmp_path / "a.uem").items():
        assert list(timeline) == list(theirs[uri])
    assert list(theirs["a"]) == list(timelines["a"])


def test_lst_comes_back(tmp_path):
    write_lst(tmp_path / "a.lst", ["b", "street/a 1", "ü"])
    assert read_lst(tmp_path / "a.lst") == ["b", "street/a_1", "ü"]


def test_formats_are_those_of_the_documents():
    annotation = annotate((1.5, 3.5, "people walking"))
    assert (
        format_rttm({"a": annotation}) == "SPEAKER a 1 1.500000 2.000000 <NA> <NA> people_walking <NA> <NA>\n"
    )
    assert format_uem({"a": Timeline([Segment(0, 2)])}) == "a 1 0.000000 2.000000\n"
    assert format_lst(["a", "b"]) == "a\nb\n"


def test_events_at_the_same_time_are_all_kept(tmp_path):
    twice = annotate((1, 2, "car"), (1, 2, "car"), (1, 2, "dog"))
    write_rttm(tmp_path / "a.rttm", {"a": twice})
    assert events_of(read_rttm(tmp_path / "a.rttm")["a"]) == events_of(twice)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(
    "dress",
    [
        lambda line: f"{line}\r\n".encode(),
        lambda line: f"\ufeff{line}\n".encode(),
        lambda line: f";; a comment\n\n   \n{line}".encode(),
        lambda line: line.replace(" ", " \t ").encode(),
    ],
    ids=["crlf", "bom", "comments and blank lines", "tabs"],
)
def test_harmless_differences_are_accepted(tmp_path, kind, dress):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(dress(GOOD[kind]))
    assert list(READERS[kind](path)) == ["a"]


@pytest.mark.parametrize("kind", READERS)
def test_an_empty_file_holds_nothing(tmp_path, kind):
    (tmp_path / "a").write_text("")
    assert not READERS[kind](tmp_path / "a")


BAD = [
    ("rttm", "SPEAKER a 1 1.5 2.0 <NA> <NA> people walking <NA> <NA>", "11 columns"),
    ("rttm", "SPEAKER a 1 1.5 2.0 <NA> <NA> car <NA>", "9 columns"),
    ("rttm", "LEXEME a 1 1.5 2.0 <NA> <NA> car <NA> <NA>", "SPEAKER"),
    ("rttm", "SPEAKER a 1 1,5 2.0 <NA> <NA> car <NA> <NA>", "'1,5' is not a time"),
    ("rttm", "SPEAKER a 1 nan 2.0 <NA> <NA> car <NA> <NA>", "'nan' is not a time"),
    ("rttm", "SPEAKER a 1 1.5 inf <NA> <NA> car <NA> <NA>", "'inf' is not a time"),
    ("rttm", "SPEAKER a 1 -1.5 2.0 <NA> <NA> car <NA> <NA>", "'-1.5' is not a time"),
    ("rttm", "SPEAKER a 1 1.5 0 <NA> <NA> car <NA> <NA>", "shorter than a microsecond"),
    ("rttm", "SPEAKER a 1 1.5 -2 <NA> <NA> car <NA> <NA>", "'-2' is not a time"),
    ("rttm", "SPEAKER a 1 1.5 2.0 <NA> <NA> <NA> <NA> <NA>", "label is missing"),
    ("uem", "a 0 60", "3 columns"),
    ("uem", "a 1 0 sixty", "'sixty' is not a time"),
    ("uem", "a 1 60 0", "not later"),
    ("uem", "a 1 60 60", "not later"),
    ("uem", "a 1 -1 60", "'-1' is not a time"),
    ("lst", "a b", "2 columns"),
    ("lst", "a", "stands in line 1"),
]


@pytest.mark.parametrize(("kind", "line", "message"), BAD)
def test_a_bad_line_is_named_with_a_way_out(tmp_path, kind, line, message):
    path = tmp_path / f"bad.{kind}"
    path.write_text(f"{GOOD[kind]}\n\n{line}\n")
    with pytest.raises(DataError, match=message) as caught:
        READERS[kind](path)
    assert (caught.value.file, caught.value.line) == (path, 3)
    assert caught.value.fix


@pytest.mark.parametrize("kind", READERS)
def test_missing_folder_and_binary_files_are_refused(tmp_path, kind):
    with pytest.raises(DataError, match="no such file"):
        READERS[kind](tmp_path / "nowhere")
    with pytest.raises(DataError, match="cannot be read"):
        READERS[kind](tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(DataError, match="UTF-8"):
        READERS[kind](tmp_path / "binary")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("car", "car"),
        ("people walking", "people_walking"),
        (" people \t walking\u00a0fast\n", "people_walking_fast"),
        ("brûlée 鳥", "brûlée_鳥"),
        ("nan", "nan_"),
        ('"loud" bang', "'loud'_bang"),
    ],
)
def test_safe_name_is_one_word_and_stays_what_it_is(name, safe):
    assert safe_name(name) == safe
    assert safe_name(safe) == safe
    assert len(safe.split()) == 1


@pytest.mark.parametrize("name", ["", "  ", "\t\n"])
def test_safe_name_refuses_nothing(name):
    with pytest.raises(DataError, match="empty name"):
        safe_name(name)


def test_twins_are_refused_and_nothing_is_written(tmp_path):
    annotations = {"a": annotate((0, 1, "people walking")), "b": annotate((0, 1, "people_walking"))}
    with pytest.raises(DataError, match="'people walking' and 'people_walking' are both written"):
        write_rttm(tmp_path / "a.rttm", annotations)
    with pytest.raises(DataError, match="'a b' and 'a_b'"):
        format_uem({"a b": Timeline(), "a_b": Timeline()})
    with pytest.raises(DataError, match="'a b' and 'a_b'"):
        format_lst(["a b", "a_b"])
    assert not list(tmp_path.iterdir())
