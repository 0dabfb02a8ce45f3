"""Command lines and configurations with random faults: each is answered with a sentence and a status."""

import importlib.util
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest

from pyannote.audio.applications import pyannote_audio, terminal
from pyannote.audio.applications.blocks.base import block
from pyannote.audio.applications.blocks.emb import OLD

pytestmark = pytest.mark.usefixtures("environment")

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path for path in (ROOT / "scripts").glob("*.py") if "script_arguments" in path.read_text())
STATUSES = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 130, 143}
"""All that are documented, but for 1, which stands for what nobody has foreseen."""

SIZES = [200, pytest.param(1000, marks=pytest.mark.slow)]
TERMINATED = 143
PATIENCE, HANGS = 4, 90
"""Seconds after which a training that goes on is asked to end, and after which anything else hangs."""

WORDS = [
    "", " ", "-", "--", "0", "-1", "1", "2.5", "1e-2", "nan", "inf", "-inf", "1e309", "9" * 40, "1_0",
    "last", "LAST", "train", "test", "auto", "on", "True", "none", "/", ".", "..", "../..", "/dev/null",
    "A.B", "A.B.C", "A.B.C.D", "...", "X.SpeakerDiarization.Y", "*", "?", "[", "{uri}", "{}", "%s", "%n",
    "$HOME", "~", "~nobody/x", "/etc/passwd", "\t", "\n", "\r", "\0", "a\0b", "ä", "\u0661", "\u202e\u200b",
    "😀" * 50, "\udcff", "x" * 300, "y" * 100_000, "tcp://", "a,b", ",", "=", "--help=1", "-h-", "http://a",
]  # fmt: skip


class Fuzz:
    """Faults that depend on a seed alone."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def line(self, line, known):
        """A command line with one to three faults."""
        line = list(map(str, line))
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            line = getattr(self, self.random.choice(self.FAULTS))(line, known)
        return line

    FAULTS = ("drop", "double", "misspell", "replace", "swap", "value", "value", "value", "insert", "shorten")

    def where(self, line):
        return self.random.randrange(len(line)) if line else None

    def drop(self, line, known):
        where = self.where(line)
        return line if where is None else line[:where] + line[where + 1 :]

    def double(self, line, known):
        where = self.where(line)
        return line if where is None else [*line[: where + 1], *line[where:]]

    def misspell(self, line, known):
        where = self.where(line)
        if where is None or not line[where]:
            return line
        word = line[where]
        at = self.random.randrange(len(word))
        other = self.random.choice(
            (word[:at] + word[at + 1 :], word[:at] + "x" + word[at:], word.upper(), word[::-1])
        )
        return [*line[:where], other, *line[where + 1 :]]

    def replace(self, line, known):
        where = self.where(line)
        other = self.random.choice([*WORDS, *known])
        return line if where is None else [*line[:where], str(other), *line[where + 1 :]]

    def swap(self, line, known):
        return self.random.sample(line, len(line)) if self.random.random() < 0.3 else line[::-1]

    def value(self, line, known):
        """An option that the command may have, with a value that it may not have."""
        option = self.random.choice(OPTIONS)
        value = self.random.choice([*WORDS, *map(str, known)])
        at = self.random.randint(0, len(line))
        return [*line[:at], option if self.random.random() < 0.2 else f"{option}={value}", *line[at:]]

    def insert(self, line, known):
        at = self.random.randint(0, len(line))
        return [*line[:at], self.random.choice(WORDS), *line[at:]]

    def shorten(self, line, known):
        return line[: self.random.randint(0, len(line))]

    def text(self, text):
        """A configuration with one to three faults."""
        for _ in range(self.random.choice((1, 1, 2, 3))):
            lines = text.splitlines(keepends=True)
            at = self.random.randrange(len(lines)) if lines else 0
            start, end = lines[:at], lines[at + 1 :]
            line = lines[at] if lines else ""
            key, colon, _ = line.partition(":")
            text = "".join(
                self.random.choice(
                    (
                        [*start, *end],
                        [*start, line, line, *end],
                        [*start, " ", line, *end],
                        [*start, line.lstrip(), *end],
                        [*start, line.replace(":", "", 1), *end],
                        [*start, f"{key}{colon} {self.random.choice(WORDS)}\n", *end],
                        [*start, f"{key}{colon} {self.random.choice(VALUES)}\n", *end],
                        [*start, f"{key}x{colon} 1\n", *end],
                        [*start, self.random.choice(WORDS), *end],
                        [*end, *start],
                        [*start, line[: len(line) // 2]],
                        [*start, *self.random.sample(end, len(end))],
                    )
                )
            )
        return text


OPTIONS = sorted(
    {
        option
        for text in (
            *block("dcase").texts("pyannote-audio dcase").values(),
            *OLD.texts("pyannote-speaker-embedding").values(),
        )
        for option in re.findall(r"--[a-z]+", text)
    }
    # these would take time and say nothing new
    - {"--scheduler", "--debug", "--parallel"}
)
VALUES = [
    "[1, 2]", "{a: 1}", "~", "no", "1e-2", "-1", "0", "1e12", ".inf", "'", "[", "&a x", "*a", "!!x y", "|",
    ">", "Dcase",
]  # fmt: skip


@contextmanager
def bounded(limit):
    """Ask a command to end after some seconds, as `kill` does."""

    def ask(number, frame):
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGALRM, ask)
    signal.setitimer(signal.ITIMER_REAL, limit)
    room = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (16 << 30, room[1]))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, room)


def judged(result, what, long=False):
    """Exit status, if the command has ended as it should."""
    assert "Traceback" not in result.err + result.out, (what, result)
    assert "An unexpected error" not in result.err, (what, result)
    assert result.code in STATUSES, (what, result)
    assert result.code != TERMINATED or long, ("this hangs", what, result)
    if result.code not in (0, 10):
        said = [line for line in result.err.splitlines() if line.strip() and not line.startswith("Warning: ")]
        assert said, what
        assert all(len(line) < 400_000 for line in said)
    return result.code


class Lines:
    """Valid command lines of both programs, on copies of experiments, and words that fit somewhere."""

    def __init__(self, root, finished, embedded, corpora):
        self.root, self.corpora = root, corpora
        self.detection = finished._replace(root=root / "detection")
        self.embedding = embedded._replace(root=root / "embedding")
        for folders, source in ((self.detection, finished), (self.embedding, embedded)):
            shutil.copytree(source.root, folders.root)
        one, other = self.detection, self.embedding
        wav = corpora.wav("test", "id10270/first/00001")
        self.known = [
            one.root, one.train, one.validate, one.config, one.weights(1), other.train, other.validate, wav,
            one.protocol, other.protocol, "dcase", "mlt", "emb", "validate", "apply", "compare", "evaluate",
        ]  # fmt: skip
        self.new = [
            ["dcase", "train", "--cpu", "--from=last", "--to=4", one.root, one.protocol],
            [
                "dcase",
                "train",
                "--cpu",
                "--to=1",
                f"--pretrained={one.weights(1)}",
                root / "new",
                one.protocol,
            ],
            ["dcase", "validate", "--cpu", "--to=3", one.train, one.protocol],
            ["dcase", "validate", "--cpu", "--to=3", "--every=2", "--unit=frames", one.train, one.protocol],
            ["dcase", "apply", "--cpu", "--step=0.5", one.validate, one.protocol],
            ["dcase", "evaluate", one.validate / "apply" / "class-wise"],
            ["emb", "train", "--cpu", "--from=last", "--to=4", other.root, other.protocol],
            ["emb", "validate", "--cpu", "--to=3", other.train, other.protocol],
            ["emb", "apply", "--cpu", "--subset=test", other.validate, other.protocol],
            ["emb", "compare", "--cpu", other.validate, wav, wav],
        ]
        self.old = [line[1:] for line in self.new if line[0] == "emb"]


@pytest.fixture
def lines(tmp_path, finished, embedded, corpora, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Lines(tmp_path, finished, embedded, corpora)


@pytest.mark.parametrize("count", SIZES)
def test_command_lines_with_faults(count, lines, here, emb, old, promise):
    found = Counter()
    for seed in range(count):
        fuzz = Fuzz(seed)
        program, valid = fuzz.random.choice(((here, lines.new), (old, lines.old)))
        line = fuzz.line(fuzz.random.choice(valid), lines.known)
        if program is here and line[:1] == ["emb"]:
            program, line = emb, line[1:]
        long = "train" in line and not {"--to=1", "--to=4"} & set(line)
        with bounded(PATIENCE if long else HANGS):
            found[judged(program(*line), line, long)] += 1
    assert found[2] > count / 4 and len(found) >= 4
    promise(
        "No traceback reaches a user of a mistyped command line.",
        f"{count} command lines of both programs with random faults: words dropped, doubled, misspelt, "
        "swapped, replaced, and options with odd values.",
        f"0 tracebacks, 0 unexpected errors; status 0, 2 to 8, or {TERMINATED} where a training was ended",
    )


@pytest.mark.parametrize("count", SIZES)
def test_configurations_with_faults(count, tmp_path, here, emb, config_text, embedding, finished, promise):
    found, texts = Counter(), (config_text, embedding.config.read_text())
    for seed in range(count):
        fuzz = Fuzz(seed)
        family = fuzz.random.randrange(2)
        root = tmp_path / str(seed)
        root.mkdir()
        text = fuzz.text(texts[family])
        (root / "config.yml").write_bytes(text.encode(errors="surrogateescape"))
        with bounded(PATIENCE):
            result = (
                emb("train", "--cpu", "--to=1", root, embedding.protocol)
                if family
                else here("dcase", "train", "--cpu", "--to=1", root, finished.protocol)
            )
        # an epoch may have become a day, or features are to be computed anew
        found[judged(result, text, long=True)] += 1
        shutil.rmtree(root)
    assert found[3] > count / 3 and found[TERMINATED] < count / 10
    promise(
        "No traceback reaches a user of a damaged configuration.",
        f"Train with {count} configurations with random faults: lines dropped, doubled, moved, cut, shifted, "
        "and odd keys and values.",
        f"0 tracebacks, 0 unexpected errors; at least {100 * found[3] // count // 10 * 10} % refused as "
        "configurations, the others trained or refused for their data",
    )


@pytest.fixture
def script(monkeypatch, tmp_path):
    """Run the main function of a script as the script does."""

    def run(path, *arguments):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, "argv", [str(path), *arguments])
        out, err = StringIO(), StringIO()
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        try:
            code = terminal.run(module.main)
        except SystemExit as error:
            code = error.code or 0
        return terminal_result(code, out, err)

    return run


def terminal_result(code, out, err):
    from commands import Result

    return Result(code, out.getvalue(), err.getvalue())


@pytest.mark.parametrize("count", SIZES)
def test_scripts_with_faults(count, tmp_path, data, corpora, script, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = tmp_path / "output"
    valid = {
        "demonstration": ["--files=4", "--seconds=10", output],
        "logavgmel": [data / "database" / "database.yml", "TUT2017.SpeakerDiarization.Fold1", output],
        "make_database": [data / "tut" / "audio", data / "database" / "TUT2017.rttm", output],
        "prepare_ami": [corpora.root / "amicorpus", corpora.root / "ami_public_manual_1.6.2", output],
        "prepare_musan": [corpora.root / "musan", output],
        "prepare_speakers": [corpora.root / "voices" / "speakers", output],
        "prepare_voxceleb": ["--development=2", corpora.root / "voxceleb1", output],
        "preprocess": [data / "tut", output],
    }
    assert {path.stem for path in SCRIPTS} == valid.keys()
    known = [data / "tut", data / "database" / "database.yml", corpora.root, output]
    found = Counter()
    for seed in range(count // 4):
        fuzz = Fuzz(seed)
        path = SCRIPTS[seed % len(SCRIPTS)]
        line = fuzz.line(valid[path.stem], known)
        with bounded(PATIENCE):
            # a number may ask for more than can be made in the time
            found[judged(script(path, *line), (path.stem, line), long=True)] += 1
        shutil.rmtree(output, ignore_errors=True)
    assert found[2] > 0 and found[0] > 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 0),
        (["dcase", "train", "root", b"\xff\xfe.B.C"], 3),
        pytest.param(["dcase", "train", b"\xff\xfe", "A.B.C"], 3, marks=pytest.mark.slow),
        (["dcase", "apply", "x" * 100_000, "A.B.C"], 2),
        pytest.param(["dcase", "train", "--to=\u0661\u0660", "root", "A.B.C"], 2, marks=pytest.mark.slow),
        (["\u202edcase", "train"], 2),
        pytest.param(["emb", "compare", "a", "b", "c"], 2, marks=pytest.mark.slow),
        pytest.param(["dcase", "evaluate", "/dev/null"], 2, marks=pytest.mark.slow),
        pytest.param(["dcase", "validate", "/", "A.B.C"], 2, marks=pytest.mark.slow),
        (["mlt", "train", "--", "-x", "A.B.C"], 2),
    ],
)
def test_command_lines_of_processes(arguments, code, tmp_path):
    """As the system gives them, with what no text can hold, and an output that takes ASCII alone."""
    command = [sys.executable, "-m", "pyannote.audio.applications.pyannote_audio", *arguments]
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, env=environment, cwd=tmp_path, timeout=120)
    assert b"Traceback" not in done.stderr and b"unexpected" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr[-500:]
    assert done.stdout if code == 0 else done.stderr.startswith(b"Error: ")


def test_statuses_are_documented():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    for status in sorted(STATUSES | {1}):
        assert re.search(rf"^\| {status} \|", page, flags=re.MULTILINE), status
        assert re.search(rf"(^|\s){status} [a-z]", pyannote_audio.USAGE), status
