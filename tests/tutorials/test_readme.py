"""README: its commands run as printed, on a small artificial street and artificial voices."""

import re
import shutil
from pathlib import Path

import pytest

from pyannote.audio.database.synthetic.street import make_demonstration
from pyannote.audio.database.synthetic.voices import make_speakers

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SMALL = {r"per_epoch: \S+": "per_epoch: 0.0005", r"per_fold: \d+": "per_fold: 12"}


def shorter(script):
    """One epoch instead of ten."""
    return re.sub(r"--to=(\d+)0\b", r"--to=\1", script)


@pytest.mark.slow
def test_commands_of_the_readme_end_in_scores_and_in_an_answer(run_blocks, tmp_path):
    for path in (ROOT / "tutorials" / "models").glob("*/config*.yml"):
        text = path.read_text()
        for written, small in SMALL.items():
            text = re.sub(written, small, text)
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    make_demonstration(tmp_path / "data", files=8, seconds=10)
    voices = make_speakers(tmp_path / "voices", speakers=16, files=3, seconds=2)
    for name, file in (("one", "1"), ("other", "2")):
        shutil.copy(voices / "speakers" / "speaker01" / f"{file}.wav", tmp_path / f"{name}.wav")
    said = run_blocks(TEXT, tmp_path, shorter, DATA="data", SPEAKERS=str(voices / "speakers"))
    assert "Segment-based, 1 s" in said
    assert re.search(r"^similarity -?\d+\.\d+, threshold -?\d+\.\d+: (same|different) speakers?$", said, re.M)
