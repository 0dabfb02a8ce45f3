"""A block with all its defaults written out means what the block means that leaves them out."""

import inspect
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from pyannote.core import SlidingWindow

from pyannote.audio.config.registry import FOLDERS, available, build, find, parameters_of
from pyannote.audio.config.resolved import INJECTED, filled
from pyannote.audio.config.schema import Block, block_of
from pyannote.audio.config.yaml_lines import read_yaml
from pyannote.audio.core.digests import digest
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications
from pyannote.audio.features.precomputed import Precomputed

EVERY = [(kind, name) for kind in FOLDERS for name in available(kind)]
FRAMES = Specifications("Dcase", {"X": 40, "long_term": 40}, ("a", "b", "c"), 2.0, 0.01, 44100)
WAVEFORM = Specifications("TripletLoss", {"X": 1}, ("a", "b", "c"), 1.0, 1 / 16000, 16000)


@pytest.fixture
def needed(tmp_path, front_end):
    """Values of parameters that have no default, by name."""
    Precomputed.create(tmp_path / "features", SlidingWindow(duration=0.02, step=0.02, start=0.0), 8)
    return {
        "learning_rate": 0.01,
        "labels_spec": {"regular": ["a", "b"]},
        "sample_rate": 16000,
        "file": str(front_end),
        "root_dir": str(tmp_path / "features"),
        "collection": "MUSAN.Collection.Noise",
    }


def state(value, seen=frozenset()):
    """All that an object holds, as plain values that can be compared."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (np.ndarray, torch.Tensor)):
        array = np.asarray(value.detach() if isinstance(value, torch.Tensor) else value)
        return array.dtype.str, array.shape, array.tobytes()
    if id(value) in seen:
        return "..."
    seen = seen | {id(value)}
    if isinstance(value, Mapping):
        return {str(key): state(one, seen) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [state(one, seen) for one in value]
    if inspect.isroutine(value):
        return value.__qualname__
    return type(value).__name__, state(getattr(value, "__dict__", {}), seen)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_defaults_written_out_change_nothing(tmp_path, needed, kind, name):
    path = tmp_path / "config.yml"
    path.write_text(f"{kind}:\n  name: {name}\n")
    document = read_yaml(path)
    found = find(kind, name, document, (kind, "name"))
    signature = parameters_of(found)
    specifications = WAVEFORM if name == "SincNet" else FRAMES
    output = Output(found.output_kinds[0]) if kind == "architecture" else specifications.output
    injected = dict.fromkeys(INJECTED.get(kind, ()), replace(specifications, output=output))
    empty = inspect.Parameter.empty
    missing = [key for key, one in signature.items() if one.default is empty and key not in injected]
    short = Block(name, {key: needed[key] for key in missing}, (kind,))
    long = filled(kind, short, document, {})
    assert set(long.params) == set(signature) - set(injected)

    def built(block):
        torch.manual_seed(0)
        return state(build(kind, block, document, **injected))

    assert built(long) == built(short)
    # as a training stores it, and reads it again
    path.write_text(yaml.safe_dump({kind: {"name": long.name, "params": dict(long.params)}}))
    document = read_yaml(path)
    read = block_of(document, (kind,), document.content[kind])
    assert digest(read.as_dict()) == digest(long.as_dict())
    assert built(read) == built(short)
