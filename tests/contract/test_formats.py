"""Every format of annotation reads what it writes, and names file and line of what it cannot read."""

import random

import pytest

from pyannote.audio.core.errors import DataError
from pyannote.audio.database.annotation_files import found_format, read_annotation_files
from pyannote.audio.database.formats.base import ReadOptions, formats
from pyannote.audio.io.lines import safe_name

FORMATS = formats()
WRITERS = [name for name, one in FORMATS.items() if one.write]
EVENTS = {
    "a": [(0.0, 1.0, "car"), (0.5, 2.25, "people walking"), (3.125, 4.0, "car")],
    "b": [(1.0, 1.5, "Straße, nass; \"laut\" 'x'")],
    "x.y": [(59.999, 61.001, "鳥"), (3599.5, 3725.0, "car")],
}
DURATIONS = {"a": 4.0, "b": 10.0, "x.y": 4000.0}
MILLISECOND = 1e-3


def written(name, folder, events=None):
    """Write events in a format, and return the folder."""
    events = EVENTS if events is None else events
    for path, text in FORMATS[name].write(events, {one: DURATIONS[one] for one in events}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def same(label, read):
    return read in (label, safe_name(label))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_says_what_it_is(name):
    one = FORMATS[name]
    assert one.about and "\n" not in one.about
    assert one.of_folders or one.names
    assert all(pattern.count("*") == 1 and pattern == pattern.lower() for pattern in one.names)


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_is_read_back(name, tmp_path):
    folder = written(name, tmp_path)
    found, reading = read_annotation_files(folder, EVENTS, name=name)
    assert found == name and not reading.left_out
    assert set(reading.named) == set(EVENTS)
    for recording, events in EVENTS.items():
        own = sorted(event for event in reading.events if event.recording == recording)
        assert len(own) == len(events)
        by_time = sorted(own, key=lambda event: (event.segment.start, event.segment.end))
        for event, (onset, offset, label) in zip(by_time, sorted(events), strict=True):
            assert event.segment.start == pytest.approx(onset, abs=MILLISECOND)
            assert event.segment.end == pytest.approx(offset, abs=MILLISECOND)
            assert same(label, event.label)


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_written_is_known_by_its_first_lines(name, tmp_path):
    assert found_format(written(name, tmp_path)) == name


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_lines_are_read_or_named(name, tmp_path):
    """A line cut, replaced, doubled, or with another byte: it is read, or refused by file and line."""
    draw = random.Random(0)
    files = [path for path in written(name, tmp_path).rglob("*") if path.is_file()]
    read = refused = 0
    for file in files:
        content = file.read_bytes()
        for _ in range(60):
            lines = content.split(b"\n")
            place = draw.randrange(len(lines))
            line = lines[place]
            cut = draw.randrange(len(line) + 1)
            damages = [line[:cut], b"Once upon a time", line + b"\t" + line, line[:cut] + b"\xff", b"\0"]
            lines[place] = draw.choice(damages)
            file.write_bytes(b"\n".join(lines))
            try:
                FORMATS[name].read(file, "a", ReadOptions())
                read += 1
            except DataError as error:
                refused += 1
                assert error.file == file and error.line is not None and error.fix, str(error)
        file.write_bytes(content)
    assert read and refused


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_looks_right_that_cannot_be_read_at_all(name, tmp_path):
    for content in (b"\0\1\2\xff" * 100, b"<<<<", b"{" * 5000, b"\xff\xfe\x00"):
        path = tmp_path / f"a{(FORMATS[name].names or ('*.x',))[0].partition('*')[2]}"
        path.write_bytes(content)
        assert FORMATS[name].looks_right(path) in (True, False)
        if not FORMATS[name].of_folders:
            with pytest.raises(DataError) as caught:
                FORMATS[name].read(path, "a", ReadOptions())
            assert caught.value.file == path and caught.value.fix
