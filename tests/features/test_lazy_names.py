"""Names of features are imported on first use."""

import subprocess
import sys

import pytest

import pyannote.audio.features


@pytest.mark.parametrize(
    "name",
    ["LibrosaMelSpectrogram", "LibrosaSpectrogram", "LibrosaMFCC", "RawAudio", "Precomputed", "Pretrained"],
)
def test_names(name):
    found = getattr(pyannote.audio.features, name)
    assert found.__name__ == name


@pytest.mark.parametrize("name", ["LibrosaMelSpectogram", "nothing", "__wrapped__"])
def test_unknown_names(name):
    with pytest.raises(AttributeError, match=name):
        getattr(pyannote.audio.features, name)


def test_importing_costs_nothing():
    program = "import sys, pyannote.audio.features; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert not {"numpy", "librosa", "torch", "pyannote.core"} & set(modules.split())
