"""No file of the project names a folder of the machine on which it was written."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUFFIXES = {".cfg", ".md", ".py", ".pyi", ".sh", ".toml", ".txt", ".yml"}
FOLDERS = ["pyannote", "scripts", "tests", "tutorials"]
# of home directories, those of examples are allowed
MACHINE = re.compile(r"(?<![\w.}])/(work|root|Users|private)/|(?<![\w.}])/home/(?!me\b|user\b|you\b)")


def lines():
    paths = [*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    for path in paths:
        if path.suffix in SUFFIXES and path.is_file() and path != Path(__file__):
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                yield f"{path.relative_to(ROOT)}:{number}", line


def test_no_line_names_a_folder_of_a_machine():
    assert [where for where, line in lines() if MACHINE.search(line)] == []


def test_such_a_line_would_be_found():
    parts = ["", "work", "shared"]
    assert MACHINE.search(f'DATA = Path("{"/".join(parts)}")')
    assert not MACHINE.search("/".join(["train", "weights", "work", "0001.pt"]))
