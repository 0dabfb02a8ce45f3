"""Event lists: what sed_eval reads, and back."""

import warnings

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.io.event_lists import format_events, read_event_lists

EVENTS = {
    "street/a001.wav": [(0.0, 1.25, "car"), (0.5, 12.0, "people walking")],
    "empty": [],
    "b": [(59.999, 60.0, "children")],
}


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "events.tsv"
    path.write_text(format_events(EVENTS))
    assert read_event_lists(path) == EVENTS


def test_sed_eval_reads_the_same(tmp_path):
    path = tmp_path / "events.tsv"
    path.write_text(format_events(EVENTS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sed_eval

        loaded = sed_eval.io.load_event_list(str(path))
    rows = [tuple(row.get(key) for key in ("filename", "onset", "offset", "event_label")) for row in loaded]
    assert rows == [
        (name, *event) for name, events in EVENTS.items() for event in events or [(None, None, None)]
    ]


@pytest.mark.parametrize("line", ["a\t0.5", "a\t0.5\t1.0", "a\tx\t1.0\tcar", "a\t0.5\t1.0\tcar\tmore"])
def test_a_damaged_line_is_told_with_its_number(tmp_path, line):
    path = tmp_path / "events.tsv"
    path.write_text(format_events(EVENTS) + line + "\n")
    with pytest.raises(DataError, match="separated by tabs") as caught:
        read_event_lists(path)
    assert (caught.value.file, caught.value.line) == (path, 6)


def test_missing_and_binary_files_are_sentences(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_event_lists(tmp_path / "events.tsv")
    (tmp_path / "events.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="UTF-8"):
        read_event_lists(tmp_path / "events.tsv")
