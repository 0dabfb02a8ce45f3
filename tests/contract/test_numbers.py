"""Each number that a configuration can give to any class: refused with its line, or taken without harm."""

import inspect
import resource
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from pyannote.audio.augmentation.base import Augmentation
from pyannote.audio.config.registry import FOLDERS, accepts, available, build, find, parameters_of
from pyannote.audio.config.schema import Block
from pyannote.audio.config.yaml_lines import read_yaml
from pyannote.audio.core.errors import ConfigError
from pyannote.audio.core.outputs import Output
from pyannote.audio.core.specifications import Specifications

FRAMES = Specifications("Dcase", {"X": 40, "long_term": 40}, ("a", "b", "c"), 2.0, 0.01, 44100)
WAVEFORM = Specifications("TripletLoss", {"X": 1}, ("a", "b", "c"), 1.0, 1 / 16000, 16000)
NEEDED = {"learning_rate": 0.01, "labels_spec": {"regular": ["a", "b"]}}
NUMBERS = ["-1", "0", "1000000000", "1e9", "1e12", "1" + 30 * "0", "1e300", "1e999", ".nan", ".inf"]
ROOM = 2 << 30
"""Bytes that a class may take beside what is taken already: those that ask for all there is get an error."""


@contextmanager
def little_room():
    """As on a machine that has no more memory than this process uses, and `ROOM`."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as status:  # noqa: PTH123
        used = int(status.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def numeric(hint, default):
    """How a number is written as the value of a parameter: alone, as a list of them, or not at all."""
    if accepts(2, hint) or accepts(0.5, hint):
        return "{}".format
    size = len(default) if isinstance(default, (list, tuple)) else 1
    if accepts([2] * size, hint) or accepts([0.5] * size, hint):
        return lambda number: f"[{', '.join([number] * size)}]"
    return None


def parameters():
    for kind in FOLDERS:
        for name, module in available(kind).items():
            found = getattr(__import__(module, fromlist=[name]), name)
            for parameter, value in parameters_of(found).items():
                write = numeric(value.hint, value.default)
                if write is not None and parameter != "specifications":
                    yield kind, name, parameter, write


EVERY = list(parameters())


@pytest.fixture
def make(tmp_path, front_end):
    """Build a class with one number, as it stands in a file."""
    path = tmp_path / "config.yml"
    given = {**NEEDED, "file": str(front_end)}

    def make(kind, name, parameter, written):
        found = find(kind, name, read_yaml_of(path, ""), ())
        signature = parameters_of(found)
        document = read_yaml_of(path, f"{kind}:\n  name: {name}\n  params:\n    {parameter}: {written}\n")
        needed = {key: value for key, value in given.items() if key in signature and key != parameter}
        needed = {key: needed[key] for key in needed if signature[key].default is inspect.Parameter.empty}
        block = Block(name, {**needed, **document.content[kind]["params"]}, (kind,))
        if "specifications" not in signature:
            return build(kind, block, document)
        wanted = WAVEFORM if name == "SincNet" else FRAMES
        outputs = [replace(wanted, output=Output(output)) for output in found.output_kinds]
        return [build(kind, block, document, specifications=one) for one in outputs][-1]

    return make


def read_yaml_of(path, text):
    path.write_text(text)
    return read_yaml(path)


def harmless(made):
    """Nothing that was made from a number asks for endless time or memory later."""
    if isinstance(made, Augmentation):
        batch = {"X": torch.zeros(4, 50, 40), "long_term": torch.zeros(4, 40), "y": torch.zeros(4, 50, 3)}
        changed = made(batch, torch.Generator().manual_seed(0))
        assert all(torch.isfinite(value).all() for value in changed.values())
    if hasattr(made, "batches_per_epoch"):
        assert made.batches_per_epoch * made.chunks <= 60_000_000


def outcome(make, one, number):
    """Whether a number is refused, or taken."""
    started = time.process_time()
    with little_room():
        try:
            harmless(make(*one[:3], one[3](number)))
            return "taken"
        except ConfigError as error:
            assert error.line in (3, 4) and error.fix, error
            assert len(str(error)) < 500 and "\n" not in str(error)
            return "refused"
        finally:
            assert time.process_time() - started < 5, (one, number)


def test_a_number_is_refused_or_does_no_harm(make, promise):
    found = Counter(outcome(make, one, number) for one in EVERY for number in NUMBERS)
    assert found["refused"] > found["taken"] > 0
    promise(
        "A number of any size for any parameter of any class is refused with its line, or does no harm.",
        f"Give {len(NUMBERS)} numbers (negative, 0, huge, not finite) to each of {len(EVERY)} numeric "
        f"parameters of all classes, with {ROOM >> 30} GiB of memory to spare.",
        f"{found['refused']} refused, {found['taken']} taken",
    )


def test_numbers_that_no_parameter_can_have_are_refused_by_all(make):
    for kind, name, parameter, write in EVERY:
        for number in (".nan", ".inf", "-.inf", "1e999", "-1e999"):
            with pytest.raises(ConfigError) as caught:
                make(kind, name, parameter, write(number))
            assert caught.value.line == 4, (name, parameter, number)
