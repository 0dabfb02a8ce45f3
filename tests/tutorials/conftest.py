"""Helpers of the tests of documents: printed blocks as a script, sections, and tables."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMANDS = {
    "python": "",
    "pyannote-audio": "-m pyannote.audio.applications.pyannote_audio",
    "pyannote-speaker-embedding": "-m pyannote.audio.applications.speaker_embedding",
}


def script(text):
    """All bash and python blocks as one bash script, in their order."""
    parts = ["set -euo pipefail"]
    for language, block in re.findall(r"^```(bash|python)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        parts.append(block if language == "bash" else f"python - <<'END'\n{block}END\n")
    return "\n".join(parts)


@pytest.fixture(scope="session")
def run_blocks():
    """Run the blocks of a text in a folder, and return what was printed.

    The folder gets `scripts/` and commands; `shorten` changes the script, `variables` the environment.
    """

    def run(text, folder, shorten, **variables):
        if not (folder / "scripts").exists():
            (folder / "scripts").symlink_to(ROOT / "scripts")
            (folder / "bin").mkdir()
        for name, module in COMMANDS.items():
            (folder / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
            (folder / "bin" / name).chmod(0o755)
        environment = os.environ | {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYANNOTE_AUDIO_CACHE": str(folder / "cache"),
            "OMP_NUM_THREADS": "1",
            **variables,
        }
        done = subprocess.run(
            ["bash", "-c", shorten(script(text))],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def exports():
    """Block that sets the variables that a text exports."""

    def find(text):
        blocks = re.findall(r"^```bash\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
        lines = re.findall(r"^export .*$", "".join(blocks), flags=re.MULTILINE)
        return "\n".join(["```bash", *lines, "```\n"])

    return find


@pytest.fixture(scope="session")
def section():
    """Text below a heading, up to the next heading of the same level or a higher one."""

    def find(text, title):
        # comments in blocks begin like headings
        plain = re.sub(r"(?ms)^```.*?^```", lambda found: found[0].replace("\n#", "\n "), text)
        headings = list(re.finditer(r"^(#+) (.*)$", plain, flags=re.MULTILINE))
        (start,) = [found for found in headings if found[2] == title]
        later = [
            found.start()
            for found in headings
            if found.start() > start.start() and len(found[1]) <= len(start[1])
        ]
        return text[start.end() : min(later, default=len(text))]

    return find


@pytest.fixture(scope="session")
def undescribed(section):
    """Files that no table of a section of the page of files names, and rows of it that no file matches."""
    page = (ROOT / "tutorials" / "reference" / "files.md").read_text(encoding="utf-8")

    def compare(title, folder, other_folders=()):
        rows = re.findall(r"^\| (`.*?) \|", section(page, title), flags=re.MULTILINE)
        names = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
        patterns = [re.sub(r"<[^>]+>|0001", "*", name) for name in names]
        written = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
        written = [path for path in written if not re.match("|".join(other_folders) or "$", path.parts[0])]
        assert written
        return (
            [path for path in written if not any(path.match(pattern) for pattern in patterns)],
            {
                name
                for name, pattern in zip(names, patterns, strict=True)
                if not any(path.match(pattern) for path in written)
            },
        )

    return compare
