"""YAML with line numbers: valid, invalid and hostile files."""

import time

import pytest

from pyannote.audio.config.yaml_lines import LARGEST, read_yaml
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.io.yaml_files import load_yaml, write_yaml


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "config.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_yaml(path)

    return read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-2", 0.01),
        ("1E3", 1000.0),
        ("-2.5e+1", -25.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("3", 3),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("True", True),
        ("false", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("010", "010"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("2017-01-01", "2017-01-01"),
        ("1e", "1e"),
        ("~", None),
        ("", None),
        ("'1e-2'", "1e-2"),
        ("[1, 2e0, no]", [1, 2.0, "no"]),
        ("a001.wav", "a001.wav"),
    ],
)
def test_plain_values(read, text, value):
    found = read(f"key: {text}\n").content["key"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "word", ["1e2", "1.5e3", ".5", "-.inf", ".NaN", "no", "~", "0x1", "010", "1:30", "1_0"]
)
def test_words_that_commands_write_are_words_to_all_readers(tmp_path, word):
    """A training stores its configuration as YAML 1.1, and reads it as YAML 1.2, which has other numbers."""
    path = tmp_path / "config.yml"
    write_yaml(path, {"classes": [word], word: 1e-5})
    assert read_yaml(path).content == load_yaml(path, "") == {"classes": [word], word: 1e-5}


def test_each_entry_knows_its_line(read):
    document = read("# comment\na:\n  b: 1\n\n  c:\n    - x\n    - d: 2\n      e: 3\n")
    expected = {
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "c"): 5,
        ("a", "c", 0): 6,
        ("a", "c", 1, "d"): 7,
        ("a", "c", 1, "e"): 8,
    }
    assert {key: document.lines[key] for key in expected} == expected
    assert document.error(("a", "c", 1, "unknown"), "x").line == 7
    assert document.error(("z",), "x").line == document.lines[()]


def test_an_empty_file_is_nothing(read):
    assert read("").content is None
    assert read("# only a comment\n").content is None


def test_a_byte_order_mark_is_no_part_of_the_first_key(read):
    assert read(b"\xef\xbb\xbfa: 1\n").content == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, r"'a' is already in line 1"),
        ("a:\n  b: 1\n  c: 1\n  b: 2\n", 4, r"'b' is already in line 2"),
        ("a: 1\n b: 2\n", 2, "not valid YAML"),
        ("a: [1, 2\n", 2, "not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML"),
        ("a: 1\n---\nb: 1\n", 2, "not valid YAML"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", 2, "Tags"),
        ("a: 1\nb: !!python/name:os.system\n", 2, "Tags"),
        ("a: !!timestamp x\n", 1, "Tags"),
        ("a: !own x\n", 1, "Tags"),
        ("a: &x 1\nb: *x\n", 2, "Aliases"),
        ("base: &x {c: 1}\nb:\n  <<: *x\n", 3, "Aliases"),
        ("a: 1\n? [b, c]\n: 1\n", 2, "cannot be a key"),
        ("a: 1\n{b: c}: 1\n", 2, "cannot be a key"),
        ("a: 1\nb: " + "[" * 60 + "]" * 60 + "\n", 2, "levels"),
    ],
)
def test_errors_name_their_line(read, text, line, words):
    with pytest.raises(ConfigError, match=words) as caught:
        read(text)
    assert caught.value.line == line
    assert caught.value.fix


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100_000,
        "a: " + "{b: " * 30_000,
        "- " * 60_000,
        "? " * 60_000,
        "a: " + "9" * 100_000,
        "a: &a [x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: [*c, *c, *c, *c]\n",
        b"a: \xff\xfe\n",
        b"a: \x00\n",
        b"a: \x07\n",
        "a: " + "x" * LARGEST,
        "a: @b\n",
        "a: %b\n",
        "%YAML 9.9\n---\na: 1\n",
        "a: '\n",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text_is_refused_fast(read, text):
    started = time.process_time()
    with pytest.raises(ConfigError):
        read(text)
    assert time.process_time() - started < 2


def test_the_largest_file_is_read_in_reasonable_time(read):
    lines = "  - word\n" * (LARGEST // 9 - 1)
    started = time.process_time()
    assert len(read("key:\n" + lines).content["key"]) == LARGEST // 9 - 1
    assert time.process_time() - started < 10


def test_a_missing_file_and_a_folder_are_sentences(tmp_path):
    with pytest.raises(ConfigError, match="There is no such file"):
        read_yaml(tmp_path / "config.yml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path)
