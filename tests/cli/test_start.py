"""Commands import what they need and no more: whoever has computed features once waits for torch alone."""

import json
import subprocess
import sys

import pytest

# what computing features, official figures or statistics needs
NEVER = {"librosa", "numba", "sklearn", "sed_eval", "dcase_util", "scipy.signal", "scipy.stats"}
SCRIPT = """
import json, sys
from pyannote.audio.applications import pyannote_audio
code = pyannote_audio.run(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""


@pytest.fixture(scope="session")
def imported():
    """Run a command in a process of its own, and give what it has imported."""

    def run(*arguments):
        command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        code, modules = json.loads(done.stdout.splitlines()[-1])
        assert code == 0, done.stderr
        return set(modules)

    return run


def test_validating_again(copied, imported):
    modules = imported("dcase", "validate", "--cpu", copied.train, copied.protocol)
    assert "torch" in modules and not modules & NEVER


def test_training_from_stored_features(finished, experiment, imported):
    modules = imported("dcase", "train", "--cpu", "--to=1", experiment.root, experiment.protocol)
    assert "torch" in modules and not modules & NEVER


def test_validating_embeddings_again(embedded_copy, speakers, imported):
    modules = imported("emb", "validate", "--cpu", embedded_copy.train, embedded_copy.protocol)
    assert "torch" in modules and not modules & NEVER
