"""What tests of tutorials share: texts as scripts, and commands that a shell finds."""

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
def section():
    """Text below a heading, up to the next heading of the same level or a higher one."""

    def find(text, title):
        level, start = next(
            (len(found[1]), found.end())
            for found in re.finditer(r"^(#+) (.*)$", text, flags=re.MULTILINE)
            if found[2] == title
        )
        end = re.search(rf"^#{{1,{level}}} ", text[start:], flags=re.MULTILINE)
        return text[start : start + end.start()] if end else text[start:]

    return find


@pytest.fixture(scope="session")
def check_links():
    """Fail unless links lead to files and headings that exist."""

    def check(text, folder):
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
            assert link.startswith("https://") or (folder / link).exists(), link
        for link, anchor in re.findall(r"\]\(([^)#]*)#([^)]+)\)", text):
            path = folder / link
            other = path / "README.md" if path.is_dir() else path
            assert anchor in anchors(other.read_text(encoding="utf-8") if link else text), (link, anchor)

    return check


def anchors(text):
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
