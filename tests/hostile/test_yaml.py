"""Every YAML file that a command reads is looked at before anything is built from it."""

import os
import signal
import time
from pathlib import Path

import pytest

from pyannote.audio.config.schema import load_config
from pyannote.audio.core.errors import ToolkitError
from pyannote.audio.database.known_protocols import load_database
from pyannote.audio.features.precomputed import Precomputed
from pyannote.audio.inference.detection_params import load_params
from pyannote.audio.inference.speaker_embedding import SpeakerEmbedding
from pyannote.audio.io.experiment_folders import load_specifications

LIMIT = 1.0
"""Seconds within which everything is refused."""

READERS = {
    "config.yml": lambda folder: load_config(folder / "config.yml"),
    "specs.yml": load_specifications,
    "params.yml": load_params,
    "params.yml of embeddings": SpeakerEmbedding,
    "metadata.yml": Precomputed,
    "database.yml": lambda folder: load_database(str(folder / "database.yml")),
}

BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)
TEXTS = {
    "python object": "a: !!python/object/apply:os.system ['touch CANARY']\n",
    "python new": "a: !!python/object/new:os.system ['touch CANARY']\n",
    "python name": "a: !!python/name:os.system\n",
    "python module": "a: !!python/module:os\n",
    "own tag": "a: !evil x\n",
    "tag of a mapping": "!!map {a: 1}\n",
    "tag directive": "%TAG ! tag:yaml.org,2002:python/object/apply:\n---\na: !os.system ['touch CANARY']\n",
    "alias bomb": BOMB,
    "merge bomb": "a: &a {x: 1}\nb: &b\n  <<: [*a, *a, *a]\nc:\n  <<: [*b, *b, *b]\n",
    "cycle": "a: &a [*a]\n",
    "2000 lists": "a: " + "[" * 2000 + "]" * 2000 + "\n",
    "2000 mappings": "a: " + "{b: " * 2000 + "1" + "}" * 2000 + "\n",
    "2000 dashes": "- " * 2000 + "a\n",
    "2000 keys": "? " * 2000 + "a\n",
    "2000 levels": "".join(f"{' ' * level}a:\n" for level in range(2000)) + " " * 2000 + "b\n",
    "100,000 brackets": "a: " + "[" * 100_000,
    "two documents": "a: 1\n---\nb: 1\n",
    "a NUL": "a: \0\n",
    "no UTF-8": b"a: \xff\xfe\xfa\n",
    "UTF-16": "a: 1\n".encode("utf-16"),
    "a PNG": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a pickle": b"cos\nsystem\n(S'touch CANARY'\ntR.",
    "a huge number": "a: " + "9" * 100_000,
    "an empty file": "",
    "a list": "- 1\n",
    "a word": "word\n",
}


def refused(name, folder):
    """Sentence with which a file is refused, and processor seconds until then."""
    started = time.process_time()
    with pytest.raises(ToolkitError) as caught:
        READERS[name](folder)
    seconds = time.process_time() - started
    assert caught.value.code in (3, 4, 8)
    assert len(str(caught.value)) < 1000 and "\n" not in str(caught.value)
    return caught.value, seconds


@pytest.fixture
def file_of(tmp_path):
    """A file, by the name of its reader, in folders as deep as trainings have."""
    folder = tmp_path / "root" / "train" / "protocol" / "validate" / "protocol"
    folder.mkdir(parents=True)
    return lambda name: folder / name.split()[0]


@pytest.fixture(autouse=True)
def alarm():
    """A reader that hangs fails after a minute."""

    def stop(number, frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_hostile_text_is_refused_by_every_reader(file_of, tmp_path, monkeypatch, promise):
    monkeypatch.chdir(tmp_path)
    slowest, count = 0.0, 0
    for name in READERS:
        for text in TEXTS.values():
            path = file_of(name)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            error, seconds = refused(name, path.parent)
            assert str(path) in str(error)
            assert error.fix
            slowest, count = max(slowest, seconds), count + 1
    assert not (tmp_path / "CANARY").exists()
    assert slowest < LIMIT
    promise(
        "Hostile YAML is refused in under a second, and runs nothing.",
        f"Give {len(TEXTS)} texts (tags of Python objects, bombs of aliases, 2,000 levels, bytes, two "
        f"documents) to the readers of {', '.join(sorted({name.split()[0] for name in READERS}))}.",
        f"{count} of {count} refused, each in less than {LIMIT:g} s of processor time",
    )


@pytest.mark.parametrize("name", READERS)
def test_hostile_text_is_refused_with_its_line(file_of, name):
    for key, line in {"alias bomb": 2, "python object": 1, "two documents": 2}.items():
        path = file_of(name)
        path.write_text(TEXTS[key])
        assert refused(name, path.parent)[0].line == line


@pytest.mark.parametrize("name", READERS)
def test_100_megabytes(file_of, name):
    path = file_of(name)
    with path.open("wb") as stream:
        stream.write(b"a: 1\n" * 1000)
        stream.truncate(100 << 20)
    error, seconds = refused(name, path.parent)
    assert "larger than" in str(error) and seconds < LIMIT


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "pipe", "folder"])
def test_what_is_no_file_is_not_waited_for(file_of, name, device):
    path = file_of(name)
    if device == "pipe":
        os.mkfifo(path)
    elif device == "folder":
        path.mkdir()
    else:
        path.symlink_to(device)
    error, seconds = refused(name, path.parent)
    assert "read" in str(error) and seconds < LIMIT


def test_files_that_a_database_requires_are_looked_at(tmp_path):
    (tmp_path / "database.yml").write_text("Requirements: other/database.yml\nProtocols: {}\n")
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "database.yml"
    # each requires the other: that is no reason to read for ever
    other.write_text("Requirements: [../database.yml]\nProtocols: {}\n")
    load_database(str(tmp_path / "database.yml"))
    other.write_text(BOMB)
    with pytest.raises(ToolkitError, match="Aliases") as caught:
        load_database(str(tmp_path / "database.yml"))
    assert (caught.value.file, caught.value.line) == (other, 2)


@pytest.mark.parametrize("how", ["variable", "folder", "option"])
def test_a_bomb_in_the_place_of_a_database(how, experiment, command, environment, tmp_path, monkeypatch):
    (tmp_path / "database.yml").write_text(BOMB)
    monkeypatch.chdir(tmp_path if how == "folder" else Path.cwd())
    arguments = ("dcase", "train", "--cpu", experiment.root, experiment.protocol)
    program = "pyannote_audio"
    if how == "variable":
        monkeypatch.setenv("PYANNOTE_DATABASE_CONFIG", str(tmp_path / "database.yml"))
    if how == "option":
        program = "speaker_embedding"
        text = experiment.config.read_text().replace(
            "task:\n   name: Dcase", "approach:\n   name: TripletLoss"
        )
        experiment.config.write_text(text[: text.index("   params")] + text[text.index("feature_extr") :])
        arguments = ("train", f"--database={tmp_path / 'database.yml'}", experiment.root, "A.B.C")
    result = command(*arguments, program=program)
    assert (result.code, result.out) == (4, ""), result.err
    assert result.err == (
        f"Error: {(tmp_path / 'database.yml').resolve()}, line 2: Aliases (*name) are not allowed here. "
        "Write the value out.\n"
    )


def test_large_files_that_commands_write_are_read(tmp_path):
    classes = [f"speaker{index:06}" for index in range(20_000)]
    text = "task: TripletLoss\nX: {dimension: 59}\ny:\n  classes:\n" + "".join(
        f"  - {one}\n" for one in classes
    )
    (tmp_path / "specs.yml").write_text(text + "chunk: {duration: 2.0, step: 0.01, sample_rate: 16000}\n")
    assert load_specifications(tmp_path).classes == tuple(classes)
